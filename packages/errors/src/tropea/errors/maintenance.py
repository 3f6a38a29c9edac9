"""Answer 503 to everybody but a few while work is being done.

Source: RFC 9110 sections 10.2.3 (Retry-After) and 15.6.4.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.errors import OptionError
from tropea.core.layer import Layer
from tropea.core.pages import choose_page, render_page
from tropea.core.uris import normpath


@dataclass(frozen=True)
class MaintenanceOptions:
    """The options of MaintenanceMiddleware.

    switch: a file (maintenance is on while it exists), or a callable that gets environ and
        returns whether it is on (in an ini: ``package.module:name``).
    retry_after: seconds after which clients may try again; 0 sends no field.
    allow: addresses and networks (``10.0.0.0/8``) that are let through.
    open_paths: paths, with everything below them, that stay open (``/health``).
    message: one sentence for the page.
    """

    switch: Path | Callable[..., Any]
    retry_after: int = 300
    allow: tuple[str, ...] = ()
    open_paths: tuple[str, ...] = ()
    message: str = "This site is being worked on. Please come back soon."


class MaintenanceMiddleware(Layer):
    """Answer 503 with a Retry-After while a switch is on.

    >>> app = MaintenanceMiddleware(None, lambda environ: True, retry_after=60)
    >>> body = app({"REQUEST_METHOD": "HEAD"}, lambda status, headers: print(status))
    503 Service Unavailable
    """

    Options: ClassVar[type] = MaintenanceOptions
    kind = "errors"
    options: MaintenanceOptions

    def prepare(self) -> None:
        if self.options.retry_after < 0:
            raise OptionError(
                "MaintenanceMiddleware: retry_after: expected 0 or more seconds, "
                f"got {self.options.retry_after}"
            )
        switch = self.options.switch
        if isinstance(switch, str):
            switch = Path(switch)
        self.is_on: Callable[[Any], Any] = _exists(switch) if isinstance(switch, Path) else switch
        self.allowed = tuple(map(_network, self.options.allow))
        self.open_paths = tuple(normpath(path).rstrip("/") for path in self.options.open_paths)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self.is_on(environ) or self.is_open(environ):
            return self.call_app(environ, start_response)
        kind = choose_page(environ.get("HTTP_ACCEPT"))
        status = "503 Service Unavailable"
        body = render_page(kind, status, (self.options.message,))
        fields = [("Content-Type", kind), ("Content-Length", str(len(body))), ("Vary", "Accept")]
        fields.append(("Cache-Control", "no-store"))
        if self.options.retry_after:
            fields.append(("Retry-After", str(self.options.retry_after)))
        start_response(status, fields)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    def is_open(self, environ: WSGIEnvironment) -> bool:
        """Tell whether this request is let through."""
        path = normpath(environ.get("PATH_INFO", ""))  # as a router may read it
        if any(path == p or path.startswith(f"{p}/") for p in self.open_paths):
            return True
        if not self.allowed:
            return False
        try:
            peer = ip_address(environ.get("REMOTE_ADDR", ""))
        except ValueError:
            return False
        mapped = getattr(peer, "ipv4_mapped", None) or peer
        return any(mapped in network for network in self.allowed)


def _exists(switch: Path) -> Callable[[Any], bool]:
    # Where the file cannot be looked at, it is not there: Path.exists() would raise.
    return lambda _environ: os.path.exists(switch)  # noqa: PTH110


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise OptionError(f"MaintenanceMiddleware: allow: {error}") from None
