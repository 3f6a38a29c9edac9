"""Where memory is held, on request: what tracemalloc knows when it is running."""

from __future__ import annotations

import tracemalloc
from typing import Any


def memory_data(most: int = 30) -> dict[str, Any]:
    """Return the *most* lines that hold most bytes; nothing where tracemalloc does not run."""
    if not tracemalloc.is_tracing():
        return {"tracing": False, "bytes": 0, "top": []}
    held, _ = tracemalloc.get_traced_memory()
    found = tracemalloc.take_snapshot().statistics("lineno")[:most]
    top = [{"place": str(s.traceback), "bytes": s.size, "blocks": s.count} for s in found]
    return {"tracing": True, "bytes": held, "top": top}
