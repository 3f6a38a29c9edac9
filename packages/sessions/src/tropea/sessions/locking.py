"""Locks for those who need order, kept in the session's own store.

A lock is an entry that expires by itself: whoever dies with it in hand holds up nobody for
longer than the lease.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tropea.sessions.errors import SessionLocked
from tropea.sessions.stores.protocol import Store

LEASE = 15.0  #: seconds after which a lock that nobody gave back is free again


@contextmanager
def lease(store: Store, key: str, timeout: float) -> Iterator[None]:
    """Hold the lock of the session with this storage key for the length of a block.

    timeout: seconds to wait for it.  Raises SessionLocked after that.
    """
    lock_key = "k" + key
    version = _wait(store, lock_key, timeout)
    try:
        yield
    finally:
        store.delete(lock_key, version)


def _wait(store: Store, key: str, timeout: float) -> int:
    end, pause = time.monotonic() + timeout, 0.001
    while True:
        version = store.create(key, b"", LEASE)
        if version is not None:
            return version
        if time.monotonic() >= end:
            raise SessionLocked(f"another request has held this session for {timeout} s")
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  (spreads those who wait)
        pause = min(pause * 1.3, 0.02)
