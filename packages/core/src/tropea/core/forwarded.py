"""What proxies say about the client, and how much of it to believe.

Every proxy appends to what it was sent, so only the right-hand end of a field was written by
somebody we know: reading goes from right to left and stops at the first address that is not a
trusted proxy's.  Pure policy: text in, verdict out.

Source: RFC 7239 sections 4, 5 and 6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import islice
from typing import Final, NamedTuple

from tropea.core.directives import unquote
from tropea.core.errors import OptionError
from tropea.core.uris import is_host

#: The environ key under which a proxy layer says what trusted proxies said.
FORWARDED_KEY: Final = "tropea.core.forwarded"

Address = IPv4Address | IPv6Address
#: Characters read of a field, from its right-hand end.
LONGEST = 8192
#: Hops read of one field.
MAX_HOPS = 32

_NODE_V4 = re.compile(r"([0-9.]{7,15})(?::[0-9]{1,5})?").fullmatch
_NODE_V6 = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?").fullmatch
_BARE_V6 = re.compile(r"([0-9A-Fa-f:.]{2,45})").fullmatch
# What waitress, werkzeug, nginx and the others write of a peer on a socket file.  Another text that
# is no address may be one that we cannot read: ``fe80::1%eth0``.
_ON_A_SOCKET_FILE = frozenset(("", "localhost", "<local>", "unix:"))
_PORT = re.compile(r"[0-9]{1,5}").fullmatch
_PREFIX = re.compile(r"(?:/[A-Za-z0-9_~!$&'()*+,;=:@\-][A-Za-z0-9._~!$&'()*+,;=:@\-]*)+").fullmatch
# What stands between two commas outside of quotes, read backwards.  Where one quote is not ended
# no further one is: they are not looked at, for each would be followed to the end of the field.
_REVERSED_MEMBER = re.compile(r'(?:[^,"]++|"(?:"\\|[^"])*+"|"[^,]*+)++')
_PAIR = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(.*)", re.DOTALL).fullmatch


class Forwarded(NamedTuple):
    """What trusted proxies said; None where they said nothing that can be used.

    peer: the address that connected to the server.
    client: of the first hop that is no trusted proxy.
    proto: http or https.  host: with its port, where it has one.  prefix: where the proxy mounts
    the application.
    """

    peer: str
    client: str | None = None
    proto: str | None = None
    host: str | None = None
    port: str | None = None
    prefix: str | None = None


class Trust:
    """Which addresses are our own proxies.

    trusted: addresses and networks (``10.0.0.0/8``), ``localhost``, or ``unix`` for a peer
        without an address.
    hops: how many proxies there are, whatever their addresses; 0 for those in *trusted* only.
    """

    def __init__(self, trusted: Iterable[str] = (), hops: int = 0) -> None:
        self.hops = hops
        self._unix = False
        self._networks = []
        for name in trusted:
            if name == "unix":
                self._unix = True
                continue
            texts = ("127.0.0.0/8", "::1") if name == "localhost" else (name,)
            for text in texts:
                try:
                    network = ip_network(text, strict=False)
                except ValueError as error:
                    raise OptionError(f"trusted: {error}") from None
                self._networks.append(network)

    def __bool__(self) -> bool:
        return bool(self.hops or self._networks or self._unix)

    def knows(self, address: Address | None) -> bool:
        """Tell whether *address* is a trusted proxy's; None stands for a peer without one."""
        if address is None:
            return self._unix
        mapped = getattr(address, "ipv4_mapped", None)
        plain: Address = mapped or address
        return any(
            plain in network
            for network in self._networks
            if isinstance(plain, IPv6Address) == isinstance(network, IPv6Network)
        )

    def client(self, peer: str, chain: list[str]) -> tuple[int, str | None]:
        """Walk *chain* from the right; return the hops that may be believed, and the client.

        0 hops where the peer is no proxy of ours.
        """
        if self.hops:
            return self._counted(chain)
        address = read_node(peer)
        if not self.knows(address) or (address is None and peer not in _ON_A_SOCKET_FILE):
            return 0, None
        client = None
        hops = 1
        for node in reversed(chain):
            found = read_node(node)
            if found is None:
                break
            client = _written(found)
            if not self.knows(found):
                break
            hops += 1
        return min(hops, max(len(chain), 1)), client

    def _counted(self, chain: list[str]) -> tuple[int, str | None]:
        if len(chain) < self.hops:
            return self.hops, None
        found = read_node(chain[-self.hops])
        return self.hops, None if found is None else _written(found)


