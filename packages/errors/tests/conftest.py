import io
import sys

import pytest


class Call:
    """One request, as a server sees it: the head may be replaced until a block was sent."""

    def __init__(self, app, path="/", method="GET", **environ):
        self.environ = {
            "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "",
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost",
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": False,
            "wsgi.run_once": False, **environ,
        }  # fmt: skip
        self.heads, self.sent, self.raised = [], [], None
        body = None
        try:
            body = app(self.environ, self.start)
            for block in body:
                if block:
                    assert self.heads, "a block before start_response"
                    self.sent.append(block)
        except Exception as error:
            self.raised = error
        finally:
            if hasattr(body, "close"):
                body.close()

    def start(self, status, headers, exc_info=None):
        try:
            if exc_info and self.sent:
                raise exc_info[1].with_traceback(exc_info[2])
            assert exc_info or not self.heads, "start_response twice without exc_info"
            self.heads.append((status, headers))
        finally:
            exc_info = None
        return self.sent.append

    @property
    def status(self):
        return self.heads[-1][0]

    @property
    def headers(self):
        return dict(self.heads[-1][1])

    @property
    def body(self):
        return b"".join(self.sent)


@pytest.fixture
def call():
    return Call


class Body:
    def __init__(self, *blocks, closing=None):
        self.blocks, self.closing, self.closed = blocks, closing, 0

    def __iter__(self):
        for block in self.blocks:
            if isinstance(block, BaseException):
                raise block
            yield block

    def close(self):
        self.closed += 1
        if self.closing:
            raise self.closing


@pytest.fixture
def body_of():
    return Body


@pytest.fixture
def answering():
    """Make an application that answers with a status, fields and a body."""

    def make(status="200 OK", *fields, body=(b"hello",)):
        def app(environ, start_response):
            start_response(status, [("Content-Type", "text/plain"), *fields])
            return body

        return app

    return make
