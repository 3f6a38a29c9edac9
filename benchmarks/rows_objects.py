"""Request and Response beside webob's, and what layers cost that do little or nothing."""

import json

from timing import WSGI_FLOOR, Row, Target, wsgi

FORM = b"name=Fred+Flintstone&email=fred%40example.com&age=42&comment=Yabba+dabba+doo"
JSON = b'{"name": "Fred", "tags": ["a", "b", "c"], "age": 42, "nested": {"x": 1.5, "y": null}}'
EXPECTED = json.loads(JSON)
EMPTY = ("200", b"")
FIELD = ("X-Content-Type-Options", "nosniff")


def page(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


def tropea_response():
    from tropea.core import Response

    return wsgi(lambda environ, start: Response("Hello, world!")(environ, start))


def webob_response():
    import webob

    return wsgi(lambda environ, start: webob.Response("Hello, world!")(environ, start))


def reading(request_class, read):
    """Time only what reading takes: the application makes a request, reads it and says nothing."""

    def app(environ, start_response):
        assert read(request_class(environ))
        start_response("200 OK", [])
        return ()

    return app


def tropea_request():
    from tropea.core import Request

    return Request


def webob_request():
    import webob

    return webob.Request


def read_form(request):
    return request.POST["email"] == "fred@example.com"


def read_json(request):
    return request.json == EXPECTED


def layers(count, kind):
    from tropea.core import Layer

    class Editing(Layer):
        def __call__(self, environ, start_response):
            def start(status, headers, exc_info=None):
                headers.append(FIELD)  # PEP 3333: whoever is handed the list may change it
                if exc_info is None:
                    return start_response(status, headers)
                return start_response(status, headers, exc_info)

            return self.app(environ, start)

    app = page
    for _ in range(count):
        app = (Editing if kind == "editing" else Layer)(app)
    return wsgi(app)


def closures(count, kind):
    """The same by hand, a function within a function for each layer."""

    def editing(inner):
        def app(environ, start_response):
            def start(status, headers, exc_info=None):
                headers.append(FIELD)
                if exc_info is None:
                    return start_response(status, headers)
                return start_response(status, headers, exc_info)

            return inner(environ, start)

        return app

    def nothing(inner):
        def app(environ, start_response):
            return inner(environ, start_response)

        return app

    app = page
    for _ in range(count):
        app = (editing if kind == "editing" else nothing)(app)
    return wsgi(app)


def rows():
    yield Row(
        "Response", "text, made and called", {"Tropea": tropea_response, "webob": webob_response},
        ("200", b"Hello, world!"), (Target(0.3, "webob"),), "the same arguments", WSGI_FLOOR,
    )  # fmt: skip
    for case, body, kind, read in (
        ("form", FORM, "application/x-www-form-urlencoded", read_form),
        ("JSON", JSON, "application/json", read_json),
    ):
        makers = {"Tropea": tropea_request, "webob": webob_request}
        yield Row(
            "request body", case,
            {n: lambda m=m, r=read, b=body, k=kind: wsgi(reading(m(), r), b, CONTENT_TYPE=k)
             for n, m in makers.items()},
            EMPTY, (Target(0.3, "webob"),), "the request is made and its body read, and compared",
            WSGI_FLOOR,
        )  # fmt: skip
    bare = wsgi(page)
    for case, count, kind, limit in (
        ("one that adds a field", 1, "editing", 0.25), ("seven that do nothing", 7, "nothing", 1.0),
    ):  # fmt: skip
        makers = {"Tropea": layers, "closures": closures}
        yield Row(
            "layers", case, {n: lambda m=m, c=count, k=kind: m(c, k) for n, m in makers.items()},
            ("200", b"hello"), (Target(limit),), "what they add to an application; closures by hand, as a measure and no peer",
            bare,
        )  # fmt: skip
