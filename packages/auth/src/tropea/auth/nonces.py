"""Nonces that need no memory, and the memory that keeps one from being used twice.

A nonce holds the moment it was made (8 bytes), randomness (12) and a keyed hash of both (16): any
process with the key can check it.  Which counts (``nc``) were used with a nonce has to be
remembered; browsers send parallel requests out of order, so a window of 64 counts is kept, not
only the last.

Source: RFC 7616 sections 3.3, 3.4 and 5.5.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from enum import Enum, auto
from hashlib import blake2b
from hmac import compare_digest
from pathlib import Path
from typing import NamedTuple, Protocol

WINDOW = 64
_ALL = (1 << WINDOW) - 1
#: Nonces of a realm whose hash is known to be right.
_REMEMBERED = 10_000


class Age(Enum):
    """What a nonce is."""

    FRESH = auto()
    STALE = auto()  #: ours, but too old
    FORGED = auto()  #: not ours


class Seen(NamedTuple):
    """A nonce that was checked; made: milliseconds since the epoch."""

    age: Age
    made: int = 0


FORGED = Seen(Age.FORGED)


class Nonces:
    """Make and check the nonces of one realm.

    key: shared by every process that answers for the realm.
    lifetime: seconds.
    clock: seconds since the epoch.

    >>> nonces = Nonces(b"k" * 32, "realm", 300)
    >>> nonces.check(nonces.make()).age.name, nonces.check("0" * 72).age.name
    ('FRESH', 'FORGED')
    """

    def __init__(
        self, key: bytes, realm: str, lifetime: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._key = blake2b(key, digest_size=32, person=b"tropea-nonce").digest()
        self._realm = realm.encode()
        self._hasher = blake2b(key=self._key, digest_size=16)  # the key is taken in once
        self._ours: dict[str, int] = {}  # nonces whose hash was right, to when they were made
        self.lifetime, self.clock = lifetime, clock

    def make(self) -> str:
        """Return a new nonce: 72 hexadecimal digits."""
        body = int(self.clock() * 1000).to_bytes(8, "big") + secrets.token_bytes(12)
        return (body + self._hash(body)).hex()

    def check(self, nonce: str) -> Seen:
        """Say whether *nonce* is ours and young enough."""
        made = self._ours.get(nonce)
        if made is None:
            made = self._verified(nonce)
            if made is None:
                return FORGED
        age = self.clock() - made / 1000
        # A nonce from the future was made before somebody set the clock back.
        return Seen(Age.FRESH if -self.lifetime < age < self.lifetime else Age.STALE, made)

    def _verified(self, nonce: str) -> int | None:
        """Return when a nonce of ours was made, and remember it; None for one that is not."""
        try:
            raw = bytes.fromhex(nonce)
        except ValueError:
            return None
        body = raw[:20]
        if not compare_digest(self._hash(body), raw[20:]) or nonce != raw.hex():
            return None  # a nonce has one spelling, or its counts could be used twice
        if len(self._ours) >= _REMEMBERED:
            self._ours.clear()
        made = self._ours[nonce] = int.from_bytes(body[:8], "big")
        return made

    def _hash(self, body: bytes) -> bytes:
        hasher = self._hasher.copy()
        hasher.update(body + self._realm)
        return hasher.digest()


class Replays(Protocol):
    """Remember which counts were used with a nonce."""

    def use(self, nonce: str, made: int, count: int) -> bool:
        """Use *count* with *nonce*; tell whether it was the first time.

        made: when the nonce was made, in milliseconds.
        """
        ...


def slide(highest: int, used: int, count: int) -> tuple[int, int] | None:
    """Use *count* in a window; None where it was used, or lies below the window: pure policy.

    used: bit n stands for the count ``highest - n``.

    >>> slide(5, 0b1, 4), slide(5, 0b1, 5), slide(100, 0b1, 3)
    ((5, 3), None, None)
    """
    if count > highest:
        ahead = count - highest
        return count, (used << ahead | 1) & _ALL if ahead < WINDOW else 1
    bit = 1 << (highest - count) if highest - count < WINDOW else 0
    return (highest, used | bit) if bit and not used & bit else None


class MemoryReplays:
    """Remember the counts in this process.

    Where several processes answer, each knows only what it saw: a captured request could be
    played once to each other process while its nonce lives.  SQLiteReplays knows them all.

    capacity: nonces remembered.  Of those forgotten, none is accepted again: they count as used.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self.capacity = capacity
        self._windows: OrderedDict[str, tuple[int, int, int]] = OrderedDict()
        self._forgotten = -1  # when the youngest forgotten nonce was made
        self._lock = threading.Lock()

    def use(self, nonce: str, made: int, count: int) -> bool:
        with self._lock:
            known = self._windows.get(nonce)
            if known is None and made <= self._forgotten:
                return False
            _, highest, used = known or (made, 0, 0)
            moved = slide(highest, used, count)
            if moved is None:
                return False
            self._windows[nonce] = (made, *moved)
            if len(self._windows) > self.capacity:
                _, (oldest, _, _) = self._windows.popitem(last=False)
                self._forgotten = max(self._forgotten, oldest)
            return True


class SQLiteReplays:
    """Remember the counts in a file that every process of one machine shares.

    lifetime: seconds after which a nonce is forgotten; not less than the nonces'.
    """

    def __init__(self, path: str | Path, lifetime: float = 600) -> None:
        self.path, self.lifetime = str(path), lifetime
        self._uses = 0
        with closing(self._connect()) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute(
                "CREATE TABLE IF NOT EXISTS replays"
                " (nonce TEXT PRIMARY KEY, made INTEGER, highest INTEGER, used TEXT) WITHOUT ROWID"
            )

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=5, isolation_level=None)

    def use(self, nonce: str, made: int, count: int) -> bool:
        with closing(self._connect()) as db:
            db.execute("BEGIN IMMEDIATE")
            row = db.execute("SELECT highest, used FROM replays WHERE nonce=?", (nonce,)).fetchone()
            highest, used = row or (0, 0)
            moved = slide(int(highest), int(used), count)
            if moved is not None:
                db.execute(
                    "INSERT INTO replays VALUES (?,?,?,?) ON CONFLICT (nonce)"
                    " DO UPDATE SET highest=excluded.highest, used=excluded.used",
                    (nonce, made, moved[0], str(moved[1])),
                )
            self._uses += 1
            if self._uses % 100 == 1:
                limit = made - int(self.lifetime * 2000)
                db.execute("DELETE FROM replays WHERE made < ?", (limit,))
            db.execute("COMMIT")
            return moved is not None
