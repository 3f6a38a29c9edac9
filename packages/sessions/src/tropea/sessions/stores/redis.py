"""Sessions in Redis or Valkey: a hash an entry, changed by scripts that run whole or not at all.

Every operation concerns one key, so it works on a cluster as on a single server.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from hashlib import sha1
from inspect import signature
from typing import Any

from tropea.core.errors import OptionError
from tropea.core.stores import PerProcess, StoreURL, parse_store_url
from tropea.sessions.stores.cluster import BoundedCluster
from tropea.sessions.stores.guarding import TIMEOUT, Guard
from tropea.sessions.stores.labels import Labels
from tropea.sessions.stores.protocol import Entry, first_version

log = logging.getLogger("tropea.sessions")


class _Script:
    """A script of one key, and the name by which the server knows it once it has seen it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.name = sha1(text.encode(), usedforsecurity=False).hexdigest()


_LOAD = _Script("""
local e = redis.call('HMGET', KEYS[1], 'd', 'v')
if not e[1] or not e[2] then return false end
return {e[1], e[2], redis.call('PTTL', KEYS[1])}
""")
_CREATE = _Script("""
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'd', ARGV[1], 'v', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
""")
_SAVE = _Script("""
if redis.call('HGET', KEYS[1], 'v') ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], 'd', ARGV[1], 'v', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
""")
_DELETE = _Script("""
if redis.call('HGET', KEYS[1], 'v') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
""")


class RedisStore(Labels):
    """Keep sessions in Redis or Valkey: one server, Sentinel, or a cluster.

    client: an address (``redis://``, ``rediss://``, ``unix://``, ``redis-cluster://host:port``,
        ``redis-sentinel://host:port/service``), a function that makes a client, or a client; one
        of your own should have ``socket_timeout=0.5`` and no retries.
    prefix: of every key.
    timeout: seconds to wait for an answer, where the client is made from an address.
    rest: seconds for which a server that did not answer is left alone.

    The server removes what has expired.  It acknowledges a write before its replicas have it:
    what was written in the last moments before a master dies can be lost with it.
    """

    purges_itself = True

    def __init__(
        self,
        client: Any = "redis://127.0.0.1:6379/0",
        *,
        prefix: str = "tropea:session:",
        timeout: float = TIMEOUT,
        rest: float = 0.5,
        clock: Callable[[], float] = time.time,
    ) -> None:
        try:
            from redis import exceptions
        except ImportError:
            raise OptionError("RedisStore needs: pip install 'tropea-sessions[redis]'") from None
        self._prefix, self._clock = prefix, clock
        self._client = _clients(client, timeout)
        self._no_script = exceptions.NoScriptError
        self._wrong_type = exceptions.ResponseError
        self._guard = Guard(
            "Redis",
            # A cluster whose master is gone, or whose nodes are, is as good as not there.
            unreachable=(
                exceptions.ConnectionError,
                exceptions.TimeoutError,
                OSError,
                exceptions.ClusterDownError,
                exceptions.RedisClusterException,
            ),
            broken=(exceptions.ConnectionError,),
            refused=(exceptions.RedisError, ValueError, IndexError, KeyError, TypeError),
            rest=rest,
            renew=self._renew,
        )

    def _renew(self) -> None:
        """Let go of idle connections: what reset one has most often reset them all."""
        pool = getattr(self._client.opened, "connection_pool", None)
        if pool is not None and hasattr(pool, "disconnect"):
            pool.disconnect(inuse_connections=False)

    def load(self, key: str) -> Entry | None:
        found = self._guard(lambda: self._load(key))
        if found is None:
            return None
        data, version, left = found
        return Entry(data, version, math.inf if left < 0 else self._clock() + left / 1000)

    def _load(self, key: str) -> tuple[bytes, int, int] | None:
        try:
            found = self._run(_LOAD, key)
            if found is None:
                return None
            data, version, left = found
            if not isinstance(data, bytes):
                raise TypeError("the answer is no bytes (is decode_responses set?)")
            if not version.isdigit() or len(version) > 18:
                return b"", 0, int(left)  # damaged: whoever reads records will say so
            return data, int(version), int(left)
        except self._wrong_type as error:
            if "WRONGTYPE" not in str(error):
                raise
            log.warning("a session's key in Redis holds something else and is left alone")
            return None

    def create(self, key: str, data: bytes, ttl: float) -> int | None:
        version = first_version()
        done = self._guard(lambda: self._run(_CREATE, key, data, version, _milliseconds(ttl)))
        return version if done else None

    def save(self, key: str, data: bytes, ttl: float, version: int) -> int | None:
        values = (data, version + 1, _milliseconds(ttl), version)
        done = self._guard(lambda: self._run(_SAVE, key, *values))
        return version + 1 if done else None

    def delete(self, key: str, version: int | None = None) -> bool:
        if version is None:
            return bool(self._guard(lambda: self._client().delete(self._prefix + key)))
        return bool(self._guard(lambda: self._run(_DELETE, key, version)))

    def touch(self, key: str, ttl: float) -> bool:
        name, left = self._prefix + key, _milliseconds(ttl)
        return bool(self._guard(lambda: self._client().pexpire(name, left)))

    def purge(self) -> int:
        """Leave it to the server, which removes what has expired."""
        return 0

    def close(self) -> None:
        client = self._client.opened
        if client is not None:
            client.close()

    def _run(self, script: _Script, key: str, *values: object) -> Any:
        client = self._client()
        try:
            return client.evalsha(script.name, 1, self._prefix + key, *values)
        except self._no_script:  # a server that was restarted, or took over
            return client.eval(script.text, 1, self._prefix + key, *values)


