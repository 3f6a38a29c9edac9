"""Where a request comes from, as far as a browser says: pure rules against forged requests.

Source: Fetch Metadata (W3C), Sec-Fetch-Site; RFC 6454 section 7 (Origin).
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))

_DEFAULT_PORTS = {"http": "80", "https": "443"}


def own_origin(scheme: str, host: str) -> str:
    """Return the origin of a request's own address; the default port is left out.

    >>> own_origin("https", "Example.org:443"), own_origin("http", "localhost:8080")
    ('https://example.org', 'http://localhost:8080')
    """
    host = host.lower().removesuffix(":" + _DEFAULT_PORTS.get(scheme, ""))
    return f"{scheme}://{host}"


def refusal(
    own: str, *, site: str | None, origin: str | None, referer: str | None, trusted: Collection[str]
) -> str | None:
    """Say why a request that changes something is refused; None where it may go on.

    site, origin, referer: the fields Sec-Fetch-Site, Origin and Referer, None where absent.
    trusted: other origins that may post here.

    >>> own = "https://example.org"
    >>> refusal(own, site="same-origin", origin=own, referer=None, trusted=())
    >>> refusal(own, site="cross-site", origin="https://evil.example", referer=None, trusted=())
    'the request comes from another site'
    """
    if origin is not None and origin.lower() in trusted:
        return None
    if site is not None and site not in {"same-origin", "none"}:
        return "the request comes from another site"
    if origin is not None:
        return None if origin.lower() == own else "the request comes from another origin"
    if referer is not None:
        came_from = _origin_of(referer)
        return None if came_from == own or came_from in trusted else "it was referred elsewhere"
    return None


def _origin_of(address: str) -> str:
    """Return the origin of an address; nothing where it is none."""
    try:
        parts = urlsplit(address[:8192])
    except ValueError:
        return ""
    return own_origin(parts.scheme, parts.netloc)
