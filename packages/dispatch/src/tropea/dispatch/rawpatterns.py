"""Raw regular expressions as patterns, and the way back from their groups to a path."""

from __future__ import annotations

import re
from re import _constants as c  # type: ignore[attr-defined] # the standard parser has no public name
from typing import Any

from .errors import PatternError, URLGenerationError
from .patterns import Groups, Pattern, first_segment
from .regexes import check_regex, literal_head, parse

_REPEATS = (c.MAX_REPEAT, c.MIN_REPEAT)
#: The number of a group: its key.
_Places = dict[int | None, str | int]


class RegexPattern(Pattern):
    """One regular expression over the whole path; a full match, whatever it ends with.

    Named groups are passed by name.  Where there are none, the other groups are positional.

    >>> pattern = RegexPattern("/wiki/(?P<page>.+)/edit.html")
    >>> pattern.test("/wiki/a/b/edit.html")
    ((), {'page': 'a/b'})
    >>> pattern.pathfor(page="a/b")
    '/wiki/a/b/edit.html'
    """

    def __init__(self, text: str, *, ignorecase: bool = False) -> None:
        self.text = text
        self.ignorecase = ignorecase
        flags = re.IGNORECASE if ignorecase else 0
        try:
            check_regex(text, flags)
            self._regex = re.compile(text, flags)
            self.head = "" if ignorecase else literal_head(text)
            self.first = first_segment(self.head)
        except PatternError as error:
            raise PatternError(f"pattern {text!r}: {error}") from None
        self._named = sorted(self._regex.groupindex, key=self._regex.groupindex.__getitem__)

    @property
    def keys(self) -> tuple[str | int, ...]:
        return tuple(self._named) or tuple(range(self._regex.groups))

    def groups(self, path: str) -> Groups | None:
        found = self._regex.fullmatch(path)
        if found is None:
            return None
        if self._named:
            return {name: found[name] for name in self._named}
        return dict(enumerate(found.groups()))

    def pathfor(self, /, *args: Any, **kwargs: Any) -> str:
        given: Groups = {**dict(enumerate(args)), **kwargs}
        unknown = set(given) - set(self.keys)
        if unknown:
            raise URLGenerationError(
                f"{self.text!r} has no place for {', '.join(map(str, unknown))}"
            )
        # where there are groups with names, the others have no key
        places: _Places = {number: name for name, number in self._regex.groupindex.items()}
        places = places or dict(enumerate(self.keys, 1))
        path = "".join(self._pieces(list(parse(self.text)), given, places))
        texts = {key: None if given.get(key) is None else str(given[key]) for key in self.keys}
        if self.groups(path) != texts:
            raise URLGenerationError(f"{self.text!r} does not match the path made of {given!r}")
        return path

    def _pieces(self, items: list[Any], given: Groups, places: _Places) -> list[str]:
        """Return the text of each item; only literals, anchors and groups have one.

        What may be absent is there where a group in it has a value.
        """
        out = []
        for op, value in items:
            if op is c.LITERAL:
                out.append(chr(value))
            elif op is c.ANY:
                out.append(".")  # a point that was not escaped stands for itself
            elif op is c.SUBPATTERN and value[0] in places:
                key = places[value[0]]
                if given.get(key) is None:
                    raise URLGenerationError(f"{self.text!r} lacks a value for {key}")
                out.append(str(given[key]))
            elif op is c.SUBPATTERN:
                out += self._pieces(list(value[3]), given, places)
            elif op in _REPEATS and value[0] == 0:
                if self._has_value(list(value[2]), given, places):
                    out += self._pieces(list(value[2]), given, places)
            elif op not in (c.AT, c.ASSERT, c.ASSERT_NOT):
                raise URLGenerationError(f"{self.text!r} does not say which path to make")
        return out

    def _has_value(self, items: list[Any], given: Groups, places: _Places) -> bool:
        """Whether a group in *items*, however deep, is given a value."""
        return any(
            (op is c.SUBPATTERN and given.get(places.get(value[0])) is not None)
            or self._has_value(list(value[-1]), given, places)
            for op, value in items
            if op is c.SUBPATTERN or op in _REPEATS
        )
