"""Write for whoever reads: colours and width for a terminal, plain and whole for a pipe."""

from __future__ import annotations

import codecs
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

_CODES = {"bold": "1", "faint": "2", "red": "31", "green": "32", "yellow": "33", "magenta": "35"}
_NARROWEST = 20


def has_colours(stream: TextIO) -> bool:
    """Tell whether *stream* shows colours: a terminal, unless NO_COLOR or TERM=dumb says not."""
    if os.environ.get("FORCE_COLOR"):
        return True
    is_terminal = getattr(stream, "isatty", lambda: False)()
    return (
        is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    ) and _understood()


def _understood() -> bool:
    """Tell whether a terminal takes escape sequences: a Windows console has to be asked."""
    if os.name != "nt":
        return True
    return os.system("") == 0  # noqa: S605, S607  starting any program switches them on


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Colour *text* where the stream shows colours."""
    if not has_colours(stream or sys.stdout):
        return text
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"


def width(stream: TextIO | None = None) -> int | None:
    """Return the columns of the terminal; None for a pipe, which takes everything."""
    stream = stream or sys.stdout
    if not getattr(stream, "isatty", lambda: False)():
        return None
    try:
        columns = int(os.environ.get("COLUMNS", "0"))
    except ValueError:
        columns = 0
    try:
        columns = columns or os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    return max(columns or 80, _NARROWEST)


def cut(text: str, stream: TextIO | None = None) -> str:
    """Cut a line that carries no colours to the terminal's width."""
    room = width(stream)
    return text if room is None or len(text) <= room else text[: room - 1] + "…"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], stream: TextIO | None = None) -> str:
    """Lay out rows under a head; a line is cut to the terminal's width, and whole in a pipe.

    stream: where it will be written (standard output).

    >>> print(table(("name", "us"), [("session", 1.25), ("dispatch", 10)]))
    name      us
    session   1.25
    dispatch  10
    """
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]
    made = [
        cut("  ".join(cell.ljust(widths[n]) for n, cell in enumerate(line)).rstrip(), stream)
        for line in lines
    ]
    return "\n".join([paint(made[0], "bold", stream), *made[1:]])


def say(text: str = "") -> None:
    """Write a line to standard output."""
    print(text, flush=True)  # noqa: T201


def tell(text: str) -> None:
    """Write a line to standard error."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def visible(text: str) -> str:
    r"""Spell out control characters: text of others must not steer the terminal.

    >>> visible("a\x1b[2Jb\nc")
    'a\\x1b[2Jb\nc'
    """
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", lambda found: ascii(found[0])[1:-1], text)


def spell_out(stream: TextIO | None) -> None:
    """Let a stream write what its encoding lacks in ASCII, instead of raising."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None and getattr(stream, "errors", "") == "strict":
        codecs.register_error("tropea.plain", _plain)
        reconfigure(errors="tropea.plain")


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_PLAIN)
    return text.encode("ascii", "backslashreplace").decode("ascii"), error.end


#: What is drawn with where a terminal knows ASCII alone.
_PLAIN = str.maketrans("└├─│→…█µ", "`|-|>~#u")
