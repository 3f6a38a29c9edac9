"""Statuses that are raised: their pages, their kinship with webob's, and safe redirects.

Oracles: recorded answers of Pesto 25 and PoorWSGI 2.8.1, with our deliberate differences.
"""

from __future__ import annotations

import copy
import json
import pickle
import itertools

import pytest
import webob.exc
from hypothesis import given
from tropea.core import (
    BadRequest,
    Conflict,
    FieldError,
    Forbidden,
    HTTPError,
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    NotModified,
    RedirectPermanent,
    RedirectTemporary,
    Redirection,
    Response,
    SeeOther,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    abort,
    redirect,
    safe_redirect,
    see_other,
    to_wsgi,
)
from tropea.core.exceptions import exception_field
from tropea.core.testing import TestApp, assert_linear, call, make_environ, strategies


def aborting(*args, **kwargs):
    return TestApp(to_wsgi(lambda request: abort(*args, **kwargs)))


@pytest.mark.parametrize("code", sorted(HTTPException.by_code))
def test_every_class_is_a_response_an_application_and_webobs_exception(code):
    kind = HTTPException.by_code[code]
    error = kind("/there") if issubclass(kind, Redirection) else kind()
    assert isinstance(error, (Response, Exception))
    assert isinstance(error, webob.exc.WSGIHTTPException)
    assert (error.code, error.status_code) == (code, code)
    assert TestApp(error).get().status_code == code
    theirs = webob.exc.status_map.get(code)
    if theirs is not None and theirs.code == code:
        assert issubclass(kind, theirs)
        assert isinstance(theirs(), kind)
        assert isinstance(theirs(), HTTPException)


def test_webobs_exceptions_count_as_ours_of_the_same_code_only():
    theirs = webob.exc.HTTPNotFound()
    assert isinstance(theirs, NotFound)
    assert isinstance(theirs, HTTPError)
    assert not isinstance(theirs, (Forbidden, Redirection))
    assert isinstance(webob.exc.HTTPFound(), Redirection)
    assert not isinstance(ValueError(), HTTPException)


def test_except_clauses_of_webob_catch_ours():
    with pytest.raises(webob.exc.HTTPNotFound):
        raise NotFound
    with pytest.raises(webob.exc.HTTPClientError):
        abort(409)


def test_a_code_makes_an_instance_of_its_class():
    assert type(HTTPException(404)) is NotFound
    assert type(HTTPException("404 Nothing here")) is NotFound
    assert HTTPException("404 Nothing here").status == "404 Nothing here"
    assert type(HTTPException(599)) is HTTPException
    assert type(HTTPException(303, "/a")) is SeeOther
    error = HTTPException(404, error="why")
    assert error.arguments == {"error": "why"}


def test_detail_comes_first_then_headers():
    error = NotFound("No such recipe.", {"X-A": "1"})
    assert (error.detail, str(error), error.headers["X-A"]) == (
        "No such recipe.",
        "No such recipe.",
        "1",
    )
    with pytest.raises(FieldError):
        NotFound("x", {"X-A": "a\r\nb"})


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/html"),
        ("", "text/html"),
        ("*/*", "text/html"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("application/json", "application/problem+json"),
        ("application/problem+json", "application/problem+json"),
        ("text/html;q=0.5, application/json", "application/problem+json"),
        ("text/plain", "text/plain"),
        ("image/png", "text/plain"),
        ("text/html;q=0, */*", "application/problem+json"),
    ],
)
def test_rfc9110_12_5_1_the_page_is_of_the_type_asked_for(accept, kind):
    environ = {} if accept is None else {"HTTP_ACCEPT": accept}
    answer = TestApp(NotFound("No <b>such</b> recipe.")).get(**environ)
    assert answer.content_type == kind
    assert answer.headers["Vary"] == "Accept"
    assert int(answer.headers["Content-Length"]) == len(answer.body)


def test_pages_are_escaped():
    answer = TestApp(NotFound('<script>alert("x")</script>')).get()
    assert "<script>" not in answer.body_text
    assert "&lt;script&gt;" in answer.body_text


def test_rfc9457_problems_have_title_status_detail_and_further_members():
    error = BadRequest("Which recipe?")
    error.problem = {"field": "recipe"}
    answer = TestApp(error).get(HTTP_ACCEPT="application/json")
    assert json.loads(answer.body) == {
        "title": "Bad Request", "status": 400, "detail": "Which recipe?", "field": "recipe",
    }  # fmt: skip


def test_content_may_be_given_instead_of_the_page():
    assert TestApp(NotFound(body=b"mine", content_type="text/x-mine")).get().body == b"mine"
    assert TestApp(Conflict(json={"a": 1})).get().headers["Content-Type"] == "application/json"
    error = NotFound()
    error.text = "set later"
    error.content_type = "text/plain"
    assert TestApp(error).get().body == b"set later"


