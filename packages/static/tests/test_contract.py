"""The layer keeps PEP 3333 on both sides, with and without its fallback page."""

import pytest

from tropea.core.testing import LayerContract
from tropea.static import StaticMiddleware
from tropea.static.pastefactories import filter_main


@pytest.fixture(scope="module", autouse=True)
def site(request, tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    (root / "a.txt").write_text("hello")
    (root / "index.html").write_text("<!doctype html>")
    TestStaticLayer.root = TestStaticLayerWithFallback.root = root
    TestStaticLayer.paste_options = {"root": str(root), "prefix": "/static/"}
    TestStaticLayerWithFallback.paste_options = {
        **TestStaticLayer.paste_options,
        "fallback": "index.html",
    }


class TestStaticLayer(LayerContract):
    path = "/app"
    paste_factory = staticmethod(filter_main)

    def make_layer(self, app):
        return StaticMiddleware(app, self.root, prefix="/static/")


class TestStaticLayerWithFallback(LayerContract):
    path = "/static/page"
    environ = {"HTTP_ACCEPT": "text/html"}
    paste_factory = staticmethod(filter_main)

    def make_layer(self, app):
        return StaticMiddleware(app, self.root, prefix="/static/", fallback="index.html")
