"""JSON bodies, with bounds, and objects and lists that have the getters of forms."""

from __future__ import annotations

import json
import re
from typing import Any

from tropea.core.getters import Getters

# A string, whose end may be missing, or one bracket.  Possessive, so that text full of quotes
# and backslashes costs no more than its length.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)

#: An escape that is half of a character, or of none.
_HALF = re.compile(r"\\u[dD][89a-fA-F]").search
_OPENING = frozenset((b"{", b"["))
_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # public, though not in typeshed


class JsonDict(Getters, dict[Any, Any]):
    """A JSON object: a dict with the getters of a form.

    >>> JsonDict(colours=["red", "blue"], id="7").getlist("colours")
    ['red', 'blue']
    >>> JsonDict(id="7").getint("id")
    7
    """

    __slots__ = ()

    def _values(self, key: Any) -> list[Any]:
        if key not in self:
            return []
        value = self[key]
        return list(value) if isinstance(value, list) else [value]

    def getvalue(self, key: Any, default: Any = None) -> Any:
        """Return the value of *key* as it is, or *default*."""
        return self.get(key, default)


class JsonList(Getters, list[Any]):
    """A JSON array: a list with the getters of a form; they need no key, or an index.

    >>> JsonList(["1", "2"]).getlist(func=int), JsonList(["1"]).getfirst()
    ([1, 2], '1')
    """

    __slots__ = ()

    def _values(self, key: Any) -> list[Any]:
        if key is None:
            return list(self)
        if isinstance(key, int) and -len(self) <= key < len(self):
            return [self[key]]
        return []

    def getvalue(self, key: Any = None, default: Any = None) -> Any:
        """Return the item at the index *key*, the first one without, or *default*."""
        values = self._values(0 if key is None else key)
        return values[0] if values else default


def parse_json(body: bytes, *, charset: str | None = None, max_depth: int = 100) -> Any:
    """Read a JSON document; objects and arrays at the top get the getters.

    charset: a codec of Python; None for what the document itself shows (UTF-8, -16 or -32).
    max_depth: arrays and objects within each other.

    Raises ValueError with the reason.

    >>> parse_json(b'{"a": [1, 2]}')
    {'a': [1, 2]}
    """
    if len(body) > max_depth < body.count(b"[") + body.count(b"{") and _depth(body) > max_depth:
        raise ValueError(f"arrays and objects are nested deeper than {max_depth}")
    try:
        value = _load(body, charset)
    except RecursionError:
        raise ValueError("arrays and objects are nested too deep") from None
    if type(value) is dict:
        return JsonDict(value)
    return JsonList(value) if type(value) is list else value


def _load(body: bytes, charset: str | None) -> Any:
    """Do as ``json.loads``, sooner where the document is UTF-8 and ends with its last bracket."""
    if charset is None and body[:1] in _OPENING:
        try:  # in UTF-16 and -32 the next byte is NUL, which no scan gets past
            text = body.decode()
            value, end = _scan(text, 0)
        except (StopIteration, ValueError):
            return _load_any(body, None)  # which words the reason
        if end == len(text) and ("\\u" not in text or not _HALF(text)):
            return value
    return _load_any(body, charset)


def _load_any(body: bytes, charset: str | None) -> Any:
    text = body.decode(charset or json.detect_encoding(body)).removeprefix("\ufeff")
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # its words are for programmers
        raise ValueError("a number has too many digits") from None
    if _HALF(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:  # no text holds half a pair: it could never be sent again
            raise ValueError("an escape stands for half a character") from None
    return value


def _depth(body: bytes) -> int:
    deepest = depth = 0
    for match in _STRING_OR_BRACKET.finditer(body):
        mark = match[0]
        if mark in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in b"]}":
            depth -= 1
    return deepest