def _milliseconds(seconds: float) -> int:
    return max(1, math.ceil(seconds * 1000))


def _clients(client: Any, timeout: float) -> PerProcess[Any]:
    if isinstance(client, str):
        url = parse_store_url(client)
        return PerProcess(lambda: _connect(url, timeout))
    if callable(client) and not hasattr(client, "evalsha"):
        return PerProcess(client)
    if not hasattr(client, "evalsha"):
        raise OptionError(f"RedisStore: expected an address or a client, got {client!r}")
    pool = getattr(client, "connection_pool", None)
    if pool is not None and not getattr(pool, "connection_kwargs", {}).get("socket_timeout"):
        log.warning("this Redis client has no socket_timeout: a server that hangs hangs requests")
    return PerProcess(lambda: client)


def _connect(url: StoreURL, timeout: float) -> Any:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    limits: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        **_no_greeting(redis),
    }
    account: dict[str, Any] = {"username": url.username, "password": url.password}
    host = url.host or "127.0.0.1"
    if url.scheme == "redis-cluster":
        # Once more after it has learnt where the slots are now.
        more = {**account, **limits, "retry": Retry(NoBackoff(), 1)}
        return BoundedCluster(lambda: redis.RedisCluster(host, url.port or 6379, **more), timeout)
    if url.scheme == "redis-sentinel":
        from redis.sentinel import Sentinel

        watchers = Sentinel(
            [(host, url.port or 26379)], sentinel_kwargs=limits, **limits, **account
        )
        return watchers.master_for(url.path or "mymaster")
    return redis.Redis.from_url(url.text, **limits)


def _no_greeting(redis: Any) -> dict[str, Any]:
    """Return what spares a new connection the questions of its handshake.

    Each is a wait of its own where a server is slow.  Nothing here needs protocol 3, and the
    library need not say its name; its versions differ in how that is said.
    """
    known = signature(redis.connection.AbstractConnection.__init__).parameters
    named = ("driver_info",) if "driver_info" in known else ("lib_name", "lib_version")
    return {"protocol": 2, **{name: None for name in named if name in known}}