@pytest.mark.parametrize("code", [403, 404, 405, 500, 501, 503])
def test_abort_gives_the_status_that_was_asked_for(code):
    assert aborting(code).get().status_code == code


def test_abort_with_a_status_without_a_body_sends_none():
    assert aborting(204).get().headerlist == []
    assert aborting(304, headers={"ETag": '"1"'}).get().headerlist == [("ETag", '"1"')]
    assert TestApp(NotModified(headers={"ETag": '"1"'})).get().body == b""
    assert aborting(200).get().status == "200 OK"


@pytest.mark.parametrize("status", [0, 999, -1, "nonsense"])
def test_abort_refuses_what_is_no_status(status):
    with pytest.raises(ValueError):
        aborting(status).get()


def test_a_response_can_be_carried():
    response = Response(b'{"reason":"x"}', 400, content_type="application/json")
    error = HTTPException(response)
    assert error.response is response
    assert error.status_code == 400
    answer = aborting(response).get()
    assert (answer.status, answer.json) == ("400 Bad Request", {"reason": "x"})
    with_lists = HTTPException(Response(iter(["a", "b"]), 400))
    assert TestApp(with_lists).get().body == b"ab"


def test_fields_of_a_carried_response_can_still_be_edited():
    error = HTTPException(Response("x", 400))
    error.headers["X-A"] = "1"
    assert TestApp(error).get().headers["X-A"] == "1"


def test_an_exception_without_a_response_of_its_own_shows_its_page():
    assert b"Not Found" in NotFound().response.body


def test_status_specific_arguments_make_their_fields():
    assert MethodNotAllowed(allow=["GET", "HEAD"]).headers["Allow"] == "GET, HEAD"
    assert Unauthorized(challenge=['Basic realm="a"', "Bearer"]).get_headers("WWW-Authenticate") == [
        'Basic realm="a"', "Bearer",
    ]  # fmt: skip
    assert TooManyRequests(retry_after=5).headers["Retry-After"] == "5"
    assert ServiceUnavailable(retry_after=5).headers["Retry-After"] == "5"


def test_exceptions_survive_copying_and_pickling():
    for error in (NotFound("x"), RedirectTemporary("/a"), HTTPException(599, "x")):
        twin = pickle.loads(pickle.dumps(error))
        assert (type(twin), twin.status, twin.headerlist) == (
            type(error),
            error.status,
            error.headerlist,
        )
        assert copy.copy(error).status == error.status
    assert type(NotFound("x").add_header("X-A", "1")) is NotFound


def test_debug_names_the_exception_in_a_field():
    @to_wsgi(debug=True)
    def handler(request):
        raise InternalServerError("broken\r\npipe")

    assert (
        TestApp(handler).get().headers["X-Tropea-Exception"] == "InternalServerError: broken  pipe"
    )
    plain = to_wsgi(lambda request: abort(500))
    assert "X-Tropea-Exception" not in TestApp(plain).get().headers


# -- redirects


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda: redirect("/new"), "302 Found"),
        (lambda: redirect("/new", True), "301 Moved Permanently"),
        (lambda: redirect("/new", permanent=True), "301 Moved Permanently"),
        (lambda: redirect("/new", 307), "307 Temporary Redirect"),
        (lambda: redirect("/new", 308), "308 Permanent Redirect"),
        (lambda: see_other("/new"), "303 See Other"),
        (lambda: RedirectTemporary("/new"), "302 Found"),
        (lambda: RedirectPermanent("/new"), "301 Moved Permanently"),
    ],
)
def test_a_redirect_may_be_returned_or_raised(make, status):
    def raises(request):
        raise make()

    for handler in (lambda request: make(), raises):
        answer = TestApp(to_wsgi(handler)).get()
        assert (answer.status, answer.headers["Location"]) == (status, "/new")


def test_a_redirects_page_links_to_where_it_leads():
    answer = TestApp(redirect("http://own.example/a?b=1&c=2")).get(HTTP_HOST="own.example")
    assert '<a href="/a?b=1&amp;c=2">' in answer.body_text
    answer = TestApp(redirect("/a")).get(HTTP_ACCEPT="text/plain")
    assert answer.body == b"302 Found\n\n/a\n"


