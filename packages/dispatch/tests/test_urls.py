"""URLs that are made: what values fit, which route is taken, and what never gets into one."""

from __future__ import annotations

import pytest

from tropea.dispatch import RegexPattern, URLGenerationError, dispatcher_app, urlfor


def handler(request, *args, **groups):
    return ""


@pytest.fixture
def pages():
    """Return a dispatcher with a page for each text."""
    dispatcher = dispatcher_app()
    dispatcher.match("/pages/<page>", GET=lambda request, page: page, name="page")
    return dispatcher


class TestValues:
    @pytest.mark.parametrize("value", [None, b"bytes", bytearray(b"x"), "\ud800", "", "a/b", ".."])
    def test_a_value_of_which_no_path_can_be_made_names_the_route(self, value, pages):
        with pytest.raises(URLGenerationError, match="route 'page'"):
            pages.urlfor("page", page=value)

    @pytest.mark.parametrize("name", ["self", "query", "name", "request", "args", "target"])
    def test_groups_may_have_any_name(self, name, ask):
        dispatcher = dispatcher_app()
        dispatcher.match(f"/x/<{name}>", GET=lambda request, *args: f"{args}", name="x")
        assert dispatcher.urlfor("x", **{name: "v"}) == "/x/v"
        assert ask(dispatcher, "/x/v").body == b"('v',)"

    def test_a_part_of_an_expression_that_may_be_absent_is_there_where_it_has_a_value(self):
        pattern = RegexPattern(r"/list(?:/(?P<page>\d+))?/?")
        assert pattern.pathfor(page=3) == "/list/3"
        assert pattern.pathfor() == pattern.pathfor(page=None) == "/list"
        with pytest.raises(URLGenerationError, match="does not match"):
            pattern.pathfor(page="x")
        assert RegexPattern(r"/a(?:/(\d+))?").pathfor(1) == "/a/1"


class TestChoice:
    def test_the_first_route_that_the_values_fit_is_taken(self):
        dispatcher = dispatcher_app()
        show = lambda request, id, part=None: ""  # noqa: E731
        dispatcher.match("/u/<id:int>", GET=show)
        dispatcher.match("/u/by-name/<id:slug>", GET=show)
        dispatcher.match("/u/<id>/<part>", GET=show)
        assert show.url(id=7) == "/u/7"
        assert show.url(id="jo") == "/u/by-name/jo"
        assert show.url(id="é", part="x") == "/u/%C3%A9/x"
        with pytest.raises(URLGenerationError, match="<id:int>"):
            show.url(id="a b")

    def test_a_route_with_just_the_groups_that_are_given_goes_before_one_that_can_do_without(self):
        dispatcher = dispatcher_app()
        show = lambda request, page=1: ""  # noqa: E731
        dispatcher.matchre(r"/list(?:/(?P<page>\d+))?", GET=show)
        dispatcher.match("/all", GET=show)
        assert show.url() == "/all"
        assert show.url(page=2) == "/list/2"

    def test_a_name_chooses_among_the_routes_of_a_handler(self):
        dispatcher = dispatcher_app()
        show = lambda request: ""  # noqa: E731
        dispatcher.match("/old", GET=show, name="old")
        dispatcher.match("/new", GET=show, name="new")
        assert (show.url(), show.url(name="old"), show.url(name="new")) == ("/old", "/old", "/new")
        with pytest.raises(URLGenerationError, match="no route of this handler is called 'other'"):
            show.url(name="other")

    def test_a_name_that_is_a_value_chooses_no_route(self):
        dispatcher = dispatcher_app()
        show = lambda request, name=None: ""  # noqa: E731
        dispatcher.match("/users", GET=show, name="users")
        dispatcher.match("/user/<name>", GET=show, name="user")
        assert show.url() == "/users"
        assert show.url(name="jo") == show.url(name="jo") == "/user/jo"
        assert show.url(name="user") == "/user/user"
        assert show.url(name="users") == "/users"

    def test_routes_of_one_name_are_told_apart_by_their_values(self):
        dispatcher = dispatcher_app()
        dispatcher.match("/list", GET=handler, name="list")
        dispatcher.match("/list/<page:int>", GET=handler, name="list")
        assert dispatcher.urlfor("list") == "/list"
        assert dispatcher.urlfor("list", page=2) == "/list/2"
        assert dispatcher.check() == []

    def test_a_name_that_leads_to_one_of_two_routes_alone_is_reported(self):
        dispatcher = dispatcher_app()
        dispatcher.match("/old", GET=handler, POST=handler, name="page")
        dispatcher.match("/new", GET=handler, name="page")
        (problem,) = dispatcher.check()
        assert (problem.kind, problem.route.pattern, problem.hidden_by.pattern) == (
            "name",
            "/new",
            "/old",
        )
        assert "the name 'page' of GET /new is that of GET /old" in str(problem)


