"""What the layer notices about the server it runs in, and the purge that comes round."""

from __future__ import annotations

import ipaddress
import logging
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from wsgiref.types import WSGIEnvironment

from tropea.core.stores import StoreError

if TYPE_CHECKING:
    from tropea.sessions.mapping import Session
    from tropea.sessions.options import SessionOptions

log = logging.getLogger("tropea.sessions")

#: The entry whose absence says that a purge is due; whoever makes it does the work.
PURGE_KEY = "p00"


class Surroundings:
    """Warn once about what makes sessions unreliable here; purge when it is time."""

    def __init__(self, options: SessionOptions) -> None:
        self._store: Any = options.store
        self._every = options.auto_purge_every or 0.0
        if not hasattr(self._store, "purge") or getattr(self._store, "purges_itself", False):
            self._every = 0.0
        #: When ``notice`` wants to be called next, on the monotonic clock.  The first purge may
        #: be due at once: nobody knows when the last process did it.
        self.due = 0.0
        self._scheme_matters = options.secure == "auto" and options.persist == "cookie"
        self._seen_process = not getattr(self._store, "one_process", False)

    def notice(self, environ: WSGIEnvironment) -> None:
        """Look at a request whose session was touched."""
        if not self._seen_process:
            self._look_at_processes(environ)
        if self._every:
            self._purge()
        else:
            self.due = float("inf")

    def notice_cookie(self, environ: WSGIEnvironment, session: Session) -> None:
        """Look at a request that is given a cookie."""
        if self._scheme_matters and session.scheme == "http":
            self._look_at_scheme(environ)

    def _look_at_processes(self, environ: WSGIEnvironment) -> None:
        self._seen_process = True
        if environ.get("wsgi.multiprocess") or environ.get("wsgi.run_once"):
            log.warning(
                "the memory store serves one process, and this server runs several (or one a "
                "request): sessions will come and go; use SQLiteStore or another shared store"
            )

    def _look_at_scheme(self, environ: WSGIEnvironment) -> None:
        peer = environ.get("REMOTE_ADDR")
        if not peer or not _is_private(peer):
            return
        self._scheme_matters = False
        log.warning(
            "a session is used over http from the private address %s: if a proxy there speaks "
            "https to the clients, say secure=True, or put use_x_forwarded around the "
            "application; the session's cookie is not Secure as it is",
            peer,
        )

    def _purge(self) -> None:
        self.due = time.monotonic() + self._every
        try:
            if self._store.create(PURGE_KEY, b"", self._every) is not None:
                self._store.purge()
        except StoreError as error:
            log.warning("expired sessions could not be removed: %s", error)


_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16",
        "100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip


@lru_cache(maxsize=1024)
def _is_private(peer: str) -> bool:
    """Tell whether a peer may be a proxy of ours.  Source: RFC 1918, 3927, 4193, 6598."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in network for network in _PRIVATE)
