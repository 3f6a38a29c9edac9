r"""Build a path back from the pattern that matches it.

>>> import re
>>> build(re.compile(r"/(?P<year>\d{4})/(?P<slug>[\w-]+)\Z"), {"year": "2026", "slug": "a"})
'/2026/a'
"""

from __future__ import annotations

from collections.abc import Mapping
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from tropea.rewrite.errors import RuleError
from tropea.rewrite.locations import quote_path


def build(pattern: Any, values: Mapping[str, str]) -> str:
    """Return a path, percent-encoded, that *pattern* matches with these captures.

    Raises RuleError where the pattern is not made of literals and groups, a value is missing or
    unknown, or the result would not be matched with these values.
    """
    names = {number: name for name, number in pattern.groupindex.items()}
    parts: list[str] = []
    for op, argument in _parser.parse(pattern.pattern, pattern.flags):
        if op is _constants.LITERAL:
            parts.append(chr(argument))
        elif op is _constants.SUBPATTERN and argument[0]:
            name = names.get(argument[0], str(argument[0]))
            if name not in values:
                raise RuleError(f"pattern {pattern.pattern!r} needs a value for {name!r}")
            parts.append(values[name])
        elif op is not _constants.AT:
            raise RuleError(
                f"pattern {pattern.pattern!r} cannot be reversed: it is not made of literals "
                "and groups"
            )
    unknown = set(values) - set(names.values())
    if unknown:
        raise RuleError(f"pattern {pattern.pattern!r} has no group {min(unknown)!r}")
    path = "".join(parts)
    match = pattern.fullmatch(path)
    if match is None or any(match[name] != value for name, value in values.items()):
        raise RuleError(f"pattern {pattern.pattern!r} would not match {path!r} with these values")
    return quote_path(path)