class TestTargets:
    def test_a_handler_may_be_named_by_where_it_is(self):
        dispatcher = dispatcher_app()
        dispatcher.match("/json", GET="json.dumps")
        assert dispatcher.urlfor("json.dumps") == dispatcher.urlfor("json:dumps") == "/json"

    @pytest.mark.parametrize(
        ("target", "message"),
        [
            ("page", "no route is called 'page'"),
            ("json", "no route is called 'json'"),
            ("json.loads", "no route is called 'json.loads'"),
            ("json.nothing", "json.nothing"),
            ("json:nothing", "json:nothing"),
            (len, "<built-in function len> has no route here"),
        ],
    )
    def test_what_has_no_route_is_named(self, target, message):
        dispatcher = dispatcher_app()
        dispatcher.match("/json", GET="json.dumps")
        with pytest.raises(URLGenerationError, match=f"^.*{message}"):
            dispatcher.urlfor(target)

    def test_a_decorated_handler_is_handed_back_with_its_url(self):
        dispatcher, show = dispatcher_app(), lambda request: ""
        assert dispatcher.match("/show", "GET")(show) is show
        assert show.url() == "/show"

    def test_the_url_of_a_handler_is_that_of_the_first_dispatcher_that_got_it(self):
        first, second = dispatcher_app(), dispatcher_app()
        show = lambda request: ""  # noqa: E731
        first.match("/first", GET=show)
        second.match("/second", GET=show)
        second.match("/again")(show)
        assert show.url() == first.urlfor(show) == "/first"
        assert second.urlfor(show) == "/second"

    def test_what_holds_no_url_is_declared_all_the_same(self):
        dispatcher, word = dispatcher_app(), "word"
        dispatcher.match("/join", GET=word.join)
        dispatcher.match("/len")(len)
        assert (dispatcher.urlfor(word.join), dispatcher.urlfor(len)) == ("/join", "/len")

    def test_the_url_of_an_included_handler_is_that_of_the_outermost_dispatcher_that_knows_it(self):
        inner, middle, outer = dispatcher_app(), dispatcher_app(), dispatcher_app()
        show = lambda request: ""  # noqa: E731
        inner.match("/show", GET=show)
        assert show.url() == "/show"
        middle.include("/middle", inner)
        outer.include("/outer", middle)
        assert show.url() == "/outer/middle/show"
        outer.edit(lambda entries: [])
        assert show.url() == "/middle/show"


class TestWholeURLs:
    @pytest.mark.parametrize("scheme", ["http\r\nX-Injected: 1", "//", "", "1a", "java script"])
    def test_a_scheme_that_is_none_is_refused(self, scheme, pages):
        if not scheme:
            assert pages.urlfor("page", page="a", scheme="", netloc="h").startswith("http://h/")
            return
        with pytest.raises(URLGenerationError, match="not a scheme"):
            pages.urlfor("page", page="a", scheme=scheme, netloc="h.example")

    @pytest.mark.parametrize(
        ("environ", "url"),
        [
            ({"HTTP_HOST": "h.example"}, "https://h.example/"),
            ({"HTTP_HOST": "h.example:80"}, "https://h.example/"),
            ({"HTTP_HOST": "h.example:443"}, "https://h.example/"),
            ({"HTTP_HOST": "h.example:8080"}, "https://h.example:8080/"),
            ({"HTTP_HOST": "[::1]:80"}, "https://[::1]/"),
            ({"SERVER_NAME": "s.example", "SERVER_PORT": "80", "HTTP_HOST": ""}, "https://s.example/"),
        ],
    )  # fmt: skip
    def test_another_scheme_does_not_keep_the_port_of_the_first(self, environ, url, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/", name="home", GET=lambda request: urlfor("home", scheme="https"))
        assert ask(dispatcher, **environ).body_text == url

    def test_a_query_given_as_text_ends_neither_the_query_nor_the_field(self, pages):
        made = pages.urlfor("page", page="a", query="x=%C3%A9&y=a#b\r\nZ: c")
        assert made == "/pages/a?x=%C3%A9&y=a%23b%0D%0AZ:%20c"

    @pytest.mark.parametrize(
        "script", ["//evil.example", "/\r\nX: y", "/\\evil.example", "/é", "/ÿ?#"]
    )
    def test_a_hostile_script_name_stays_a_path_of_this_site(self, script, ask):
        from urllib.parse import urljoin, urlsplit

        dispatcher = dispatcher_app(strict_slashes=False)
        dispatcher.match("/x/", name="x", GET=lambda request: urlfor("x"))
        made = ask(dispatcher, "/x/", SCRIPT_NAME=script).body_text
        location = ask(dispatcher, "/x", SCRIPT_NAME=script).headers["Location"]
        for url in (made, location):
            assert url.isascii() and url.isprintable() and not url.startswith("//")
            assert urlsplit(urljoin("http://here.example/", url)).netloc == "here.example"
