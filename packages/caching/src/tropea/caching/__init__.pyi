# Written by tools/stubs.py from _EXPORTS in __init__.py.
from tropea.caching.conditional import ConditionalMiddleware
from tropea.caching.conditional import etag_middleware
from tropea.caching.decorators import cache_control
from tropea.caching.decorators import no_cache
from tropea.caching.decorators import with_etag
from tropea.caching.decorators import with_last_modified
from tropea.caching.errors import CachingError
from tropea.caching.errors import FingerprintError
from tropea.caching.etags import etags_match
from tropea.caching.etags import make_etag
from tropea.caching.etags import parse_entity_tags
from tropea.caching.etags import quoted_string
from tropea.caching.httpcache import HTTPCacheMiddleware
from tropea.caching.objectcache import CacheManager
from tropea.caching.objectcache import CacheMiddleware
from tropea.caching.stores.base import CacheStore
from tropea.caching.stores.base import SharedStore
from tropea.caching.stores.files import FileCacheStore
from tropea.caching.stores.memcached import MemcachedCacheStore
from tropea.caching.stores.memory import MemoryCacheStore
from tropea.caching.stores.redis import RedisCacheStore
from tropea.caching.stores.sqlite import SQLiteCacheStore

__all__ = [
    "CacheManager",
    "CacheMiddleware",
    "CacheStore",
    "CachingError",
    "ConditionalMiddleware",
    "FileCacheStore",
    "FingerprintError",
    "HTTPCacheMiddleware",
    "MemcachedCacheStore",
    "MemoryCacheStore",
    "RedisCacheStore",
    "SQLiteCacheStore",
    "SharedStore",
    "cache_control",
    "etag_middleware",
    "etags_match",
    "make_etag",
    "no_cache",
    "parse_entity_tags",
    "quoted_string",
    "with_etag",
    "with_last_modified",
]
