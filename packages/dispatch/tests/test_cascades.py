"""Cascades, and the applications that Paste Deploy composes."""

from __future__ import annotations

import textwrap
from importlib.metadata import entry_points

import pytest

from tropea.core.errors import OptionError
from tropea.core.response import Response
from tropea.dispatch import Cascade, RouteError, RoutesMiddleware, declined, dispatcher_app
from tropea.dispatch.composites import cascade, composite


def says(text, status="200 OK"):
    def app(environ, start_response):
        start_response(status, [("Content-Type", "text/plain")])
        return [f"{text} {environ['SCRIPT_NAME']}|{environ['PATH_INFO']}".encode()]

    return app


def copying(app):
    """Return a layer that hands on a copy of the environ, as some do."""
    return lambda environ, start_response: app(dict(environ), start_response)


class TestCascade:
    def test_the_first_application_that_does_not_decline_answers(self, ask):
        first, second = dispatcher_app(), dispatcher_app()
        first.match("/a", GET=lambda request: "first")
        first.match("/b", GET=lambda request: declined())
        second.match("/<x>", GET=lambda request, x: "second " + x)
        app = Cascade(first, second)
        assert ask(app, "/a").body == b"first"
        assert ask(app, "/b").body == b"second b"
        assert ask(app, "/c").body == b"second c"
        assert ask(app, "/c/d").status_code == 404

    def test_hooks_do_not_hide_that_a_handler_declined(self, ask):
        first = dispatcher_app()
        first.match("/", GET=lambda request: declined())
        first.http_state(404)(lambda request: ("page", 200))
        assert ask(Cascade(first, says("second"), catch=())).body == b"second |/"

    @pytest.mark.parametrize(
        "place", ["before", "after", "state", "error", "default", "predicate", "mounted", "layered"]
    )
    def test_whoever_declines_passes_the_request_on(self, place, ask):
        def decline(*args, **kwargs):
            declined()

        def fail(request):
            raise ValueError

        first = dispatcher_app()
        if place not in {"default", "state", "mounted", "layered"}:
            handler, predicate = fail if place == "error" else str, None
            predicate = decline if place == "predicate" else None
            first.match("/x", GET=handler, predicate=predicate)
        register = {
            "before": first.before_response,
            "after": first.after_response,
            "state": first.http_state(404),
            "error": first.error_handler(ValueError),
            "default": first.default(),
        }
        if place in register:
            register[place](decline)
        if place in {"mounted", "layered"}:
            inner = dispatcher_app()
            inner.match("/x" if place == "layered" else "/", GET=decline)
            first.mount("/x" if place == "mounted" else "/", inner)
        if place == "layered":
            first = copying(first)
        assert ask(
            Cascade(first, says("second"), catch=()), "/x/" if place == "mounted" else "/x"
        ).body.startswith(b"second")

    def test_a_request_declined_before_is_not_declined_for_the_next(self, ask):
        first, second = dispatcher_app(), dispatcher_app()
        first.match("/", GET=lambda request: declined())
        second.match("/", GET=lambda request: "second")
        assert ask(Cascade(first, second, says("third"), catch=())).body == b"second"

    def test_a_page_of_404_stands_where_nobody_is_next(self, ask):
        app = dispatcher_app()
        app.match("/", GET=lambda request: declined())
        app.http_state(404)(lambda request: "my page")
        assert ask(app).body == ask(Cascade(app)).body == b"my page"
        app.http_state(404)(lambda request: declined())
        assert ask(app).status_code == 404

    def test_statuses_to_catch_can_be_chosen(self, ask):
        gone = says("gone", "410 Gone")
        assert ask(Cascade(gone, says("second"))).status_code == 410
        assert ask(Cascade(gone, says("second"), catch=(404, 410))).body == b"second |/"

    def test_each_application_reads_the_same_body(self, ask):
        first, second = dispatcher_app(), dispatcher_app()

        @first.match("/", "POST")
        def takes_some(request):
            request.environ["wsgi.input"].read(3)
            declined()

        @second.match("/", "POST")
        def takes_all(request):
            stream = request.environ["wsgi.input"]
            return b"|".join(
                [stream.readline(), stream.read(2), *stream.readlines(), stream.read(1)]
            )

        answer = ask(Cascade(first, first, second), "/", "POST", b"line one\ntwo\nthree\n")
        assert answer.body == b"line one\n|tw|o\n|three\n|"

    def test_bodies_of_those_that_declined_are_closed(self, ask):
        closed = []
        first = lambda environ, start: Response("x", 404, onclose=lambda: closed.append(1))(
            environ, start
        )  # noqa: E731
        assert ask(Cascade(first, says("second"))).status_code == 200
        assert closed == [1]

    def test_it_needs_an_application(self):
        with pytest.raises(RouteError, match="at least one"):
            Cascade()


