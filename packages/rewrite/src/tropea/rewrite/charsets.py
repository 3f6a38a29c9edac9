"""The characters that one step of a parsed regular expression takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from re import _constants  # type: ignore[attr-defined]
from typing import Any

_c: Any = _constants
_CATEGORIES = {
    _c.CATEGORY_DIGIT: r"\d", _c.CATEGORY_NOT_DIGIT: r"\D", _c.CATEGORY_SPACE: r"\s",
    _c.CATEGORY_NOT_SPACE: r"\S", _c.CATEGORY_WORD: r"\w", _c.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip
#: Latin-1, and one character for all that is beyond.
_SAMPLE = [chr(code) for code in range(256)] + ["\u4e00"]
#: The set of all characters, as a number with a bit for each of the sample.
EVERYTHING = (1 << len(_SAMPLE)) - 1

Takes = Callable[[str], bool]


def takes(op: Any, argument: Any, flags: int) -> Takes | None:
    """Return a test of one character for a step that takes one; None for any other step."""
    if op is _c.ANY:
        return (lambda _char: True) if flags & re.DOTALL else (lambda char: char != "\n")
    if op is _c.LITERAL:
        return _folding(_one(chr(argument)), flags)
    if op is _c.NOT_LITERAL:
        is_it = _folding(_one(chr(argument)), flags)
        return lambda char: not is_it(char)
    if op is _c.IN:
        return _set(argument, flags)
    return None


def _one(wanted: str) -> Takes:
    return lambda char: char == wanted


def _folding(test: Takes, flags: int) -> Takes:
    if not flags & re.IGNORECASE:
        return test
    return lambda char: test(char) or test(char.lower()) or test(char.upper())


def _set(members: Iterable[tuple[Any, Any]], flags: int) -> Takes:
    negated = False
    singles: set[str] = set()
    ranges: list[tuple[int, int]] = []
    classes: list[Any] = []
    for op, argument in members:
        if op is _c.NEGATE:
            negated = True
        elif op is _c.LITERAL:
            singles.add(chr(argument))
        elif op is _c.RANGE:
            ranges.append(argument)
        else:
            classes.append(re.compile(_CATEGORIES[argument], flags & re.ASCII).match)

    def inside(char: str) -> bool:
        code = ord(char[0]) if char else -1
        return (
            char in singles
            or any(low <= code <= high for low, high in ranges)
            or any(match(char) for match in classes)
        )

    test = _folding(inside, flags)
    return (lambda char: not test(char)) if negated else test


def bits(test: Takes) -> int:
    """Return which characters of the sample a test takes, as a number."""
    return sum(1 << place for place, char in enumerate(_SAMPLE) if test(char))
