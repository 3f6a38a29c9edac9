"""The page changes; the status, the cookies and what belongs to the status stay."""

import pytest

from tropea.core.errors import OptionError
from tropea.errors import ORIGINAL, StatusRedirectMiddleware, status_handler

PAGE = b"<h1>Not here</h1>"


def site(environ, start_response):
    path = environ["PATH_INFO"]
    site.seen.append((environ["REQUEST_METHOD"], path, environ.get("CONTENT_LENGTH"), environ.get(ORIGINAL)))
    if path.startswith("/error/"):
        assert environ["wsgi.input"].read() == b""
        start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(PAGE))),
                                  ("Set-Cookie", "page=1"), ("ETag", '"p"'), ("Vary", "Accept-Language")])  # fmt: skip
        return [PAGE]
    status = path.strip("/")
    start_response(f"{status} Said", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"),
                                      ("WWW-Authenticate", "Basic"), ("Allow", "GET"), ("Vary", "Cookie"),
                                      ("Content-Length", "5")])  # fmt: skip
    site.body.closed = 0
    return site.body


@pytest.fixture(autouse=True)
def fresh(body_of):
    site.seen, site.body = [], body_of(b"first")


@pytest.fixture
def layer():
    return StatusRedirectMiddleware(site)


def test_a_chosen_status_is_answered_by_an_internal_request(layer, call):
    answer = call(layer, "/404", QUERY_STRING="q=1")
    assert answer.status == "404 Said"
    assert answer.body == PAGE
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["Content-Length"] == str(len(PAGE))
    method, path, _, original = site.seen[-1]
    assert (method, path) == ("GET", "/error/404")
    assert (original.status, original.path, original.query) == ("404 Said", "/404", "q=1")


def test_cookies_of_both_and_fields_of_the_status_stay(layer, call):
    fields = call(layer, "/401").heads[-1][1]
    assert [v for k, v in fields if k == "Set-Cookie"] == ["page=1", "a=1", "b=2"]
    assert dict(fields)["WWW-Authenticate"] == "Basic"
    assert dict(fields)["Vary"] == "Accept-Language, Cookie"
    assert "ETag" not in dict(fields)
    assert [k for k, _ in fields].count("Vary") == 1


def test_the_first_body_is_closed_once(layer, call):
    call(layer, "/404")
    assert site.body.closed == 1


def test_other_statuses_pass_untouched(layer, call):
    seen = call(layer, "/200")
    assert seen.body == b"first"
    assert layer({**seen.environ}, lambda *a: None) is site.body


def test_a_post_becomes_a_get_without_a_body(layer, call):
    from io import BytesIO

    call(layer, "/404", "POST", CONTENT_LENGTH="5", CONTENT_TYPE="text/plain", **{"wsgi.input": BytesIO(b"hello")})
    assert [(seen[0], seen[2]) for seen in site.seen] == [("POST", "5"), ("GET", "0")]


def test_head_keeps_the_head_and_drops_the_body(layer, call):
    answer = call(layer, "/404", "HEAD")
    assert answer.body == b""
    assert answer.headers["Content-Length"] == str(len(PAGE))


def test_another_application_can_make_the_pages(call, answering):
    pages = answering("200 OK", body=[b"elsewhere"])
    assert call(StatusRedirectMiddleware(site, to=pages), "/404").body == b"elsewhere"


def test_a_page_that_is_no_success_gives_the_first_answer(call, answering):
    layer = StatusRedirectMiddleware(site, to=answering("404 Not Found"))
    answer = call(layer, "/503")
    assert (answer.status, answer.body) == ("503 Said", b"first")


def test_a_page_that_raises_gives_the_first_answer(call, caplog):
    def broken(environ, start_response):
        raise ValueError

    answer = call(StatusRedirectMiddleware(site, to=broken), "/404")
    assert (answer.status, answer.body) == ("404 Said", b"first")
    assert "the first answer is sent" in caplog.text


