"""Every layer that has a place in production, around an application that is anybody's."""

from base64 import b64encode
from pathlib import Path

from tropea.auth import AddressMiddleware, BasicAuthMiddleware
from tropea.caching import CacheMiddleware, HTTPCacheMiddleware, etag_middleware
from tropea.core import ProxyMiddleware, RegistryMiddleware, pipeline, session
from tropea.dispatch import RoutesMiddleware, urldispatcher
from tropea.errors import ErrorMiddleware, MaintenanceMiddleware, StatusRedirectMiddleware
from tropea.openapi import OpenAPIMiddleware
from tropea.rewrite import Rule, urlrewriter
from tropea.sessions import CSRFMiddleware, SessionMiddleware
from tropea.static import StaticMiddleware

#: What the application promises of one path; of the others nothing is asked.
API = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "paths": {
        "/book": {
            "get": {
                "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer"}}],
                "responses": {"200": {"description": "recipes"}},
            }
        }
    },
}


def is_cook(user, password):
    return (user, password) == ("ann", "only for this page")


#: A table that only finds: whoever stands inside reads ``wsgiorg.routing_args``.
TABLE = urldispatcher()


@TABLE.match("/visits/<shelf>", "GET")
def found(request, shelf): ...


def around(app):
    """Put the whole onion around *app*."""
    return pipeline(
        ProxyMiddleware.layer(trusted=("127.0.0.1",), fields=("for", "proto")),
        RegistryMiddleware.layer(),
        StatusRedirectMiddleware.layer(statuses=(404,)),
        MaintenanceMiddleware.layer("maintenance.flag"),
        ErrorMiddleware.layer(),
        urlrewriter(rules=[Rule("/count", "/visits/1", "redirect")]),
        StaticMiddleware.layer(Path("static"), prefix="/static/"),
        HTTPCacheMiddleware.layer("memory:"),
        etag_middleware(auto_etag=True),
        SessionMiddleware.layer("sqlite:///sessions.db"),
        CSRFMiddleware.layer(),
        CacheMiddleware.layer(),
        AddressMiddleware.layer(deny=("192.0.2.0/24",)),
        BasicAuthMiddleware.layer("Shop", is_cook, required=False),
        OpenAPIMiddleware.layer(API, unknown="pass"),
        RoutesMiddleware.layer(dispatcher=TABLE),
        app,
    )


#: What a browser sends for ann.
ANN = "Basic " + b64encode(b"ann:only for this page").decode()


def shown(environ):
    """Say what the layers have told an application: its framework hands the environ over."""
    mine = session(environ)
    mine["visits"] = mine.get("visits", 0) + 1
    cached = environ["tropea.cache"].get_cache("shop").get("motto", createfunc=lambda: "eat well")
    who = environ.get("REMOTE_USER") or "somebody"
    shelf = environ["wsgiorg.routing_args"][1]["shelf"]
    return f"{who} at shelf {shelf}, visit {mine['visits']}, from {environ['REMOTE_ADDR']}: {cached}"
