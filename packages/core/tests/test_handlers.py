"""Handlers as WSGI applications: what may be one, what it may return, what happens when it raises.

Oracles: recorded answers of Pesto 25 and PoorWSGI 2.8.1, with our deliberate differences.
"""

from __future__ import annotations

import collections
import functools
import io
import json

import pytest
import webob
import webob.exc
from hypothesis import given
from tropea.core import HandlerResultError, JSONResponse, NotFound, Request, Response, to_wsgi
from tropea.core.coercion import as_application
from tropea.core.handlers import is_wsgi_application
from tropea.core.testing import LayerContract, Server, TestApp, call, make_environ, strategies


def returned(value, **options):
    return TestApp(to_wsgi(lambda request: value, **options)).get()


# -- what may be a handler


class Counter:
    def __init__(self, n):
        self.n = n

    @to_wsgi
    def decorated(self, request):
        self.n += 1
        return str(self.n)

    def plain(self, request):
        return f"plain {self.n}"

    def __call__(self, request):
        return f"called {self.n}"

    @staticmethod
    def free(request):
        return "static"

    @classmethod
    def made(cls, request):
        return cls.__name__


def test_methods_are_bound_to_each_instance():
    first, second = Counter(1), Counter(100)
    assert TestApp(first.decorated).get().body == b"2"
    assert TestApp(second.decorated).get().body == b"101"
    assert TestApp(first.decorated).get().body == b"3"


@pytest.mark.parametrize(
    ("handler", "body"),
    [
        (Counter(5).plain, b"plain 5"),
        (Counter(5), b"called 5"),
        (Counter.free, b"static"),
        (Counter.made, b"Counter"),
        (functools.partial(lambda word, request: word, "partial"), b"partial"),
        (lambda request: "function", b"function"),
        (lambda request: (c for c in "gen"), b"gen"),
    ],
)
def test_anything_that_can_be_called_with_a_request_is_a_handler(handler, body):
    assert TestApp(to_wsgi(handler)).get().body == body


def test_a_generator_function_is_a_handler():
    def handler(request):
        for i in range(3):
            yield b"%d -> %x\n" % (i, i)

    assert TestApp(to_wsgi(handler)).get().body == b"0 -> 0\n1 -> 1\n2 -> 2\n"


class ForeignApp:
    def __call__(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"foreign"]

    def wsgi(self, environ, start_response):
        return self(environ, start_response)


class PEP3333Class:
    """An application that is a class, as PEP 3333 shows one."""

    def __init__(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])

    def __iter__(self):
        yield b"class"


def foreign(env, start):
    return ForeignApp()(env, start)


@pytest.mark.parametrize(
    "app",
    [
        ForeignApp(),
        ForeignApp().wsgi,
        PEP3333Class,
        foreign,
        Response("x"),
        webob.Response("x"),
        NotFound(),
    ],
)
def test_wsgi_applications_come_back_as_they_are(app):
    assert to_wsgi(app) is app
    assert to_wsgi(to_wsgi(app)) is app


def test_to_wsgi_is_idempotent_and_keeps_the_handlers_name():
    def handler(request):
        """Say so."""

    app = to_wsgi(handler)
    assert to_wsgi(app) is app
    assert (app.__name__, app.__doc__) == ("handler", "Say so.")
    assert is_wsgi_application(app)
    assert not is_wsgi_application(handler)


def test_what_cannot_be_called_is_no_handler():
    with pytest.raises(TypeError, match="callable"):
        to_wsgi("handler")
    with pytest.raises(ValueError, match="list_as"):
        to_wsgi(lambda request: "", list_as="guess")


# -- what may be returned


