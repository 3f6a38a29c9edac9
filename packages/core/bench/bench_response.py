"""CPU time of answering, ours beside webob's and others', and what a layer adds.

    python packages/core/bench/bench_response.py [rounds]

Every row answers the same with each library, which is checked before anything is timed.  Rounds are
interleaved, so that a busy machine slows all alike; figures are medians of the rounds, in microseconds
of CPU time.  The cost of the loop and of an environ is measured too and taken off.
"""

import gc
import json
import statistics
import sys
import time
import warnings
from io import BytesIO

warnings.simplefilter("ignore")

import falcon
import webob
import webob.exc

from tropea.core import Cookie, JSONResponse, Layer, NotFound, RegistryMiddleware, Response, to_wsgi
from tropea.core.filters import Each, OutputFilter

ROUND = 20_000
#: What making and calling webob's Response costs where the targets in µs come from.
REFERENCE = 2.12
ENVIRON = {
    "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/hello", "QUERY_STRING": "", "SERVER_NAME": "localhost",
    "SERVER_PORT": "8080", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost:8080", "wsgi.url_scheme": "http",
    "wsgi.input": BytesIO(), "wsgi.errors": sys.stderr, "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
}  # fmt: skip
DATA = {"name": "Fred", "tags": ["a", "b", "c"], "age": 42, "nested": {"x": 1.5, "y": None}}


def start_response(status, headers, exc_info=None):
    pass


def answer(app):
    said = []
    body = app(
        dict(ENVIRON), lambda status, headers, exc_info=None: said.append((status, dict(headers)))
    )
    return said[0][0], said[0][1].get("Content-Length"), b"".join(body)


def raw(environ, start_response):
    start_response(
        "200 OK", [("Content-Type", "text/html; charset=UTF-8"), ("Content-Length", "5")]
    )
    return [b"hello"]


def falcon_app():
    class Hello:
        def on_get(self, request, response):
            response.text = "hello"

    app = falcon.App()
    app.add_route("/hello", Hello())
    return app


def responses():
    """Name, {library: application}, target against webob."""
    page = "<p>hello</p>" * 10
    yield "Response made and called", {
        "ours": lambda e, s: Response(page)(e, s), "webob": lambda e, s: webob.Response(page)(e, s),
    }, 0.3  # fmt: skip
    yield "of a list of blocks", {
        "ours": lambda e, s: Response([page, page])(e, s),
        "webob": lambda e, s: webob.Response(app_iter=[page.encode(), page.encode()])(e, s),
    }, None  # fmt: skip
    yield "with status and two fields", {
        "ours": lambda e, s: Response(page, 404, x_a="1", cache_control="no-cache")(e, s),
        "webob": lambda e, s: webob.Response(
            page, 404, headerlist=[("Content-Type", "text/html; charset=UTF-8"), ("X-A", "1"), ("Cache-Control", "no-cache")]
        )(e, s),
    }, None  # fmt: skip
    yield "JSON", {
        "ours": lambda e, s: JSONResponse(DATA)(e, s), "webob": lambda e, s: webob.Response(json=DATA)(e, s),
        "raw": lambda e, s: s("200 OK", []) or [json.dumps(DATA).encode()],
    }, None  # fmt: skip
    yield "one cookie", {
        "ours": lambda e, s: Response(page).add_cookie(Cookie("a", "1", path="/", http_only=True))(e, s),
        "webob": lambda e, s: (lambda r: (r.set_cookie("a", "1", httponly=True), r)[1])(webob.Response(page))(e, s),
    }, None  # fmt: skip
    yield "404 by exception", {
        "ours": lambda e, s: NotFound("x")(e, s), "webob": lambda e, s: webob.exc.HTTPNotFound("x")(e, s),
    }, None  # fmt: skip
    yield "to_wsgi, hello", {
        "ours": to_wsgi(lambda request: "hello"), "raw": raw, "falcon": falcon_app(),
    }, None  # fmt: skip


