"""Let only some addresses in.

Behind a proxy, put core's ProxyMiddleware outside this layer, or name the proxies here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.auth.guarding import refuse
from tropea.core.errors import OptionError
from tropea.core.forwarded import Trust, read_x_forwarded
from tropea.core.layer import Layer

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class AddressOptions:
    """The options of AddressMiddleware.

    allow: addresses and networks that are let in; with none, everybody who is not denied.
    deny: addresses and networks that are not; deny wins.
    trusted: proxies whose X-Forwarded-For is believed; nobody's by default.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()


class AddressMiddleware(Layer):
    """Answer 403 to peers whose address is not let in; an unreadable address is not.

    >>> app = AddressMiddleware(None, allow=("10.0.0.0/8",))
    >>> body = app({"REMOTE_ADDR": "192.0.2.1", "REQUEST_METHOD": "HEAD"},
    ...            lambda status, fields: print(status))
    403 Forbidden
    """

    Options: ClassVar[type] = AddressOptions
    kind = "auth"
    options: AddressOptions

    def prepare(self) -> None:
        self.allow = _networks("allow", self.options.allow)
        self.deny = _networks("deny", self.options.deny)
        self.trust = Trust(self.options.trusted)
        # Reading an address costs more than all the rest; the same clients come again.
        self._admits = lru_cache(1024)(self._judge)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.admits(environ):
            return self.call_app(environ, start_response)
        return refuse(environ, start_response, 403, [])

    def admits(self, environ: Mapping[str, Any]) -> bool:
        """Tell whether the client of this request is let in."""
        return self._admits(self.client_of(environ))

    def _judge(self, text: str) -> bool:
        address = _address(text)
        if address is None or any(address in network for network in self.deny):
            return False
        return not self.allow or any(address in network for network in self.allow)

    def client_of(self, environ: Mapping[str, Any]) -> str:
        """Return the client's address: the peer's, or what trusted proxies say."""
        peer: str = environ.get("REMOTE_ADDR", "")
        if not self.trust:
            return peer
        said = read_x_forwarded({"for": environ.get("HTTP_X_FORWARDED_FOR")}, peer, self.trust)
        return (said and said.client) or peer


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _networks(option: str, texts: Iterable[str]) -> tuple[Network, ...]:
    try:
        return tuple(map(ip_network, texts))
    except ValueError as error:
        raise OptionError(f"AddressMiddleware: {option}: {error}") from None
