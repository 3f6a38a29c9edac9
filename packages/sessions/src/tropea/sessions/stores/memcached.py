"""Sessions in memcached, by gets, cas and add.

memcached forgets what it has no room for, and everything when it restarts: sessions end early
then, and none comes back.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from tropea.core.errors import OptionError
from tropea.core.stores import PerProcess, StoreBusy, StoreError
from tropea.sessions.stores.guarding import TIMEOUT, Guard
from tropea.sessions.stores.labels import Labels
from tropea.sessions.stores.protocol import Entry, first_version

_MONTH = 30 * 86400  # from here on memcached takes a time to live for a date
_ROUNDS = 50


class MemcachedStore(Labels):
    """Keep sessions in memcached.

    client: ``host:port``, a function that makes a client of pymemcache, or a client, which must
        not be shared with forked children.
    prefix: of every key.  timeout, rest: as for RedisStore.

    A value may be 1 MB long, with the server's usual setting.
    """

    purges_itself = True

    def __init__(
        self,
        client: Any = "127.0.0.1:11211",
        *,
        prefix: str = "tropea:session:",
        timeout: float = TIMEOUT,
        rest: float = 0.5,
        clock: Callable[[], float] = time.time,
    ) -> None:
        try:
            from pymemcache import exceptions
        except ImportError:
            raise OptionError(
                "MemcachedStore needs: pip install 'tropea-sessions[memcached]'"
            ) from None
        self._prefix, self._clock = prefix, clock
        self._client: PerProcess[Any] = PerProcess(lambda: _connect(client, timeout))
        broken = (exceptions.MemcacheUnexpectedCloseError, ConnectionError)
        self._guard = Guard(
            "memcached",
            unreachable=(*broken, OSError, exceptions.MemcacheUnknownError),
            broken=broken,
            refused=(exceptions.MemcacheError, ValueError, TypeError, IndexError, KeyError),
            rest=rest,
        )

    def load(self, key: str) -> Entry | None:
        return self._gets(key)[0]

    def create(self, key: str, data: bytes, ttl: float) -> int | None:
        version = first_version()
        raw = self._pack(data, version, ttl)
        done = self._guard(
            lambda: self._client().add(self._prefix + key, raw, expire=_expire(ttl), noreply=False)
        )
        return version if done else None

    def save(self, key: str, data: bytes, ttl: float, version: int) -> int | None:
        entry, token = self._gets(key)
        if entry is None or entry.version != version:
            return None
        return version + 1 if self._cas(key, data, version + 1, ttl, token) else None

    def delete(self, key: str, version: int | None = None) -> bool:
        entry, token = self._gets(key)
        if version is None:
            name = self._prefix + key
            done = self._guard(lambda: self._client().delete(name, noreply=False))
            return bool(done) and entry is not None
        if entry is None or entry.version != version:
            return False
        # There is no conditional delete: swap in a value that is over already.
        return self._cas(key, b"", version + 1, -1, token)

    def touch(self, key: str, ttl: float) -> bool:
        for _ in range(_ROUNDS):
            entry, token = self._gets(key)
            if entry is None:
                return False
            if self._cas(key, entry.data, entry.version, ttl, token):
                return True
        raise StoreBusy(f"memcached: an entry was changed by others {_ROUNDS} times in a row")

    def purge(self) -> int:
        """Leave it to the server, which removes what has expired."""
        return 0

    def close(self) -> None:
        client = self._client.opened
        if client is not None:
            client.close()

    def _gets(self, key: str) -> tuple[Entry | None, Any]:
        raw, token = self._guard(lambda: self._client().gets(self._prefix + key))
        if raw is None:
            return None, None
        head, _, data = raw.partition(b"\n")
        version, _, deadline = head.partition(b" ")
        if not (version.isdigit() and deadline.isdigit() and len(head) < 40):
            return Entry(raw, 0, math.inf), token  # damaged: whoever reads records will say so
        entry = Entry(data, int(version), int(deadline) / 1000)
        return (entry, token) if entry.deadline > self._clock() else (None, None)

    def _cas(self, key: str, data: bytes, version: int, ttl: float, token: Any) -> bool:
        raw, name = self._pack(data, version, ttl), self._prefix + key
        return bool(
            self._guard(
                lambda: self._client().cas(name, raw, token, expire=_expire(ttl), noreply=False)
            )
        )

    def _pack(self, data: bytes, version: int, ttl: float) -> bytes:
        deadline = max(0, int((self._clock() + ttl) * 1000))
        return b"%d %d\n%b" % (version, deadline, data)


def _expire(ttl: float) -> int:
    """Write a time to live as memcached wants it: seconds, or a date from thirty days on."""
    if ttl < 0:
        return -1
    seconds = math.ceil(ttl)
    return seconds if seconds < _MONTH else int(time.time()) + seconds


def _connect(client: Any, timeout: float) -> Any:
    if not isinstance(client, str):
        return client() if callable(client) else client
    from pymemcache.client.base import PooledClient

    host, _, port = client.removeprefix("memcached://").rstrip("/").rpartition(":")
    try:
        address = (host or "127.0.0.1", int(port))
    except ValueError:
        raise StoreError(f"memcached: expected host:port, got {client!r}") from None
    return PooledClient(
        address, connect_timeout=timeout, timeout=timeout, no_delay=True, default_noreply=False
    )
