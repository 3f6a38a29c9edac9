"""Sessions in a dictionary: for one process, lost when it ends."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from tropea.core.errors import OptionError
from tropea.sessions.stores.labels import Labels
from tropea.sessions.stores.protocol import Entry, first_version

log = logging.getLogger("tropea.sessions")

_new = tuple.__new__  # makes a named tuple in half the time of calling its class


class MemoryStore(Labels):
    """A store for one process; safe for threads, lost on restart.

    cache_size: entries kept at most; beyond it the one that was used longest ago is dropped.
        0 sets no limit.
    clock: seconds since the epoch; give one to test expiry.

    >>> store = MemoryStore()
    >>> version = store.create("ab", b"data", ttl=60)
    >>> store.save("ab", b"new", 60, version) == version + 1
    True
    >>> store.save("ab", b"late", 60, version) is None
    True
    """

    one_process = True  # the middleware warns where there are several

    def __init__(
        self, cache_size: int = 100_000, *, clock: Callable[[], float] = time.time
    ) -> None:
        if cache_size < 0:
            raise OptionError(f"MemoryStore: cache_size: expected 0 or more, got {cache_size}")
        self.cache_size = cache_size
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._warned = False

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return True  # an empty store is a store

    def load(self, key: str) -> Entry | None:
        entry = self._entries.get(key)  # one look at a dict needs no lock
        if entry is None or entry[2] > self._clock():
            return entry
        with self._lock:
            return self._live(key)

    def create(self, key: str, data: bytes, ttl: float) -> int | None:
        with self._lock:
            if self._live(key) is not None:
                return None
            if self.cache_size and len(self._entries) >= self.cache_size:
                self._make_room()
            version = first_version()
            self._entries[key] = Entry(data, version, self._clock() + ttl)
            return version

    def save(self, key: str, data: bytes, ttl: float, version: int) -> int | None:
        with self._lock:
            entries, now = self._entries, self._clock()
            entry = entries.get(key)
            if entry is None or entry[1] != version or entry[2] <= now:
                return None
            entries[key] = _new(Entry, (data, version + 1, now + ttl))
            entries.move_to_end(key)
            return version + 1

    def delete(self, key: str, version: int | None = None) -> bool:
        with self._lock:
            entry = self._live(key)
            if entry is None or version not in (None, entry.version):
                return False
            del self._entries[key]
            return True

    def touch(self, key: str, ttl: float) -> bool:
        with self._lock:
            entry = self._live(key)
            if entry is None:
                return False
            self._entries[key] = entry._replace(deadline=self._clock() + ttl)
            self._entries.move_to_end(key)
            return True

    def purge(self) -> int:
        with self._lock:
            now = self._clock()
            over = [key for key, entry in self._entries.items() if entry.deadline <= now]
            for key in over:
                del self._entries[key]
            return len(over)

    def close(self) -> None:
        """Keep everything: there is no file and no connection to let go of."""

    def _live(self, key: str) -> Entry | None:
        entry = self._entries.get(key)
        if entry is not None and entry.deadline <= self._clock():
            # Gone for good once seen to be over, even if the clock is set back later.
            del self._entries[key]
            return None
        return entry

    def _make_room(self) -> None:
        while len(self._entries) >= self.cache_size:
            self._entries.popitem(last=False)
        if not self._warned:
            self._warned = True
            log.warning(
                "the memory store is full: of more than %d sessions the one used longest ago is "
                "dropped (cache_size)",
                self.cache_size,
            )
