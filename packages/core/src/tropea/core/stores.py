"""What every kind of store shares: its errors, its address, its breaker, its clients.

Packages that keep things elsewhere (sessions, the HTTP cache) build their stores on these.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from tropea.core.errors import OptionError, TropeaError

T = TypeVar("T")


class StoreError(TropeaError):
    """A store did not do what it was asked; the only exception that a store raises."""


class StoreBusy(StoreError):
    """A store is there but could not finish in time; asking again may help."""


class StoreDown(StoreError):
    """The breaker is open: the store failed too often a moment ago and was not asked."""


class StoreURL(NamedTuple):
    """The parts of a store's address.

    scheme: in lower case, such as ``sqlite`` or ``postgresql+psycopg``.
    path: decoded; of ``sqlite:///var/x.db`` it is ``var/x.db``, of ``sqlite:////var/x.db`` it is
        ``/var/x.db``.
    options: of the query, the last of duplicates.
    text: the address as it was given.
    """

    scheme: str
    host: str | None
    port: int | None
    username: str | None
    password: str | None
    path: str
    options: dict[str, str]
    text: str

    def __repr__(self) -> str:  # an address may hold a password; a log must not
        return f"<StoreURL {self.scheme}://{self.host or ''}/{self.path}>"


def parse_store_url(text: str) -> StoreURL:
    """Take the address of a store apart: ``memory:``, ``file:///…``, ``redis://host:6379/0`` ….

    Raises OptionError for text that is no such address.

    >>> parse_store_url("sqlite:///var/sessions.db").path
    'var/sessions.db'
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise OptionError(f"expected the address of a store, got {text!r} ({error})") from None
    if not parts.scheme:
        raise OptionError(f"expected the address of a store, such as 'memory:', got {text!r}")
    path = unquote(parts.path)
    return StoreURL(
        parts.scheme.lower(),
        parts.hostname,
        port,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        path.removeprefix("/") if text.strip().lower().startswith(f"{parts.scheme}://") else path,
        dict(parse_qsl(parts.query, keep_blank_values=True)),
        text.strip(),
    )


class Breaker:
    """Spare everybody the wait for a store that is down.

    After *threshold* failures in a row the breaker opens: calls fail at once with StoreDown.
    After *reset* seconds one caller is let through to try; its success closes the breaker, its
    failure opens it for another *reset* seconds.

    clock: seconds that never go back; for tests.

    >>> breaker = Breaker(threshold=1, reset=1.0)
    >>> def fails():
    ...     raise StoreError("connection refused")
    >>> for attempt in range(2):
    ...     try:
    ...         breaker.call(fails)
    ...     except StoreError as error:
    ...         print(type(error).__name__)
    StoreError
    StoreDown
    """

    def __init__(
        self,
        threshold: int = 5,
        reset: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.threshold, self.reset, self.clock = threshold, reset, clock
        self._failures = 0
        self._closed_again_at = 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether a call made now would be refused."""
        return self._failures >= self.threshold and self.clock() < self._closed_again_at

    def call(self, operation: Callable[[], T]) -> T:
        """Run *operation* unless the breaker is open; count its StoreErrors."""
        if self._failures >= self.threshold:
            self._admit_one()
        try:
            result = operation()
        except StoreError:
            self._failed()
            raise
        if self._failures:
            self._failures = 0
        return result

    def _admit_one(self) -> None:
        with self._lock:
            now = self.clock()
            if now < self._closed_again_at:
                raise StoreDown("the store failed a moment ago and is left alone until it is back")
            # This caller tries; the others go on being refused until it has come back.
            self._closed_again_at = now + self.reset

    def _failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= self.threshold:
                self._closed_again_at = self.clock() + self.reset


class PerProcess(Generic[T]):
    """Open a client at its first use in each process, and again after a fork.

    Sockets and file locks must not be shared by a parent and its children; a server that loads
    the application and then forks would do just that.

    >>> client = PerProcess(list)
    >>> client() is client()
    True
    """

    def __init__(self, factory: Callable[[], T]) -> None:
        self._factory = factory
        self._lock = threading.Lock()
        self._held: tuple[int, T] | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def __call__(self) -> T:
        held = self._held
        if held is not None and held[0] == os.getpid():
            return held[1]
        with self._lock:
            held = self._held
            if held is None or held[0] != os.getpid():
                held = self._held = (os.getpid(), self._factory())
            return held[1]

    def _forget(self) -> None:
        # The lock may have been held by a thread that does not exist in the child.
        self._lock = threading.Lock()
        self._held = None

    @property
    def opened(self) -> T | None:
        """The client of this process, or None where none was opened yet."""
        held = self._held
        return held[1] if held is not None and held[0] == os.getpid() else None
