"""A session layer: who comes again is known, and no update is lost."""

from pathlib import Path
from wsgiref.simple_server import make_server

import recipes

from tropea.core import pipeline, session
from tropea.dispatch import dispatcher_app
from tropea.sessions import SessionMiddleware
from tropea.static import StaticMiddleware

HERE = Path(__file__).parent

pages = dispatcher_app()


@pages.match("/visits", "GET")
def visits(request):
    mine = session(request.environ)  # the same in every framework
    mine["visits"] = mine.get("visits", 0) + 1
    return f"This is visit number {mine['visits']}.", "text/plain"


pages.mount("/", recipes.app)

app = pipeline(
    StaticMiddleware.layer(root=HERE / "static", prefix="/static/"),
    SessionMiddleware.layer("memory:"),
    pages,
)

if __name__ == "__main__":
    make_server("127.0.0.1", 8000, app).serve_forever()
