r"""Regular expressions of a description, which are JavaScript's and not Python's.

There ``$`` is the end of the text alone, ``\d`` and ``\w`` are ASCII, and groups are named
``(?<name>…)``.  With ``regress`` installed its matcher is asked; else what Python can say.

Source: JSON Schema 2020-12, Core section 6.4; ECMA-262 section 22.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from tropea.openapi.errors import SpecificationError

_SPACES = r"\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_PIECE = re.compile(r"\\u\{([0-9A-Fa-f]{1,6})\}|\\k<(\w+)>|\(\?<(?![=!])|\\.|.", re.DOTALL)
#: What holds values of the program's own and no schemas.
_VALUES = frozenset(("default", "example", "examples", "enum", "const"))


def python_of(pattern: str) -> str:
    r"""Write a pattern of JavaScript as Python's ``re`` has it, for its flag ASCII.

    >>> print(python_of(r"^(?<year>\d{4})[$]$"))
    ^(?P<year>\d{4})[$]\Z
    """
    return "".join(_translated(pattern))


def _translated(pattern: str) -> Iterator[str]:
    in_class = False
    for match in _PIECE.finditer(pattern):
        piece = match[0]
        if match[1]:
            yield f"\\U{int(match[1], 16):08x}"
        elif match[2]:
            yield f"(?P={match[2]})"
        elif piece == "\\s":
            yield _SPACES if in_class else f"[{_SPACES}]"
        elif piece == "\\S" and not in_class:
            yield f"[^{_SPACES}]"
        elif piece == "\\/":
            yield "/"
        elif in_class:
            in_class = piece != "]"
            yield "\\[" if piece == "[" else piece
        elif piece == "[":
            in_class = True
            yield piece
        elif piece == "$":
            yield r"\Z"
        else:
            yield "(?P<" if piece == "(?<" else piece


@lru_cache(maxsize=512)
def searcher(pattern: str) -> Callable[[str], Any]:
    r"""Return a function that tells, by anything but None, that a text has the pattern in it.

    Raises SpecificationError for a pattern that cannot be read.

    >>> searcher("^a+$")("aa") is None, searcher("^a+$")("aa\n") is None
    (False, True)
    """
    try:
        from regress import Regex  # type: ignore[import-not-found]  # of whoever installs it
    except ImportError:
        try:
            return re.compile(python_of(pattern), re.ASCII).search
        except (re.error, OverflowError, RecursionError) as error:
            raise SpecificationError(
                f"pattern {pattern!r}: {error}; all of JavaScript's needs regress to be installed"
            ) from None
    try:
        found: Callable[[str], Any] = Regex(pattern).find
    except Exception as error:
        raise SpecificationError(f"pattern {pattern!r}: {error}") from None
    return found


def check_patterns(part: Any) -> None:
    """Raise SpecificationError for a pattern of a description that cannot be read."""
    if isinstance(part, list):
        for item in part:
            check_patterns(item)
    if not isinstance(part, dict):
        return
    if isinstance(part.get("pattern"), str):
        searcher(part["pattern"])
    if isinstance(part.get("patternProperties"), dict):
        for pattern in part["patternProperties"]:
            searcher(pattern)
    for name, item in part.items():
        if name not in _VALUES and not name.startswith("x-"):
            check_patterns(item)
