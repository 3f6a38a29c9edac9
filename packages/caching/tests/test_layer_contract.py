"""All layers of this package keep the contract of PEP 3333, as rows W01 to W30."""

import pytest

from tropea.caching import (
    CacheMiddleware,
    ConditionalMiddleware,
    HTTPCacheMiddleware,
    MemoryCacheStore,
)
from tropea.caching.filters import cache, http, main
from tropea.core.testing import LayerContract


class TestConditional(LayerContract):
    paste_factory = staticmethod(main)
    paste_options = {"auto_etag": "true"}

    def make_layer(self, app):
        return ConditionalMiddleware(app)


class TestConditionalAsked(LayerContract):
    environ = {"HTTP_IF_NONE_MATCH": '"no"'}

    def make_layer(self, app):
        return ConditionalMiddleware(app)


class TestConditionalTagging(LayerContract):
    def make_layer(self, app):
        return ConditionalMiddleware(app, auto_etag=True, auto_etag_limit=0)


class TestHTTPCache(LayerContract):
    paste_factory = staticmethod(http)
    paste_options = {"store": "memory:?max_bytes=1M", "purge_token": "opensesame"}

    def make_layer(self, app):
        return HTTPCacheMiddleware(app, MemoryCacheStore())


class TestHTTPCacheOnPost(LayerContract):
    method = "POST"

    def make_layer(self, app):
        return HTTPCacheMiddleware(app, MemoryCacheStore())


class TestObjectCache(LayerContract):
    paste_factory = staticmethod(cache)
    paste_options = {"expire": "5m"}

    def make_layer(self, app):
        return CacheMiddleware(app)
