"""Believe the proxies that are ours, and nobody else.

The outermost layer of an application behind a proxy: it puts the client's address, the host and
the scheme that were asked for where WSGI has them, so that nothing further in needs to know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.errors import OptionError
from tropea.core.forwarded import FORWARDED_KEY, Forwarded, Trust, read_forwarded, read_x_forwarded
from tropea.core.layer import Layer
from tropea.core.paste import filter_factory

_X_FIELDS = {
    "for": "HTTP_X_FORWARDED_FOR",
    "proto": "HTTP_X_FORWARDED_PROTO",
    "ssl": "HTTP_X_FORWARDED_SSL",
    "host": "HTTP_X_FORWARDED_HOST",
    "port": "HTTP_X_FORWARDED_PORT",
    "prefix": "HTTP_X_FORWARDED_PREFIX",
}
_PORT = re.compile(r"[0-9]{1,5}").fullmatch
_USUAL_PORT = {"http": "80", "https": "443"}


@dataclass(frozen=True)
class ProxyOptions:
    """How far proxies are believed; by default not at all.

    trusted: addresses and networks of the proxies, ``localhost``, and ``unix`` for a server that
        listens on a socket file.
    trusted_hops: the number of proxies in front, where their addresses are not known.
    family: which fields the proxies write; the others are not read.
    fields: which of the X-Forwarded fields the proxies write.  Leave out what yours do not
        overwrite, for then it is the client who writes it.
    """

    trusted: tuple[str, ...] = ()
    trusted_hops: int = 0
    family: Literal["x-forwarded", "forwarded"] = "x-forwarded"
    fields: tuple[str, ...] = ("for", "proto", "ssl", "host", "port")

    def __post_init__(self) -> None:
        unknown = sorted(set(self.fields) - set(_X_FIELDS))
        if unknown:
            raise OptionError(f"fields: expected {', '.join(_X_FIELDS)}, got {unknown[0]!r}")
        if self.trusted_hops < 0:
            raise OptionError(f"trusted_hops: expected 0 or more, got {self.trusted_hops}")
        Trust(self.trusted)


class ProxyMiddleware(Layer):
    """Take client, host and scheme from the fields of trusted proxies.

    Sets ``REMOTE_ADDR``, ``wsgi.url_scheme``, ``HTTP_HOST``, ``SERVER_PORT`` and, where
    ``prefix`` is among the fields, ``SCRIPT_NAME``; what was said stays under
    ``tropea.core.forwarded``.  Malformed values are ignored.

    >>> seen = []
    >>> app = ProxyMiddleware(lambda environ, start_response: seen.append(environ) or [],
    ...                       trusted=["10.0.0.0/8"])
    >>> app({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"}, None)
    []
    >>> seen[0]["REMOTE_ADDR"]
    '192.0.2.7'
    """

    Options: ClassVar[type] = ProxyOptions
    kind: ClassVar[str] = "proxy"
    provides: ClassVar[tuple[str, ...]] = (FORWARDED_KEY,)

    def prepare(self) -> None:
        options: ProxyOptions = self.options
        self._trust = Trust(options.trusted, options.trusted_hops)
        self._fields = tuple((name, _X_FIELDS[name]) for name in options.fields)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._trust:
            peer = environ.get("REMOTE_ADDR", "")
            if self.options.family == "forwarded":
                said = read_forwarded(environ.get("HTTP_FORWARDED"), peer, self._trust)
            else:
                fields = {name: environ.get(key) for name, key in self._fields}
                said = read_x_forwarded(fields, peer, self._trust)
            if said is not None:
                apply_forwarded(environ, said)
        return self.call_app(environ, start_response)


def apply_forwarded(environ: WSGIEnvironment, said: Forwarded) -> None:
    """Put what trusted proxies said where WSGI has it."""
    environ[FORWARDED_KEY] = said
    if said.client:
        environ["REMOTE_ADDR"] = said.client
        environ.pop("REMOTE_HOST", None)
        environ.pop("REMOTE_PORT", None)
    if said.proto:
        environ["wsgi.url_scheme"] = said.proto
    host = said.host or environ.get("HTTP_HOST", "")
    if said.host or said.port or said.proto:
        name, port = _split_host(host)
        scheme = environ.get("wsgi.url_scheme", "http")
        usual = _USUAL_PORT.get(scheme, "")
        port = (port if said.host else "") or said.port or port or usual
        environ["SERVER_PORT"] = port
        if said.host:
            environ["SERVER_NAME"] = name.strip("[]")
        if host and (said.host or said.port):
            environ["HTTP_HOST"] = name if port == usual else f"{name}:{port}"
    if said.prefix:
        environ["SCRIPT_NAME"] = said.prefix + environ.get("SCRIPT_NAME", "")


def _split_host(host: str) -> tuple[str, str]:
    if host.endswith("]") or ":" not in host:
        return host, ""
    name, _, port = host.rpartition(":")
    return name, port if _PORT(port) and int(port) < 65536 else ""


def use_x_forwarded(trusted: Any = ("localhost",), **options: Any) -> Any:
    """Return a layer that believes the X-Forwarded fields of proxies on this machine.

    trusted: other proxies; the further options are those of :class:`ProxyMiddleware`, which by
        itself trusts nobody.

    >>> app = use_x_forwarded()(lambda environ, start_response: [])
    >>> app.options.trusted
    ('localhost',)
    """
    return ProxyMiddleware.layer(trusted=tuple(trusted), **options)


#: ``paste.filter_factory``: ``use = egg:tropea-core#proxy``.
proxy_filter = filter_factory(ProxyMiddleware, name="proxy")
