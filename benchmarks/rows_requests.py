"""Whole requests: a page, a path parameter, JSON, a query, a form."""

import json

from timing import WSGI_FLOOR, Row, Target, wsgi

FORM = b"name=Fred+Flintstone&email=fred%40example.com&age=42&comment=Yabba+dabba+doo"
URLENCODED = "application/x-www-form-urlencoded"
KIND = "text/html; charset=UTF-8"


def tropea():
    from tropea.core import JSONResponse, Response
    from tropea.dispatch import dispatcher_app

    app = dispatcher_app()
    app.match("/", GET=lambda request: Response("Hello, world!"))
    app.match("/users/<id>", GET=lambda request, id: Response("user " + id))
    app.match("/json", GET=lambda request: JSONResponse({"message": "Hello, world!"}))
    app.match("/search", GET=lambda request: Response("for " + request.query["name"]))
    app.match("/form", POST=lambda request: Response("for " + request.form["name"]))
    return app


def falcon():
    import falcon as library

    class Hello:
        def on_get(self, request, response):
            response.content_type = KIND
            response.text = "Hello, world!"

    class User:
        def on_get(self, request, response, id):
            response.content_type = KIND
            response.text = "user " + id

    class Json:
        def on_get(self, request, response):
            response.media = {"message": "Hello, world!"}

    class Search:
        def on_get(self, request, response):
            response.content_type = KIND
            response.text = "for " + request.get_param("name")

        def on_post(self, request, response):
            response.content_type = KIND
            response.text = "for " + request.get_media()["name"]

    app = library.App()
    for path, resource in (
        ("/", Hello()), ("/users/{id}", User()), ("/json", Json()),
        ("/search", Search()), ("/form", Search()),
    ):  # fmt: skip
        app.add_route(path, resource)
    return app


def bottle():
    import bottle as library

    app = library.Bottle()
    app.route("/")(lambda: "Hello, world!")
    app.route("/users/<id>")(lambda id: "user " + id)
    app.route("/json")(lambda: {"message": "Hello, world!"})
    app.route("/search")(lambda: "for " + library.request.query.name)
    app.post("/form")(lambda: "for " + library.request.forms.name)
    return app


def flask():
    import flask as library

    app = library.Flask("bench")
    app.json.compact = False
    app.add_url_rule("/", "hello", lambda: "Hello, world!")
    app.add_url_rule("/users/<id>", "user", lambda id: "user " + id)
    app.add_url_rule("/search", "search", lambda: "for " + library.request.args["name"])
    app.add_url_rule(
        "/form", "form", lambda: "for " + library.request.form["name"], methods=["POST"]
    )
    app.add_url_rule(
        "/json",
        "json",
        lambda: library.Response(
            json.dumps({"message": "Hello, world!"}), content_type="application/json"
        ),
    )
    return app


def pyramid():
    from pyramid.config import Configurator
    from pyramid.response import Response

    views = {
        "/": lambda context, request: Response("Hello, world!"),
        "/users/{id}": lambda context, request: Response("user " + request.matchdict["id"]),
        "/json": lambda context, request: Response(json={"message": "Hello, world!"}),
        "/search": lambda context, request: Response("for " + request.GET["name"]),
        "/form": lambda context, request: Response("for " + request.POST["name"]),
    }
    with Configurator() as config:
        for path, view in views.items():
            config.add_route(path, path)
            config.add_view(view, route_name=path)
        return config.make_wsgi_app()


def fresco():
    from fresco import FrescoApp, GET, POST, Response, context

    def form():
        return Response("for " + context.request.form["name"])

    def search():
        return Response("for " + context.request.query["name"])

    app = FrescoApp()
    app.route("/", GET, lambda: Response("Hello, world!"))
    app.route("/users/<id:str>", GET, lambda id: Response("user " + id))
    app.route("/json", GET, lambda: Response.json({"message": "Hello, world!"}))
    app.route("/search", GET, search)
    app.route("/form", POST, form)
    return app


def raw():
    """By hand, for the measure: what the dispatcher, Request and Response cost is above this."""
    from urllib.parse import parse_qs

    def app(environ, start_response):
        path, kind = environ["PATH_INFO"], KIND
        if path == "/":
            body = b"Hello, world!"
        elif path.startswith("/users/"):
            body = ("user " + path[7:]).encode()
        elif path == "/json":
            body, kind = json.dumps({"message": "Hello, world!"}).encode(), "application/json"
        elif path == "/search":
            body = ("for " + parse_qs(environ["QUERY_STRING"])["name"][0]).encode()
        else:
            data = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
            body = ("for " + parse_qs(data)["name"][0]).encode()
        start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return app


APPS = {
    "Tropea": tropea, "raw WSGI": raw, "falcon": falcon, "fresco": fresco, "bottle": bottle, "pyramid": pyramid,
    "flask": flask,
}  # fmt: skip
#: Their JSON is another text, without the blanks that json.dumps writes.
NO_BLANKS = ("pyramid", "fresco")
CASES = {
    "hello": (0.6, b"Hello, world!", {"PATH_INFO": "/"}),
    "path parameter": (0.6, b"user 42", {"PATH_INFO": "/users/42"}),
    "JSON": (0.6, b'{"message": "Hello, world!"}', {"PATH_INFO": "/json"}),
    "query": (1.2, b"for Fred", {"PATH_INFO": "/search", "QUERY_STRING": "name=Fred&page=2"}),
    "form": (
        1.2,
        b"for Fred Flintstone",
        {"PATH_INFO": "/form", "CONTENT_TYPE": URLENCODED, "body": FORM},
    ),
}


def rows():
    for case, (limit, data, fields) in CASES.items():
        names = [n for n in APPS if not (case == "JSON" and n in NO_BLANKS)]
        yield Row(
            "whole request", case,
            {n: lambda n=n, fields=fields: wsgi(APPS[n](), **fields) for n in names},
            ("200", data), (Target(limit, "falcon"),),
            "each framework's dispatcher, request and response, as its manual writes them; raw WSGI "
            "is written by hand, as a measure and no peer; "
            "falcon's wheel has Cython helpers",
            WSGI_FLOOR,
        )  # fmt: skip
