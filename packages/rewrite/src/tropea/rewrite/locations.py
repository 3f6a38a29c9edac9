r"""References that a redirect may send.

A reference made from a request stays on its site: it starts with exactly one slash, whatever the
captures hold, unless the rule's own text names a host.

>>> local_reference("//evil.example/x", "a=1")
'/evil.example/x?a=1'
>>> local_reference("/\\evil.example")
'/evil.example'

Source: RFC 3986 sections 3.3, 3.4 and 4.2; RFC 9110 section 10.2.2.
"""

from __future__ import annotations

import re
from urllib.parse import quote

#: What a path may hold besides the unreserved characters (RFC 3986 section 3.3).
_PATH_SAFE = "/:@!$&'()*+,;=~"
_NOT_QUERY = re.compile(r"[^!$&'()*+,\-./0-9:;=?@A-Z_a-z~%]")
_HOST = re.compile(
    r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_.])?)(?::[0-9]{1,5})?"
).fullmatch
_HOST_PART = re.compile(r"[A-Za-z0-9._-]*").fullmatch
_DOMAIN = re.compile(
    r"(?i)(?:[a-z0-9_-]+\.[a-z0-9_-]+)?(?:\.[a-z0-9_-]+)+(?::[0-9]{1,5})?"
).fullmatch


def quote_path(path: str) -> str:
    """Percent-encode a path of text; surrogate escapes stand for bytes that are no UTF-8."""
    return quote(path.encode("utf-8", "surrogateescape"), _PATH_SAFE)


def quote_query(query: str) -> str:
    """Percent-encode what a query may not hold as it is; what is encoded already stays.

    Characters up to 255 are bytes, as QUERY_STRING has them.

    >>> quote_query('a=1 2&b=%20"')
    'a=1%202&b=%20%22'
    """
    return _NOT_QUERY.sub(_percent, query)


def _percent(match: re.Match[str]) -> str:
    text = match[0]
    code = ord(text)
    data = text.encode("latin-1") if code < 256 else text.encode("utf-8", "replace")
    return "".join(f"%{byte:02X}" for byte in data)


def local_reference(path: str, query: str = "") -> str:
    """Make a reference to *path* on this very site."""
    location = quote_path("/" + path.lstrip("/\\"))
    return f"{location}?{quote_query(query)}" if query else location


def is_host(host: str) -> bool:
    """Tell whether *host*, with or without a port, may stand in a reference.

    >>> is_host("www.example.com:8080"), is_host("a b"), is_host("[::1"), is_host("a,b")
    (True, False, False, False)

    Source: RFC 9110 section 7.2; RFC 3986 section 3.2.2.
    """
    return _HOST(host) is not None


def is_host_part(text: str) -> bool:
    """Tell whether *text* may be put into the middle of a host's name."""
    return _HOST_PART(text) is not None


def ends_in_domain(text: str) -> bool:
    """Tell whether what comes before *text* in an authority can only name a host below it.

    A whole name behind a dot must be there: ``evilshop.com`` is for everybody to register.

    >>> [ends_in_domain(text) for text in (".shop.com:80", "-cdn.shop.com", "shop.com", "")]
    [True, True, False, False]
    """
    return _DOMAIN(text) is not None
