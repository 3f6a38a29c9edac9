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
    if strict or charset != "utf-8" or not keep_blank_values:
        return _parse_any(text, charset, keep_blank_values, strict)
    return parse_leniently(text)


def parse_leniently(text: str) -> list[tuple[str, str]]:
    """Read *text* as :func:`parse_fields` does without options: the quick way for most requests."""
    if "+" in text:
        text = text.replace("+", " ")
    ready = text.isascii()
    if ready and "%" not in text:
        return [
            (name, value)
            for field in text.split("&")
            if field
            for name, _, value in (field.partition("="),)
        ]
    return [
        (
            name if ready and "%" not in name else _decode(name),
            value if ready and "%" not in value else _decode(value),
        )
        for field in text.split("&")
        if field
        for name, _, value in (field.partition("="),)
    ]


class TooManyFields(ValueError):
    """A query or form has more fields than it may."""


def _parse_any(
    text: str, charset: str, keep_blank_values: bool, strict: bool
) -> list[tuple[str, str]]:
    errors = "strict" if strict else "replace"
    pairs = []
    for field in text.split("&"):
        if not field and not strict:
            continue
        name, equals, value = field.partition("=")
        if strict and not equals:
            raise ValueError(f"bad field: {field[:40]!r}")
        if value or keep_blank_values:
            name, value = name.replace("+", " "), value.replace("+", " ")
            pairs.append((_decode(name, charset, errors), _decode(value, charset, errors)))
    return pairs


#: What follows a percent sign, for the characters of ASCII.
_ESCAPES = {
    spelling: chr(code) for code in range(128) for spelling in (f"{code:02x}", f"{code:02X}")
}


def _decode(text: str, charset: str = "utf-8", errors: str = "replace") -> str:
    """Undo the escapes of text whose plus signs are blanks already."""
    if text.isascii():
        if "%" not in text:
            return text
        # Three times as quick as by way of bytes, for what is quoted most: a blank, an at-sign.
        plain, *escaped = text.split("%")
        for piece in escaped:
            character = _ESCAPES.get(piece[:2])
            if character is None or charset != "utf-8":
                break
            plain += character + piece[2:]
        else:
            return plain
    raw = unquote_to_bytes(_bytes(text))
    try:
        return raw.decode(charset, errors)
    except UnicodeDecodeError as error:
        raise ValueError(f"not {charset}: {text[:40]!r}") from error


def _bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:  # not from a WSGI server, then: take it as text
        return text.encode("utf-8", "replace")


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
