"""Who may see a development page: a loopback peer, under a known host name, with the key.

A page that shows tracebacks, options and environs must be seen by nobody else.  The address of
the peer alone decides nothing: behind a default nginx every client looks like loopback.  So a
random key is made when the application starts and printed where the developer looks; it is
accepted once as ``?key=`` and then as a cookie.

>>> gate = Gate("/__page__", key="k" * 32)
>>> gate.judge({"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:8080", "QUERY_STRING": ""}).name
'REFUSED'
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from hashlib import blake2b
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs

from tropea.core.errors import OptionError
from tropea.core.uris import is_host

KNOWN_HOSTS = ("localhost", "127.0.0.1", "::1")
#: One of these tells that the peer is a proxy, and not the client.
_FORWARDED = (
    "HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_SERVER", "HTTP_X_REAL_IP", "HTTP_X_CLIENT_IP", "HTTP_TRUE_CLIENT_IP",
    "HTTP_CF_CONNECTING_IP", "HTTP_FASTLY_CLIENT_IP", "HTTP_VIA",
)  # fmt: skip
_SHORTEST_KEY = 16


class Admission(Enum):
    """What a gate says of a request."""

    REFUSED = auto()
    ADMITTED = auto()  #: the cookie is there
    ENTERING = auto()  #: the key is in the address: set the cookie and redirect to ``path``


class Gate:
    """The gate of one development page.

    path: where the page lives; the cookie is named after it.
    key: at least 16 characters; a random one when None.
    hosts: the host names, without port, under which the page may be asked for (a name that is
        not known may be an attacker's that resolves to this machine).
    """

    def __init__(
        self, path: str, key: str | None = None, hosts: Iterable[str] = KNOWN_HOSTS
    ) -> None:
        if key is not None and len(key) < _SHORTEST_KEY:
            raise OptionError(f"key: expected {_SHORTEST_KEY} characters or more, got {len(key)}")
        self.path = path
        self.key = key or secrets.token_urlsafe(24)
        self.hosts = frozenset(host.lower().strip("[]") for host in hosts)
        self.cookie = "tropea" + "".join(c if c.isalnum() else "-" for c in path.strip("/"))
        # What the browser keeps is not the key itself.
        self._token = blake2b(self.key.encode(), digest_size=24).hexdigest()

    @property
    def address(self) -> str:
        """The path and query to open first."""
        return f"{self.path}?key={self.key}"

    @property
    def set_cookie(self) -> str:
        """The Set-Cookie value for a request that is entering."""
        return f"{self.cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"

    def judge(self, environ: Mapping[str, Any]) -> Admission:
        """Say whether the request may see the page."""
        if not (is_loopback(environ) and host_of(environ) in self.hosts):
            return Admission.REFUSED
        if self._has_cookie(environ):
            return Admission.ADMITTED
        if environ.get("PATH_INFO", "").rstrip("/") == self.path.rstrip("/"):
            given = parse_qs(environ.get("QUERY_STRING", "")[:1024]).get("key", [""])[0]
            if compare_digest(given.encode("utf-8", "replace"), self.key.encode()):
                return Admission.ENTERING
        return Admission.REFUSED

    def _has_cookie(self, environ: Mapping[str, Any]) -> bool:
        name, expected = self.cookie + "=", self._token.encode()
        for pair in environ.get("HTTP_COOKIE", "")[:8192].split(";"):
            pair = pair.strip(" \t")  # noqa: PLW2901
            if pair.startswith(name):
                value = pair[len(name) :].encode("utf-8", "replace")
                if compare_digest(value, expected):
                    return True
        return False


def is_loopback(environ: Mapping[str, Any]) -> bool:
    """Tell whether the peer is this machine and no proxy says that it speaks for another."""
    if any(field in environ for field in _FORWARDED):
        return False
    try:
        address = ip_address(environ.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def host_of(environ: Mapping[str, Any]) -> str:
    """Return the host name that the client asked for, in lower case, without port or brackets.

    Empty for a Host field that names none.
    """
    host: str = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
    if not is_host(host):
        return ""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
