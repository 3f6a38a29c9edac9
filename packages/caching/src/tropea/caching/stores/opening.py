"""Open a store by its address."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from inspect import signature
from math import isfinite
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


def _positive(text: str) -> float:
    number = float(text)
    if number <= 0 or not isfinite(number):
        raise ValueError(text)
    return number


#: What an address can say of its store, and how it is read.
_READERS: dict[str, Callable[[str], Any]] = {
    "max_bytes": size,
    "max_body": size,
    "max_entries": lambda text: int(_positive(text)),
    "timeout": _positive,
    "prefix": str,
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
    options = _options(url, [n for n in signature(store_class).parameters if n in _READERS])
    if module == "memory":
        store: CacheStore = store_class(**options)
    else:
        store = store_class(url.path if module in {"files", "sqlite"} else url, **options)
    return store


def _options(url: StoreURL, known: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in url.options.items():
        if name not in known:
            raise OptionError(f"{url!r}: has no option {name!r}{nearest(name, known)}")
        try:
            found[name] = _READERS[name](value)
        except ValueError:
            raise OptionError(f"{url!r}: {name}: expected a number, got {value!r}") from None
    return found
