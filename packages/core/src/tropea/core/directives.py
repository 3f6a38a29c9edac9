"""Read comma-separated fields: lists, and the directives of Cache-Control.

Source: RFC 9110 section 5.6.1, RFC 9111 section 5.2.
"""

from __future__ import annotations

import re

# A member runs to the next comma outside a quoted-string; an unclosed quote is taken as text.
_MEMBER = re.compile(r'(?:[^,"]+|"(?:[^"\\]|\\.)*+"|")*+', re.DOTALL)
_DIRECTIVE = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:=(.*))?", re.DOTALL).fullmatch
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)

#: Members read of one field; no honest field has more.
MAX_MEMBERS = 1024


def split_list(field: str) -> list[str]:
    """Split a list at the commas outside quoted-strings; blanks and empty members go.

    Linear in the length of *field*; members after the 1024th are not read.

    >>> split_list('a, "b, c" ,, d')
    ['a', '"b, c"', 'd']
    """
    if '"' not in field:
        pieces = field.split(",", MAX_MEMBERS)[:MAX_MEMBERS]
        return [text for piece in pieces if (text := piece.strip(" \t"))]
    members: list[str] = []
    position, end = 0, len(field)
    if _unbalanced(field):  # re-scanning for a quote that never closes would be quadratic
        return [text for piece in field.split(",", MAX_MEMBERS) if (text := piece.strip(" \t"))]
    while position <= end and len(members) < MAX_MEMBERS:
        match = _MEMBER.match(field, position)
        assert match is not None  # the pattern matches the empty string
        text = match[0].strip(" \t")
        if text:
            members.append(text)
        position = max(match.end(), position) + 1
    return members


def _unbalanced(field: str) -> bool:
    """Tell whether the last quoted-string of *field* never closes."""
    inside = False
    escaped = False
    for character in field:
        if escaped:
            escaped = False
        elif character == '"':
            inside = not inside
        elif character == "\\" and inside:
            escaped = True
    return inside


def unquote(text: str) -> str:
    r"""Take the quotes and quoted-pairs off a quoted-string; other text is returned as it is.

    >>> unquote('"60"'), unquote("60")
    ('60', '60')
    """
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return _QUOTED_PAIR.sub(r"\1", text[1:-1])
    return text


def parse_directives(field: str | None) -> dict[str, str | None]:
    """Read ``Cache-Control``-like directives: lower-case name to argument, None without one.

    Token and quoted-string arguments are both taken; members that are not directives are
    skipped; of duplicates the first counts (RFC 9111 section 4.2.1).

    >>> parse_directives('Max-Age="60", no-cache, private="Set-Cookie"')
    {'max-age': '60', 'no-cache': None, 'private': 'Set-Cookie'}
    """
    found: dict[str, str | None] = {}
    for member in split_list(field or ""):
        match = _DIRECTIVE(member)
        if match is not None:
            value = match[2]
            found.setdefault(match[1].lower(), None if value is None else unquote(value))
    return found


def parse_vary(field: str | None) -> frozenset[str]:
    """Read ``Vary``: lower-case field names; ``{"*"}`` alone when it is among them.

    >>> sorted(parse_vary("Cookie, Accept-Encoding"))
    ['accept-encoding', 'cookie']
    """
    names = frozenset(name.lower() for name in split_list(field or ""))
    return frozenset({"*"}) if "*" in names else names


def parse_names(field: str | None) -> frozenset[str]:
    """Read a list of field names, as ``Connection`` or ``no-cache="…"`` hold it, in lower case."""
    return frozenset(n.lower() for n in split_list(field or "") if _TOKEN(n))
