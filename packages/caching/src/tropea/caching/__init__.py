"""Conditional requests and a shared HTTP cache (RFC 9110, RFC 9111) as WSGI middleware.

Names are imported when they are first asked for (PEP 562), so that a stack that only answers
conditional requests pays for nothing else.
"""

from __future__ import annotations

from tropea.core.exporting import exports

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
__getattr__, __dir__ = exports(globals(), _EXPORTS)
