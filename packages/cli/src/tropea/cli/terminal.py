"""Write for whoever reads: colours and width for a terminal, plain text for a pipe."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

_CODES = {"bold": "1", "faint": "2", "red": "31", "green": "32", "yellow": "33", "magenta": "35"}


def has_colours(stream: TextIO) -> bool:
    """Tell whether *stream* shows colours: a terminal, unless NO_COLOR or TERM=dumb says not."""
    if os.environ.get("FORCE_COLOR"):
        return True
    is_terminal = getattr(stream, "isatty", lambda: False)()
    return is_terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Colour *text* where the stream shows colours."""
    if not has_colours(stream or sys.stdout):
        return text
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"


def width() -> int:
    """Return the columns of the terminal; plenty for a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 200


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Lay out rows under a head; the last column is cut to the terminal's width.

    >>> print(table(("name", "us"), [("session", 1.25), ("dispatch", 10)]))
    name      us
    session   1.25
    dispatch  10
    """
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]
    room = width()
    made = [
        "  ".join(cell.ljust(widths[n]) for n, cell in enumerate(line)).rstrip()[:room]
        for line in lines
    ]
    return "\n".join([paint(made[0], "bold"), *made[1:]])


def say(text: str = "") -> None:
    """Write a line to standard output."""
    print(text, flush=True)  # noqa: T201  a command speaks


def tell(text: str) -> None:
    """Write a line to standard error."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201  a command speaks
