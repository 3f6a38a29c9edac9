"""Keep responses in the memory of one process, within bounds of bytes and of entries."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from repoze.lru import LRUCache

from tropea.caching.cachekeys import Key
from tropea.caching.entries import Entry
from tropea.caching.stores.base import MAX_VARIANTS, KeptStore
from tropea.core.errors import OptionError

#: Bytes that an entry costs besides its body and its fields: measured with tracemalloc.
OVERHEAD = 1500


class MemoryCacheStore(KeptStore):
    """A store for the threads of one process.

    max_bytes: of all bodies and fields together.
    max_entries: keys, the variants of one key counting once.
    max_body: bytes of the longest body taken; a quarter of *max_bytes* when None.

    The least recently used key goes first; repoze.lru keeps the order.
    """

    def __init__(
        self,
        max_bytes: int = 64 << 20,
        max_entries: int = 10_000,
        max_body: int | None = None,
    ) -> None:
        if max_bytes < 1 or max_entries < 1:
            raise OptionError("MemoryCacheStore: needs room for at least one byte and one entry")
        self.max_bytes, self.max_entries = max_bytes, max_entries
        self.max_body = min(8 << 20, max_bytes // 4) if max_body is None else max_body
        self._lock = threading.Lock()
        self._index = LRUCache(2 * max_entries)  # twice: a free slot is never far
        self._data = self._index.data = _Counted()

    def __len__(self) -> int:
        return len(self._data)

    @property
    def used(self) -> int:
        """Bytes held, with what the entries cost besides their bodies."""
        return self._data.bytes

    def load(self, key: Key) -> Sequence[Entry]:
        held: tuple[Entry, ...] = self._index.get(key, ())
        return held

    def body(self, key: Key, entry: Entry) -> bytes | None:
        return entry.data

    def put(self, key: Key, entry: Entry, body: bytes) -> None:
        entry = entry.changed(data=body)
        name = entry.id
        with self._lock:
            others = [e for e in self.load(key) if e.id != name][-(MAX_VARIANTS - 1) :]
            self._set(key, (*others, entry))

    def update(self, key: Key, entry: Entry) -> None:
        name = entry.id
        with self._lock:
            held = self.load(key)
            new = [entry.changed(data=e.data) for e in held if (e.id, e.body) == (name, entry.body)]
            if new:
                self._set(key, (*(e for e in held if e.id != name), *new))

    def delete(self, key: Key) -> None:
        with self._lock:
            self._set(key, ())

    def delete_tag(self, tag: str) -> None:
        self._delete_where(lambda entry: tag in entry.tags)

    def delete_prefix(self, prefix: str) -> None:
        self._delete_where(lambda entry: entry.uri.startswith(prefix))

    def _delete_where(self, condemned: Callable[[Entry], bool]) -> None:
        with self._lock:
            for key in list(self._data):
                held = self.load(key)
                kept = tuple(entry for entry in held if not condemned(entry))
                if len(kept) < len(held):
                    self._set(key, kept)

    def _set(self, key: Key, entries: tuple[Entry, ...]) -> None:
        """Put *entries* in the place of what *key* has, and make room for them first."""
        self._index.invalidate(key)
        cost = sum(map(_cost, entries))
        if not entries or cost > self.max_bytes:
            return
        data = self._data
        while data and (data.bytes + cost > self.max_bytes or len(data) >= self.max_entries):
            self._evict()
        data.bytes += cost
        self._find_free_slot()
        self._index.put(key, entries)
        self._index.clock_refs[data[key][0]] = False  # nobody has read it yet

    def _find_free_slot(self) -> None:
        """Put the clock's hand on a free slot: what goes is decided by ``_evict`` alone."""
        index: Any = self._index
        while True:
            held = self._data.get(index.clock_keys[index.hand])
            if held is None or held[0] != index.hand:
                index.clock_refs[index.hand] = False
                return
            index.hand = 0 if index.hand == index.maxpos else index.hand + 1

    def _evict(self) -> None:
        """Drop the oldest key that was not read since it was passed over last."""
        data, marks = self._data, self._index.clock_refs
        while True:
            key = next(iter(data))
            position = data[key][0]
            if not marks[position]:
                data.pop(key)
                return
            marks[position] = False
            data.move_to_end(key)


class _Counted(OrderedDict[Key, tuple[int, tuple[Entry, ...]]]):
    """The index's table: knows the bytes of what it holds, whoever takes something out."""

    bytes = 0

    def pop(self, key: Any, default: Any = None) -> Any:
        held = super().pop(key, None)
        if held is None:
            return default
        self.bytes -= sum(map(_cost, held[1]))
        return held


def _cost(entry: Entry) -> int:
    fields = sum(len(name) + len(value) for name, value in entry.fields)
    return OVERHEAD + len(entry.data or b"") + fields + 2 * len(entry.uri)
