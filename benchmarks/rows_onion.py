"""The whole onion beside its peers: what all the layers together cost a request.

Rewriting with 100 rules, static files, conditional requests, a session, 100 routes and a view.
Second row: the session is read and the client holds the current tag (304).
"""

import atexit
import tempfile
from pathlib import Path

from timing import WSGI_FLOOR, Row, Target, wsgi

RULES, ROUTES = 100, 100
PAGE = b"hello 42"
FOLDER = tempfile.TemporaryDirectory(prefix="tropea-bench-")
atexit.register(FOLDER.cleanup)
ROOT = Path(FOLDER.name)
(ROOT / "site.css").write_text("body { margin: 0 }")


def ours(session_read=False):
    from tropea.caching import etag_middleware
    from tropea.core import Response, pipeline
    from tropea.dispatch import dispatcher_app
    from tropea.rewrite import Rule, urlrewriter
    from tropea.sessions import MemoryStore, SessionMiddleware
    from tropea.static import StaticMiddleware

    site = dispatcher_app()

    def view(request, number):
        if session_read:
            request.session.get("visits")
        return Response(b"hello " + number.encode(), content_type="text/plain")

    def tagged(request, number):
        response = view(request, number)
        return response.add_header("ETag", '"v1"')

    for route in range(ROUTES):
        site.match(f"/section{route}/<number>", GET=tagged if session_read else view)
    rules = [Rule(rf"/old{n}/(?P<rest>.*)", f"/section{n}/{{rest}}") for n in range(RULES)]
    return pipeline(
        urlrewriter(rules=rules),
        StaticMiddleware.layer(str(ROOT), "/static/"),
        etag_middleware(),
        SessionMiddleware.layer(MemoryStore(), secure=False),
        site,
    )


def falcon_alone():
    import falcon

    class View:
        def on_get(self, request, response, number):
            response.data = b"hello " + number.encode()
            response.content_type = "text/plain"

    app = falcon.App()
    for route in range(ROUTES):
        app.add_route(f"/section{route}/{{number}}", View())
    return app


def falcon_with_layers(session_read=False):
    import re

    import falcon
    import webob
    from beaker.middleware import SessionMiddleware
    from whitenoise import WhiteNoise

    class View:
        def on_get(self, request, response, number):
            if session_read:
                request.env["beaker.session"].get("visits")
                response.set_header("ETag", '"v1"')
            response.data = b"hello " + number.encode()
            response.content_type = "text/plain"

    app = falcon.App()
    for route in range(ROUTES):
        app.add_route(f"/section{route}/{{number}}", View())
    session = SessionMiddleware(app, {"session.type": "memory", "session.auto": False})

    def conditional(environ, start_response):
        response = webob.Request(environ).get_response(session)
        response.conditional_response = True
        return response(environ, start_response)

    static = WhiteNoise(conditional, str(ROOT), prefix="static")
    rules = [(re.compile(rf"/old{n}/(.*)"), rf"/section{n}/\1") for n in range(RULES)]

    def rewrite(environ, start_response):
        path = environ["PATH_INFO"]
        for pattern, template in rules:
            match = pattern.fullmatch(path)
            if match:
                environ["PATH_INFO"] = match.expand(template)
                break
        return static(environ, start_response)

    return rewrite


def flask_alone():
    import flask

    app = flask.Flask("bench")
    for route in range(ROUTES):
        app.add_url_rule(
            f"/section{route}/<number>", f"view{route}",
            lambda number: flask.Response(b"hello " + number.encode(), content_type="text/plain"),
        )  # fmt: skip
    return app


def rows():
    peers = "falcon with layers"
    given = (
        "falcon with layers has Beaker's memory backend with auto off, webob's conditional response as a layer, "
        "WhiteNoise, and a loop over compiled rules around it; falcon and flask alone have none, and do less"
    )
    yield Row(
        "whole onion", "session untouched, no rule fires",
        {
            "Tropea": lambda: wsgi(ours(), PATH_INFO="/section50/42"),
            "falcon alone": lambda: wsgi(falcon_alone(), PATH_INFO="/section50/42"),
            peers: lambda: wsgi(falcon_with_layers(), PATH_INFO="/section50/42"),
            "flask alone": lambda: wsgi(flask_alone(), PATH_INFO="/section50/42"),
        },
        ("200", PAGE), (Target(1.2, "falcon alone"), Target(0.3, peers)), given, WSGI_FLOOR,
    )  # fmt: skip
    fields = {"PATH_INFO": "/section50/42", "HTTP_IF_NONE_MATCH": '"v1"'}
    yield Row(
        "whole onion", "session read, the client holds the tag: 304",
        {
            "Tropea": lambda: wsgi(ours(session_read=True), **fields),
            peers: lambda: wsgi(falcon_with_layers(session_read=True), **fields),
        },
        ("304", b""), (Target(0.3, peers),), given, WSGI_FLOOR,
    )  # fmt: skip
