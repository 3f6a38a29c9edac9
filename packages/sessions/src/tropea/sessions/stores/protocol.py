"""What a server-side store must do.

A store keeps bytes under a key until a deadline, each with a version.  It knows no cookies, no
encoding and no WSGI: a new backend is seven short methods.  Prove it with
``tropea.sessions.testing.StoreContract``, which every store of ours passes too.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from os import urandom
from typing import Any, NamedTuple, Protocol, runtime_checkable


class Entry(NamedTuple):
    """What is kept under a key.

    version: changes with every save and is never used again for the same key.
    deadline: seconds since the epoch, on the store's clock.
    """

    data: bytes
    version: int
    deadline: float


@runtime_checkable
class Store(Protocol):
    """Seven methods that a session backend must have; each may raise StoreError, nothing else.

    key: lower-case hexadecimal digits, up to 96 of them, with a prefix of up to two letters.
    ttl: seconds from now, more than zero.
    """

    def load(self, key: str) -> Entry | None:
        """Return what is kept under *key*; None once expired or deleted."""

    def create(self, key: str, data: bytes, ttl: float) -> int | None:
        """Keep *data* under a new *key*; return its version, or None when *key* is taken."""

    def save(self, key: str, data: bytes, ttl: float, version: int) -> int | None:
        """Replace the entry if *version* is still its version; return the new version.

        Returns None, and changes nothing, when the entry has another version or is gone.  Must
        never bring back what was deleted: a request that was running while its user logged out
        would undo the logout.
        """

    def delete(self, key: str, version: int | None = None) -> bool:
        """Forget *key*, or only if *version* is still its version; tell whether it was there."""

    def touch(self, key: str, ttl: float) -> bool:
        """Move the deadline of a live entry, leaving data and version; False when it is gone."""

    def purge(self) -> int:
        """Remove what has expired and return how many; 0 where the server does that itself."""

    def close(self) -> None:
        """Let go of connections and files; the store opens them again when it is used."""


def entry_of(row: Sequence[Any]) -> Entry:
    """Make an entry of a table's row; what is of another type than it should be is damaged.

    >>> entry_of((b"data", 7, 1790000000.0)).version
    7
    """
    data, version, deadline = row
    if isinstance(data, (bytes, memoryview)) and isinstance(version, int):
        if isinstance(deadline, (int, float)):
            return Entry(bytes(data), version, float(deadline))
    return Entry(b"", 0, inf)  # whoever reads records will say so


def first_version() -> int:
    """Choose the version of a new entry at random, so that no version is ever used twice."""
    return int.from_bytes(urandom(6), "big") + 1
