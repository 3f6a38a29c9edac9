"""Hooks, pages of states and handlers of errors: on a dispatcher and through PoorWSGI's face."""

from __future__ import annotations

import pytest
import webob.exc

from tropea.core.errors import OptionError
from tropea.core.exceptions import Forbidden, NotFound, Unauthorized
from tropea.core.raising import HTTPException
from tropea.core.response import Response
from tropea.core.testing import make_environ
from tropea.dispatch import (
    METHOD_ALL,
    METHOD_DELETE,
    METHOD_GET,
    METHOD_GET_POST,
    METHOD_OPTIONS,
    METHOD_POST,
    Application,
    RouteError,
    declined,
    dispatcher_app,
)


@pytest.fixture
def app():
    app = Application("test")

    @app.route("/ok")
    def ok(request):
        return "ok"

    @app.route("/fail/<kind>")
    def fail(request, kind):
        raise {"value": ValueError, "unicode": UnicodeError, "key": KeyError, "404": NotFound}[
            kind
        ]("why")

    return app


class TestBeforeAndAfter:
    def test_before_hooks_run_in_order_and_one_may_answer(self, app, ask):
        seen = []
        app.add_before_response(lambda request: seen.append("one"))
        app.add_before_response(
            lambda request: "closed" if request.path == "/closed" else seen.append("two")
        )
        assert ask(app, "/ok").body == b"ok"
        assert ask(app, "/closed").body == b"closed"
        assert seen == ["one", "two", "one"]

    def test_a_failing_before_hook_is_an_error_answer(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/", GET=lambda request: "never")

        @dispatcher.before_response
        def broken(request):
            raise ValueError("secret")

        answer = ask(dispatcher, "/")
        assert answer.status_code == 500
        assert "secret" not in answer.body_text

    def test_a_before_hook_may_stop_with_a_status(self, app, ask):
        @app.before_response()
        def guard(request):
            raise Forbidden("no")

        assert ask(app, "/ok").status_code == 403

    def test_after_hooks_see_every_response_error_pages_too_and_none_keeps_it(self, app, ask):
        app.add_after_response(lambda request, response: None)

        @app.after_response()
        def mark(request, response):
            return response.add_header("X-After", str(response.status_code))

        assert ask(app, "/ok").headers["X-After"] == "200"
        assert ask(app, "/nothing").headers["X-After"] == "404"
        assert ask(app, "/ok", "DELETE").headers["X-After"] == "405"
        answer = ask(app, "/fail/key")
        assert (answer.status_code, answer.headers["X-After"]) == (500, "500")
        assert ask(app, "/ok").body == b"ok"

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_after_hooks_see_the_exceptions_of_webob_as_responses(self, method, ask):
        dispatcher, seen = dispatcher_app(), []
        dispatcher.match("/found", GET=raises(webob.exc.HTTPFound(location="/there")))
        dispatcher.match("/gone", GET=raises(webob.exc.HTTPGone("not any more")))
        dispatcher.match("/own", GET=raises(webob.exc.HTTPConflict(text="own")))
        dispatcher.after_response(lambda request, response: seen.append(response.text))
        assert ask(dispatcher, "/found", method).headers["Location"].endswith("/there")
        assert ask(dispatcher, "/gone", method).status_code == 410
        assert ask(dispatcher, "/own", method).status_code == 409
        if method == "GET":
            assert "not any more" in seen[1] and seen[2] == "own"

    def test_an_after_hook_may_change_the_content_and_a_failing_one_is_500(self, app, ask):
        @app.after_response()
        def shout(request, response):
            if request.path == "/fail/404":
                raise RuntimeError
            return response.replace([text.upper() for text in response.content])

        assert ask(app, "/ok").body == b"OK"
        assert ask(app, "/fail/404").status_code == 500

    def test_hooks_can_be_taken_away_again(self, app, ask):
        hook = lambda request: "hooked"  # noqa: E731
        app.add_before_response(hook)
        assert (ask(app, "/ok").body, app.before) == (b"hooked", (hook,))
        app.pop_before_response(hook)
        assert (ask(app, "/ok").body, app.before) == (b"ok", ())


class TestStates:
    def test_the_page_of_a_state_is_sent_with_its_status(self, app, ask):
        @app.http_state(404)
        def page(request, *_):
            return "Your request %s not found." % request.path, "text/plain"

        answer = ask(app, "/nothing")
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/plain")
        assert answer.body == b"Your request /nothing not found."
        assert ask(app, "/fail/404").status_code == 404

    def test_a_page_may_say_another_status(self, app, ask):
        app.set_http_state(404, lambda request: ("gone", 410))
        assert ask(app, "/nothing").status_code == 410
        app.set_http_state(404, lambda request: Response("fine"))
        assert ask(app, "/nothing").status == "200 OK"

    def test_states_can_be_for_one_method(self, app, ask):
        app.set_http_state(404, lambda request: "posted", METHOD_POST)
        assert ask(app, "/nothing", "POST").body == b"posted"
        assert b"posted" not in ask(app, "/nothing").body

    def test_handlers_receive_the_keywords_of_the_exception(self, app, ask):
        @app.route("/why")
        def why(request):
            raise HTTPException(404, error="because")

        @app.http_state(404)
        def page(request, error=None):
            return f"{error}"

        assert ask(app, "/why").body == b"because"
        assert ask(app, "/nothing").body == b"None"

    def test_a_handler_that_does_not_take_the_keywords_fails_and_falls_back(self, app, ask):
        app.set_http_state(404, lambda request, *_: "never")
        app.set_route("/why", lambda request: (_ for _ in ()).throw(HTTPException(404, error="x")))

        def why(request):
            raise HTTPException(404, error="x")

        app.set_route("/why2", why)
        assert ask(app, "/why2").status_code == 500

    def test_a_failing_state_handler_falls_back_to_500_and_then_to_the_built_in_page(
        self, app, ask
    ):
        def broken(request, **_):
            raise RuntimeError

        app.set_http_state(404, broken)
        assert ask(app, "/nothing").status_code == 500
        app.set_http_state(500, lambda request: "our page")
        assert (ask(app, "/nothing").status_code, ask(app, "/nothing").body) == (500, b"our page")
        app.set_http_state(500, broken)
        answer = ask(app, "/nothing")
        assert (answer.status_code, "Internal Server Error" in answer.body_text) == (500, True)

    def test_405_and_401_keep_the_fields_they_cannot_do_without(self, app, ask):
        app.set_http_state(405, lambda request: "not so")
        app.set_http_state(401, lambda request: "who?")

        @app.route("/private")
        def private(request):
            raise Unauthorized(challenge='Basic realm="x"')

        answer = ask(app, "/ok", "DELETE")
        assert (answer.body, answer.headers["Allow"]) == (b"not so", "GET, HEAD")
        assert ask(app, "/private").headers["WWW-Authenticate"] == 'Basic realm="x"'

    def test_a_page_keeps_every_field_of_a_name(self, ask):
        dispatcher = dispatcher_app()
        fields = [
            ("WWW-Authenticate", "Basic realm=a"),
            ("WWW-Authenticate", "Digest realm=b"),
            ("Set-Cookie", "a=1"),
            ("Set-Cookie", "b=2"),
            ("X-Own", "exception"),
        ]
        dispatcher.match("/", GET=raises(HTTPException(401, headers=fields)))
        dispatcher.http_state(401)(lambda request: ("please log in", {"X-Own": "page"}))
        answer = ask(dispatcher)
        assert answer.headers.getall("WWW-Authenticate") == ["Basic realm=a", "Digest realm=b"]
        assert answer.headers.getall("Set-Cookie") == ["a=1", "b=2"]
        assert answer.headers.getall("X-Own") == ["page"]

    def test_an_exception_that_carries_a_response_is_sent_as_it_is(self, app, ask):
        app.set_http_state(400, lambda request: "never")

        @app.route("/own")
        def own(request):
            raise HTTPException(Response(b"own", 400))

        assert ask(app, "/own").body == b"own"


class TestErrors:
    def test_the_nearest_class_wins_whatever_the_order(self, app, ask):
        app.set_error_handler(Exception, lambda request, error: ("any", 500))
        app.set_error_handler(ValueError, lambda request, error: (f"value {error}", 400))
        assert (ask(app, "/fail/unicode").status_code, ask(app, "/fail/unicode").body) == (
            400,
            b"value why",
        )
        assert ask(app, "/fail/key").body == b"any"
        app.pop_error_handler(Exception)
        assert ask(app, "/fail/key").status_code == 500

    def test_a_page_without_a_status_is_a_500_and_tuples_are_coerced(self, app, ask):
        app.set_error_handler(ValueError, lambda request, error: "oh")
        assert (ask(app, "/fail/value").status_code, ask(app, "/fail/value").body) == (500, b"oh")

    def test_a_failing_error_handler_is_a_500(self, app, ask):
        app.set_error_handler(ValueError, lambda request, error: 1 / 0)
        assert ask(app, "/fail/value").status_code == 500

    def test_an_unmapped_exception_is_500_in_an_application_and_logged(self, app, ask, caplog):
        answer = ask(app, "/fail/key")
        assert (answer.status_code, "why" in answer.body_text) == (500, False)
        assert "KeyError: 'why'" in caplog.text

    def test_on_a_dispatcher_a_state_handler_of_500_catches(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/", GET=lambda request: 1 / 0)
        dispatcher.http_state(500)(lambda request: "caught")
        assert (ask(dispatcher, "/").status_code, ask(dispatcher, "/").body) == (500, b"caught")

    def test_an_error_in_the_first_block_of_a_generator_is_an_error_too(self, app, ask):
        @app.route("/stream")
        def stream(request):
            raise ValueError("late")
            yield

        app.set_error_handler(ValueError, lambda request, error: ("mapped", 400))
        assert ask(app, "/stream").status_code == 400

    def test_only_classes_of_exceptions_have_handlers(self):
        with pytest.raises(RouteError, match="classes of exceptions"):
            dispatcher_app().error_handler("ValueError")

    def test_an_exception_that_is_a_response_can_be_handled_by_its_own_class(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/webob", GET=raises(webob.exc.HTTPNotFound()))
        dispatcher.match("/ours", GET=raises(HTTPException(404, error="x")))
        dispatcher.match("/gone", GET=raises(HTTPException(410)))
        dispatcher.match("/carried", GET=raises(HTTPException(Response("own", 404))))
        dispatcher.error_handler(Exception)(lambda request, error: "any")
        dispatcher.http_state(410)(lambda request: "page of 410")
        assert (
            ask(dispatcher, "/ours").status_code == ask(dispatcher, "/nothing").status_code == 404
        )
        dispatcher.error_handler(NotFound)(lambda request, error: f"{type(error).__name__}")
        assert ask(dispatcher, "/webob").body == b"HTTPNotFound"
        for path in ("/ours", "/nothing"):
            answer = ask(dispatcher, path)
            assert (answer.status_code, answer.body) == (404, b"NotFound")
        assert ask(dispatcher, "/gone").body == b"page of 410"
        assert ask(dispatcher, "/carried").body == b"own"
        assert ask(dispatcher, "/ours", "PUT").headers["Allow"] == "GET, HEAD"

    def test_exceptions_outside_exception_are_handled_where_they_are_named_alone(self, ask):
        class Timeout(BaseException):
            pass

        dispatcher = dispatcher_app()
        dispatcher.match("/slow", GET=raises(Timeout()))
        dispatcher.match("/exit", GET=raises(SystemExit(3)))
        dispatcher.error_handler(Timeout)(lambda request, error: ("too slow", 503))
        dispatcher.http_state(500)(lambda request: "page")
        assert ask(dispatcher, "/slow").status_code == 503
        with pytest.raises(SystemExit):
            ask(dispatcher, "/exit")

    @pytest.mark.parametrize(
        "register",
        [
            lambda d: d.before_response(3),
            lambda d: d.after_response("x"),
            lambda d: d.http_state(404)(None),
            lambda d: d.error_handler(ValueError)(0),
            lambda d: d.default()([]),
            lambda d: d.http_state(99),
            lambda d: d.http_state("404x"),
            lambda d: d.http_state(None),
        ],
    )
    def test_what_cannot_be_a_hook_is_refused_when_it_is_registered(self, register):
        with pytest.raises(RouteError, match="not "):
            register(dispatcher_app())


def raises(error):
    def handler(request):
        raise error

    return handler


class TestDefault:
    def test_it_answers_paths_without_routes_for_its_methods_alone(self, app, ask):
        @app.default(METHOD_GET_POST)
        def default(request):
            return "default"

        assert ask(app, "/nothing").body == b"default"
        assert ask(app, "/nothing", "POST").body == b"default"
        assert ask(app, "/nothing", "DELETE").status_code == 404
        assert ask(app, "/ok", "POST").status_code == 405
        app.pop_default(METHOD_GET_POST)
        assert ask(app, "/nothing").status_code == 404

    def test_it_can_take_any_options_request(self, app, ask):
        app.set_default(lambda request: (b"", "", {"Allow": "OPTIONS, GET, HEAD"}), METHOD_OPTIONS)
        for path in ("/ok", "/nothing"):
            assert ask(app, path, "OPTIONS").headers["Allow"] == "OPTIONS, GET, HEAD"

    def test_declined_outside_a_cascade_is_404(self, app, ask):
        app.set_route("/no", lambda request: declined())
        assert ask(app, "/no").status_code == 404
        dispatcher = dispatcher_app()
        dispatcher.match("/no", GET=lambda request: declined())
        assert ask(dispatcher, "/no").status_code == 404


class TestApplication:
    """PoorWSGI's routes: the recorded requests and the table."""

    @pytest.fixture
    def routed(self):
        app = Application("routes")
        app.set_filter("email", r"[a-zA-Z.-]+@[a-zA-Z.-]+")
        shown = lambda pattern: lambda request, *args: f"{pattern} {args} {request.groups}"  # noqa: E731
        for pattern in (
            "/u/<name>",
            "/i/<n:int>",
            "/f/<n:float>",
            "/w/<n:word>",
            "/h/<n:hex>",
            "/t/<a>/<b>/<c>",
        ):
            app.set_route(pattern, shown(pattern))
        app.set_route("/e/<login:email>", lambda request, login: f"email {login}")
        app.set_route("/x/<n:re:[a-zA-F0-9]+>", lambda request, number: number)
        app.set_regular_route(r"/old/(?P<year>\d{4})", lambda request, year: year)
        return app

    def test_recorded_requests_are_answered_alike(self, routed, ask, facts):
        #: int is unsigned, and unknown methods and wrong methods get their own statuses.
        ours = {
            "route.'/i/-12'": 404,
            "route.noname": 405,
            "route.unknownmethod": 501,
            "route.405.head": 404,
        }
        checked = 0
        for fact in facts("poorwsgi281"):
            if not fact["id"].startswith("route."):
                continue
            request = fact["request"]
            answer = ask(routed, request["path"], request["method"])
            assert answer.status_code == ours.get(
                fact["id"], int(fact["response"]["status"][:3])
            ), fact["id"]
            if fact["id"] not in ours and answer.status_code == 200:
                assert answer.body_text == fact["response"]["body"]
                checked += 1
        assert checked == 7

    def test_case_of_an_inline_expression_is_kept(self, routed, ask):
        assert ask(routed, "/x/aBF9").body == b"aBF9"
        assert ask(routed, "/x/zG").status_code == 404

    def test_regular_routes_are_matched_whole_and_answer_405(self, routed, ask):
        assert ask(routed, "/old/2026").body == b"2026"
        assert ask(routed, "/old/2026\n").status_code == 404
        assert ask(routed, "/old/2026", "POST").headers["Allow"] == "GET, HEAD"

    def test_literal_paths_come_first_and_points_are_points(self, app, ask):
        app.set_route("/<page>", lambda request, page: "page")
        app.set_route("/special.html", lambda request: "special")
        assert ask(app, "/special.html").body == b"special"
        assert ask(app, "/specialXhtml").body == b"page"
        app.set_route("/literal:colon", lambda request: "colon")
        assert ask(app, "/literal:colon").body == b"colon"

    def test_routes_can_be_replaced_and_taken_away_by_method(self, app, ask):
        handler = lambda request: "new"  # noqa: E731
        app.set_route("/ok", handler, METHOD_GET | METHOD_DELETE)
        assert app.routes["/ok"]["GET"] is handler
        assert (ask(app, "/ok").body, ask(app, "/ok", "DELETE").body) == (b"new", b"new")
        assert app.pop_route("/ok", METHOD_DELETE) is handler
        assert ask(app, "/ok", "DELETE").status_code == 405
        app.pop_route("/ok", METHOD_ALL)
        assert ask(app, "/ok").status_code == 404
        with pytest.raises(KeyError):
            app.pop_route("/ok")

    def test_lists_are_json(self, app, ask):
        app.set_route("/list", lambda request: [["key", "value"]])
        app.set_route("/empty", lambda request: [])
        assert ask(app, "/list").json == [["key", "value"]]
        assert ask(app, "/empty").json == []

    def test_the_table_of_filters_can_be_read(self, routed):
        regex, read = routed.filters[":int"]
        assert (regex, read("7")) == ("[0-9]+", 7)
        assert ":email" in routed.filters
        assert ":email" not in Application("other").filters

    def test_two_applications_of_one_name_are_two(self, ask):
        one, two = Application("same"), Application("same")
        one.set_route("/", lambda request: "one")
        assert ask(two, "/").status_code == 404

    def test_handlers_have_urls(self, app):
        handler = lambda request, name: name  # noqa: E731
        app.set_route("/user/<name>", handler)
        assert handler.url(name="jo") == "/user/jo"

    def test_options_of_the_process_are_read(self, app, monkeypatch):
        monkeypatch.setenv("app_db_file", "my.db")
        assert app.get_options()["db_file"] == "my.db"

    def test_poor_variables_are_taken_when_asked_for(self, app, monkeypatch):
        monkeypatch.setenv("poor_Debug", "On")
        monkeypatch.setenv("poor_SecretKey", "s" * 32)
        assert not app.debug
        assert app.read_environment() is app
        assert (app.debug, app.secret_key, app.document_root) == (True, "s" * 32, None)
        assert app.read_environment({"PATH": "/bin"}).debug
        with pytest.raises(OptionError, match="poor_Nonsense"):
            app.read_environment({"poor_Nonsense": "1"})


def test_a_mounted_application_has_its_own_hooks_and_passes_ours_untouched(ask):
    dispatcher = dispatcher_app()
    seen = []
    dispatcher.before_response(lambda request: seen.append("before"))
    dispatcher.after_response(lambda request, response: seen.append("after"))
    body = [b"mounted"]

    def mounted(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "7")])
        return body

    dispatcher.mount("/other", mounted)
    environ = make_environ(PATH_INFO="/other/x")
    assert dispatcher(environ, lambda status, headers: None) is body
    assert seen == ["before"]
    assert ask(dispatcher, "/nothing").status_code == 404
    assert seen == ["before", "before", "after"]
