"""The first layer: files are answered before the application is asked."""

from pathlib import Path
from wsgiref.simple_server import make_server

import recipes

from tropea.core import pipeline
from tropea.static import StaticMiddleware

HERE = Path(__file__).parent

app = pipeline(
    StaticMiddleware.layer(root=HERE / "static", prefix="/static/"),
    recipes.app,
)

if __name__ == "__main__":
    make_server("127.0.0.1", 8000, app).serve_forever()
