"""What a store of an HTTP cache must do.

A store keeps, under a key, the variants of a response: an Entry each, and its body apart.  It
knows no HTTP.  Prove a new one with ``tropea.caching.testing.CacheStoreContract``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from tropea.caching.cachekeys import Key
from tropea.caching.entries import Entry

#: Variants of one key that a store keeps at most: what was stored longest ago goes first, so that
#: a client that makes up values for a field of ``Vary`` gets no room, and bars nobody for long.
MAX_VARIANTS = 64


class Writer(Protocol):
    """Takes a body while it passes; nothing can be seen of it before ``commit``."""

    def write(self, block: bytes) -> None:
        """Take the next block."""

    def commit(self, entry: Entry) -> None:
        """Make the response visible, whole, in the place of an older one of its variant."""

    def abort(self) -> None:
        """Forget what was taken; harmless when nothing was, or after ``commit``."""


@runtime_checkable
class CacheStore(Protocol):
    """The methods of a store; each may raise StoreError, and nothing else.

    max_body: bytes of the longest body it takes.
    """

    max_body: int

    def load(self, key: Key) -> Sequence[Entry]:
        """Return the variants kept under *key*."""

    def open(self, key: Key, entry: Entry, start: int, stop: int) -> Iterable[bytes] | None:
        """Return bytes *start* to *stop* of a body; None where it is gone."""

    def writer(self, key: Key, entry: Entry) -> Writer:
        """Return what takes the body of *entry*."""

    def update(self, key: Key, entry: Entry) -> None:
        """Replace an entry whose body is kept; do nothing where it is gone."""

    def delete(self, key: Key) -> None:
        """Forget every variant of *key*."""

    def delete_tag(self, tag: str) -> None:
        """Forget every entry that has *tag*."""

    def delete_prefix(self, prefix: str) -> None:
        """Forget every entry whose URI begins with *prefix*."""

    def close(self) -> None:
        """Let go of files and sockets; the store opens them again when it is used again."""


@runtime_checkable
class SharedStore(CacheStore, Protocol):
    """A store that several processes use, and in which they agree on who asks the application.

    A *mark* names whoever fetches; ``PRIVATE`` says that what comes is not for sharing.
    """

    def lease(self, key: Key, mark: str, seconds: float) -> str:
        """Put *mark* under *key* for so long where there is none; return the one that is there."""

    def end_lease(self, key: Key, mark: str, private_for: float) -> None:
        """Take *mark* away, if it is still the one, or leave PRIVATE for so many seconds."""


#: The mark of a key whose answers are not for sharing: nobody waits for them.
PRIVATE = "private"


class KeptStore(ABC):
    """Base of stores whose bodies are written in one piece, when they are complete."""

    #: Bytes; a body is held in memory until it is complete, so the bound is a small one.
    max_body = 8 << 20

    @abstractmethod
    def put(self, key: Key, entry: Entry, body: bytes) -> None:
        """Keep *entry* and its body."""

    @abstractmethod
    def body(self, key: Key, entry: Entry) -> bytes | None:
        """Return the body of *entry*; None where it is gone."""

    def writer(self, key: Key, entry: Entry) -> Writer:
        return _Buffer(self, key)

    def open(self, key: Key, entry: Entry, start: int, stop: int) -> Iterable[bytes] | None:
        body = self.body(key, entry)
        if body is None or len(body) != entry.size:
            return None
        return [body if stop - start == len(body) else body[start:stop]]

    def close(self) -> None:  # noqa: B027  most have nothing to let go of
        """Let go of nothing."""


class _Buffer:
    """Holds a body until it is complete."""

    def __init__(self, store: KeptStore, key: Key) -> None:
        self._store, self._key = store, key
        self._blocks: list[bytes] = []

    def write(self, block: bytes) -> None:
        self._blocks.append(block)

    def commit(self, entry: Entry) -> None:
        body, self._blocks = b"".join(self._blocks), []
        self._store.put(self._key, entry.changed(size=len(body)), body)

    def abort(self) -> None:
        self._blocks = []
