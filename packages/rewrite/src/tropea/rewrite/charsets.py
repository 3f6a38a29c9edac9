"""The characters that one step of a parsed regular expression takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]
from typing import Any

_c: Any = _constants
#: The steps that take one character.
_ONE = frozenset((_c.ANY, _c.LITERAL, _c.NOT_LITERAL, _c.IN))
#: Latin-1, and one character for all that is beyond.
_SAMPLE = [chr(code) for code in range(256)] + ["\u4e00"]
#: The set of all characters, as a number with a bit for each of the sample.
EVERYTHING = (1 << len(_SAMPLE)) - 1

Takes = Callable[[str], bool]


def takes(op: Any, argument: Any, flags: int) -> Takes | None:
    """Return a test of one character for a step that takes one; None for any other step.

    Python's own matcher reads the character: it knows what is a word, and which cases are alike.
    """
    if op not in _ONE:
        return None
    if op is _c.LITERAL and not flags & re.IGNORECASE:
        wanted = chr(argument)
        return lambda char: char == wanted  # most are such
    if not flags & re.ASCII:
        flags |= re.UNICODE
    step = (op, list(argument) if op is _c.IN else argument)
    fits = _compiler.compile(_parser.SubPattern(_parser.State(), [step]), flags).fullmatch
    return lambda char: fits(char) is not None


def bits(test: Takes) -> int:
    """Return which characters of the sample a test takes, as a number."""
    return sum(1 << place for place, char in enumerate(_SAMPLE) if test(char))
