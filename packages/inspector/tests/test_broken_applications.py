"""Whatever an application does wrong, being watched changes nothing of it."""

from wsgiref.util import setup_testing_defaults

import pytest

from tropea.inspector import inspect


class NoRepr:
    def __repr__(self):
        raise RuntimeError("no repr")


class NoTruth:
    def __bool__(self):
        raise RuntimeError("no truth")


class NoItems(dict):
    def items(self):
        raise RuntimeError("no items")

    __iter__ = __len__ = items


def answering(headers=(), status="200 OK"):
    def app(environ, start_response):
        start_response(status, list(headers))
        return [b"x"]

    return app


class Setting:
    """A layer that puts something odd into the environ."""

    def __init__(self, key, value):
        self.app, self.key, self.value = answering(), key, value

    def __call__(self, environ, start_response):
        environ[self.key] = self.value
        return self.app(environ, start_response)


def call(app, path="/", **extra):
    environ = {"PATH_INFO": path, "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost", **extra}
    setup_testing_defaults(environ)
    sent = []
    body = app(environ, lambda *head: sent.append(head[:2]))
    try:
        return sent, b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()


ODD = {
    "a field of an int": answering([("X", 1)]),
    "a cookie of an int": answering([("Set-Cookie", 5)]),
    "a secret of an int": answering([("X-Api-Key", 5)]),
    "a field without a value": answering([("Set-Cookie", None)]),
    "a field of bytes": answering([(b"X", b"y")]),
    "a name of an int": answering([(1, "y")]),
    "a field of three": answering([("a", "b", "c")]),
    "a status of an int": answering(status=200),
    "a status of bytes": answering(status=b"200 OK"),
    "no status": answering(status=None),
    **{
        f"{type(value).__name__} as {key}": Setting(key, value)
        for value in (NoRepr(), NoTruth(), NoItems(a=1))
        for key in ("tropea.session", "tropea.route", "wsgiorg.routing_args", "x.y", "QUERY_STRING")
    },
}


@pytest.mark.parametrize("name", ODD)
def test_what_cannot_be_shown_is_answered_as_without_us(name):
    app = ODD[name]
    watched = inspect(Setting("x.z", 1), key="k" * 16, announce=False, always=True)
    watched.stop()
    watched.app = app
    watched.listen()
    assert call(watched) == call(app)
    cookie = watched.gate.set_cookie.partition(";")[0]
    for place in ("", "data", "requests/1", "data/requests/1"):
        status = call(watched, f"/__onion__/{place}", HTTP_COOKIE=cookie)[0][0][0]
        assert status[:3] in {"200", "404"}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "G\u0045T "])
def test_the_page_is_read_and_told_what_to_do_by_no_other_method(method):
    watched = inspect(answering(), key="k" * 16, announce=False)
    cookie = watched.gate.set_cookie.partition(";")[0]
    ((status, fields),), body = call(
        watched, "/__onion__/clear", HTTP_COOKIE=cookie, REQUEST_METHOD=method
    )
    assert (status, dict(fields)["Allow"], body) == (
        "405 Method Not Allowed", "GET, HEAD, POST", b"",
    )  # fmt: skip
    assert not watched.listening
