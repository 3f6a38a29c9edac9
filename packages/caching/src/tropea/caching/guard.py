"""Fail open: a store that fails is skipped, and the application answers.

A cache saves work: it must never cost an answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from tropea.caching.cachekeys import Key
from tropea.caching.entries import Entry
from tropea.caching.stores.base import CacheStore, SharedStore, Writer
from tropea.core.stores import Breaker, StoreDown, StoreError

T = TypeVar("T")
log = logging.getLogger("tropea.caching")


class Guard:
    """A store that never raises; what fails is as if nothing were kept."""

    def __init__(self, store: CacheStore, breaker: Breaker) -> None:
        self.store, self.breaker = store, breaker
        self.max_body = store.max_body

    def _try(self, operation: Callable[[], T], default: T) -> T:
        try:
            return self.breaker.call(operation)
        except StoreDown:
            return default
        except StoreError as error:
            log.warning("the cache's store failed and is skipped: %s", error)
            return default

    def _do(self, operation: Callable[[], object]) -> bool:
        """Do it; tell whether it was done."""

        def done() -> bool:
            operation()
            return True

        return self._try(done, default=False)

    def _aside(self, operation: Callable[[], T], default: T) -> T:
        """Do what may need no server at all: its success does not say that the store is back."""
        if self.breaker.is_open:
            return default
        try:
            return operation()
        except StoreError as error:
            return self._try(partial(_raise, error), default)

    def load(self, key: Key) -> Sequence[Entry]:
        return self._try(lambda: self.store.load(key), ())

    def open(self, key: Key, entry: Entry, start: int, stop: int) -> Iterable[bytes] | None:
        return self._try(lambda: self.store.open(key, entry, start, stop), None)

    def writer(self, key: Key, entry: Entry) -> Writer | None:
        return self._aside(lambda: self.store.writer(key, entry), None)

    def write(self, writer: Writer, block: bytes) -> bool:
        def written() -> bool:
            writer.write(block)
            return True

        return self._aside(written, default=False)

    def commit(self, writer: Writer, entry: Entry) -> bool:
        return self._do(lambda: writer.commit(entry))

    def abort(self, writer: Writer) -> None:
        try:
            writer.abort()
        except StoreError as error:
            log.warning("the cache's store failed to forget a body: %s", error)

    def update(self, key: Key, entry: Entry) -> None:
        self._try(lambda: self.store.update(key, entry), None)

    def lease(self, key: Key, mark: str, seconds: float) -> str:
        store = self.store
        assert isinstance(store, SharedStore)
        return self._try(lambda: store.lease(key, mark, seconds), mark)

    def end_lease(self, key: Key, mark: str, private_for: float) -> None:
        store = self.store
        assert isinstance(store, SharedStore)
        self._try(lambda: store.end_lease(key, mark, private_for), None)

    def delete(self, key: Key) -> bool:
        return self._do(lambda: self.store.delete(key))

    def delete_tag(self, tag: str) -> bool:
        return self._do(lambda: self.store.delete_tag(tag))

    def delete_prefix(self, prefix: str) -> bool:
        return self._do(lambda: self.store.delete_prefix(prefix))


def _raise(error: StoreError) -> Any:
    raise error