class Nothing(Layer):
    """The layer that every layer starts from."""


class Editing(Layer):
    """Adds a field to every response."""

    def __call__(self, environ, start_response):
        def start(status, headers, exc_info=None):
            headers = [*headers, ("X-Content-Type-Options", "nosniff")]
            if exc_info is None:
                return start_response(status, headers)
            return start_response(status, headers, exc_info)

        return self.app(environ, start)


def closure(app):
    """The least that editing a head can cost."""

    def layer(environ, start_response):
        def start(status, headers, exc_info=None):
            headers.append(("X-Content-Type-Options", "nosniff"))
            if exc_info is None:
                return start_response(status, headers)
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return layer


class Idle(OutputFilter):
    """Looks at every head and filters no body."""


class Upper(OutputFilter):
    def begin(self, environ, head):
        return Each(bytes.upper)


def stacked(layer, count):
    app = raw
    for _ in range(count):
        app = layer(app)
    return app


LAYERS = [
    ("seven do-nothing layers", stacked(Nothing, 7), 1.0),
    ("one header-editing layer", stacked(Editing, 1), 0.25),
    ("the least an edit can cost", stacked(closure, 1), None),
    ("registry", stacked(RegistryMiddleware, 1), None),
    ("output filter, idle", stacked(Idle, 1), None),
    ("output filter, one block", stacked(Upper, 1), None),
]


def timed(app):
    gc.collect()
    environ, start = dict(ENVIRON), time.process_time()
    for _ in range(ROUND):
        for _ in app(environ, start_response):
            pass
    return (time.process_time() - start) / ROUND * 1e6


def empty(environ, start_response):
    return ()


def measure(apps, rounds):
    figures = {name: [] for name in apps}
    for _ in range(rounds):
        for name, app in apps.items():
            figures[name].append(timed(app))
    return {name: statistics.median(values) for name, values in figures.items()}


def main(rounds=15):
    print(
        f"Python {sys.version.split()[0]}, falcon {falcon.__version__}; µs of CPU, medians of {rounds} rounds"
    )
    print(f"{'':30}{'ours':>8}{'webob':>8}{'falcon':>8}{'raw':>8}   ours/webob")
    for name, apps, limit in responses():
        answers = {library: answer(app)[0] for library, app in apps.items()}
        assert len(set(answers.values())) == 1, f"{name}: {answers}"
        if name.startswith(("Response", "with")):
            assert answer(apps["ours"])[1:] == answer(apps["webob"])[1:], name
        found = measure({"empty": empty, **apps}, rounds)
        spent = {library: found[library] - found["empty"] for library in apps}
        columns = "".join(
            f"{spent[l]:8.2f}" if l in spent else " " * 8
            for l in ("ours", "webob", "falcon", "raw")
        )
        ratio = spent["ours"] / spent["webob"] if "webob" in spent else None
        told = "" if limit is None else f"{'met' if ratio <= limit else 'MISSED'}: {limit} x webob"
        print(f"{name:30}{columns}   {'' if ratio is None else format(ratio, '10.2f'):>10}  {told}")
    print(
        f"\n{'added by':30}{'µs':>8}{'scaled':>8}   scaled: as where webob's Response costs {REFERENCE} µs"
    )
    webob_page = lambda e, s: webob.Response("<p>hello</p>" * 10)(e, s)
    apps = {"raw": raw, **{name: app for name, app, _ in LAYERS}}
    for name, app in apps.items():
        assert answer(app)[2].lower() == b"hello", name
    found = measure({"empty": empty, "webob": webob_page, **apps}, rounds)
    for name, _, limit in LAYERS:
        added = found[name] - found["raw"]
        scaled = added * REFERENCE / (found["webob"] - found["empty"])
        told = "" if limit is None else f"{'met' if scaled <= limit else 'MISSED'}: {limit} µs"
        print(f"{name:30}{added:8.2f}{scaled:8.2f}   {told}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
