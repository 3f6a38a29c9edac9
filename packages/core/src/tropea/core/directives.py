"""Read comma-separated fields: lists, and the directives of Cache-Control.

Source: RFC 9110 section 5.6.1, RFC 9111 section 5.2.
"""

from __future__ import annotations

import re
from itertools import islice

# A member runs to the next comma outside a quoted-string.
_MEMBER = re.compile(r'(?:^|,)((?:[^,"]++|"(?:[^"\\]|\\.)*+")*+)', re.DOTALL)
# All that is before a quote that never closes: from there on, quotes are text.
_CLOSED = re.compile(r'(?:[^"]++|"(?:[^"\\]|\\.)*+")*+', re.DOTALL)
_DIRECTIVE = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:=(.*))?", re.DOTALL).fullmatch
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)

#: Members read of one field; no honest field has more.
MAX_MEMBERS = 1024


def split_list(field: str) -> list[str]:
    """Split a list at the commas outside quoted-strings; blanks and empty members go.

    A quote that never closes is taken as text.  Linear in the length of *field*; members after
    the 1024th, empty ones counted, are not read.

    >>> split_list('a, "b, c" ,, d')
    ['a', '"b, c"', 'd']
    """
    if '"' not in field:
        pieces = field.split(",", MAX_MEMBERS)
    else:
        closed = _CLOSED.match(field)
        assert closed is not None  # the pattern matches the empty string
        end = closed.end()
        pieces = [match[1] for match in islice(_MEMBER.finditer(field, 0, end), MAX_MEMBERS + 1)]
        # Looking once more for the end of a quote that has none would be quadratic.
        first, *rest = field[end:].split(",", MAX_MEMBERS)
        pieces = [*pieces[:-1], pieces[-1] + first, *rest]
    return [text for piece in pieces[:MAX_MEMBERS] if (text := piece.strip(" \t"))]


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
