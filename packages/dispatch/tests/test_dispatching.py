"""What a dispatcher does with a request: methods, groups, conditions, mounts, hooks of start-up."""

from __future__ import annotations

import functools
import logging
import sys
import threading
import types

import pytest

from tropea.core import with_request_args
from tropea.core.context import currentrequest
from tropea.core.response import Response
from tropea.dispatch import (
    Controller,
    Dispatcher,
    DispatcherApp,
    Pattern,
    PatternError,
    RegexPattern,
    RouteError,
    RoutesMiddleware,
    URLGenerationError,
    despatcher,
    despatcher_app,
    dispatcher_app,
    register_converter,
    urldespatcher,
    urldispatcher,
    urlfor,
)


def answers(text):
    return lambda request, **groups: text


def shows_path(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['SCRIPT_NAME']}|{environ['PATH_INFO']}".encode("latin-1")]


class TestSpellings:
    def test_every_spelling_makes_a_dispatcher(self):
        for make in (
            dispatcher_app,
            despatcher,
            despatcher_app,
            urldispatcher,
            urldespatcher,
            DispatcherApp,
            Dispatcher,
        ):
            assert isinstance(make(prefix="/x"), DispatcherApp)

    def test_despatcher_app_accepts_a_dispatcher(self, ask):
        despatcher = urldespatcher()
        despatcher.match("/a", GET=answers("a"))
        assert despatcher_app(despatcher) is despatcher
        other = urldespatcher()
        other.match("/b", GET=answers("b"))
        both = despatcher_app(despatcher, other)
        assert (ask(both, "/a").body, ask(both, "/b").body) == (b"a", b"b")

    def test_the_methods_have_decorators(self, ask):
        dispatcher = dispatcher_app()
        for name in ("get", "post", "put", "patch", "delete"):
            getattr(dispatcher, name)("/x")(answers(name))
        for name in ("get", "post", "put", "delete"):
            assert ask(dispatcher, "/x", name.upper()).body_text == name
        assert dispatcher.methodsfor("/x") == ["DELETE", "GET", "PATCH", "POST", "PUT"]

    def test_match_takes_a_decorated_handler_and_keywords_together(self, ask):
        dispatcher = dispatcher_app()

        @dispatcher.match("/x", "GET", "PUT", POST=answers("posted"))
        def handler(request):
            return "got"

        assert [ask(dispatcher, "/x", m).body_text for m in ("GET", "PUT", "POST")] == [
            "got",
            "got",
            "posted",
        ]

    def test_case_is_ignored_where_that_was_asked_for(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.imatch("/Help/page:[a-z]+", GET=lambda request, page: page)
        dispatcher.imatchre("/wiki/(?P<page>[a-z]+)", GET=lambda request, page: page)
        assert ask(dispatcher, "/hELP/Index").body == b"Index"
        assert ask(dispatcher, "/WIKI/Home").body == b"Home"

    def test_raw_expressions_match_the_whole_path(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.matchre("/wiki/(?P<page>.+)/edit.html", GET=lambda request, page: page)
        dispatcher.matchre("/n/([0-9]+)$", GET=lambda request, n: n)
        for path in ("/wiki/pesto/edit.html", "/wiki/a/../etc/passwd/edit!html"):
            assert ask(dispatcher, path).status_code == 200
        assert ask(dispatcher, "/n/12").body == b"12"
        assert ask(dispatcher, "/n/12\n").status_code == 404
        assert ask(dispatcher, "/wiki/pesto/edit.html/").status_code == 404


class TestGroups:
    @pytest.mark.parametrize(
        ("handler", "body"),
        [
            (lambda request, a, b: f"{a}{b}", "12"),
            (lambda request, b, a: f"{a}{b}", "12"),
            (lambda request, *args: "".join(args), "12"),
            (lambda request, **groups: "".join(groups.values()), "12"),
            (lambda request, first, second: first + second, "12"),
            (lambda request, first, b: first + b, "12"),
            (lambda request, a, b, c="3": a + b + c, "123"),
            (functools.partial(lambda x, request, a, b: x + a + b, "0"), "012"),
        ],
    )
    def test_pass_by_name_or_else_by_position(self, handler, body, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/<a>/<b>", GET=handler)
        assert ask(dispatcher, "/1/2").body_text == body

    def test_request_groups_has_them_too(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/<a:int>/<b>", GET=lambda request, *args: repr(request.groups))
        dispatcher.match("/x", GET=lambda request: repr(request.groups))
        assert ask(dispatcher, "/1/b").body_text == "{'a': 1, 'b': 'b'}"
        assert ask(dispatcher, "/x").body_text == "{}"

    def test_a_handler_that_cannot_take_them_is_refused_with_its_line(self):
        with pytest.raises(RouteError, match=r"test_dispatching\.py:\d+: .*cannot be called"):
            dispatcher_app().match("/<a>", GET=lambda request: "")
        with pytest.raises(RouteError, match="cannot be called"):
            dispatcher_app().match("/<a>", GET=lambda request, a, b: "")

    def test_a_decorator_may_fill_in_arguments_of_its_own(self, ask):
        dispatcher = dispatcher_app()

        @dispatcher.match("/<page>", "GET")
        @with_request_args(n=int)
        def show(request, page, n):
            return f"{page} {n!r}"

        assert ask(dispatcher, "/a", QUERY_STRING="n=7").body == b"a 7"
        assert ask(dispatcher, "/a", QUERY_STRING="n=x").status_code == 400

    def test_a_web_decorator_sees_the_call_and_the_function_stays_as_it_was(self, ask):
        def shout(handler):
            return lambda request, **groups: handler(request, **groups).upper()

        dispatcher = dispatcher_app()

        @dispatcher.match("/<word>", "GET", decorators=[shout])
        def say(request, word):
            return word

        assert ask(dispatcher, "/hi").body == b"HI"
        assert say(None, "hi") == "hi"

    def test_the_first_decorator_is_the_outermost(self, ask):
        def wrap(mark):
            return lambda handler: lambda request: mark + handler(request)

        dispatcher = dispatcher_app()
        dispatcher.match("/", GET=answers("."), decorators=[wrap("a"), wrap("b")])
        assert ask(dispatcher, "/").body == b"ab."


class TestMethods:
    def test_head_is_answered_from_get_without_a_body(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/", GET=answers("hello"))
        dispatcher.match("/wsgi", GET=lambda request: shows_path)
        answer = ask(dispatcher, "/", "HEAD")
        assert (answer.status_code, answer.headers["Content-Length"], answer.body) == (
            200,
            "5",
            b"",
        )
        assert ask(dispatcher, "/wsgi", "HEAD").body == b""
        assert ask(dispatcher, "/nothing", "HEAD").status_code == 404

    def test_options_lists_the_methods(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/<x>", GET=answers(""))
        dispatcher.match("/a", POST=lambda request: "")
        answer = ask(dispatcher, "/a", "OPTIONS")
        assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")
        assert ask(dispatcher, "/a/b", "OPTIONS").status_code == 404
        assert ask(dispatcher, "*", "OPTIONS").headers["Allow"] == "GET, HEAD, OPTIONS, POST"

    def test_a_method_that_a_route_declares_is_known(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/dav", "PROPFIND")(answers("props"))
        assert ask(dispatcher, "/dav", "PROPFIND").body == b"props"
        assert ask(dispatcher, "/dav").headers["Allow"] == "PROPFIND"
        assert ask(dispatcher, "/dav", "MKCOL").status_code == 501

    @pytest.mark.parametrize("pattern", ["/x", "/<a>", "/<a>/<b>", "/a.<b>", "/<p:path>"])
    def test_405_names_the_methods_whatever_the_pattern(self, pattern, ask):
        dispatcher = dispatcher_app(strict_slashes=False)
        dispatcher.match(pattern, GET=answers(""), POST=answers(""))
        path = pattern.replace("<a>", "1").replace("<b>", "2").replace("<p:path>", "p/q")
        answer = ask(dispatcher, path, "DELETE")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")


class TestConditions:
    def test_hosts_and_schemes_choose_a_route(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/", GET=answers("admin"), hosts="admin.example.org")
        dispatcher.match("/", GET=answers("sub"), host="*.example.org", scheme="https")
        dispatcher.match("/", GET=answers("any"))
        assert ask(dispatcher, "/", HTTP_HOST="Admin.Example.org:8080").body == b"admin"
        secure = {"HTTP_HOST": "x.example.org", "wsgi.url_scheme": "https"}
        assert ask(dispatcher, "/", **secure).body == b"sub"
        assert ask(dispatcher, "/", HTTP_HOST="x.example.org").body == b"any"
        assert ask(dispatcher, "/", HTTP_HOST="admin.example.org.evil").body == b"any"

    def test_a_predicate_sees_the_request_and_is_asked_each_time(self, ask):
        dispatcher = dispatcher_app(cache_size=10)
        dispatcher.match(
            "/", GET=answers("mobile"), predicate=lambda r: "Phone" in (r.user_agent or "")
        )
        dispatcher.match("/", GET=answers("desk"))
        for agent, body in (("Phone", b"mobile"), ("Desk", b"desk"), ("Phone", b"mobile")):
            assert ask(dispatcher, "/", HTTP_USER_AGENT=agent).body == body

    def test_conditions_do_not_count_for_allow_where_they_fail(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/", POST=answers(""), predicate=lambda request: False)
        dispatcher.match("/", GET=answers(""))
        assert ask(dispatcher, "/", "DELETE").headers["Allow"] == "GET, HEAD"


class TestOtherApplications:
    def test_a_mount_moves_the_prefix_to_script_name(self, ask):
        dispatcher = dispatcher_app(prefix="/site")
        dispatcher.match("/admin/here", GET=answers("here"))
        dispatcher.mount("/admin", shows_path)
        assert ask(dispatcher, "/site/admin/x/", SCRIPT_NAME="/app").body == b"/app/site/admin|/x/"
        assert ask(dispatcher, "/site/admin").body == b"/site/admin|"
        assert ask(dispatcher, "/site/admin/here").body == b"here"
        assert ask(dispatcher, "/site/administrator").status_code == 404
        assert ask(dispatcher, "/site/admin/x", "PROPFIND", validate=False).status_code in (
            200,
            501,
        )

    def test_text_prefixes_are_cut_as_octets(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.mount("/café", shows_path)
        assert ask(dispatcher, "/café/x").body == b"/caf\xc3\xa9|/x"

    def test_included_routes_keep_their_place_and_get_the_prefix(self, ask):
        inner, outer = dispatcher_app(), dispatcher_app(prefix="/v1")
        outer.match("/users/me", GET=answers("me"))
        outer.include("/users", inner)

        @inner.match("/<id:int>", "GET")
        def user(request, id):
            return f"{id} {user.url(id=id + 1)} {urlfor(user, id=0)} {urlfor('someone', name='x')}"

        inner.match("/<name>", "GET", name="someone")(lambda request, name: name)
        assert ask(outer, "/v1/users/me").body == b"me"
        assert ask(outer, "/v1/users/7").body == b"7 /v1/users/8 /v1/users/0 /v1/users/x"
        assert user.url(id=1) == "/v1/users/1"
        assert [route.pattern for route in outer.routes()][1:] == [
            "/v1/users/<id:int>",
            "/v1/users/<name>",
        ]

    def test_a_prefix_may_have_parameters(self, ask):
        inner, outer = dispatcher_app(), dispatcher_app()
        inner.match("/posts/<n:int>", GET=lambda request, **groups: repr(groups))
        outer.include("/<user>", inner)
        assert ask(outer, "/jo/posts/3").body_text == "{'user': 'jo', 'n': 3}"

    def test_a_dispatcher_cannot_include_itself(self):
        one, two = dispatcher_app(), dispatcher_app()
        one.include("/x", two)
        with pytest.raises(RouteError, match="cannot include itself"):
            two.include("/y", one)

    def test_pattern_objects_of_other_classes_are_asked(self, ask):
        class Even(Pattern):
            def __init__(self):
                pass

            def test(self, path):
                digits = path.removeprefix("/even/")
                return ((int(digits),), {}) if digits.isdigit() and int(digits) % 2 == 0 else None

            def pathfor(self, n):
                return f"/even/{n}"

        inner, outer = dispatcher_app(), dispatcher_app()
        inner.matchpattern(Even(), GET=lambda request, n: str(n), name="even")
        outer.include("/in", inner)
        assert ask(inner, "/even/4").body == b"4"
        assert ask(inner, "/even/5").status_code == 404
        assert ask(outer, "/in/even/4").body == b"4"
        assert outer.urlfor("even", 6) == "/in/even/6"

    def test_hooks_of_what_is_included_are_told_to_be_none(self, caplog):
        inner, outer = dispatcher_app(), dispatcher_app()
        inner.before_response(lambda request: None)
        outer.include("/in", inner)
        outer.start()
        assert "test_dispatching.py" in caplog.text
        assert "hooks of an included dispatcher are not called" in caplog.text

    def test_below_routes_middleware_urls_are_built_while_the_application_runs(self, ask):
        table = dispatcher_app()
        table.match("/pages/<page>", name="page", GET=lambda request, page: "")

        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return (urlfor("page", page=name).encode() for name in "ab")

        layered = RoutesMiddleware(app, table)
        for path in ("/pages/x", "/nothing"):
            assert ask(layered, path, SCRIPT_NAME="/site").body == b"/site/pages/a/site/pages/b"
        assert currentrequest() is None

    def test_routes_middleware_only_annotates(self, ask):
        table = dispatcher_app()
        table.match("/<controller>/<:int>", name="page", GET=lambda request, *args, **groups: "")

        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            route = environ.get("tropea.route")
            shown = (
                environ.get("wsgiorg.routing_args"),
                route and (route.name, route.pattern, route.methods),
            )
            return [repr(shown).encode()]

        layered = RoutesMiddleware(app, table)
        assert (
            ask(layered, "/a/1").body_text
            == "(((1,), {'controller': 'a'}), ('page', '/<controller>/<:int>', ('GET',)))"
        )
        for path in ("/nothing", "/\xff/1"):
            assert ask(layered, path, text=False).body == b"(None, None)"
        with pytest.raises(ValueError, match="expected a dispatcher, got 3"):
            RoutesMiddleware(app, dispatcher=3)


class TestURLs:
    def test_a_path_has_the_script_name_of_the_request(self, ask):
        dispatcher = dispatcher_app()

        @dispatcher.match("/recipes/recipe_id:[0-9]+", "GET")
        def show(request, recipe_id):
            absolute = show.url(recipe_id=1, absolute=True)
            return f"{show.url(recipe_id=recipe_id)} {absolute} {show.url(request, recipe_id=2)}"

        answer = ask(dispatcher, "/recipes/42", SCRIPT_NAME="/shop", HTTP_HOST="a.example:81")
        assert (
            answer.body_text
            == "/shop/recipes/42 http://a.example:81/shop/recipes/1 /shop/recipes/2"
        )
        assert show.url(recipe_id=42) == "/recipes/42"
        with pytest.raises(URLGenerationError, match="needs a request"):
            show.url(recipe_id=42, absolute=True)

    def test_a_forged_host_is_in_no_url_and_a_malformed_one_is_refused(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/", name="home", GET=lambda request: urlfor("home", absolute=True))
        assert ask(dispatcher, "/", HTTP_HOST="a@evil.example/").status_code == 400

    def test_dotted_paths_and_bound_methods_have_urls(self):
        class Pages:
            def show(self, request, page):
                return page

        pages, dispatcher = Pages(), dispatcher_app()
        dispatcher.match("/pages/<page>", GET=pages.show)
        dispatcher.match("/json", GET="json.dumps")
        assert dispatcher.urlfor(pages.show, page="a") == "/pages/a"
        assert dispatcher.urlfor("json.dumps") == dispatcher.urlfor("json:dumps") == "/json"

    def test_positional_values_fill_places_without_names(self):
        dispatcher = dispatcher_app()
        handler = lambda request, *args: ""  # noqa: E731
        dispatcher.match("/<:int>/x/<:word>", GET=handler)
        assert handler.url(1, "b") == "/1/x/b"

    def test_raw_expressions_are_reversed_where_they_say_how(self):
        assert RegexPattern(r"^/wiki/(?P<page>[^/]+)\.html$").pathfor(page="a") == "/wiki/a.html"
        assert RegexPattern(r"/([0-9]+)/(?:(x))").pathfor("1", "x") == "/1/x"
        with pytest.raises(URLGenerationError, match="does not say which path"):
            RegexPattern(r"/(?:a|b)/(?P<n>\d+)").pathfor(n=1)
        with pytest.raises(URLGenerationError, match="does not match"):
            RegexPattern(r"/(?P<n>\d+)").pathfor(n="x")

    def test_what_a_client_would_resolve_or_take_for_a_host_is_not_made(self):
        dispatcher = dispatcher_app()
        handler = lambda request, p: ""  # noqa: E731
        dispatcher.match("/<p:path>", GET=handler)
        assert handler.url(p="/evil.example/") == "/%2Fevil.example/"
        with pytest.raises(URLGenerationError, match="dot segment"):
            handler.url(p="a/../b")

    def test_a_netloc_that_is_none_is_refused(self):
        dispatcher = dispatcher_app()
        dispatcher.match("/", name="home", GET=answers(""))
        with pytest.raises(URLGenerationError, match="not a host"):
            dispatcher.urlfor("home", netloc="a/b")

    def test_urlfor_outside_a_request_says_so(self):
        with pytest.raises(URLGenerationError, match="needs a request"):
            urlfor("home")

    def test_values_choose_among_the_routes_of_a_handler(self):
        dispatcher = dispatcher_app()
        handler = lambda request, page="1": page  # noqa: E731
        dispatcher.match("/list", GET=handler)
        dispatcher.match("/list/<page>", GET=handler)
        assert (handler.url(), handler.url(page=3)) == ("/list", "/list/3")


class TestDeclaring:
    def test_dotted_handlers_are_imported_at_start_and_absent_ones_reported(self, ask):
        module = types.ModuleType("tropea_test_handlers")
        module.show = lambda request, n: f"shown {n}"
        sys.modules[module.__name__] = module
        try:
            dispatcher = dispatcher_app()
            dispatcher.match("/<n>", GET="tropea_test_handlers:show")
            assert ask(dispatcher, "/1").body == b"shown 1"
            for name in (
                "tropea_test_handlers:nothing",
                "tropea_no_such_module:x",
                "nodots",
                "json:__name__",
            ):
                broken = dispatcher_app()
                broken.match("/", GET=name)
                with pytest.raises(
                    RouteError, match=rf"test_dispatching\.py:\d+: handler '{name}'"
                ):
                    broken.start()
        finally:
            del sys.modules[module.__name__]

    @pytest.mark.parametrize(
        ("pattern", "message"),
        [
            ("/<1a>", "is not <name>"), ("/<a-b>", "is not <name>"), ("/<a>/<a>", "stands twice"),
            ("/<a", "never closed"), ("/<>", "is not <name>"), ("/<a:int(7)>", "takes the argument signed"),
            ("/x:[", "wrong regular expression"), ("/x:[^/]+", "a slash cannot stand"), ("/x:", "needs a regular"),
            ("/<a:any>", "needs the words"), ("/<a:enum('json:dumps')>", "needs an Enum"),
            ("/<a:any(b c)>", "cannot read the arguments"), ("/<a:re:(>", "never closed"),
        ],
    )  # fmt: skip
    def test_a_wrong_pattern_names_the_line(self, pattern, message):
        with pytest.raises(PatternError, match=r"test_dispatching\.py:\d+: pattern") as error:
            dispatcher_app().match(pattern, GET=answers(""))
        assert message in str(error.value)

    def test_wrong_options_and_methods_are_refused(self):
        for kwargs, message in (
            ({"predicat": 1}, "did you mean 'predicate'"), ({"get": 1}, "in capitals"), ({"GET": 3}, "cannot be called"),
            ({"GET": answers(""), "predicate": 3}, "predicate: expected a function"),
        ):  # fmt: skip
            with pytest.raises(RouteError, match=message):
                dispatcher_app().match("/", **kwargs)
        for method in ("", "GET POST", "G\r\n"):
            with pytest.raises(RouteError, match="not a request method"):
                dispatcher_app().match("/", method)
        for prefix in ("x", "http://a"):
            with pytest.raises(PatternError, match="begins with a slash"):
                dispatcher_app(prefix=prefix)

    def test_duplicate_and_unreachable_routes_are_reported_with_both_lines(self, caplog, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/<page>", GET=answers("page"))
        dispatcher.match("/about", GET=answers("never"))
        dispatcher.match("/<other>", GET=answers("never"))
        dispatcher.match("/about", POST=answers("posted"))
        with caplog.at_level(logging.WARNING, "tropea.dispatch"):
            assert ask(dispatcher, "/about").body == b"page"
        kinds = [problem.kind for problem in dispatcher.check()]
        assert kinds == ["unreachable", "duplicate"]
        assert caplog.text.count("test_dispatching.py:") >= 4
        strict = dispatcher_app(strict_routes=True)
        strict.combine(dispatcher)
        with pytest.raises(RouteError, match="duplicate route GET /<other>"):
            strict.start()

    def test_routes_declared_later_are_served_at_once(self, ask):
        inner, outer = dispatcher_app(), dispatcher_app()
        outer.combine(inner)
        assert ask(outer, "/late").status_code == 404
        inner.match("/late", GET=answers("late"))
        assert ask(outer, "/late").body == b"late"

    def test_debug_logs_each_decision(self, caplog, ask):
        dispatcher = dispatcher_app(debug=True)
        dispatcher.match("/x", GET=answers(""))
        with caplog.at_level(logging.DEBUG, "tropea.dispatch"):
            ask(dispatcher, "/x")
            ask(dispatcher, "/y\n")
            ask(dispatcher, "/x", "POST")
        assert "'GET' '/x': '/x' at " in caplog.text
        assert "'GET' '/y\\n': no route" in caplog.text
        assert "'POST' '/x': only GET" in caplog.text

    def test_the_table_is_plain_data(self):
        dispatcher = dispatcher_app()
        dispatcher.match("/<a:int>", "GET", "PUT", name="n", hosts="a.example")(answers(""))
        (route,) = dispatcher.routes()
        assert (route.name, route.pattern, route.methods, route.hosts) == (
            "n",
            "/<a:int>",
            ("GET", "PUT"),
            ("a.example",),
        )
        assert route.parameters == {"a": "[0-9]+"}
        assert "test_dispatching.py:" in route.origin

    def test_converters_can_be_added_for_all_or_for_one(self, ask):
        def month(text):
            return ["jan", "feb"].index(text) + 1  # a ValueError is no match

        one, other = dispatcher_app(), dispatcher_app()
        one.set_filter("month", "[a-z]{3}", month)
        one.match("/<m:month>", GET=lambda request, m: str(m))
        assert (ask(one, "/feb").body, ask(one, "/mar").status_code) == (b"2", 404)
        with pytest.raises(PatternError, match="no converter 'month'"):
            other.match("/<m:month>", GET=answers(""))
        with pytest.raises(PatternError, match="cannot be called"):
            register_converter("a-b", str)

    def test_importing_the_package_does_not_import_webob(self):
        import subprocess

        code = "import sys, tropea.dispatch; assert 'webob' not in sys.modules"
        subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


class TestSafety:
    @pytest.mark.parametrize(
        "touch",
        [
            lambda r: setattr(r, "status", 201), lambda r: r.headers.update({"X-A": "1"}), lambda r: r.set_cookie("a", "b"),
            lambda r: setattr(r, "text", "other"), lambda r: r.write("more"), lambda r: setattr(r, "content_type", "text/plain"),
            lambda r: setattr(r, "conditional_response", True), lambda r: r.headerlist.append(("X-B", "2")), lambda r: None,
            lambda r: setattr(r, "charset", "latin-1"), lambda r: setattr(r, "etag", "v1"), lambda r: (r.body, r.status),
        ],
    )  # fmt: skip
    def test_a_response_that_was_changed_is_sent_as_it_is(self, touch, ask):
        def handler(request):
            response = Response("text")
            touch(response)
            return response

        dispatcher = dispatcher_app()
        dispatcher.match("/", GET=handler)
        routed, alone = ask(dispatcher), ask(handler(None))
        assert (routed.status, routed.headerlist, routed.body) == (
            alone.status,
            alone.headerlist,
            alone.body,
        )

    def test_text_bytes_and_responses_of_one_text_are_sent_alike(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/a", GET=lambda request: "é")
        dispatcher.match("/b", GET=lambda request: "é".encode())
        dispatcher.match("/c", GET=lambda request: Response("é"))
        sent = [
            (a.status, a.headerlist, a.body)
            for a in (ask(dispatcher, p) for p in ("/a", "/b", "/c"))
        ]
        assert sent[0] == sent[1] == sent[2]

    def test_an_exception_that_nobody_maps_propagates_before_the_response_starts(self):
        dispatcher = dispatcher_app()
        dispatcher.match("/", GET=lambda request: 1 / 0)
        started = []
        with pytest.raises(ZeroDivisionError):
            dispatcher(
                {"PATH_INFO": "/", "REQUEST_METHOD": "GET"}, lambda *head: started.append(head)
            )
        assert not started
        assert currentrequest() is None

    def test_a_generator_is_streamed_with_its_request(self, ask):
        dispatcher = dispatcher_app()

        @dispatcher.match("/<n:int>", "GET")
        def count(request, n):
            for at in range(n):
                yield f"{at}{count.url(n=at)} "

        assert ask(dispatcher, "/2", SCRIPT_NAME="/s").body == b"0/s/0 1/s/1 "

    @pytest.mark.parametrize("cache_size", [0, 100])
    def test_eight_threads_and_eight_thousand_urls_each(self, cache_size):
        dispatcher = dispatcher_app(cache_size=cache_size)
        dispatcher.match("/a/<x>/<p:path>", GET=lambda request, x, p: "slow " + x)
        dispatcher.match("/a/<x>", GET=lambda request, x: "fast " + x)
        dispatcher.match("/b/<n:int>", GET=lambda request, n: str(n))
        dispatcher.match("/b/<w>", GET=lambda request, w: w, predicate=lambda r: "0" in r.path_info)
        errors = []

        def run(thread):
            try:
                for at in range(2000):
                    for path, want in (
                        (f"/a/{thread}-{at}/p/q", f"slow {thread}-{at}"), (f"/a/{thread}-{at}", f"fast {thread}-{at}"),
                        (f"/b/{at}", str(at)), (f"/b/x{at}0", f"x{at}0"),
                    ):  # fmt: skip
                        body = dispatcher(
                            {"PATH_INFO": path, "REQUEST_METHOD": "GET"}, lambda *head: None
                        )
                        assert b"".join(body) == want.encode()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=run, args=(at,)) for at in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors

    def test_the_cache_keeps_405_right_and_does_not_keep_values(self, ask):
        calls = []

        def read(text):
            calls.append(text)
            return text

        dispatcher = dispatcher_app(cache_size=5)
        dispatcher.set_filter("noted", "[a-z]+", read)
        dispatcher.match(
            "/c/<x:noted>/<p:path>", GET=lambda request, x, p: x, POST=lambda request, x, p: x
        )
        for _ in range(3):
            assert ask(dispatcher, "/c/a/b", "DELETE").headers["Allow"] == "GET, HEAD, POST"
            assert ask(dispatcher, "/c/a/b").body == b"a"
        assert len(calls) >= 6
