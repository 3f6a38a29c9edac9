from contextlib import ExitStack

import pytest

from tropea.core.layer import Layer
from tropea.core.testing import make_environ
from tropea.core.testing.serving import on_waitress
from tropea.inspector import inspect

KEY = "k" * 32


class Answer:
    def __init__(self, app, path, **environ):
        self.environ = make_environ(path, HTTP_HOST="localhost", **environ)
        body = app(self.environ, self.start)
        try:
            self.body = b"".join(body)
        finally:
            if hasattr(body, "close"):
                body.close()

    def start(self, status, fields, exc_info=None):
        self.status, self.fields = status, fields
        self.headers = dict(fields)

    @property
    def text(self):
        return self.body.decode()


@pytest.fixture
def call():
    return Answer


@pytest.fixture
def serve():
    """Run an application on waitress, on a free port of this machine; return its address."""
    with ExitStack() as servers:
        yield lambda app: servers.enter_context(on_waitress(app, threads=8))


class Stamp(Layer):
    """Adds a field and a key."""

    def __call__(self, environ, start_response):
        environ["stamp.seen"] = True

        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, ("X-Stamp", "yes")])

        return self.app(environ, start)


@pytest.fixture
def stamp():
    return Stamp


@pytest.fixture
def inspected():
    """Make an inspected stack, and the environ key that opens its pages."""

    def make(app, **options):
        layer = inspect(app, key=KEY, announce=False, **options)
        return layer, {"HTTP_COOKIE": layer.gate.set_cookie.partition(";")[0]}

    return make