@pytest.mark.parametrize(
    ("value", "status", "kind", "body"),
    [
        ("text", 200, "text/html", b"text"),
        (b"bytes", 200, "text/html", b"bytes"),
        ("", 200, "text/html", b""),
        (["a", b"b"], 200, "text/html", b"ab"),
        ([], 200, "text/html", b""),
        (iter(["a", "b"]), 200, "text/html", b"ab"),
        ({"a": 1}, 200, "application/json", b'{"a": 1}'),
        ({}, 200, "application/json", b"{}"),
        (None, 204, None, b""),
        (("gone", 410), 410, "text/html", b"gone"),
        (("gone", "410 Vanished"), 410, "text/html", b"gone"),
        (("x", "text/plain"), 200, "text/plain", b"x"),
        (("x", {"Content-Type": "a/b"}), 200, "a/b", b"x"),
        (("x", 201, {"X-A": "1"}), 201, "text/html", b"x"),
        (("x", "text/plain", ("X-A", "1"), 201), 201, "text/plain", b"x"),
        (("x", "text/plain", [("X-A", "1")], 201), 201, "text/plain", b"x"),
        ((iter([b"g"]), "text/plain", ()), 200, "text/plain", b"g"),
        ((None, "", None, 410), 410, "text/html", b""),
        (({"a": 1}, 201), 201, "application/json", b'{"a": 1}'),
        ((["a"], 201), 201, "text/html", b"a"),
        ((b"", "", {"Allow": "GET"}), 200, "text/html", b""),
        (("x",), 200, "text/html", b"x"),
        (io.BytesIO(b"l1\nl2\n"), 200, "text/html", b"l1\nl2\n"),
        (Response("r", 201), 201, "text/html", b"r"),
        (webob.Response("w", 201), 201, "text/html", b"w"),
        (ForeignApp(), 200, "text/plain", b"foreign"),
        (NotFound("x"), 404, "text/html", None),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_return_values_become_responses(value, status, kind, body):
    answer = returned(value)
    assert (answer.status_code, answer.content_type) == (status, kind)
    assert body is None or answer.body == body


def test_headers_of_a_tuple_are_sent():
    for headers in ({"X-A": "1"}, [("X-A", "1")], ("X-A", "1"), (("X-A", "1"),), [["X-A", "1"]]):
        assert returned(("x", headers)).headers["X-A"] == "1"
    assert returned(({"a": 1}, {"X-A": "1"}, 201)).headers["X-A"] == "1"


def test_headers_win_over_the_content_type_of_a_tuple():
    answer = returned(("x", "text/html", {"Content-Type": "text/plain"}, 404))
    assert answer.headers.getall("Content-Type") == ["text/plain"]


@pytest.mark.parametrize("value", [[], [1, 2], [["key", "value"]], ["text"], [{"a": None}]])
def test_lists_are_json_where_that_was_asked_for(value):
    answer = returned(value, list_as="json")
    assert answer.content_type == "application/json"
    assert json.loads(answer.body) == value


@pytest.mark.parametrize("value", [[1], ["a", 2], [["key", "value"]], [None]])
def test_a_list_that_is_no_body_is_never_guessed_to_be_json(value):
    with pytest.raises(TypeError, match=r"JSONResponse.*list_as='json'"):
        returned(value)


@pytest.mark.parametrize(
    "value", [42, 1.5, True, object(), ("x", 404, 200), ("x", "a/b", "c/d"), ("x", object()), (), Response,
              ("x", ("a", "b", "c")), (42,), ("x", {}, 1.5)]
)  # fmt: skip
def test_anything_else_is_an_error_that_names_the_handler(value):
    def culprit(request):
        return value

    with pytest.raises(HandlerResultError, match="culprit") as caught:
        TestApp(to_wsgi(culprit)).get()
    assert isinstance(caught.value, TypeError)


def test_the_error_names_what_was_returned_and_a_partials_function():
    with pytest.raises(TypeError, match="42"):
        returned(42)

    def culprit(word, request):
        return 42

    with pytest.raises(TypeError, match="culprit"):
        TestApp(to_wsgi(functools.partial(culprit, "x"))).get()
    with pytest.raises(TypeError, match="a handler returned"):
        as_application(42)


def test_head_of_text_has_its_length_and_no_body():
    answer = TestApp(to_wsgi(lambda request: "hello")).head()
    assert (answer.body, answer.headers["Content-Length"]) == (b"", "5")


# -- exceptions


def test_exceptions_of_ours_and_of_webob_become_their_response():
    def ours(request):
        raise NotFound("x")

    def theirs(request):
        raise webob.exc.HTTPConflict("x")

    assert TestApp(to_wsgi(ours)).get().status_code == 404
    assert TestApp(to_wsgi(theirs)).get().status_code == 409


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("kind", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_other_exceptions_propagate_before_start_response(kind, lazy):
    def raises(request):
        raise kind

    def late(request):
        raise kind
        yield b""

    def in_response(request):
        return Response(late(request))

    for handler in (raises, late, in_response):
        server = Server()
        with pytest.raises(kind):
            server.run(to_wsgi(handler, lazy=lazy), make_environ())
        assert server.answer.starts == 0


def test_an_http_exception_from_the_first_step_of_a_generator_becomes_its_response():
    def handler(request):
        raise NotFound
        yield b""

    assert TestApp(to_wsgi(handler)).get().status_code == 404


def test_a_generators_close_is_called_once():
    log = []

    def handler(request):
        try:
            yield b"a"
            yield b"b"
        finally:
            log.append("closed")

    body = to_wsgi(handler)(make_environ(), Server().start_response)
    next(iter(body))
    body.close()
    body.close()
    assert log == ["closed"]


# -- lazy


def test_lazy_calls_the_handler_at_the_first_step():
    log = []

    @to_wsgi(lazy=True)
    def handler(request):
        log.append(request.environ["PATH_INFO"])
        return ["a", "b"]

    server = Server()
    body = handler(make_environ("/x"), server.start_response)
    assert (log, server.answer.starts) == ([], 0)
    assert b"".join(body) == b"ab"
    assert log == ["/x"]
    assert call(handler, make_environ()).body == b"ab"
    body.close()


def test_lazy_bodies_that_nobody_reads_call_nobody():
    log = []
    body = to_wsgi(lambda request: log.append(1) or "x", lazy=True)(make_environ(), None)
    body.close()
    assert log == []


# -- the request


def test_the_handler_gets_the_request_of_its_environ():
    seen = []
    environ = make_environ()
    call(to_wsgi(lambda request: seen.append(request) or "x"), environ)
    assert isinstance(seen[0], Request)
    assert seen[0] is Request.of(environ)


def test_json_of_a_handler_cannot_be_nan():
    with pytest.raises(ValueError):
        returned({"a": float("nan")})
    assert isinstance(as_application({}), JSONResponse)


@given(strategies.environs())
def test_nothing_that_a_client_sends_breaks_a_handler_that_looks_at_it(environ):
    def handler(request):
        seen = [request.method, request.environ["PATH_INFO"], *request.query.keys()]
        seen += [cookie.value for cookie in request.cookie_dict.values()]
        try:
            seen += [str(value) for value in request.form.values()]
        except webob.exc.HTTPException as error:
            assert 400 <= error.code < 500
        return Response("\n".join(seen).encode("utf-8", "surrogatepass"), etag="v1")

    assert call(to_wsgi(handler), environ).code < 500


# -- the programs of the old documentation


def json_result(func):
    @functools.wraps(func)
    def handler(request, *args, **kwargs):
        result = func(request, *args, **kwargs)
        if isinstance(result, Response):
            return result
        return Response([json.dumps(result)], content_type="application/json")

    return handler


def no_cache(func):
    @functools.wraps(func)
    def handler(request, *args, **kwargs):
        response = func(request, *args, **kwargs)
        response = response.add_header("Cache-Control", "no-cache, no-store, must-revalidate")
        return response.add_header("Expires", "Mon, 26 Jul 1997 05:00:00 GMT")

    return handler


def water_to_wine(func):
    @functools.wraps(func)
    def handler(*args, **kwargs):
        response = func(*args, **kwargs)
        return response.replace(content=(c.replace("water", "wine") for c in response.content))

    return handler


def test_json_no_cache_and_water_to_wine_can_be_chained():
    @to_wsgi
    @water_to_wine
    @no_cache
    @json_result
    def drinks(request):
        return {"preferred-drink": "water"}

    answer = TestApp(drinks).get()
    assert answer.json == {"preferred-drink": "wine"}
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-cache, no-store, must-revalidate"
    assert answer.headers["Expires"] == "Mon, 26 Jul 1997 05:00:00 GMT"


def test_water_to_wine_works_on_a_page_of_text():
    handler = water_to_wine(lambda request: Response("water"))
    assert TestApp(to_wsgi(handler)).get().body == b"wine"


def test_a_contact_form_is_shown_sent_and_thanked_for():
    from tropea.core import see_other

    sent = []

    @to_wsgi
    def contact_form(request):
        if request.method == "GET":
            return '<form method="post"><input name="email"><textarea name="message"></form>'
        if not request.form.get("email"):
            return "Please say who you are.", 400
        sent.append((request.form["email"], request.form["message"]))
        return see_other("/thanks")

    app = TestApp(contact_form)
    assert b"<form" in app.get().body
    assert app.post("/", {"message": "hi"}).status_code == 400
    answer = app.post("/", {"email": "a@example.org", "message": "Grüße"})
    assert (answer.status, answer.headers["Location"]) == ("303 See Other", "/thanks")
    assert sent == [("a@example.org", "Grüße")]


def test_the_cookie_programs_of_the_old_documentation():
    from tropea.core import Cookie, Forbidden

    def code(request):
        if request.cookie_dict["secret_code"].value == "marmot":
            return Response(["pass, friend"])
        raise Forbidden

    def setting(request):
        cookie = Cookie(
            name="partnumber", value="Rocket_Launcher_0001", path="/acme", maxage=3600,
            domain="example.com",
        )  # fmt: skip
        return Response(["blah"], set_cookie=cookie)

    assert TestApp(to_wsgi(code)).get(HTTP_COOKIE="secret_code=marmot").body == b"pass, friend"
    assert TestApp(to_wsgi(code)).get(HTTP_COOKIE="secret_code=cat").status_code == 403
    field = TestApp(to_wsgi(setting)).get().headers["Set-Cookie"]
    assert field.startswith("partnumber=Rocket_Launcher_0001;Expires=")
    assert field.endswith("Max-Age=3600;Path=/acme;Domain=example.com")


def test_a_named_tuple_is_a_tuple():
    page = collections.namedtuple("Page", "body status")  # noqa: PYI024
    answer = returned(page("gone", 410))
    assert (answer.status_code, answer.body) == (410, b"gone")


@pytest.mark.parametrize("lazy", [False, True])
def test_an_application_that_a_handler_returned_may_fail_after_it_started(lazy):
    def failing(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        raise NotFound("after all")

    answer = call(to_wsgi(lambda request: failing, lazy=lazy), make_environ())
    assert answer.code == 404
    assert b"after all" in answer.body


def test_a_lazy_handler_that_raises_stop_iteration_does_not_look_like_an_end():
    with pytest.raises(RuntimeError, match="StopIteration"):
        call(to_wsgi(lambda request: next(iter(())), lazy=True), make_environ())


class TestAHandlerThatIsMiddleware(LayerContract):
    """A handler that returns another application's response, looked at first."""

    wraps_body = True

    def make_layer(self, app):
        return to_wsgi(lambda request: Response.from_wsgi(app, request.environ).add_header("X-Seen", "1"))
