"""The whole onion, and a factory that builds it from an ini file's keys."""

from pathlib import Path
from wsgiref.simple_server import make_server

import recipes

from tropea.auth import BasicAuthMiddleware
from tropea.caching import HTTPCacheMiddleware, cache_control, etag_middleware
from tropea.core import ProxyMiddleware, RegistryMiddleware, Response, pipeline, session
from tropea.dispatch import dispatcher_app
from tropea.errors import ErrorMiddleware, StatusRedirectMiddleware
from tropea.rewrite import Rule, urlrewriter
from tropea.sessions import SessionMiddleware
from tropea.static import StaticMiddleware

HERE = Path(__file__).parent
RULES = [Rule(r"/recipe\.cgi/(?P<recipe>[^/]+)", "/recipes/{recipe}", "redirect_permanent")]


def is_cook(user, password):
    return user == "ann" and password == "only for this tutorial"


pages = dispatcher_app()


@pages.match("/today", "GET")
@cache_control(public=True, max_age=60)
def today(request):
    return Response([f"Today: {next(iter(recipes.RECIPES))}"], content_type="text/plain")


@pages.match("/visits", "GET")
def visits(request):
    mine = session(request.environ)
    mine["visits"] = mine.get("visits", 0) + 1
    return f"{request.user or 'Somebody'} was here {mine['visits']} times.", "text/plain"


@pages.match("/error/<status:int>", "GET")
def error_page(request, status):
    return f"<h1>{status}</h1><p>Not in this kitchen.</p>"


pages.mount("/", recipes.app)


def make_pages(global_conf):
    """Build the application alone: a ``paste.app_factory``."""
    return pages


app = pipeline(
    ProxyMiddleware.layer(),  # believes nobody until it is told whom
    RegistryMiddleware.layer(),
    StatusRedirectMiddleware.layer(statuses=(404, 500)),
    ErrorMiddleware.layer(),
    urlrewriter(rules=RULES),
    StaticMiddleware.layer(root=HERE / "static", prefix="/static/"),
    HTTPCacheMiddleware.layer("memory:"),
    etag_middleware(),
    SessionMiddleware.layer("memory:"),
    BasicAuthMiddleware.layer("Kitchen", is_cook, required=False),
    pages,
)

if __name__ == "__main__":
    make_server("127.0.0.1", 8000, app).serve_forever()
