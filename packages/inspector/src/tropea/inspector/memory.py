"""Where memory is held, on request: tracemalloc, started, compared and stopped from the page.

While it runs every allocation is noted, which slows the whole process down and takes memory
itself: so it runs only when somebody says so.
"""

from __future__ import annotations

import threading
import time
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

#: What our own looking allocates is not shown.
_FILTERS = (
    tracemalloc.Filter(inclusive=False, filename_pattern=tracemalloc.__file__),
    tracemalloc.Filter(inclusive=False, filename_pattern=__file__),
)
_MOST = 30
Held = Mapping[str, tuple[int, int]]  #: of each line: bytes and blocks


class MemoryWatch:
    """What tracemalloc knows, and how it differs from a mark.

    clock: seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._mark: Held | None = None
        self._marked_at = 0.0
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start tracing, and compare with the memory of now."""
        if not tracemalloc.is_tracing():
            tracemalloc.start()
        self.mark()

    def mark(self) -> None:
        """Compare with the memory of now from now on."""
        with self._lock:
            if tracemalloc.is_tracing():
                self._mark, self._marked_at = held(), self._clock()

    def stop(self) -> None:
        """Stop tracing, whoever started it, and forget everything."""
        with self._lock:
            self._mark = None
            tracemalloc.stop()

    def data(self, most: int = _MOST) -> dict[str, Any]:
        """Return the lines that hold most bytes, and those that differ most from the mark."""
        if not tracemalloc.is_tracing():
            return {
                "tracing": False,
                "bytes": 0,
                "peak": 0,
                "top": [],
                "since": None,
                "changed": [],
            }
        with self._lock:
            now, before, at = held(), self._mark, self._marked_at
            current, peak = tracemalloc.get_traced_memory()
        top = sorted(now.items(), key=lambda row: -row[1][0])[:most]
        return {
            "tracing": True,
            "bytes": current,
            "peak": peak,
            "top": [{"place": place, "bytes": b, "blocks": n} for place, (b, n) in top],
            "since": None if before is None else at,
            "changed": [] if before is None else changed(before, now)[:most],
        }


def held() -> Held:
    """Take a snapshot; return bytes and blocks by line."""
    snapshot = tracemalloc.take_snapshot().filter_traces(_FILTERS)
    found: dict[str, tuple[int, int]] = {}
    for row in snapshot.statistics("lineno"):
        frame = row.traceback[0]
        place = f"{'/'.join(PurePath(frame.filename).parts[-3:])}:{frame.lineno}"
        old = found.get(place, (0, 0))
        found[place] = old[0] + row.size, old[1] + row.count
    return found


def changed(before: Held, now: Held) -> list[dict[str, Any]]:
    """Compare two snapshots: what differs most, in bytes, first.

    >>> changed({"a:1": (10, 1), "b:2": (5, 1)}, {"a:1": (30, 2), "b:2": (5, 1)})
    [{'place': 'a:1', 'bytes': 20, 'blocks': 1}]
    """
    nothing = (0, 0)
    rows = [
        {
            "place": place,
            "bytes": now.get(place, nothing)[0] - before.get(place, nothing)[0],
            "blocks": now.get(place, nothing)[1] - before.get(place, nothing)[1],
        }
        for place in {**before, **now}
    ]
    differing = [row for row in rows if row["bytes"] or row["blocks"]]
    return sorted(differing, key=lambda row: -abs(int(str(row["bytes"]))))
