"""currentrequest() and request-wide values: there while a request is, wherever it runs."""

from __future__ import annotations

import contextvars
import gc
import io
import threading
import weakref
from wsgiref.util import FileWrapper

import pytest
from tropea.core import (
    Request,
    RegistryMiddleware,
    Response,
    currentrequest,
    pipeline,
    registry,
    to_wsgi,
)
from tropea.core.context import NoRegistry
from tropea.core.testing import Server, TestApp, call, make_environ


def path_of_current():
    request = currentrequest()
    return "none" if request is None else request.environ["PATH_INFO"]


def in_thread(action):
    result = []
    thread = threading.Thread(target=lambda: result.append(action()))
    thread.start()
    thread.join()
    return result[0]


def test_outside_a_request_there_is_none():
    assert currentrequest() is None
    TestApp(to_wsgi(lambda request: "x")).get()
    assert currentrequest() is None


def test_inside_a_handler_it_is_the_handlers_own():
    seen = []

    @to_wsgi
    def handler(request):
        seen.append(currentrequest() is request)
        return "x"

    TestApp(handler).get()
    assert seen == [True]


def test_after_an_exception_there_is_none():
    def handler(request):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        TestApp(to_wsgi(handler)).get()
    assert currentrequest() is None


@pytest.mark.parametrize("layers", [[], [RegistryMiddleware]])
@pytest.mark.parametrize("lazy", [False, True])
def test_streaming_steps_and_close_see_it_in_other_threads_too(layers, lazy):
    seen = []

    @to_wsgi(lazy=lazy)
    def handler(request):
        def blocks():
            for _ in range(3):
                yield path_of_current()

        return Response(blocks(), onclose=lambda: seen.append(path_of_current()))

    body = pipeline(*layers, handler)(make_environ("/mine"), Server().start_response)
    steps = iter(body)
    blocks = [in_thread(lambda: next(steps)) for _ in range(3)]
    assert blocks == [b"/mine"] * 3
    in_thread(body.close)
    assert seen == ["/mine"]
    assert currentrequest() is None


def test_two_streams_in_one_thread_do_not_mix():
    @to_wsgi
    def handler(request):
        return (path_of_current() for _ in range(2))

    one = iter(handler(make_environ("/1"), Server().start_response))
    two = iter(handler(make_environ("/2"), Server().start_response))
    assert [next(one), next(two), next(one), next(two)] == [b"/1", b"/2", b"/1", b"/2"]


def test_a_request_within_a_request_hides_the_outer_one_for_as_long_as_it_lasts():
    inner = to_wsgi(lambda request: path_of_current())

    @to_wsgi
    def outer(request):
        answer = call(inner, make_environ("/inner"))
        return f"{answer.body.decode()} {path_of_current()}"

    assert TestApp(outer).get("/outer").body == b"/inner /outer"


def test_lists_tuples_and_file_wrappers_are_not_wrapped():
    def as_is(body):
        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return body

        return app

    environ = {"wsgi.file_wrapper": FileWrapper}
    for body in ([b"x"], (b"x",), FileWrapper(io.BytesIO(b"x"))):
        for app in (
            RegistryMiddleware(as_is(body)),
            to_wsgi(lambda request, body=body: as_is(body)),
        ):
            assert app(make_environ(**environ), Server().start_response) is body


def test_request_wide_values_last_until_the_body_is_closed_and_no_longer():
    class Thing:
        pass

    things = []

    def app(environ, start_response):
        thing = Thing()
        registry()["thing"] = thing
        things.append(weakref.ref(thing))
        del thing
        start_response("200 OK", [("Content-Type", "text/plain")])

        def blocks():
            yield type(registry()["thing"]).__name__.encode()

        return blocks()

    body = RegistryMiddleware(app)(make_environ(), Server().start_response)
    assert b"".join(body) == b"Thing"
    assert things[0]() is not None
    body.close()
    del body
    gc.collect()
    assert things[0]() is None


def test_values_of_one_request_are_not_those_of_another():
    def app(environ, start_response):
        registry().setdefault("path", environ["PATH_INFO"])
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [registry()["path"].encode()]

    layer = RegistryMiddleware(app)
    assert [call(layer, make_environ(path)).body for path in ("/1", "/2")] == [b"/1", b"/2"]


def test_without_a_registry_layer_the_error_says_what_to_do():
    with pytest.raises(NoRegistry, match="RegistryMiddleware"):
        registry()


def test_context_variables_of_the_application_stay_in_their_request():
    variable = contextvars.ContextVar("variable", default="untouched")

    def app(environ, start_response):
        variable.set("touched")
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (variable.get().encode() for _ in range(1))

    assert call(RegistryMiddleware(app), make_environ()).body == b"touched"
    assert variable.get() == "untouched"


def test_currentrequest_is_there_for_other_layers_inside_the_registry():
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        assert currentrequest() is Request.of(environ)
        return [path_of_current().encode()]

    assert TestApp(RegistryMiddleware(app)).get("/x").body == b"/x"


def test_greenlets_keep_their_requests_apart():
    greenlet = pytest.importorskip("greenlet", reason="greenlet is not installed")

    @to_wsgi
    def handler(request):
        def blocks():
            for _ in range(2):
                greenlet.getcurrent().parent.switch()
                yield path_of_current()

        return blocks()

    answers = {}

    def run(path):
        answers[path] = call(RegistryMiddleware(handler), make_environ(path)).body

    tasks = [greenlet.greenlet(lambda path=path: run(path)) for path in ("/1", "/2")]
    while not all(task.dead for task in tasks):
        for task in tasks:
            if not task.dead:
                task.switch()
    assert answers == {"/1": b"/1/1", "/2": b"/2/2"}
