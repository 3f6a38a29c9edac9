"""Hosts and schemes as conditions, alone and of what is included."""

from __future__ import annotations

import pytest

from tropea.dispatch import RouteError, dispatcher_app


def answers(text):
    return lambda request, **groups: text


@pytest.mark.parametrize(
    ("declared", "asked"),
    [
        ("Example.ORG", "example.org"),
        ("example.org.", "example.org:8080"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("*.bücher.example", "www.xn--bcher-kva.example"),
        ("[::1]", "[::1]:80"),
        (["a.example", "B.example"], "b.example"),
    ],
)
def test_hosts_are_compared_as_requests_name_them(declared, asked, ask):
    dispatcher = dispatcher_app()
    dispatcher.match("/", GET=answers("here"), hosts=declared)
    assert ask(dispatcher, HTTP_HOST=asked).body == b"here"
    assert ask(dispatcher, HTTP_HOST="other.example").status_code == 404


def test_schemes_are_compared_without_case(ask):
    dispatcher = dispatcher_app()
    dispatcher.match("/", GET=answers("here"), scheme="HTTPS")
    assert ask(dispatcher, **{"wsgi.url_scheme": "https"}).body == b"here"
    assert ask(dispatcher).status_code == 404


@pytest.mark.parametrize(
    "options",
    [
        {"hosts": "example.org:8080"},
        {"hosts": "http://example.org"},
        {"host": "*"},
        {"hosts": ("a b",)},
        {"hosts": 3},
        {"schemes": "http:"},
        {"schemes": [None]},
        {"name": 3},
    ],
)
def test_a_condition_that_no_request_can_meet_is_refused_with_its_line(options):
    with pytest.raises(RouteError, match=r"test_conditions\.py:\d+: .*expected"):
        dispatcher_app().match("/", GET=answers(""), **options)


class TestIncluded:
    def test_the_condition_of_an_inclusion_holds_beside_that_of_a_route(self, ask):
        inner, outer = dispatcher_app(), dispatcher_app()
        inner.match("/any", GET=answers("any"))
        inner.match("/www", GET=answers("www"), hosts="www.example.org other.example")
        outer.include("", inner, hosts="*.Example.org", schemes="http")
        assert ask(outer, "/any", HTTP_HOST="x.example.org").body == b"any"
        assert ask(outer, "/www", HTTP_HOST="www.example.org").body == b"www"
        for path, host in (("/any", "other.example"), ("/www", "other.example")):
            assert ask(outer, path, HTTP_HOST=host).status_code == 404
        assert ask(outer, "/www", HTTP_HOST="x.example.org").status_code == 404

    def test_inclusions_within_each_other_narrow_the_condition(self, ask):
        one, two, three = dispatcher_app(), dispatcher_app(), dispatcher_app()
        one.match("/", GET=answers("one"))
        two.include("", one, hosts="a.example b.example")
        three.include("", two, hosts="b.example c.example")
        answered = [ask(three, HTTP_HOST=f"{name}.example").status_code for name in "abc"]
        assert answered == [404, 200, 404]

    @pytest.mark.parametrize(
        "conditions", [{"hosts": "a.example"}, {"schemes": "https"}], ids=["hosts", "schemes"]
    )
    def test_conditions_that_exclude_each_other_are_told_of(self, conditions):
        inner, outer = dispatcher_app(), dispatcher_app()
        inner.match("/", GET=answers(""), hosts="b.example", schemes="http")
        outer.include("", inner, **conditions)
        with pytest.raises(RouteError, match=r"test_conditions\.py:\d+: no (host|scheme) is one"):
            outer.start()


class TestMounts:
    def test_a_mount_point_with_parameters_is_refused(self):
        inner, outer = dispatcher_app(), dispatcher_app()
        with pytest.raises(ValueError, match="a mount point has no parameters"):
            outer.mount("/<user>/admin", answers(""))
        inner.mount("/admin", answers(""))
        outer.include("/<user>", inner)
        with pytest.raises(ValueError, match=r"test_conditions\.py:\d+: a mount point has no"):
            outer.start()

    def test_head_goes_where_get_goes_though_a_mount_after_it_takes_every_method(self, ask):
        def mounted(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain"), ("X-Mount", "yes")])
            return [b""]

        dispatcher = dispatcher_app()
        dispatcher.match("/page", GET=answers("page"))
        dispatcher.match("/only-post", POST=answers("post"))
        dispatcher.mount("/", mounted)
        head = ask(dispatcher, "/page", "HEAD")
        assert (head.headers["Content-Length"], head.headers.get("X-Mount")) == ("4", None)
        assert ask(dispatcher, "/only-post", "HEAD").headers["X-Mount"] == "yes"
        assert ask(dispatcher, "/page", "DELETE").headers["X-Mount"] == "yes"

    def test_a_predicate_that_reads_a_malformed_request_is_answered(self, ask):
        dispatcher = dispatcher_app()
        dispatcher.match("/", POST=answers("yes"), predicate=lambda request: request.json["a"])
        bad = {"CONTENT_TYPE": "application/json"}
        assert ask(dispatcher, "/", "POST", b"{", **bad).status_code == 400
        dispatcher.http_state(400)(lambda request: "unreadable")
        assert ask(dispatcher, "/", "POST", b"{", **bad).body == b"unreadable"
