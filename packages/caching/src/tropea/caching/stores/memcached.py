"""Keep responses in memcached.

A record of heads for each key, changed by compare-and-swap, and a value for each body.
memcached cannot list its keys, so a purge by tag or by prefix leaves a mark instead: what was
stored before the mark is no longer read.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, TypeVar

from tropea.caching.cachekeys import Key
from tropea.caching.entries import Entry, dumps, loads
from tropea.caching.stores.base import PRIVATE, KeptStore
from tropea.core.errors import OptionError
from tropea.core.stores import PerProcess, StoreBusy, StoreError, StoreURL, parse_store_url

T = TypeVar("T")
#: Variants of one key.
MAX_VARIANTS = 32
#: Seconds for which marks are kept: what is older than this is not read at all.
LONGEST = 30 * 86400
_ATTEMPTS = 5
#: Prefixes whose purge is remembered.
MAX_PREFIXES = 255


class MemcachedCacheStore(KeptStore):
    """A store on a memcached server.

    address: ``memcached://host:11211``, a StoreURL, or a client of pymemcache.
    prefix: of every key on the server.
    timeout: seconds for connecting and for each answer.
    max_body: bytes of the longest body taken; memcached itself takes a megabyte by default.
    clock: seconds since the epoch; for tests.
    """

    def __init__(
        self,
        address: Any = "memcached://localhost:11211",
        prefix: str = "tropea:cache:",
        timeout: float = 0.3,
        max_body: int = 1_000_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        try:
            import pymemcache
        except ImportError:
            raise OptionError(
                "the memcached store needs pymemcache: pip install 'tropea-caching[memcached]'"
            ) from None
        self._error = pymemcache.MemcacheError
        self.prefix, self.max_body, self._clock = prefix, max_body, clock
        if isinstance(address, str):
            address = parse_store_url(address)
        if isinstance(address, StoreURL):
            server = (address.host or "localhost", address.port or 11211)

            def open_client() -> Any:
                return pymemcache.PooledClient(
                    server, connect_timeout=timeout, timeout=timeout, default_noreply=False
                )

            self._client = PerProcess(open_client)
        else:
            self._client = PerProcess(lambda: address)

    def _guarded(self, operation: Callable[[Any], T]) -> T:
        try:
            return operation(self._client())
        except TimeoutError as error:
            raise StoreBusy(f"memcached: {error}") from None
        except (self._error, OSError) as error:
            raise StoreError(f"memcached: {error}") from None

    def _record(self, key: Key) -> str:
        return f"{self.prefix}k:{key.digest()}"

    def _mark(self, tag: str) -> str:
        return f"{self.prefix}m:{blake2b(tag.encode(), digest_size=16).hexdigest()}"

    def load(self, key: Key) -> Sequence[Entry]:
        entries = self._guarded(lambda client: _heads(client.get(self._record(key))))
        now = self._clock()
        live = [entry for _, entry in entries if entry.until > now]
        return self._unmarked(live, {entry.body: at for at, entry in entries}) if live else live

    def _unmarked(self, entries: list[Entry], stored: dict[str, float]) -> list[Entry]:
        """Leave out what was purged by a tag or by a prefix since it was stored."""
        tags = {tag: self._mark(tag) for entry in entries for tag in entry.tags}
        prefixes = f"{self.prefix}prefixes"
        marks = self._guarded(lambda client: client.get_many([*tags.values(), prefixes]))
        purged = json.loads(marks.get(prefixes) or b"[]")

        def is_live(entry: Entry) -> bool:
            at = stored[entry.body]
            return not any(float(marks.get(tags[t]) or 0) >= at for t in entry.tags) and not any(
                when >= at and entry.uri.startswith(prefix) for prefix, when in purged
            )

        return [entry for entry in entries if is_live(entry)]

    def body(self, key: Key, entry: Entry) -> bytes | None:
        name = f"{self.prefix}b:{entry.body}"
        body: bytes | None = self._guarded(lambda client: client.get(name))
        return body

    def _ttl(self, entry: Entry) -> int:
        return int(min(max(1, entry.until - self._clock()), LONGEST))

    def put(self, key: Key, entry: Entry, body: bytes) -> None:
        ttl = self._ttl(entry)
        stamp = self._clock()

        def add(heads: list[tuple[float, Entry]]) -> list[tuple[float, Entry]]:
            others = [pair for pair in heads if pair[1].id != entry.id]
            return [*others[-(MAX_VARIANTS - 1) :], (stamp, entry)]

        self._guarded(lambda client: client.set(f"{self.prefix}b:{entry.body}", body, ttl))
        self._change(key, add, ttl)

    def update(self, key: Key, entry: Entry) -> None:
        def renew(heads: list[tuple[float, Entry]]) -> list[tuple[float, Entry]]:
            return [
                (at, entry if (held.id, held.body) == (entry.id, entry.body) else held)
                for at, held in heads
            ]

        ttl = self._ttl(entry)
        self._guarded(lambda client: client.touch(f"{self.prefix}b:{entry.body}", ttl))
        self._change(key, renew, ttl)

    def _change(
        self,
        key: Key,
        change: Callable[[list[tuple[float, Entry]]], list[tuple[float, Entry]]],
        ttl: int,
    ) -> None:
        name = self._record(key)

        def attempt(client: Any) -> bool:
            data, token = client.gets(name)
            heads = change(_heads(data))
            value = json.dumps([(at, dumps(entry).decode()) for at, entry in heads]).encode()
            if data is None:
                return not heads or bool(client.add(name, value, ttl))
            return bool(client.cas(name, value, token, ttl))

        for _ in range(_ATTEMPTS):
            if self._guarded(attempt):
                return
        raise StoreBusy("memcached: others kept changing the same key")

    def lease(self, key: Key, mark: str, seconds: float) -> str:
        name, ttl = f"{self.prefix}l:{key.digest()}", math.ceil(seconds)

        def take(client: Any) -> str:
            if client.add(name, mark.encode(), ttl):
                return mark
            held: bytes | None = client.get(name)
            return mark if held is None else held.decode("utf-8", "replace")

        return self._guarded(take)

    def end_lease(self, key: Key, mark: str, private_for: float) -> None:
        name = f"{self.prefix}l:{key.digest()}"
        ttl = math.ceil(private_for) or -1  # memcached's whole seconds; -1 is at once

        def end(client: Any) -> None:
            held, token = client.gets(name)
            if held == mark.encode():
                client.cas(name, PRIVATE.encode(), token, ttl)

        self._guarded(end)

    def delete(self, key: Key) -> None:
        self._guarded(lambda client: client.delete(self._record(key)))

    def delete_tag(self, tag: str) -> None:
        stamp = repr(self._clock()).encode()
        self._guarded(lambda client: client.set(self._mark(tag), stamp, LONGEST))

    def delete_prefix(self, prefix: str) -> None:
        name, now = f"{self.prefix}prefixes", self._clock()

        def attempt(client: Any) -> bool:
            data, token = client.gets(name)
            held = {p: when for p, when in json.loads(data or b"[]") if p != prefix}
            # Too many to remember: everything goes, since forgetting one would bring pages back.
            marks = [*held.items(), (prefix, now)] if len(held) < MAX_PREFIXES else [("", now)]
            value = json.dumps(marks).encode()
            if data is None:
                return bool(client.add(name, value, LONGEST))
            return bool(client.cas(name, value, token, LONGEST))

        for _ in range(_ATTEMPTS):
            if self._guarded(attempt):
                return
        raise StoreBusy("memcached: others kept purging")

    def close(self) -> None:
        client = self._client.opened
        if client is not None:
            self._guarded(lambda _: client.close())


def _heads(data: bytes | None) -> list[tuple[float, Entry]]:
    try:
        pairs = json.loads(data or b"[]")
        found = [(float(at), loads(head)) for at, head in pairs]
    except (ValueError, TypeError):
        return []
    return [(at, entry) for at, entry in found if entry is not None]
