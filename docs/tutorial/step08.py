"""Rewriting: old addresses lead to the new ones, before anybody else looks at the path."""

from pathlib import Path
from wsgiref.simple_server import make_server

import recipes

from tropea.core import pipeline
from tropea.rewrite import Rule, urlrewriter
from tropea.static import StaticMiddleware

HERE = Path(__file__).parent
RULES = [
    Rule(r"/recipe\.cgi/(?P<recipe>[^/]+)", "/recipes/{recipe}", "redirect_permanent"),
    Rule("/style.css", "/static/style.css"),
]

app = pipeline(
    urlrewriter(rules=RULES),
    StaticMiddleware.layer(root=HERE / "static", prefix="/static/"),
    recipes.app,
)

if __name__ == "__main__":
    make_server("127.0.0.1", 8000, app).serve_forever()
