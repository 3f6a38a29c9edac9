"""Other people's applications, each with the same pages, for stacks of our layers around them."""

from __future__ import annotations

import pytest

TEXT = "text/plain; charset=utf-8"


def count(environ):
    """Count this visitor's visits in the session, as any application would."""
    from tropea.core import session

    visits = session(environ).get("visits", 0) + 1
    session(environ)["visits"] = visits
    return f"visits: {visits}"


def plain_app():
    from urllib.parse import parse_qs

    def app(environ, start_response):
        path, headers = environ["PATH_INFO"], [("Content-Type", TEXT)]
        status, text = "200 OK", f"path: {path}"
        if path == "/visits":
            text = count(environ)
        elif path == "/tagged":
            headers.append(("ETag", '"v1"'))
        elif path == "/form" and environ["REQUEST_METHOD"] == "POST":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
            text = f"name: {parse_qs(body)['name'][0]}"
        elif path != "/page":
            status = "404 Not Found"
        start_response(status, headers)
        return [text.encode()]

    return app


def flask_app():
    import flask

    app = flask.Flask("foreign")

    @app.get("/visits")
    def visits():
        return count(flask.request.environ), {"Content-Type": TEXT}

    @app.get("/tagged")
    def tagged():
        return "path: /tagged", {"Content-Type": TEXT, "ETag": '"v1"'}

    @app.get("/page")
    def page():
        return "path: /page", {"Content-Type": TEXT}

    @app.post("/form")
    def form():
        return f"name: {flask.request.form['name']}", {"Content-Type": TEXT}

    return app


def bottle_app():
    import bottle

    app = bottle.Bottle()

    @app.get("/visits")
    def visits():
        bottle.response.content_type = TEXT
        return count(bottle.request.environ)

    @app.get("/tagged")
    def tagged():
        bottle.response.content_type = TEXT
        bottle.response.set_header("ETag", '"v1"')
        return "path: /tagged"

    @app.get("/page")
    def page():
        bottle.response.content_type = TEXT
        return "path: /page"

    @app.post("/form")
    def form():
        bottle.response.content_type = TEXT
        return f"name: {bottle.request.forms.name}"

    return app


def falcon_app():
    import falcon

    app = falcon.App()

    class Page:
        def __init__(self, answer):
            self.answer = answer

        def on_get(self, request, response):
            response.content_type = TEXT
            response.text = self.answer(request, response)

    class Form:
        def on_post(self, request, response):
            response.content_type = TEXT
            response.text = f"name: {request.get_media()['name']}"

    def tagged(request, response):
        response.etag = "v1"
        return "path: /tagged"

    app.add_route("/visits", Page(lambda request, response: count(request.env)))
    app.add_route("/tagged", Page(tagged))
    app.add_route("/page", Page(lambda request, response: "path: /page"))
    app.add_route("/form", Form())
    return app


def pyramid_app():
    from pyramid.config import Configurator
    from pyramid.response import Response

    def text(body, **headers):
        return Response(body, content_type="text/plain", charset="utf-8", **headers)

    pages = {
        "visits": ("GET", lambda request: text(count(request.environ))),
        "tagged": ("GET", lambda request: text("path: /tagged", etag="v1")),
        "page": ("GET", lambda request: text("path: /page")),
        "form": ("POST", lambda request: text(f"name: {request.POST['name']}")),
    }
    with Configurator() as config:
        for name, (method, view) in pages.items():
            config.add_route(name, f"/{name}")
            config.add_view(view, route_name=name, request_method=method)
        return config.make_wsgi_app()


def django_app():
    import sys
    import types

    import django
    from django.conf import settings

    urls = types.ModuleType("foreign_django_urls")
    if not settings.configured:
        settings.configure(
            SECRET_KEY="a key for tests alone", ALLOWED_HOSTS=["*"], ROOT_URLCONF=urls.__name__,
            USE_TZ=True, MIDDLEWARE=[], LOGGING_CONFIG=None,
        )  # fmt: skip
        django.setup()
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpResponse
    from django.urls import path

    def text(body, **headers):
        return HttpResponse(body, content_type=TEXT, headers=headers)

    urls.urlpatterns = [
        path("visits", lambda request: text(count(request.environ))),
        path("tagged", lambda request: text("path: /tagged", ETag='"v1"')),
        path("page", lambda request: text("path: /page")),
        path("form", lambda request: text(f"name: {request.POST['name']}")),
    ]
    sys.modules[urls.__name__] = urls
    return WSGIHandler()


FOREIGN = {
    "plain": plain_app,
    "flask": flask_app,
    "django": django_app,
    "bottle": bottle_app,
    "falcon": falcon_app,
    "pyramid": pyramid_app,
}


@pytest.fixture(params=FOREIGN)
def foreign_app(request):
    """An application that somebody else's framework made."""
    return FOREIGN[request.param]()
