"""The shared HTTP cache that WSGI never had.

Thin by intent: find what is stored, ask the policies, serve it or let an Exchange fetch.

Source: RFC 9111.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.caching.background import Background, Runner
from tropea.caching.cachecontrol import FOREVER
from tropea.caching.cachekeys import key_of, key_of_uri
from tropea.caching.cachestatus import check_cache_name
from tropea.caching.changes import pass_change, pass_on
from tropea.caching.collapsing import Flights, Invalidations
from tropea.caching.entries import matching
from tropea.caching.exchange import Exchange
from tropea.caching.freshness import CLOCK_SKEW
from tropea.caching.guard import Guard
from tropea.caching.purging import is_purge, purge_request
from tropea.caching.reasons import CACHE_LAYER, of_member
from tropea.caching.stores.base import CacheStore, SharedStore
from tropea.caching.stores.opening import open_store
from tropea.core.errors import OptionError
from tropea.core.fields import FieldError, check_name
from tropea.core.keys import TRACE
from tropea.core.layer import Layer
from tropea.core.options import duration, load_object
from tropea.core.preconditions import CONDITION_KEYS
from tropea.core.probing import note as tell
from tropea.core.stores import Breaker


def _read_store(text: str) -> Any:
    scheme, _, rest = text.partition(":")
    if "." in scheme and "/" not in rest:
        return load_object(text)
    return open_store(text)


def _check_token(token: str) -> None:
    """Refuse a token that is easily guessed, or that no request could show."""
    if len(token) < 8:
        raise OptionError("purge_token: expected at least 8 characters")
    if not token.isascii() or not token.isprintable() or token != token.strip():
        raise OptionError("purge_token: expected printable ASCII without blanks around it")


def _seconds(default: float) -> Any:
    return field(default=default, metadata={"read": duration, "expects": "a time such as 5m"})


@dataclass(frozen=True)
class HTTPCacheOptions:
    """How the cache behaves; times are seconds, ``5m`` and the like in text.

    store: a CacheStore, or the address of one.
    name: the cache's name in Cache-Status; empty for no such field.
    heuristic: the part of a response's age since Last-Modified for which it is taken for fresh
        although it says nothing; 0 for never.
    targeted: fields that replace Cache-Control for us, the first valid one (RFC 9213).
    store_cookies: store answers with Set-Cookie too, and give the cookie to everybody.
    share_cookie_requests: share answers to requests with a Cookie that say neither ``public``
        nor ``Vary: Cookie``.
    obey_requests: let clients ask for fresher answers (``Cache-Control: no-cache``).
    keep: how long a stale response is kept for validation.
    stale_if_error: how long a stale response stands in for an error where nobody says.
    collapse_timeout: how long a request waits for another's answer; 0 for never.
    collapse_processes: let it wait for other processes too, where the store is theirs as well.
    purge_token: what ``Authorization: Bearer`` must say with PURGE; None for no PURGE.
    background: runs jobs, instead of a few threads of our own.
    breaker_failures, breaker_reset: after so many failures the store is left alone for so long.
    clock: seconds since the epoch; for tests.
    """

    store: Any = field(
        default="memory:", metadata={"read": _read_store, "expects": "a store, or its address"}
    )
    name: str = "tropea"
    heuristic: float = 0.0
    targeted: tuple[str, ...] = ("CDN-Cache-Control",)
    store_cookies: bool = False
    share_cookie_requests: bool = False
    obey_requests: bool = True
    keep: float = _seconds(86400.0)
    stale_if_error: float = _seconds(0.0)
    collapse_timeout: float = _seconds(5.0)
    collapse_processes: bool = True
    purge_token: str | None = field(default=None, repr=False)  # no page shows it
    background: Runner | None = None
    breaker_failures: int = 5
    breaker_reset: float = _seconds(1.0)
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        if not 0 <= self.heuristic <= 1:
            raise OptionError(f"heuristic: expected a part between 0 and 1, got {self.heuristic}")
        for name in ("keep", "stale_if_error", "collapse_timeout", "breaker_reset"):
            if not 0 <= getattr(self, name) < FOREVER:
                raise OptionError(f"{name}: expected seconds, got {getattr(self, name)}")
        if self.breaker_failures < 1:
            raise OptionError(f"breaker_failures: expected 1 or more, got {self.breaker_failures}")
        if self.purge_token is not None:
            _check_token(self.purge_token)
        if self.name:
            check_cache_name(self.name)
        for name in self.targeted:
            try:
                check_name(name)
            except FieldError:
                raise OptionError(f"targeted: expected names of fields, got {name!r}") from None


#: Keys of a request without which a fresh response is simply sent.
_SPECIAL = frozenset((*CONDITION_KEYS, "HTTP_CACHE_CONTROL", "HTTP_PRAGMA", "HTTP_RANGE"))


class HTTPCacheMiddleware(Layer):
    """Store the application's answers where it allows it, and answer from the store.

    Shared between all clients: nothing private is stored, nothing that an answer does not allow.
    Put it outside of the session, and inside of what rewrites paths.
    """

    Options: ClassVar[type] = HTTPCacheOptions
    kind: ClassVar[str] = "http-cache"
    inside: ClassVar[tuple[str, ...]] = ("rewrite", "static")
    outside: ClassVar[tuple[str, ...]] = ("conditional", "session", "auth")

    options: HTTPCacheOptions

    def prepare(self) -> None:
        options = self.options
        store = open_store(options.store) if isinstance(options.store, str) else options.store
        if not isinstance(store, CacheStore):
            raise OptionError(f"{type(self).__name__}: store: expected a store, got {store!r}")
        self.store: CacheStore = store
        self.guard = Guard(store, Breaker(options.breaker_failures, options.breaker_reset))
        self.flights = Flights()
        self.shares = options.collapse_processes and isinstance(store, SharedStore)
        self.invalidations = Invalidations()
        self.name = check_cache_name(options.name) if options.name else None
        self.background: Runner = options.background or Background()
        self._clock = options.clock
        self._hit = f"{self.name}; hit; ttl="

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method != "GET" and method != "HEAD":  # noqa: PLR1714  faster than a set
            if is_purge(self.options, method):
                return purge_request(self, environ, start_response)
            return pass_change(self, environ, start_response)
        if _has_body(environ):
            # What such a request means nobody knows: it neither gets nor makes a stored answer.
            return pass_on(self, environ, start_response, "bypass")
        key = key_of(environ)
        landed = self.flights.count
        entries = self.guard.load(key)
        if entries and environ.keys().isdisjoint(_SPECIAL):
            entry = matching(entries, environ)
            if entry is not None and not entry.policy.validate:
                age = self._clock() - entry.born
                left = entry.policy.lifetime - age
                if left > 0 and age > -CLOCK_SKEW:
                    size = entry.size
                    body = self.guard.open(key, entry, 0, size) if method == "GET" else []
                    if body is not None:
                        fields = [*entry.fields, ("Age", str(int(age)) if age > 0 else "0")]
                        if self.name is not None:
                            fields.append(("Cache-Status", f"{self._hit}{int(left)}"))
                        if TRACE in environ:
                            tell(environ, CACHE_LAYER, of_member(f"hit; ttl={int(left)}"))
                        start_response(entry.status, fields)
                        return body
        exchange = Exchange(self, environ, start_response, key)
        exchange.landed = landed
        return exchange.run(entries)

    def purge(self, url: str) -> bool:
        """Forget every variant of an absolute URL; tell whether the store did so.

        Raises ValueError for what is no absolute URL.
        """
        key = key_of_uri(url)
        if key is None:
            raise ValueError(f"expected an absolute URL, got {url!r}")
        self.invalidations.note(key)
        return self.guard.delete(key)

    def purge_tag(self, tag: str) -> bool:
        """Forget what carries *tag* in Cache-Tag or Cache-Groups; tell whether the store did so."""
        self.invalidations.note(None)
        return self.guard.delete_tag(f"t:{tag}")

    def purge_prefix(self, url: str) -> bool:
        """Forget every URL that begins with *url*, an absolute one; tell whether the store did so.

        Raises ValueError for what is no absolute URL.
        """
        key = key_of_uri(url)
        if key is None:
            raise ValueError(f"expected an absolute URL, got {url!r}")
        self.invalidations.note(None)
        return self.guard.delete_prefix(key.uri)


def _has_body(environ: WSGIEnvironment) -> bool:
    length = environ.get("CONTENT_LENGTH")
    return bool(length and length.strip("0 \t")) or "HTTP_TRANSFER_ENCODING" in environ