def test_two_of_them_do_not_chase_each_other(call):
    layer = StatusRedirectMiddleware(StatusRedirectMiddleware(site))
    assert call(layer, "/404").body == PAGE
    assert [path for _, path, *_ in site.seen] == ["/404", "/error/404", "/error/404"]


def test_an_application_may_clear_its_environ(call):
    def app(environ, start_response):
        path = environ["PATH_INFO"]
        environ.clear()
        start_response("200 OK" if path.startswith("/error") else "404 Not Found", [])
        return [path.encode()]

    assert call(StatusRedirectMiddleware(app), "/x").body == b"/error/404"


def test_a_streaming_answer_is_not_pulled_early(layer, call, answering):
    taken = []
    layer.app = answering(body=(taken.append(n) or b"x" for n in range(3)))
    layer(call(answering()).environ, lambda *a: None)
    assert taken == []


@pytest.mark.parametrize(
    ("options", "message"),
    [({"path": "error"}, "begins with a slash"), ({"statuses": (200,)}, "codes from 300 to 599, got 200")],
)
def test_wrong_options_fail_at_start(options, message):
    with pytest.raises(OptionError, match=f"^StatusRedirectMiddleware: .*{message}"):
        StatusRedirectMiddleware.layer(**options)


@pytest.mark.parametrize("make", [lambda: StatusRedirectMiddleware(None, (304,)), lambda: status_handler(304, len)])
def test_a_304_has_no_page(make):
    with pytest.raises(OptionError, match="304 has no page"):
        make()


def test_the_path_may_hold_any_text_and_a_query(call):
    def app(environ, start_response):
        if environ["QUERY_STRING"]:
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [environ["PATH_INFO"].encode("latin-1"), b" ", environ["QUERY_STRING"].encode()]
        start_response("404 Not Found", [])
        return [b"no"]

    answer = call(StatusRedirectMiddleware(app, path="/błąd?code={status}"))
    assert (answer.status, answer.body.decode()) == ("404 Not Found", "/błąd code=404")


class TestStatusHandler:
    def test_it_sees_the_request_as_it_was_whatever_the_application_did_to_its_environ(self, call):
        def app(environ, start_response):
            environ["app.user"] = "ann"
            environ.update(SCRIPT_NAME="/shop", PATH_INFO="/pie")
            start_response("404 Not Found", [])
            return []

        def cleared(environ, start_response):
            start_response("404 Not Found", [])
            environ.clear()
            return []

        page = lambda request: f"{request.path} {request.environ.get('app.user')}"  # noqa: E731
        assert call(status_handler(404, page)(app), "/shop/pie").body == b"/shop/pie ann"
        assert call(status_handler(404, page)(cleared), "/shop/pie").body == b"/shop/pie None"

    def test_head_drops_the_body_of_any_page(self, call, answering):
        layer = status_handler(404, lambda request: answering(body=[b"a page"]))
        assert call(layer(answering("404 Not Found")), method="HEAD").body == b""

    def test_the_handler_makes_the_page_and_the_status_stays(self, call):
        @status_handler(404)
        def layer(request):
            return f"no {request.environ[ORIGINAL].path}", 200

        answer = call(layer(site), "/404")
        assert (answer.status, answer.body) == ("404 Said", b"no /404")
        assert answer.heads[-1][1].count(("Set-Cookie", "a=1")) == 1

    def test_a_handler_that_raises_gives_the_first_answer(self, call):
        layer = status_handler(404, lambda request: 1 / 0)
        assert call(layer(site), "/404").body == b"first"

    def test_other_statuses_are_not_its_business(self, call):
        layer = status_handler(404, lambda request: pytest.fail("called"))
        assert call(layer(site), "/410").body == b"first"

    def test_a_success_has_no_page(self):
        with pytest.raises(OptionError, match="from 300 to 599"):
            status_handler(200, lambda request: "")