def _written(address: Address) -> str:
    """Write an address as everybody compares it: an IPv4 one inside of IPv6 as itself."""
    return str(getattr(address, "ipv4_mapped", None) or address)


def read_node(text: str) -> Address | None:
    """Read an address with or without a port; None for ``unknown``, for names and for nonsense.

    >>> read_node("192.0.2.1:4711"), read_node("[2001:db8::1]:80"), read_node("_secret")
    (IPv4Address('192.0.2.1'), IPv6Address('2001:db8::1'), None)
    """
    text = text.strip(" \t")
    match = _NODE_V4(text) or _NODE_V6(text) or _BARE_V6(text)
    try:
        return ip_address(match[1]) if match else None
    except ValueError:
        return None


def read_x_forwarded(fields: Mapping[str, str | None], peer: str, trust: Trust) -> Forwarded | None:
    """Read the X-Forwarded family; None where the peer is no proxy of ours.

    fields: ``for``, ``proto``, ``ssl``, ``host``, ``port`` and ``prefix``, as far as they are used.

    >>> fields = {"for": "9.9.9.9, 192.0.2.1", "proto": "https", "host": "example.com"}
    >>> read_x_forwarded(fields, "127.0.0.1", Trust(["localhost"]))[1:4]
    ('192.0.2.1', 'https', 'example.com')
    """
    lists = {name: _members(value) for name, value in fields.items()}
    hops, client = trust.client(peer, lists.get("for", []))
    if not hops:
        return None

    def said(name: str) -> str | None:
        values = lists.get(name, [])
        if trust.hops and len(values) < hops:
            return None
        return values[-min(hops, len(values))] if values else None

    proto = (said("proto") or "").lower()
    if not proto and (said("ssl") or "").lower() in {"on", "1", "true", "yes", "https"}:
        proto = "https"
    return _checked(Forwarded(peer, client, proto, said("host"), said("port"), said("prefix")))


def read_forwarded(field: str | None, peer: str, trust: Trust) -> Forwarded | None:
    """Read RFC 7239's field; None where the peer is no proxy of ours.

    Host and scheme are those of the element that names the client: what the outermost trusted
    proxy was asked for.

    >>> field = 'for=9.9.9.9;proto=http, for="[2001:db8::1]:4711";proto=https'
    >>> read_forwarded(field, "10.0.0.1", Trust(["10.0.0.0/8"]))[1:3]
    ('2001:db8::1', 'https')
    """
    elements = _elements(field)
    hops, client = trust.client(peer, [element.get("for", "") for element in elements])
    if not hops:
        return None
    if not elements or len(elements) < hops:
        return Forwarded(peer)
    element = elements[-hops]
    return _checked(Forwarded(peer, client, element.get("proto", "").lower(), element.get("host")))


def _end_of(field: str | None) -> str:
    """Return the members that end a field, as far as they are read.

    Were a long field not read at all, a client who sent one would pass for the proxy.
    """
    if not field or len(field) <= LONGEST:
        return field or ""
    return field[-LONGEST:].partition(",")[2]  # the first is cut in two


def _members(field: str | None) -> list[str]:
    return [member.strip(" \t") for member in _end_of(field).split(",")[-MAX_HOPS:]]


def _elements(field: str | None) -> list[dict[str, str]]:
    """Split a Forwarded field at its commas from the right, and read the last elements.

    From the left, a client could begin a quote that the first quote of a proxy would end.
    """
    reverse = _end_of(field)[::-1]
    found = (match[0][::-1].strip(" \t") for match in _REVERSED_MEMBER.finditer(reverse))
    members = list(islice(filter(None, found), MAX_HOPS))
    return [_element(member) for member in reversed(members)]


def _element(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in _split_pairs(text):
        match = _PAIR(part.strip(" \t"))
        if match is not None:
            found.setdefault(match[1].lower(), unquote(match[2]))
    return found


def _split_pairs(text: str) -> list[str]:
    """Split at the semicolons outside of quotes."""
    parts: list[str] = []
    start, quoted, escaped = 0, False, False
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\" and quoted:
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == ";" and not quoted:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def _checked(said: Forwarded) -> Forwarded:
    """Drop what is malformed: a proxy passes on what it was sent."""
    port = said.port if said.port and _PORT(said.port) and 0 < int(said.port) < 65536 else None
    prefix = (said.prefix or "").rstrip("/")
    if len(prefix) > 1024 or not _PREFIX(prefix) or "/." in prefix:
        prefix = ""
    return said._replace(
        proto=said.proto if said.proto in {"http", "https"} else None,
        host=said.host if said.host and is_host(said.host) else None,
        port=port,
        prefix=prefix or None,
    )
