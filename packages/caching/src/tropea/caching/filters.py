"""The entry points for Paste Deploy: ``egg:tropea-caching``, ``…#http`` and ``…#cache``."""

from __future__ import annotations

from tropea.caching.conditional import ConditionalMiddleware
from tropea.caching.httpcache import HTTPCacheMiddleware
from tropea.caching.objectcache import CacheMiddleware
from tropea.core.paste import filter_factory

#: Conditional requests.
main = filter_factory(ConditionalMiddleware)
#: The shared HTTP cache.
http = filter_factory(HTTPCacheMiddleware, "http")
#: ``environ["tropea.cache"]``.
cache = filter_factory(CacheMiddleware, "cache")
