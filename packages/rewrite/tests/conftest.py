from wsgiref.util import setup_testing_defaults

import pytest


class Seen:
    """What came back, and the environ the application saw (None when it was not called)."""

    def __init__(self, status, headers, body, environ):
        self.status, self.headers, self.body, self.environ = int(status[:3]), headers, body, environ

    @property
    def location(self):
        return dict(self.headers).get("Location")

    @property
    def path(self):
        return self.environ["PATH_INFO"]

    @property
    def query(self):
        return self.environ.get("QUERY_STRING", "")


@pytest.fixture
def run():
    """Send a request through a layer around an application that answers 200."""

    def run(layer, path="/", query="", method="GET", headers=None, **extra):
        seen = []

        def app(environ, start_response):
            seen.append(environ)
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"app"]

        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, **extra}
        for name, value in (headers or {}).items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        setup_testing_defaults(environ)
        sent = []

        def start_response(status, fields, exc_info=None):
            sent[:] = [status, fields]
            return lambda data: None

        stack = layer(app) if callable(layer) and not hasattr(layer, "app") else layer
        if stack is layer:
            stack.app = app
        body = b"".join(stack(environ, start_response))
        return Seen(*sent, body, seen[0] if seen else None)

    return run
