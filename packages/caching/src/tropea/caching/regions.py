"""Regions of dogpile.cache that fail open: a back end in trouble costs one short wait, no answer.

dogpile.cache hands on what a client raises, and its clients wait for ever by default.  Here every
client has timeouts, and a back end that fails is skipped as the stores of the HTTP cache are.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from importlib import import_module
from typing import Any

from dogpile.cache import make_region, register_backend
from dogpile.cache.api import NO_VALUE, CantDeserializeException
from dogpile.cache.backends.memcached import PyMemcacheBackend
from dogpile.cache.proxy import ProxyBackend

from tropea.core.stores import Breaker, PerProcess, StoreDown, StoreError

log = logging.getLogger("tropea.caching")

#: Seconds for connecting and for each answer, where the arguments say nothing else.
TIMEOUT = 0.3


def region_of(
    backend: str, name: str, prefix: str, expire: float | None, arguments: Mapping[str, Any] | None
) -> Any:
    """Make a region of a back end that keeps JSON.

    expire: seconds; None for never.
    arguments: of the back end.
    """
    region = _region(name, prefix, serializer=dump, deserializer=load)
    if backend == "dogpile.cache.pymemcache":
        backend = _BOUNDED
    region.configure(
        backend,
        expiration_time=expire,
        arguments=bounded(backend, arguments or {}),
        wrap=[FailOpen()],
    )
    return region


def region_in_process(
    backend: str, name: str, prefix: str, expire: float | None, arguments: Mapping[str, Any] | None
) -> Any:
    """Make a region of a back end that keeps the objects themselves."""
    region = _region(name, prefix)
    region.configure(backend, expiration_time=expire, arguments=dict(arguments or {}))
    return region


def _region(name: str, prefix: str, **coded: Any) -> Any:
    return make_region(
        name=name,
        function_key_generator=None,
        key_mangler=lambda key: _mangled(prefix, name, key),
        **coded,
    )


def bounded(backend: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Add the timeouts that *arguments* of a back end leave out, and no second attempt."""
    given = dict(arguments)
    kind = backend.rpartition(".")[2].partition("_")[0]
    if kind not in {"redis", "valkey"} or "connection_pool" in given:
        return given
    client: dict[str, Any] = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
    if backend in {"dogpile.cache.redis", "dogpile.cache.valkey"}:
        backoff, retry = (import_module(f"{kind}.{part}") for part in ("backoff", "retry"))
        client["retry"] = retry.Retry(backoff.NoBackoff(), 0)
    given["connection_kwargs"] = client | dict(given.get("connection_kwargs") or {})
    return given


class FailOpen(ProxyBackend):
    """Skip a back end that fails: it has nothing, and what it was to keep is not kept."""

    def __init__(self, breaker: Breaker | None = None) -> None:
        self._breaker = breaker or Breaker()

    def get_serialized(self, key: str) -> Any:
        return self._tried(lambda: self.proxied.get_serialized(key), NO_VALUE)

    def get_serialized_multi(self, keys: Iterable[str]) -> Any:
        wanted = list(keys)
        absent = [NO_VALUE] * len(wanted)
        return self._tried(lambda: self.proxied.get_serialized_multi(wanted), absent)

    def set_serialized(self, key: str, value: bytes) -> None:
        self._tried(lambda: self.proxied.set_serialized(key, value), None)

    def set_serialized_multi(self, mapping: Mapping[str, bytes]) -> None:
        self._tried(lambda: self.proxied.set_serialized_multi(mapping), None)

    def delete(self, key: str) -> None:
        self._tried(lambda: self.proxied.delete(key), None)

    def delete_multi(self, keys: Iterable[str]) -> None:
        self._tried(lambda: self.proxied.delete_multi(list(keys)), None)

    def get_mutex(self, key: str) -> Any:
        mutex = self._tried(lambda: self.proxied.get_mutex(key), None)
        return None if mutex is None else _OpenMutex(mutex, self._tried)

    def _tried(self, operation: Callable[[], Any], otherwise: Any) -> Any:
        def tried() -> Any:
            try:
                return operation()
            except Exception as error:  # each client has errors of its own
                raise StoreError(f"{type(error).__name__}: {error}") from error

        try:
            return self._breaker.call(tried)
        except StoreDown:
            return otherwise
        except StoreError as error:
            log.warning("the object cache's back end failed and is skipped: %s", error)
            return otherwise


class _OpenMutex:
    """A lock of the back end's; nobody waits for one that cannot be had because it failed."""

    def __init__(self, mutex: Any, tried: Callable[..., Any]) -> None:
        self._mutex, self._tried = mutex, tried

    def acquire(self, wait: bool = True) -> Any:
        return self._tried(lambda: self._mutex.acquire(wait), otherwise=True)

    def release(self) -> None:
        self._tried(self._mutex.release, None)

    def locked(self) -> Any:
        return self._tried(self._mutex.locked, otherwise=False)


class BoundedMemcache(PyMemcacheBackend):  # type: ignore[misc, unused-ignore]  # it has no types
    """memcached that never unpickles, and whose client does not wait for ever.

    arguments: those of dogpile.cache's, and ``socket_timeout`` (seconds).
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        given: dict[str, Any] = {"hashclient_dead_timeout": 1, **arguments, "serde": _AsItIs()}
        self._timeout = given.pop("socket_timeout", TIMEOUT)
        self._mine = PerProcess(threading.local)
        super().__init__(given)  # type: ignore[no-untyped-call, unused-ignore]

    @property
    def client(self) -> Any:
        """The client of this thread; never one whose socket a parent process has, too."""
        mine: Any = self._mine()
        if not hasattr(mine, "client"):
            mine.client = self._create_client()
        return mine.client

    def _create_client(self) -> Any:
        client: Any = super()._create_client()  # type: ignore[no-untyped-call, unused-ignore]
        inner = getattr(client, "_client", client)  # enable_retry_client wraps it
        inner.default_kwargs.update(timeout=self._timeout, connect_timeout=self._timeout)
        for server in inner.clients.values():
            server.timeout = server.connect_timeout = self._timeout
        return client


#: The name under which dogpile.cache finds it.
_BOUNDED = "tropea.caching.pymemcache"
register_backend(  # type: ignore[no-untyped-call, unused-ignore]
    _BOUNDED, __name__, BoundedMemcache.__name__
)


class _AsItIs:
    """Hands memcached the bytes that the region made, and back, whatever the server's flags say."""

    def serialize(self, _key: str, value: bytes) -> tuple[bytes, int]:
        return value, 0

    def deserialize(self, _key: str, value: bytes, _flags: int) -> bytes:
        return value


def dump(value: Any) -> bytes:
    """Write a value as JSON; raise TypeError for what JSON cannot hold.

    >>> dump({"a": 1})
    b'{"a":1}'
    """
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    except (ValueError, RecursionError) as error:  # NaN, a value that contains itself, 5,000 digits
        raise TypeError(f"JSON cannot hold the value: {error}") from None


def load(data: bytes) -> Any:
    """Read what ``dump`` wrote; anything else is as if nothing were kept."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise CantDeserializeException from None


def _mangled(prefix: str, name: str, key: str) -> str:
    text = json.dumps([name, key]).encode()
    return f"{prefix}:{blake2b(text, digest_size=20).hexdigest()}"
