"""Patterns of octets matched by re2, where the extra ``re2`` is installed."""

from __future__ import annotations

import re
from typing import Any

try:
    import re2
except ImportError:
    re2 = None


class Re2Match:
    """A match of octets, with what rules use of re's match object."""

    __slots__ = ("_match", "re", "string")

    def __init__(self, pattern: Re2Pattern, string: str, match: Any) -> None:
        self.re, self.string, self._match = pattern, string, match

    def __getitem__(self, group: int | str) -> str | None:
        number = self.re.groupindex[group] if isinstance(group, str) else group
        text = self._match[number]
        return None if text is None else text.decode("latin-1")

    def span(self, group: int = 0) -> tuple[int, int]:
        """Return where a group starts and ends."""
        start, end = self._match.span(group)
        return start, end


class Re2Pattern:
    """re2's pattern with the methods of re's, on text of one character a byte."""

    def __init__(self, pattern: re.Pattern[str], found: Any) -> None:
        self.pattern, self.flags = pattern.pattern, pattern.flags
        self.groups, self.groupindex = pattern.groups, dict(pattern.groupindex)
        self._search = found.search

    def search(self, string: str) -> Re2Match | None:
        """Return the first match anywhere, or None."""
        match = self._search(string.encode("latin-1"))
        return None if match is None else Re2Match(self, string, match)


def with_re2(pattern: re.Pattern[str]) -> Re2Pattern | None:
    """Return re2's form of a pattern of octets; None without re2, or where it cannot say the same.

    Patterns of text stay with us: beyond ASCII, re2's classes are not re's.
    """
    if re2 is None or not pattern.flags & re.ASCII:
        return None
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    options.encoding = re2.Options.Encoding.LATIN1
    options.case_sensitive = not pattern.flags & re.IGNORECASE
    source = pattern.pattern.replace(r"\\", "\0\0").replace(r"\Z", r"\z").replace("\0\0", r"\\")
    try:
        found = re2.compile(source.encode("latin-1"), options)
    except (re2.error, UnicodeEncodeError):
        return None
    return Re2Pattern(pattern, found) if found.groups == pattern.groups else None
