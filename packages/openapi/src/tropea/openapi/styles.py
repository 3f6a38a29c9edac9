"""Read parameters as their style wrote them: text, lists of text, or names with text.

Nothing is converted here; a ValueError says that the text does not have the form of its style.

Source: OpenAPI 3.1.1 section 4.8.12.3 (style values); RFC 6570 sections 3.2.3 to 3.2.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote_to_bytes

from tropea.core.cookies import cookie_pairs

Value = str | list[str] | dict[str, str]
Raw = Sequence[tuple[str, str]]

#: Fields of a query, and items of one parameter, that are read.
MOST = 1000
_DELIMITERS = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
_ENCODED = {" ": ("%20", "+"), "|": ("%7C", "%7c"), ",": ()}


def decode(text: str) -> str:
    """Undo percent-encoding and ``+``; raise ValueError for bytes that are no UTF-8.

    >>> decode("a+b%C3%A9")
    'a bé'
    """
    if "%" not in text and "+" not in text and text.isascii():
        return text
    octets = text.replace("+", " ").encode("latin-1", "replace")
    try:
        return unquote_to_bytes(octets).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None


def raw_fields(query: str) -> list[tuple[str, str]]:
    """Split a query into decoded names and values that are still encoded.

    A delimiter inside an item is told from one between items only before it is decoded.
    Raises ValueError for too many fields, and for names that are no UTF-8.
    """
    if not query:
        return []
    if query.count("&") >= MOST:
        raise ValueError(f"more than {MOST} fields")
    return [
        (decode(name), value)
        for field in query.split("&")
        if field
        for name, _, value in (field.partition("="),)
    ]


def read_query(
    fields: Raw, name: str, kind: str, style: str, *, explode: bool, properties: Sequence[str] = ()
) -> Value | None:
    """Read a parameter of the query; None where it is absent.

    kind: ``scalar``, ``array`` or ``object``.
    properties: the names that an exploded object's own fields may have.

    >>> read_query([("id", "3,4,5")], "id", "array", "form", explode=False)
    ['3', '4', '5']
    >>> read_query([("f[a]", "1"), ("f[b]", "2")], "f", "object", "deepObject", explode=True)
    {'a': '1', 'b': '2'}
    """
    if kind == "object" and style == "deepObject":
        start = f"{name}["
        return _once(
            (key[len(start) : -1], decode(value))
            for key, value in fields
            if key.startswith(start) and key.endswith("]")
        )
    if kind == "object" and explode:
        return _once((key, decode(value)) for key, value in fields if key in properties)
    values = [value for key, value in fields if key == name]
    if not values:
        return None
    if kind == "array" and explode:
        return [decode(value) for value in values]
    if len(values) > 1:
        raise ValueError("is given more than once")
    if kind == "scalar":
        return decode(values[0])
    return _assemble(_items(values[0], _DELIMITERS.get(style, ",")), kind)


def _items(raw: str, delimiter: str) -> list[str]:
    for written in _ENCODED[delimiter]:
        raw = raw.replace(written, delimiter)
    if raw.count(delimiter) >= MOST:
        raise ValueError(f"has more than {MOST} items")
    if delimiter in raw:
        return [decode(piece) for piece in raw.split(delimiter)]
    return _split(decode(raw), delimiter)


def _split(text: str, delimiter: str) -> list[str]:
    if text.count(delimiter) >= MOST:
        raise ValueError(f"has more than {MOST} items")
    return text.split(delimiter)


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"has {key[:50]!r} more than once")
        found[key] = value
    return found or None


def _assemble(items: list[str], kind: str) -> Value:
    if kind == "array":
        return items
    if len(items) % 2:
        raise ValueError("has a name without a value")
    return _once(zip(items[::2], items[1::2], strict=True)) or {}


def _named(items: list[str]) -> dict[str, str]:
    if not all("=" in item for item in items):
        raise ValueError("has a name without a value")
    return _once((name, value) for name, _, value in (item.partition("=") for item in items)) or {}


def read_simple(text: str, kind: str, *, explode: bool) -> Value:
    """Read style ``simple``: path parameters and header fields.

    >>> read_simple("R=100,G=200", "object", explode=True)
    {'R': '100', 'G': '200'}
    """
    if kind == "scalar":
        return text
    items = [item.strip(" \t") for item in _split(text, ",")]
    return _named(items) if kind == "object" and explode else _assemble(items, kind)


def read_label(text: str, kind: str, *, explode: bool) -> Value:
    """Read style ``label``.

    >>> read_label(".3.4.5", "array", explode=True)
    ['3', '4', '5']
    """
    if text[:1] != ".":
        raise ValueError("begins with a dot")
    if kind == "scalar":
        return text[1:]
    items = _split(text[1:], "." if explode else ",")
    return _named(items) if kind == "object" and explode else _assemble(items, kind)


def read_matrix(text: str, name: str, kind: str, *, explode: bool) -> Value:
    """Read style ``matrix``.

    >>> read_matrix(";color=R,100,G,200", "color", "object", explode=False)
    {'R': '100', 'G': '200'}
    """
    if text[:1] != ";":
        raise ValueError("begins with a semicolon")
    if kind == "object" and explode:
        return _named(_split(text[1:], ";"))
    values = []
    for piece in _split(text[1:], ";"):
        key, _, value = piece.partition("=")
        if key != name:
            raise ValueError(f"has {key[:50]!r} in it")
        values.append(value)
    if kind == "array" and explode:
        return values
    if len(values) > 1:
        raise ValueError("is given more than once")
    return values[0] if kind == "scalar" else _assemble(_split(values[0], ","), kind)


def read_cookie(values: Mapping[str, str], name: str, kind: str, *, explode: bool) -> Value | None:
    """Read style ``form`` of a cookie; None where there is none of that name."""
    text = values.get(name)
    if text is None:
        return None
    if kind == "scalar":
        return text
    items = _split(text, "&" if explode and kind == "object" else ",")
    return _named(items) if kind == "object" and explode else _assemble(items, kind)


def read_cookies(
    field: str | None, name: str, kind: str, properties: tuple[str, ...] = ()
) -> Value | None:
    """Read style ``cookie``, exploded: a cookie for each item or property, as it stands.

    >>> read_cookies("color=blue; color=black; R=100", "color", "array")
    ['blue', 'black']
    >>> read_cookies("R=100; G=200; sid=x", "color", "object", ("R", "G"))
    {'G': '200', 'R': '100'}
    """
    pairs = list(cookie_pairs(field))
    if kind == "array":
        return [value for key, value in pairs if key == name] or None
    return {key: value for key, value in reversed(pairs) if key in properties} or None
