"""Fields encoded as a query string has them (``application/x-www-form-urlencoded``).

Source: WHATWG URL standard, section 5.1.  Only ``&`` separates fields: two parsers that disagree
about ``;`` let one request mean two things.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

from tropea.core.multidict import MultiDict

#: Fields read of one query or form unless told otherwise.
MAX_FIELDS = 1000


def parse_fields(
    text: str,
    *,
    charset: str = "utf-8",
    keep_blank_values: bool = True,
    strict: bool = False,
    max_fields: int | None = None,
    separators: str = "&",
) -> list[tuple[str, str]]:
    """Read *text*, as latin-1 stands for its bytes, into pairs of text.

    Bytes that are no *charset* become U+FFFD, and a ``%`` that escapes nothing stays.

    strict: raise ValueError for those, and for a field without ``=``.
    max_fields: raise TooManyFields beyond that; None for as many as there are.
    separators: characters that end a field; webob's own ``GET`` takes ``;`` as well.

    >>> parse_fields("a=1&b=x+y&c=%C5%BE&d")
    [('a', '1'), ('b', 'x y'), ('c', 'ž'), ('d', '')]
    """
    if not text:
        return []
    for other in separators[1:]:
        text = text.replace(other, "&")
    if max_fields is not None and text.count("&") >= max_fields:
        raise TooManyFields(f"more than {max_fields} fields")
    plain = "%" not in text and "+" not in text and text.isascii()
    if strict or not plain or charset != "utf-8" or not keep_blank_values:
        return _parse_any(text, charset, keep_blank_values, strict, plain)
    pairs = []
    for field in text.split("&"):
        if field:
            name, _, value = field.partition("=")
            pairs.append((name, value))
    return pairs


class TooManyFields(ValueError):
    """A query or form has more fields than it may."""


def _parse_any(
    text: str, charset: str, keep_blank_values: bool, strict: bool, plain: bool
) -> list[tuple[str, str]]:
    errors = "strict" if strict else "replace"
    pairs = []
    for field in text.split("&"):
        if not field and not strict:
            continue
        name, equals, value = field.partition("=")
        if strict and not equals:
            raise ValueError(f"bad field: {field[:40]!r}")
        if not value and not keep_blank_values:
            continue
        if not plain:
            name, value = _decode(name, charset, errors), _decode(value, charset, errors)
        pairs.append((name, value))
    return pairs


def _decode(text: str, charset: str, errors: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        if text.isascii():
            return text
        return text.encode("latin-1").decode(charset, errors)
    raw = unquote_to_bytes(text.encode("latin-1"))
    try:
        return raw.decode(charset, errors)
    except UnicodeDecodeError as error:
        raise ValueError(f"not {charset}: {text[:40]!r}") from error


class Args(MultiDict[str, str]):
    """The fields of a query, read by hand from a request, an environ or a string.

    keep_blank_values: False leaves out fields without a value.
    strict_parsing: whether a malformed field raises ValueError; it is kept as text otherwise.

    >>> Args("a=1&a=2&b=").getlist("a", int)
    [1, 2]
    """

    __slots__ = ()

    def __init__(
        self, source: Any = "", *, keep_blank_values: bool = True, strict_parsing: bool = False
    ) -> None:
        environ = getattr(source, "environ", source)
        text = environ if isinstance(environ, str) else environ.get("QUERY_STRING", "")
        super().__init__()
        self._pairs = parse_fields(
            text, keep_blank_values=bool(keep_blank_values), strict=bool(strict_parsing)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return MultiDict, (self._pairs,)
