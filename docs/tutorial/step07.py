"""Conditional requests: a body that the client holds is neither sent nor made."""

from pathlib import Path
from wsgiref.simple_server import make_server

import recipes

from tropea.caching import etag_middleware, with_etag
from tropea.core import Response, pipeline
from tropea.dispatch import dispatcher_app
from tropea.static import StaticMiddleware

HERE = Path(__file__).parent

pages = dispatcher_app()
printed = []


@pages.match("/book", "GET")
@with_etag(lambda request: sorted(recipes.RECIPES.items()))
def book(request):
    def lines():
        yield ""  # what follows is not computed for a client that holds this edition
        printed.append("the book")
        for name, method in recipes.RECIPES.items():
            yield f"{name}: {method}\n"

    return Response(lines(), content_type="text/plain; charset=utf-8")


pages.mount("/", recipes.app)

app = pipeline(
    StaticMiddleware.layer(root=HERE / "static", prefix="/static/"),
    etag_middleware(),
    pages,
)

if __name__ == "__main__":
    make_server("127.0.0.1", 8000, app).serve_forever()
