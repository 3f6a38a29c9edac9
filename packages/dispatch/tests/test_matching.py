"""The matcher answers as an ordered walk over all routes does, whatever the table."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tropea.dispatch.checks import find_problems
from tropea.dispatch.mounting import MountPattern
from tropea.dispatch.patterns import Pattern
from tropea.dispatch.rawpatterns import RegexPattern
from tropea.dispatch.routes import Route
from tropea.dispatch.table import RouteTable
from tropea.dispatch.unrolled import compile_match
from tropea.dispatch.walk import RouteIndex, first_match

PIECES = [
    "a", "b", "c", "<{}>", "<{}:int>", "<{}:any('a','b')>", "{}:[a-b]+", "{}:.*", "<{}>.x", "x<{}:int>",
]  # fmt: skip


@st.composite
def segmented(draw):
    pieces = draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4))
    text = "/" + "/".join(piece.format(f"g{at}") for at, piece in enumerate(pieces))
    return Pattern(text, ignorecase=draw(st.booleans()) and draw(st.booleans()))


PATTERNS = st.one_of(
    segmented(),
    segmented(),
    segmented(),
    st.sampled_from(["/<p:path>", "/a/<p:path>", "/a/<p:path>/b", "/", "", "*", "//a", "/a/"]).map(
        Pattern
    ),
    st.sampled_from(["/(?P<x>[ab]+)/(?P<y>.*)", "/a/b|/b", "(?P<w>.*)", "/a(/b)?"]).map(
        RegexPattern
    ),
    st.sampled_from(["/a", "/a/b", "/", "/b/c"]).map(MountPattern),
)
METHODS = st.lists(st.sampled_from(["GET", "POST", "PUT"]), min_size=1, max_size=2, unique=True)


def is_secure(request):
    raise AssertionError("a condition needs a request")


@st.composite
def tables(draw):
    routes = []
    for at, (pattern, methods) in enumerate(
        draw(st.lists(st.tuples(PATTERNS, METHODS), max_size=12))
    ):
        mounted = isinstance(pattern, MountPattern)
        route = Route(
            f"r{at}", pattern.text, () if mounted else tuple(methods), None, compiled=pattern
        )
        route.mounted = mounted
        if draw(st.integers(0, 9)) == 0:
            route.schemes = ("https",)
        routes.append(route)
    return routes


PATHS = st.lists(
    st.sampled_from(["a", "b", "c", "1", "007", "", "A", "a.x", "x1", "zz", "ab", "..", "\n"]),
    max_size=5,
).map("/".join)


class TestTupleSpace:
    @settings(max_examples=400, deadline=None)
    @given(
        tables(), st.lists(st.tuples(PATHS, st.booleans()), min_size=1, max_size=12), st.booleans()
    )
    def test_it_answers_as_the_naive_walk_over_all_routes(self, routes, paths, secure):
        index = RouteIndex(routes)
        match = compile_match(index, index.walk)
        environ = {"wsgi.url_scheme": "https" if secure else "http"}
        for path, rooted in paths:
            path = "/" + path if rooted else path
            for method in ("GET", "POST", "PUT", "DELETE", ""):
                assert match(path, method, environ) == first_match(routes, path, method, environ)

    @settings(max_examples=300, deadline=None)
    @given(tables(), st.lists(PATHS, min_size=1, max_size=20))
    def test_a_route_reported_as_unreachable_never_answers(self, routes, paths):
        hidden = {id(problem.route) for problem in find_problems(RouteIndex(routes))}
        for path in paths:
            for method in ("GET", "POST", "PUT"):
                found = first_match(routes, "/" + path, method, {"wsgi.url_scheme": "http"})[0]
                assert id(found) not in hidden

    @settings(max_examples=200, deadline=None)
    @given(tables(), st.lists(PATHS, min_size=1, max_size=12))
    def test_the_order_of_groups_is_the_order_of_the_pattern(self, routes, paths):
        match = RouteTable(routes).match
        for path in paths:
            route, groups = match("/" + path, "GET", {})
            if route is not None:
                assert tuple(groups) == route.compiled.keys

    def test_the_first_declared_route_wins_over_a_literal_one(self):
        index = RouteIndex([route("/<page>", "GET"), route("/about", "GET", "POST")])
        match = compile_match(index, index.walk)
        assert match("/about", "GET")[0].pattern == "/<page>"
        assert match("/about", "POST")[0].pattern == "/about"

    def test_methods_of_all_routes_that_match_are_allowed(self):
        index = RouteIndex(
            [route("/m/<a>", "GET"), route("/m/<b>", "POST"), route("/<x>/<y>", "PUT")]
        )
        match = compile_match(index, index.walk)
        assert match("/m/1", "DELETE") == (None, {"GET", "POST", "PUT"})
        assert match("/m/1/2", "GET") == (None, None)

    @pytest.mark.parametrize("size", [30, 60])
    def test_very_many_shapes_are_still_matched_in_order(self, size):
        texts = [
            "/" + "/".join("s" if at >> bit & 1 else f"<g{bit}>" for bit in range(6))
            for at in range(size)
        ]
        routes = [route(text, "GET") for text in texts]
        index = RouteIndex(routes)
        match = compile_match(index, index.walk)
        for path in ("/s/s/s/s/s/s", "/a/s/a/s/a/s", "/s/s/a/a/s/s"):
            assert match(path, "GET") == first_match(routes, path, "GET")

    @pytest.mark.parametrize("words", [["r1"], ["r1", "r2"]])
    def test_a_text_that_all_routes_share_must_be_there(self, words):
        index = RouteIndex([route(f"/api/{word}/<a>/parts/<b>", "GET") for word in words])
        match = compile_match(index, index.walk)
        assert match("/api/r1/1/parts/2", "GET")[1] == {"a": "1", "b": "2"}
        for path in (
            "/apx/r1/1/parts/2",
            "/api/r1/1/part/2",
            "/api/r3/1/parts/2",
            "//r1/1/parts/2",
        ):
            assert match(path, "GET") == (None, None)

    def test_no_text_of_a_pattern_is_ever_run(self):
        text = "/'+__import__('os').abort()+'/<a>/{0}/<b>/%s\\"
        index = RouteIndex([route(text, "GET")])
        match = compile_match(index, index.walk)
        assert match(text.replace("<a>", "1").replace("<b>", "2"), "GET")[1] == {"a": "1", "b": "2"}


def route(text, *methods):
    return Route(None, text, methods, None, compiled=Pattern(text))
