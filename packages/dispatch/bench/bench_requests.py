"""Whole requests: hello, a path parameter and JSON through handler, Request and Response.

CPU time of one request in µs beside raw WSGI, falcon and bottle, medians of interleaved rounds;
every answer is checked before it is timed.  Run: python packages/dispatch/bench/bench_requests.py
"""

from __future__ import annotations

import json
import statistics
import time
from wsgiref.util import setup_testing_defaults

from tropea.core.response import Response
from tropea.core.responses import JSONResponse
from tropea.dispatch import DispatcherApp

ROUNDS, NUMBER = 21, 1000
CASES = {
    "hello": ("/", b"Hello, world!"),
    "param": ("/users/42", b"user 42"),
    "json": ("/json", {"message": "Hello, world!"}),
}


def raw():
    def app(environ, start_response):
        path = environ["PATH_INFO"]
        kind = "text/html; charset=UTF-8"
        if path == "/":
            body = b"Hello, world!"
        elif path.startswith("/users/"):
            body = f"user {path.rpartition('/')[2]}".encode()
        else:
            body, kind = json.dumps({"message": "Hello, world!"}).encode(), "application/json"
        start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return app


def tropea():
    app = DispatcherApp()
    app.match("/", GET=lambda request: Response("Hello, world!"))
    app.match("/users/<id>", GET=lambda request, id: Response("user " + id))
    app.match("/json", GET=lambda request: JSONResponse({"message": "Hello, world!"}))
    return app


def tropea_values():
    """The same with plain values returned, which the dispatcher makes responses of."""
    app = DispatcherApp()
    app.match("/", GET=lambda request: "Hello, world!")
    app.match("/users/<id>", GET=lambda request, id: "user " + id)
    app.match("/json", GET=lambda request: {"message": "Hello, world!"})
    return app


def falcon():
    import falcon as library

    class Hello:
        def on_get(self, req, resp):
            resp.content_type = "text/html; charset=UTF-8"
            resp.text = "Hello, world!"

    class User:
        def on_get(self, req, resp, id):
            resp.content_type = "text/html; charset=UTF-8"
            resp.text = "user " + id

    class Json:
        def on_get(self, req, resp):
            resp.media = {"message": "Hello, world!"}

    app = library.App()
    app.add_route("/", Hello())
    app.add_route("/users/{id}", User())
    app.add_route("/json", Json())
    return app


def bottle():
    import bottle as library

    app = library.Bottle()
    app.route("/")(lambda: "Hello, world!")
    app.route("/users/<id>")(lambda id: "user " + id)
    app.route("/json")(lambda: {"message": "Hello, world!"})
    return app


APPS = {"raw": raw, "tropea": tropea, "values": tropea_values, "falcon": falcon, "bottle": bottle}


def environ_of(path):
    environ = {
        "PATH_INFO": path,
        "HTTP_HOST": "localhost",
        "HTTP_ACCEPT": "*/*",
        "QUERY_STRING": "",
    }
    setup_testing_defaults(environ)
    return environ


def check(app, path, expected):
    heads = []
    body = app(
        environ_of(path), lambda status, headers, exc_info=None: heads.append((status, headers))
    )
    data = b"".join(body)
    assert heads[0][0] == "200 OK", heads
    assert dict(heads[0][1]).get("Content-Length", dict(heads[0][1]).get("content-length")) == str(
        len(data)
    )
    assert (json.loads(data) if isinstance(expected, dict) else data) == expected, data


def timed(app, template):
    start_response = lambda status, headers, exc_info=None: None  # noqa: E731
    environs = [dict(template) for _ in range(NUMBER)]  # a server's work, not the application's
    begin = time.process_time()
    for environ in environs:
        for block in app(environ, start_response):
            len(block)
    return (time.process_time() - begin) / NUMBER * 1e6


def main():
    apps = {name: make() for name, make in APPS.items()}
    print(f"{'':<7}" + "".join(f"{name:>9}" for name in apps) + "   tropea/falcon   values/falcon")
    for case, (path, expected) in CASES.items():
        template = environ_of(path)
        for app in apps.values():
            check(app, path, expected)
        results = {name: [] for name in apps}
        for _ in range(ROUNDS):
            for name, app in apps.items():
                results[name].append(timed(app, template))
        medians = {name: statistics.median(values) for name, values in results.items()}
        row = "".join(f"{medians[name]:>9.2f}" for name in apps)
        ours, values = medians["tropea"] / medians["falcon"], medians["values"] / medians["falcon"]
        print(f"{case:<7}{row}   {ours:.2f}            {values:.2f}", flush=True)


if __name__ == "__main__":
    main()
