"""Make and join URIs as an application needs them.

Source: RFC 3986 sections 3.3, 5.2 and 5.3.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import quote, quote_plus

from tropea.core.multidict import MultiDict

#: What a path may hold unquoted (RFC 3986 section 3.3), percent signs aside.
PATH_SAFE = "/~!$&'()*+,;=:@-._"
_SPLIT = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.\-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)


def normpath(path: str) -> str:
    """Resolve ``.``, ``..`` and empty segments; trailing slashes stay, nothing climbs out.

    >>> normpath("/a/b/../c/"), normpath("../../etc/passwd"), normpath("/a/./b/.")
    ('/a/c/', 'etc/passwd', '/a/b/')
    """
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in {"", "."}:
            kept.append(segment)
    result = ("/" if path.startswith("/") else "") + "/".join(kept)
    if kept and segments[-1] in {"", ".", ".."}:
        result += "/"
    return result


def uri_join(base: str, link: str) -> str:
    """Resolve *link* against *base* as RFC 3986 section 5.2 does.

    >>> uri_join("http://example.com/a/b", "../c/?d=1")
    'http://example.com/c/?d=1'
    >>> uri_join("http://example.com/a/b", "//other/c")
    'http://other/c'
    """
    scheme, netloc, path, query, fragment = _split(link)
    base_scheme, base_netloc, base_path, base_query, _ = _split(base)
    if scheme is not None or netloc is not None:
        if path.startswith("/"):  # one without a root is the scheme's own affair: data, mailto
            path = _remove_dots(path)
    else:
        netloc = base_netloc
        if not path:
            path = base_path
            query = base_query if query is None else query
        else:
            root = "/" if netloc is not None and not base_path else base_path
            path = join_path(root, path)
    return unsplit(base_scheme if scheme is None else scheme, netloc, path, query, fragment)


def _split(uri: str) -> tuple[str | None, str | None, str, str | None, str | None]:
    match = _SPLIT.match(uri)
    assert match is not None  # every text matches
    scheme, netloc, path, query, fragment = match.groups()
    return scheme, netloc, path, query, fragment


def unsplit(
    scheme: str | None, netloc: str | None, path: str, query: str | None, fragment: str | None
) -> str:
    """Put a URI together; parts that are None are left out (RFC 3986 section 5.3).

    A path stays a path: ``/.`` or ``./`` stands before one that would be read as a host or as a
    scheme (sections 3.3 and 4.2).
    """
    pieces = [f"{scheme}:" if scheme is not None else ""]
    if netloc is not None:
        pieces.append(f"//{netloc}")
    elif path.startswith("//"):
        pieces.append("/.")
    elif scheme is None and ":" in path.partition("/")[0]:
        pieces.append("./")
    pieces.append(path)
    if query is not None:
        pieces.append(f"?{query}")
    if fragment is not None:
        pieces.append(f"#{fragment}")
    return "".join(pieces)


def join_path(base: str, path: str) -> str:
    """Resolve one path against another; nothing in it is taken for a scheme or a host.

    >>> join_path("/a/b", "../c/./d/"), join_path("/a/b", "//evil/x"), join_path("/a/b", "c:d")
    ('/c/d/', '//evil/x', '/a/c:d')
    """
    return _remove_dots(path if path.startswith("/") else base[: base.rfind("/") + 1] + path)


def _remove_dots(path: str) -> str:
    """Resolve dot segments alone: empty segments are names like any other (section 5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")
    rooted = path.startswith("/")
    for segment in segments[1:] if rooted else segments:
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return ("/" if rooted else "") + "/".join(kept)


def make_query(data: Any = None, separator: str = "&", **kwargs: Any) -> str:
    """Write a query from a mapping, pairs or keywords, in their order.

    Values that are lists or tuples repeat their key; those that are None are left out.  Text is
    UTF-8, and a query that is text already is passed on.

    >>> make_query({"eat": "more cake", "drink": ["tea", "milk"]}, size=3.5)
    'eat=more+cake&drink=tea&drink=milk&size=3.5'
    >>> make_query([("b", 2), ("a", 1)], separator=";")
    'b=2;a=1'
    """
    if isinstance(data, str):
        rest = make_query(None, separator, **kwargs)
        return separator.join(filter(None, (data.lstrip("?"), rest)))
    written = []
    for source in (data, kwargs):
        for key, value in _query_pairs(source):
            for item in value if isinstance(value, (list, tuple)) else (value,):
                if item is not None:
                    written.append(f"{_quoted(key)}={_quoted(item)}")
    return separator.join(written)


def _query_pairs(source: Any) -> Iterable[tuple[Any, Any]]:
    if not source:
        return ()
    if isinstance(source, MultiDict):
        return source.allitems()
    if isinstance(source, Mapping):
        return source.items()
    try:
        return [(key, value) for key, value in source]
    except (TypeError, ValueError):
        raise TypeError(f"a query is made of pairs, a mapping or text, not {source!r}") from None


def _quoted(value: Any) -> str:
    if isinstance(value, bytes):
        return quote_plus(value)
    return quote_plus(str(value), errors="replace")


def make_uri_component(text: str, separator: str = "-") -> str:
    """Make text of a title that can stand in a path: ASCII, lower case, words joined.

    >>> make_uri_component("How to make Crème brûlée!")
    'how-to-make-creme-brulee'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = separator.join(re.split(r"[/\s]+", plain.strip()))
    return re.sub(rf"[^A-Za-z0-9\-._~{re.escape(separator)}]", "", words)


def quote_path(path: str) -> str:
    r"""Percent-encode a path as PATH_INFO holds it: latin-1 standing for its bytes.

    >>> quote_path("/caf\xc3\xa9 \xff")
    '/caf%C3%A9%20%FF'
    """
    if path.isascii():
        return quote(path, PATH_SAFE)
    try:
        raw = path.encode("latin-1")
    except UnicodeEncodeError:  # not from a WSGI server, then: take it as text
        raw = path.encode("utf-8", "replace")
    return quote(raw, PATH_SAFE)


# What browsers escape in a query (WHATWG URL standard, "query percent-encode set").
_ODD_IN_QUERY = re.compile(r'[\x00-\x20"#<>\x7f]|[^\x00-\x7f]+')


def quote_query(text: str, encoding: str = "utf-8") -> str:
    r"""Percent-encode what a query cannot hold, and leave what is encoded already.

    encoding: latin-1 for QUERY_STRING, where it stands for bytes.

    >>> quote_query("a=%20&b=1 2\r\n"), quote_query("a=\xc3\xa9", "latin-1")
    ('a=%20&b=1%202%0D%0A', 'a=%C3%A9')
    """
    if _ODD_IN_QUERY.search(text) is None:
        return text
    return _ODD_IN_QUERY.sub(lambda found: quote(found[0], "", encoding, "replace"), text)


def host_url(environ: Mapping[str, Any]) -> str:
    """Return scheme and authority of a request: ``http://example.com:8080``.

    Raises BadRequest for a Host field that is no host.
    """
    scheme = environ.get("wsgi.url_scheme", "http")
    host = environ.get("HTTP_HOST")
    if host:
        host = check_host(host)
    else:
        name = environ.get("SERVER_NAME", "localhost")
        if ":" in name and not name.startswith("["):
            name = f"[{name}]"
        port = environ.get("SERVER_PORT")
        host = f"{name}:{port}" if port else name
    if (scheme == "http" and host.endswith(":80")) or (scheme == "https" and host.endswith(":443")):
        host = host[: host.rindex(":")]
    return f"{scheme}://{host.removesuffix(':')}"


_HOST = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9._\-]{0,253}[A-Za-z0-9_.])?|\[([0-9A-Fa-f:.]{2,45})\])(?::([0-9]{0,5}))?"
).fullmatch


def is_host(text: str) -> bool:
    """Tell whether *text* is a host name or address with or without a port.

    >>> is_host("example.com:80"), is_host("[::1]:8080"), is_host("a@evil.example")
    (True, True, False)
    """
    match = _HOST(text)
    if match is None or int(match[2] or "0") > 65535:
        return False
    return match[1] is None or _is_ipv6(match[1])


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def check_host(text: str) -> str:
    """Return a Host field that is one; raise BadRequest for anything else."""
    if not is_host(text):
        from tropea.core.inputs import refuse

        refuse("BadRequest", "The Host field is malformed.")
    return text


def make_absolute_url(environ: Mapping[str, Any], url: str) -> str:
    """Resolve *url* against the URL of the request, without its query.

    >>> environ = {"wsgi.url_scheme": "https", "HTTP_HOST": "example.com",
    ...            "SCRIPT_NAME": "/colors", "PATH_INFO": "/red"}
    >>> make_absolute_url(environ, "blue"), make_absolute_url(environ, "/green/")
    ('https://example.com/colors/blue', 'https://example.com/green/')
    """
    path = quote_path(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
    if not path.startswith("/"):  # ``@other.example`` would make another host of it
        path = f"/{path}"
    return uri_join(f"{host_url(environ)}{path}", url)
