"""Open a store by its address."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from tropea.caching.stores.base import CacheStore
from tropea.core.errors import OptionError
from tropea.core.options import nearest, size
from tropea.core.stores import StoreURL, parse_store_url

#: Scheme of an address -> the module and the class of its store.
_SCHEMES = {
    "memory": ("memory", "MemoryCacheStore"),
    "file": ("files", "FileCacheStore"),
    "sqlite": ("sqlite", "SQLiteCacheStore"),
    "redis": ("redis", "RedisCacheStore"),
    "rediss": ("redis", "RedisCacheStore"),
    "valkey": ("redis", "RedisCacheStore"),
    "unix": ("redis", "RedisCacheStore"),
    "memcached": ("memcached", "MemcachedCacheStore"),
}
_NUMBERS: dict[str, Callable[[str], float]] = {
    "max_bytes": size,
    "max_body": size,
    "max_entries": int,
    "timeout": float,
}


def open_store(text: str) -> CacheStore:
    """Build the store that an address names: ``memory:``, ``file:///…``, ``redis://…``.

    The query holds its options: ``memory:?max_bytes=64M``.
    Raises OptionError for an unknown scheme or option, and where a client library is missing.

    >>> open_store("memory:?max_bytes=1M").max_bytes
    1048576
    """
    url = parse_store_url(text)
    if url.scheme not in _SCHEMES:
        raise OptionError(f"no store is named {url.scheme!r}{nearest(url.scheme, _SCHEMES)}")
    module, name = _SCHEMES[url.scheme]
    store_class: Any = getattr(import_module(f"tropea.caching.stores.{module}"), name)
    options = _options(url)
    try:
        if module == "memory":
            store: CacheStore = store_class(**options)
        else:
            store = store_class(url.path if module in {"files", "sqlite"} else url, **options)
    except TypeError as error:
        raise OptionError(f"{url!r}: {error}") from None
    return store


def _options(url: StoreURL) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in url.options.items():
        try:
            found[name] = _NUMBERS[name](value) if name in _NUMBERS else value
        except ValueError:
            raise OptionError(f"{url!r}: {name}: expected a number, got {value!r}") from None
    return found
