"""Why a path got its answer, for a developer who listens."""

import pytest

from tropea.core.keys import TRACE
from tropea.core.probing import Trace
from tropea.static import StaticMiddleware, static_server

FILES = {
    "a.txt": "a" * 1000,
    "app.js": "let a = 1;" * 50,
    "app.js.gz": "packed",
    "sub/index.html": "<!doctype html>",
    "bare/x.txt": "x",
    "index.html": "<!doctype html><title>app</title>",
    ".env": "SECRET",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    for name, content in FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(content)
    return root


@pytest.fixture
def told(ask):
    """Send a request that somebody listens to; return the texts that were noted."""

    def told(app, path, method="GET", **headers):
        trace = Trace()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        ask(app, path, method, named, validate=False, **{TRACE: trace})
        assert {layer for layer, _ in trace.notes} <= {"static files"}
        return [text for _, text in trace.notes]

    return told


def missing(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return []


def test_a_file_is_told_with_its_place_and_its_coding(root, told):
    app = static_server(root)
    assert told(app, "/a.txt") == ["200: a.txt, held in memory"]
    assert told(static_server(root, memory=0), "/a.txt") == ["200: a.txt, opened for this answer"]
    assert told(app, "/app.js", Accept_Encoding="gzip") == [
        "200: app.js, held in memory; gzip of gzip, identity"
    ]
    assert told(app, "/app.js", Accept_Encoding="*, identity;q=0") == [
        "200: app.js, held in memory; gzip of gzip, identity"
    ]
    assert "suits Accept-Encoding" in told(app, "/app.js", Accept_Encoding="*;q=0")[0]


def test_conditions_and_ranges_are_told(root, told, ask):
    app = static_server(root)
    tag = ask(app, "/a.txt")["ETag"]
    assert told(app, "/a.txt", If_None_Match=tag) == [
        "304: what the client holds is current (If-None-Match)"
    ]
    assert told(app, "/a.txt", If_Match='"x"')[0].startswith("412: ")
    assert told(app, "/a.txt", Range="bytes=0-9") == ["206: a part, as Range asks: bytes 0-9/1000"]
    assert told(app, "/a.txt", Range="bytes=0-9,500-509") == ["206: several parts, as Range asks"]
    assert told(app, "/a.txt", Range="bytes=2000-") == [
        "416: bytes=2000- is not in it: bytes */1000"
    ]
    assert told(app, "/a.txt", Range="bytes=0-9", If_Range='"x"')[0].endswith(
        "Range does not count: If-Range names another state"
    )
    assert told(app, "/a.txt", Range="lines=1")[0].endswith("does not count: it cannot be read")


def test_redirects_listings_and_methods_are_told(root, told):
    app = static_server(root, listing=True)
    assert "a folder's own URL ends with a slash" in told(app, "/sub")[0]
    assert told(app, "/bare/") == ["200: the listing of a folder without an index"]
    assert told(app, "/a.txt", "POST") == ["405: files answer GET and HEAD, not POST"]
    assert told(app, "/a.txt", "OPTIONS") == ["204: the methods that a file answers"]
    assert told(app, "/none") == ["404: no such file when the files were looked at last"]
    assert told(static_server(root, lazy=9), "/none") == ["404: no such file"]


def test_what_is_passed_on_is_told_with_the_reason(root, told):
    layer = StaticMiddleware(missing, root, prefix="/static/")
    assert told(layer, "/static/none.css") == [
        "passed on: no such file when the files were looked at last"
    ]
    for path in ("/static/.env", "/static/../x", "/static/a//b"):
        assert told(layer, path) == ["passed on: a path that names nothing which may be served"]
    assert told(layer, "/static/a.txt", "POST") == [
        "passed on: files answer GET and HEAD, not POST"
    ]
    assert told(layer, "/page") == []


def test_the_fallback_page_is_told(root, told):
    layer = StaticMiddleware(missing, root, fallback="index.html")
    assert told(layer, "/any/page", Accept="text/html") == [
        "passed on: no such file when the files were looked at last",
        "200: the fallback page, for a request for HTML",
    ]
    server = static_server(root, fallback="index.html")
    assert told(server, "/any", Accept="text/html") == [
        "200: the fallback page, for a request for HTML"
    ]


def test_a_file_that_changed_is_told_as_it_is_now(tmp_path, told):
    (tmp_path / "f.txt").write_text("old")
    layer = StaticMiddleware(missing, tmp_path, keep=0)
    (tmp_path / "f.txt").write_text("new and longer")
    assert told(layer, "/f.txt") == ["200: f.txt, opened for this answer"]
    (tmp_path / "f.txt").unlink()
    assert told(layer, "/f.txt")[0].startswith("passed on: ")


class Counting(dict):
    """An environ that counts who asks for the trace."""

    asked = 0

    def __contains__(self, key):
        self.asked += key == TRACE
        return super().__contains__(key)

    def get(self, key, default=None):
        self.asked += key == TRACE
        return super().get(key, default)


@pytest.mark.parametrize("path", ["/a.txt", "/none", "/sub", "/a.txt/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_listening_costs_one_look_up(root, path, method):
    for app in (StaticMiddleware(missing, root), static_server(root)):
        environ = Counting(REQUEST_METHOD=method, PATH_INFO=path)
        app(environ, lambda *_: None)
        assert environ.asked == 1