@pytest.mark.parametrize("status", [200, 300, 304, 404])
def test_other_statuses_are_no_redirects(status):
    with pytest.raises(FieldError):
        redirect("/new", status)


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ("http://other.example/a", "http://other.example/a"),
        ("//evil.example/x", "/evil.example/x"),
        ("///evil.example", "/evil.example"),
        ("/\\evil.example", "/evil.example"),
        ("\\\\evil.example", "/evil.example"),
        ("/\t/evil.example", "/evil.example"),
        (" //evil.example", "/evil.example"),
        ("\r\n//evil.example", "/evil.example"),
        ("/a\r\nSet-Cookie: x=1", "/aSet-Cookie:%20x=1"),
        ("/a b?c=d e#f", "/a%20b?c=d%20e#f"),
        ("/é", "/%C3%A9"),
        ("/%C3%A9", "/%C3%A9"),
        ("?page=2", "?page=2"),
        ("http://own.example/a", "/a"),
    ],
)
def test_a_location_leaves_a_browser_nothing_to_reinterpret(target, sent):
    answer = TestApp(redirect(target)).get(HTTP_HOST="own.example")
    assert answer.headers["Location"] == sent


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)", "JavaScript:alert(1)", "java\tscript:alert(1)", "data:text/html,x",
        "vbscript:x", "file:///etc/passwd", "http:evil.example", "https:/evil.example",
        "https:///evil.example", "http://", " javascript:alert(1)", "http://user@evil.example/",
    ],
)  # fmt: skip
def test_schemes_that_lead_nowhere_good_are_refused(target):
    for make in (redirect, lambda t: Response("", 302, location=t), RedirectPermanent):
        with pytest.raises(ValueError):
            make(target)


@given(strategies.hostile_text)
def test_a_location_is_always_clean_or_refused(target):
    try:
        error = redirect(target)
    except ValueError:
        return
    location = error.headers["Location"]
    assert location.isascii()
    assert not location.startswith(("//", "/\\", "\\"))
    assert not set(location) & set("\r\n\t\0 \\")


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ("/basket", "/basket"),
        ("/basket?n=1#top", "/basket?n=1#top"),
        ("https://shop.example/a", "https://shop.example/a"),
        ("https://SHOP.example/a", "https://SHOP.example/a"),
        ("https://shop.example.evil/a", "/home"),
        ("https://shop.example@evil.example/", "/home"),
        ("https://evil.example\\@shop.example/", "/home"),
        ("//evil.example", "/home"),
        ("/\\evil.example", "/home"),
        ("/\t/evil.example", "/home"),
        ("javascript:alert(1)", "/home"),
        ("evil.example", "/home"),
        ("", "/home"),
        (None, "/home"),
        ("/" + "a" * 3000, "/home"),
    ],
)
def test_a_clients_target_is_followed_only_here_or_to_hosts_that_are_allowed(target, sent):
    error = safe_redirect(target, ["shop.example"], default="/home")
    assert error.headers["Location"] == sent
    assert safe_redirect(target, ["shop.example"], status=303).status_code == 303


def test_head_of_an_error_has_the_length_of_its_page():
    answer = call(NotFound(), make_environ(REQUEST_METHOD="HEAD"))
    assert answer.body == b""
    assert dict(answer.headers)["Content-Length"] != "0"


@pytest.mark.parametrize("unit", ["text/html,", "q=", ";", '"', "*/*;q=0.1,", "\\"])
def test_choosing_a_page_takes_linear_time(unit):
    from tropea.core.pages import choose_page

    def call_with(size):
        turns = itertools.count()
        field = unit * (size // len(unit))
        return lambda: choose_page(field + str(next(turns)))  # not one that is remembered

    assert_linear(call_with, 16_000)


@pytest.mark.parametrize("member", [float("nan"), object(), {1, 2}, {(1, 2): 3}], ids=lambda member: type(member).__name__)
def test_a_problem_that_has_no_json_is_shown_as_text(member):
    error = NotFound("No such recipe.")
    error.problem = {"tried": member}
    answer = call(error, make_environ(HTTP_ACCEPT="application/problem+json"))
    said = json.loads(answer.body, parse_constant=pytest.fail)
    assert (answer.code, said["detail"], said["tried"]) == (404, "No such recipe.", str(member))


def test_an_error_that_says_nothing_is_named_all_the_same():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no")

    assert exception_field(Mute()) == ("X-Tropea-Exception", "Mute: (no text)")


def test_a_host_of_a_redirect_travels_in_ascii():
    assert redirect("http://bücher.example:8080/é").location == "http://xn--bcher-kva.example:8080/%C3%A9"
    for target in ("http://a\uff0fb/", "http://\u2024\u2024/", "http://" + "ü" * 100, "http://a\uff20b/"):
        with pytest.raises(FieldError):
            redirect(target)


def test_a_location_that_is_assigned_is_made_safe_too():
    response = Response(status=302)
    response.location = "//evil.example/x"
    assert response.headers["Location"] == response.location == "/evil.example/x"
    for target in ("javascript:alert(1)", "http:evil"):
        with pytest.raises(FieldError):
            response.location = target
    response.location = None
    assert "Location" not in response.headers
