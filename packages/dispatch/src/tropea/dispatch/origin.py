"""Where a route was declared: the line of the program that errors should name."""

from __future__ import annotations

import sys

_OURS = __name__.rpartition(".")[0]


def declared_at() -> str:
    """Return ``file:line`` of the nearest caller outside this package."""
    frame = sys._getframe(1)  # noqa: SLF001 - inspect.stack() reads source files for each frame
    while frame.f_back is not None:
        module = frame.f_globals.get("__name__", "")
        if module != _OURS and not module.startswith(_OURS + "."):
            break
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
