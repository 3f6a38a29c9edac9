"""What a response is kept under: the target URI, and the request fields it varies on.

Source: RFC 9111 sections 2 and 4.1; RFC 9110 section 12.5.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

from tropea.core.directives import parse_names, parse_vary, split_list
from tropea.core.fields import Fields, combined
from tropea.core.negotiation import accepted_codings, parse_quality_list

#: Codings that are told apart; whatever else a client accepts, it gets what it would without.
CODINGS = ("br", "deflate", "gzip", "zstd")
#: Fields that one response may vary on.
MAX_VARY = 32
_PORTS = {"http": ":80", "https": ":443"}

Variant = tuple[tuple[str, str | None], ...]


class Key(NamedTuple):
    """A target URI, taken apart so that no part can slide into another.

    path: script name and path as WSGI has them: decoded once, Latin-1.
    """

    scheme: str
    host: str
    path: str
    query: str

    def digest(self) -> str:
        """Return a name of fixed length, for stores whose keys are text."""
        state = blake2b(digest_size=20)
        for part in self:
            data = part.encode("utf-8", "surrogatepass")
            state.update(b"%d:" % len(data))
            state.update(data)
        return state.hexdigest()

    @property
    def uri(self) -> str:
        """The URI as text, for people and for prefixes."""
        path = quote(self.path.encode("latin-1", "replace"), safe="/~!$&'()*+,;=:@-._")
        return f"{self.scheme}://{self.host}{path}" + (f"?{self.query}" if self.query else "")

    @property
    def origin(self) -> str:
        """Scheme and host."""
        return f"{self.scheme}://{self.host}"


def key_of(environ: Mapping[str, Any]) -> Key:
    """Build the key of a request.

    >>> key_of({"wsgi.url_scheme": "http", "HTTP_HOST": "Example.com:80", "PATH_INFO": "/a"})
    Key(scheme='http', host='example.com', path='/a', query='')
    """
    scheme = environ["wsgi.url_scheme"]
    host = environ.get("HTTP_HOST")
    if not host:
        host = f"{environ.get('SERVER_NAME', '')}:{environ.get('SERVER_PORT', '')}"
    if not host.islower():
        host = host.lower()
    default = _PORTS.get(scheme)
    if default and host.endswith(default):
        host = host[: -len(default)]
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return Key(scheme, host, path or "/", environ.get("QUERY_STRING", ""))


def key_of_uri(uri: str, base: Key | None = None) -> Key | None:
    """Build the key that a URI has; None for one that is of another origin than *base*.

    base: the URI that a relative one is resolved against.

    >>> key_of_uri("../b?c=1", Key("http", "x", "/a/", "")).path
    '/b'
    """
    try:
        parts = urlsplit(urljoin(base.uri, uri) if base else uri)
        name = parts.hostname or ""
        host = (f"[{name}]" if ":" in name else name) + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    default = _PORTS.get(scheme)
    if default and host.endswith(default):
        host = host[: -len(default)]
    if not scheme or not host or (base and (scheme, host) != (base.scheme, base.host)):
        return None
    path = unquote_to_bytes(parts.path).decode("latin-1")
    return Key(scheme, host, path or "/", parts.query)


def vary_of(fields: Fields) -> tuple[str, ...] | None:
    """Return the names that a response varies on, sorted; None for ``*`` and for too many.

    None too where a member is no field name, as in ``Accept Cookie``: what was meant is not known,
    and it may have been what tells users apart.

    >>> vary_of([("Vary", "Cookie"), ("Vary", "accept")])
    ('accept', 'cookie')
    """
    field = combined(fields, "Vary")
    if field is None:
        return ()
    names = parse_vary(field)
    if "*" in names or len(names) > MAX_VARY or names != parse_names(field):
        return None
    return tuple(sorted(names))


def variant_of(names: Sequence[str], environ: Mapping[str, Any]) -> Variant:
    """Return what the request has for the fields *names*, each in its normal form."""
    return tuple((name, normal_value(name, environ)) for name in names)


def variant_id(variant: Variant) -> str:
    """Name a variant; the values cannot slide from one field into another."""
    if not variant:
        return "0"
    state = blake2b(digest_size=12)
    for name, value in variant:
        for part in (name, value):
            data = b"" if part is None else part.encode("utf-8", "surrogatepass")
            state.update(b"-:" if part is None else b"%d:" % len(data))
            state.update(data)
    return state.hexdigest()


def normal_value(name: str, environ: Mapping[str, Any]) -> str | None:
    """Return a request field so that values that mean the same are the same; None if absent."""
    key = name.upper().replace("-", "_")
    value = environ.get(key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}")
    if value is None:
        return None
    if name == "accept-encoding":
        return _codings(value)
    if name in {"accept-language", "accept", "accept-charset"}:
        return _preferences(value)
    if name in {"cookie", "authorization", "user-agent", "referer", "origin"}:
        return str(value).strip(" \t")
    return ",".join(split_list(value))


def _codings(field: str) -> str:
    """Name the bucket: which codings that we tell apart are welcome, and how welcome."""
    accepted = accepted_codings(field) or {}
    rest = accepted.get("*", 0.0)
    found = {coding: accepted.get(coding, rest) for coding in CODINGS}
    found["identity"] = accepted.get("identity", 0.0001 if accepted.get("*") != 0 else 0.0)
    return ",".join(f"{coding}={quality:g}" for coding, quality in found.items() if quality)


def _preferences(field: str) -> str:
    """Sort by name: equal qualities mean that the order does not matter."""
    return ",".join(f"{n};q={q:g}" for n, q in sorted(parse_quality_list(field).items()))


def favourite_language(environ: Mapping[str, Any]) -> str | None:
    """Return the one language that a request likes best; None where several tie."""
    field = environ.get("HTTP_ACCEPT_LANGUAGE")
    ranked = sorted((q, name) for name, q in parse_quality_list(field or "").items())
    if not ranked or (len(ranked) > 1 and ranked[-2][0] == ranked[-1][0]):
        return None
    return ranked[-1][1] if ranked[-1][0] > 0 else None