class Loader:
    def get_app(self, name, global_conf=None):
        return says(name)


class TestComposite:
    @pytest.fixture
    def app(self):
        places = {"/": "home", "/admin": "admin", "/admin/deep": "deep", "domain www.example.org": "www",
                  "domain www.example.org/shop": "shop"}  # fmt: skip
        return composite(Loader(), {}, **places)

    @pytest.mark.parametrize(
        ("host", "path", "body"),
        [
            ("localhost", "/x", b"home |/x"), ("localhost", "/admin", b"admin /admin|"),
            ("localhost", "/administrator", b"home |/administrator"), ("localhost", "/admin/deep/er", b"deep /admin/deep|/er"),
            ("www.example.org:81", "/admin", b"www |/admin"), ("WWW.example.org", "/shop/x", b"shop /shop|/x"),
        ],
    )  # fmt: skip
    def test_by_prefix_and_host(self, host, path, body, app, ask):
        assert ask(app, path, HTTP_HOST=host).body == body

    def test_wrong_keys_are_refused(self):
        with pytest.raises(OptionError, match="neither a prefix such as '/admin' nor a host"):
            composite(Loader(), {}, admin="x")
        for local, message in (
            ({}, "app1"),
            ({"apps": "x"}, "no option 'apps'"),
            ({"app1": "x", "catch": "4"}, "statuses"),
        ):
            with pytest.raises(OptionError, match=message):
                cascade(Loader(), {}, **local)

    def test_a_cascade_takes_its_applications_in_the_order_of_their_numbers(self, ask):
        app = cascade(Loader(), {}, app10="last", app2="second", app1="first", catch="200")
        assert ask(app).body == b"last |/"


class TestPasteDeploy:
    def test_an_ini_file_composes_applications(self, tmp_path, ask):
        loadwsgi = pytest.importorskip("paste.deploy.loadwsgi")
        ini = tmp_path / "app.ini"
        ini.write_text(
            textwrap.dedent("""\
                [composite:main]
                use = egg:tropea-dispatch
                / = both
                /only = one

                [composite:both]
                use = egg:tropea-dispatch#cascade
                app1 = one
                app2 = two

                [app:one]
                paste.app_factory = tropea_test_ini:one

                [app:two]
                paste.app_factory = tropea_test_ini:two
                """)
        )
        import sys
        import types

        module = types.ModuleType("tropea_test_ini")
        module.one = lambda global_conf: says("one", "404 Not Found")
        module.two = lambda global_conf: says("two")
        sys.modules[module.__name__] = module
        try:
            app = loadwsgi.loadapp(f"config:{ini}")
            assert ask(app, "/x").body == b"two |/x"
            assert ask(app, "/only/x").status_code == 404
        finally:
            del sys.modules[module.__name__]

    def test_the_entry_points_are_there(self):
        def named(group):
            return {
                e.name: e
                for e in entry_points(group=group)
                if e.value.startswith("tropea.dispatch")
            }

        assert named("paste.composite_factory")["main"].load() is composite
        assert named("paste.composite_factory")["cascade"].load() is cascade
        made = named("paste.filter_factory")["main"].load()({}, dispatcher=dispatcher_app())
        assert isinstance(made(says("x")), RoutesMiddleware)
