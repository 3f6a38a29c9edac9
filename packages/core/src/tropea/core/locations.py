r"""Where a redirect may lead: what a Location holds, and which targets of a client are safe.

A browser resolves more than RFC 3986 says: it drops tabs and line ends inside a URL, takes ``\``
for ``/``, and reads ``//host`` and ``/\host`` as another site.  What is written here leaves it
nothing to reinterpret.

Source: RFC 9110 section 10.2.2, RFC 3986 section 4.2, WHATWG URL standard section 4.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from tropea.core.fields import FieldError
from tropea.core.uris import is_host

#: Schemes that a Location may name.
SCHEMES = frozenset(("http", "https"))
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):").match
_AUTHORITY = re.compile(r"([a-z]+://[^/?#\\@\x00-\x20]+)(?:[/?#]|$)", re.IGNORECASE).match
_LEADING = re.compile(r"[/\\]+")
#: RFC 3986's characters and ``%``; the rest is percent-encoded as UTF-8.
_URI = "%:/?#[]@!$&'()*+,;=-._~"


def check_location(target: str) -> str:
    r"""Return *target* as a Location that every browser resolves alike.

    Characters that no URI has are percent-encoded, so CR and LF cannot end the field; several
    leading slashes, which would name another host, become one.
    Raises FieldError for a scheme that is not http or https, and for one without a host.

    >>> check_location("//evil.example/a b"), check_location("/\\evil.example")
    ('/evil.example/a%20b', '/evil.example')
    >>> check_location("javascript:alert(1)")
    Traceback (most recent call last):
    ...
    tropea.core.fields.FieldError: not a redirect target: 'javascript:alert(1)'
    """
    text = target.strip(" \t\r\n\f\0")
    scheme = _SCHEME(text)
    if scheme is not None:
        authority = _AUTHORITY(text)
        if scheme[1].lower() not in SCHEMES or authority is None:
            raise FieldError(f"not a redirect target: {target!r}")
        if not authority[0].isascii():
            text = _in_ascii(authority[1]) + text[authority.end(1) :]
    else:
        # What a browser would drop must go before the slashes are counted.
        text = text.replace("\t", "").replace("\r", "").replace("\n", "")
        if _SCHEME(text):
            raise FieldError(f"not a redirect target: {target!r}")
        text = _LEADING.sub("/", text, count=1) if text[:1] in {"/", "\\"} else text
    return quote(text, safe=_URI, errors="replace")


def _in_ascii(origin: str) -> str:
    """Write the host of an origin as it travels (IDNA); raise FieldError for one that cannot."""
    scheme, _, host = origin.partition("://")
    try:
        written = host.encode("idna").decode("ascii")
    except UnicodeError:
        written = ""
    if not is_host(written):  # some characters become a slash or a dot on the way
        raise FieldError(f"not a redirect target: {origin!r}")
    return f"{scheme}://{written}"


def own_path(environ: Mapping[str, Any], location: str) -> str:
    """Reduce a Location of the request's own origin to a path; return any other as it is.

    A response that says no host cannot be made to lead a client elsewhere by a forged Host.

    >>> own_path({"wsgi.url_scheme": "http", "HTTP_HOST": "a.example"}, "http://a.example/b?c")
    '/b?c'
    """
    scheme = environ.get("wsgi.url_scheme", "http")
    prefix = f"{scheme}://{_host(environ, scheme)}"
    if location[: len(prefix)].lower() != prefix.lower():
        return location
    rest = location[len(prefix) :]
    if rest[:1] not in {"", "/", "?", "#"}:
        return location  # another host, or another port, that begins alike
    return check_location(rest if rest[:1] == "/" else "/" + rest)


def _host(environ: Mapping[str, Any], scheme: str) -> str:
    host: str = environ.get("HTTP_HOST") or ""
    if not host:
        host, port = environ.get("SERVER_NAME", ""), environ.get("SERVER_PORT", "")
        default = "443" if scheme == "https" else "80"
        host += f":{port}" if port and port != default else ""
    return host


def is_safe_target(target: str | None, allowed_hosts: Iterable[str] = ()) -> bool:
    r"""Tell whether a redirect target that came from a client may be followed.

    Safe are paths with one leading slash, and http or https URLs of *allowed_hosts* (``host`` or
    ``host:port``, compared without case).

    >>> is_safe_target("/basket?n=1"), is_safe_target("//evil.example"), is_safe_target("/\\evil")
    (True, False, False)
    >>> is_safe_target("https://shop.example/a", ["shop.example"])
    True
    """
    if not target or len(target) > 2048 or not target.isprintable() or "\\" in target:
        return False
    if target[0] == "/":
        return target[:2] != "//"
    scheme = _SCHEME(target)
    if scheme is None or scheme[1].lower() not in SCHEMES or not _AUTHORITY(target):
        return False
    try:
        host = urlsplit(target).netloc.lower()
    except ValueError:
        return False
    return host in {allowed.lower() for allowed in allowed_hosts}
