"""Errors: what escapes becomes one clean answer, and the log has the rest."""

from wsgiref.simple_server import make_server

import recipes

from tropea.core import pipeline
from tropea.dispatch import dispatcher_app
from tropea.errors import ErrorMiddleware, StatusRedirectMiddleware

pages = dispatcher_app()


@pages.match("/burn", "GET")
def burn(request):
    raise RuntimeError("the secret of this kitchen")


@pages.match("/error/<status:int>", "GET")
def error_page(request, status):
    return f"<h1>{status}</h1><p>Not in this kitchen.</p>"


pages.mount("/", recipes.app)

app = pipeline(
    StatusRedirectMiddleware.layer(statuses=(404, 500)),
    ErrorMiddleware.layer({TimeoutError: 503}),
    pages,
)

if __name__ == "__main__":
    make_server("127.0.0.1", 8000, app).serve_forever()
