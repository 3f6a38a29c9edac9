"""Conditional requests and a shared HTTP cache (RFC 9110, RFC 9111) as WSGI middleware.

Names are imported when they are first asked for (PEP 562), so that a stack that only answers
conditional requests pays for nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

#: Public name -> the module that has it.
_EXPORTS = {
    "CachingError": "errors",
    "ConditionalMiddleware": "conditional",
    "FileCacheStore": "stores.files",
    "FingerprintError": "errors",
    "CacheManager": "objectcache",
    "CacheMiddleware": "objectcache",
    "CacheStore": "stores.base",
    "HTTPCacheMiddleware": "httpcache",
    "MemcachedCacheStore": "stores.memcached",
    "MemoryCacheStore": "stores.memory",
    "RedisCacheStore": "stores.redis",
    "SQLiteCacheStore": "stores.sqlite",
    "SharedStore": "stores.base",
    "cache_control": "decorators",
    "etag_middleware": "conditional",
    "etags_match": "etags",
    "make_etag": "etags",
    "no_cache": "decorators",
    "parse_entity_tags": "etags",
    "quoted_string": "etags",
    "with_etag": "decorators",
    "with_last_modified": "decorators",
}

__all__ = sorted(_EXPORTS)  # noqa: PLE0605  one table serves both


def __getattr__(name: str) -> Any:
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module 'tropea.caching' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"tropea.caching.{module}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
