"""Patterns below a prefix."""

from __future__ import annotations

import re
from typing import Any

from .errors import PatternError
from .patterns import Pattern


def check_prefix(prefix: str) -> str:
    """Return *prefix* without a slash at its end; PatternError where it does not begin with one.

    >>> check_prefix("/mywebsite/")
    '/mywebsite'
    """
    if not isinstance(prefix, str) or (prefix and not prefix.startswith("/")):
        raise PatternError(f"a prefix begins with a slash: {prefix!r}")
    return prefix.rstrip("/")


def prefixed_regex(prefix: str, regex: str) -> str:
    """Put a literal prefix before a regular expression."""
    if "<" in prefix:
        raise PatternError(
            f"a regular expression cannot stand below {prefix!r}, which has parameters"
        )
    if not prefix:
        return regex
    flags = re.match(r"\(\?[aiLmsux]+\)", regex)
    begin = flags[0] if flags else ""
    rest = regex[len(begin) :].removeprefix("^").removeprefix("\\A")
    return f"{begin}{re.escape(prefix)}(?:{rest})"


class PrefixedPattern(Pattern):
    """A pattern object below a literal prefix.

    >>> PrefixedPattern("/site", Pattern("/<page>")).test("/site/about")
    ((), {'page': 'about'})
    """

    def __init__(self, prefix: str, inner: Pattern) -> None:
        if "<" in prefix:
            raise PatternError(f"a pattern object cannot stand below {prefix!r}")
        self.prefix, self.inner = prefix, inner
        self.text = prefix + inner.text

    @property
    def keys(self) -> tuple[str | int, ...]:
        return self.inner.keys

    def test(self, path: str) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        if not path.startswith(self.prefix):
            return None
        return self.inner.test(path[len(self.prefix) :])

    def pathfor(self, /, *args: Any, **kwargs: Any) -> str:
        return self.prefix + self.inner.pathfor(*args, **kwargs)
