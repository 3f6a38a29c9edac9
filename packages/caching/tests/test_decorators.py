"""Validators and cache directives on handlers, as Pesto's documentation shows them."""

import datetime
import time

import pytest

from tropea.caching import (
    CachingError,
    cache_control,
    etag_middleware,
    no_cache,
    with_etag,
    with_last_modified,
)
from tropea.core.dates import parse_date
from tropea.core.errors import OptionError
from tropea.core.handlers import to_wsgi
from tropea.core.request import Request
from tropea.core.response import Response


def tag_of(fetch, value):
    return fetch(to_wsgi(with_etag(lambda request: value)(lambda request: Response("x")))).headers[
        "etag"
    ]


@pytest.mark.parametrize(
    ("value", "tag"),
    [("whoa nelly!", '"whoa nelly!"'), ("x" * 16, '"' + "x" * 16 + '"'), ("", '""'), (7, '"7"')],
)
def test_numbers_and_short_strings_are_the_tag(fetch, value, tag):
    assert tag_of(fetch, value) == tag


@pytest.mark.parametrize(
    "value", ["x" * 17, (1, "a"), 'a"b', None, datetime.datetime(2020, 1, 1)], ids=repr
)
def test_other_values_are_hashed(fetch, value):
    tag = tag_of(fetch, value)
    assert len(tag) == 34 and tag == tag_of(fetch, value)


def test_no_cache_sets_the_three_fields_of_the_documentation(fetch):
    answer = fetch(to_wsgi(no_cache(lambda request: Response(["cache me if you can!"]))))
    assert sorted(answer.fields) == [
        ("Cache-Control", "no-cache, no-store, must-revalidate"),
        ("Content-Type", "text/html; charset=UTF-8"),
        ("Expires", "Mon, 26 Jul 1997 05:00:00 GMT"),
        ("Pragma", "no-store"),
    ]
    assert answer.body == b"cache me if you can!"


def test_the_hit_counter_is_cached_for_seven_hits(fetch):
    class HitCounter:
        current_count = 0
        drawn = 0

        def hitcounter_etag(self, request):
            return self.current_count // 7

        @with_etag(hitcounter_etag, weak=True)
        def counter(self, request):
            self.current_count += 1

            def image():
                yield ""
                self.drawn += 1
                yield str(self.current_count)

            return Response(image(), content_type="image/png")

    counter = HitCounter()
    app = etag_middleware(to_wsgi(counter.counter))
    first = fetch(app)
    assert (first.headers["etag"], first.body) == ('W/"0"', b"1")
    again = [fetch(app, headers={"If-None-Match": 'W/"0"'}) for _ in range(7)]
    assert [answer.status for answer in again] == [304] * 6 + [200]
    assert again[-1].headers["etag"] == 'W/"1"'
    assert counter.drawn == 2


def test_the_functions_get_every_argument_of_the_handler():
    seen = []

    class Pages:
        def revision(self, request, name, *, version=1):
            seen.append((self, name, version))
            return (name, version)

        @with_etag(revision)
        def show(self, request, name, *, version=1):
            return Response(name)

    pages = Pages()
    pages.show(None, "home", version=2)
    assert seen == [(pages, "home", 2)]


def test_several_functions_make_one_tag(fetch):
    def tag(a, b):
        view = with_etag(lambda request: a, lambda request: b)(lambda request: Response("x"))
        return fetch(to_wsgi(view)).headers["etag"]

    assert tag(1, 2) == tag(1, 2) != tag(2, 1)


def test_a_last_argument_that_is_a_bool_is_weakness(fetch):
    view = with_etag(lambda request: 1, True)(lambda request: Response("x"))
    assert fetch(to_wsgi(view)).headers["etag"] == 'W/"1"'


@pytest.mark.parametrize("arguments", [(), (False,), ("tag",)])
def test_with_etag_needs_a_function(arguments):
    with pytest.raises(OptionError):
        with_etag(*arguments)


def test_a_shared_response_is_not_changed(fetch):
    shared = Response("x")
    versions = iter("ab")
    view = to_wsgi(with_etag(lambda request: next(versions))(lambda request: shared))
    assert [fetch(view).headers["etag"] for _ in range(2)] == ['"a"', '"b"']
    assert "ETag" not in shared.headers


def test_an_own_field_is_replaced_and_not_doubled(fetch):
    view = cache_control(max_age=5)(lambda request: Response("x", cache_control="no-store"))
    assert fetch(to_wsgi(view)).headers["cache-control"] == "max-age=5"


@pytest.mark.parametrize(
    "answer",
    ["text", b"bytes", lambda e, s: (s("200 OK", [("Content-Type", "text/plain")]), [b"x"])[1]],
    ids=["text", "bytes", "application"],
)
def test_whatever_a_handler_may_return_can_be_tagged(fetch, answer):
    assert (
        fetch(to_wsgi(with_etag(lambda request: 1)(lambda request: answer))).headers["etag"]
        == '"1"'
    )


@pytest.mark.parametrize(
    "moment",
    [
        784111777,
        784111777.9,
        datetime.datetime(1994, 11, 6, 8, 49, 37),
        datetime.datetime(
            1994, 11, 6, 9, 49, 37, tzinfo=datetime.timezone(datetime.timedelta(hours=1))
        ),
    ],
    ids=repr,
)
def test_last_modified_takes_every_kind_of_moment(fetch, moment):
    app = etag_middleware(
        to_wsgi(with_last_modified(lambda request: moment)(lambda request: Response("x")))
    )
    answer = fetch(app)
    assert answer.headers["last-modified"] == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert fetch(app, headers={"If-Modified-Since": answer.headers["last-modified"]}).status == 304


@pytest.mark.parametrize(
    "moment", [4e9, float("inf"), datetime.datetime.max, datetime.date(9000, 1, 1)], ids=repr
)
def test_nothing_was_modified_after_it_is_sent_rfc9110_8_8_2_1(fetch, moment):
    view = with_last_modified(lambda request: moment)(lambda request: Response("x"))
    before = time.time()
    said = parse_date(fetch(to_wsgi(view)).headers["last-modified"])
    assert int(before) <= said <= time.time()


@pytest.mark.parametrize(
    "moment", ["Sun, 06 Nov 1994 08:49:37 GMT", "7", float("nan"), datetime.timedelta(1), 10**400]
)
def test_what_is_no_moment_is_said_so(moment):
    view = with_last_modified(lambda request: moment)(lambda request: Response("x"))
    with pytest.raises(CachingError, match="with_last_modified: expected seconds, a datetime"):
        view(Request.blank("/"))


@pytest.mark.parametrize("as_wsgi", [False, True], ids=["response", "wsgi"])
@pytest.mark.parametrize("status", ["404 Not Found", "302 Found", "500 Oops"])
def test_a_page_that_is_no_success_has_no_validators(fetch, status, as_wsgi):
    def answer(request):
        found = (
            Response("none", status, location="/") if status[:1] == "3" else Response("", status)
        )
        return (lambda environ, start: found(environ, start)) if as_wsgi else found

    decorate = [with_etag(lambda request: "r1"), with_last_modified(lambda request: 784111777)]
    for decorator in decorate:
        headers = fetch(to_wsgi(decorator(answer))).headers
        assert "etag" not in headers
        assert "last-modified" not in headers


def test_what_cannot_be_a_handler_cannot_be_decorated():
    for decorator in (with_etag(lambda request: 1), with_last_modified(lambda request: 1)):
        with pytest.raises(OptionError, match="expected a handler to decorate, got 5"):
            decorator(5)
    with pytest.raises(OptionError, match="expected a directive"):
        cache_control()


def test_directives_that_are_all_off_leave_the_handlers_own_field(fetch):
    view = cache_control(max_age=None, public=False)(
        lambda request: Response("x", cache_control="private")
    )
    assert fetch(to_wsgi(view)).headers["cache-control"] == "private"


def test_an_unknown_moment_is_left_out(fetch):
    view = with_last_modified(lambda request: None)(lambda request: Response("x"))
    assert "last-modified" not in fetch(to_wsgi(view)).headers


class TestUnsafeMethods:
    @pytest.fixture
    def page(self):
        class Page:
            revision, runs = 1, 0

            @with_last_modified(lambda self, request: 784111777)
            @with_etag(lambda self, request: self.revision)
            def __call__(self, request):
                self.runs += 1
                if request.method != "GET":
                    self.revision += 1
                return Response("ok")

        return Page()

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 200),
            ({"If-Match": '"1"'}, 200),
            ({"If-Match": "*"}, 200),
            ({"If-Match": '"2"'}, 412),
            ({"If-None-Match": "*"}, 412),
            ({"If-None-Match": '"1"'}, 412),
            ({"If-None-Match": '"other"'}, 200),
            ({"If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"}, 412),
            ({"If-Match": '"1"', "If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"}, 200),
        ],
    )
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
    @pytest.mark.parametrize("layered", [True, False])
    def test_are_decided_before_the_handler_runs(
        self, fetch, page, headers, status, method, layered
    ):
        app = to_wsgi(lambda request: page(request))
        answer = fetch(etag_middleware(app) if layered else app, method=method, headers=headers)
        assert (answer.status, page.runs) == (status, int(status == 200))

    def test_are_decided_for_a_request_that_is_passed_by_name(self, page):
        environ = {"REQUEST_METHOD": "PUT", "HTTP_IF_MATCH": '"2"'}
        answer = page(request=Request(environ))
        assert (answer.status_int, page.runs) == (412, 0)

    @pytest.mark.parametrize("method", ["OPTIONS", "TRACE"])
    def test_mean_nothing_where_no_representation_is_asked_for_rfc9110_13_2_1(
        self, fetch, page, method
    ):
        app = to_wsgi(lambda request: page(request))
        assert fetch(app, method=method, headers={"If-Match": '"2"'}, check=False).status == 200

    def test_two_editors_cannot_overwrite_each_other(self, fetch, page):
        app = etag_middleware(to_wsgi(lambda request: page(request)))
        tag = fetch(app).headers["etag"]
        assert fetch(app, method="PUT", headers={"If-Match": tag}).status == 200
        assert fetch(app, method="PUT", headers={"If-Match": tag}).status == 412

    def test_the_answer_to_a_change_carries_no_tag_of_what_was_before(self, fetch, page):
        app = to_wsgi(lambda request: page(request))
        assert "etag" not in fetch(app, method="PUT").headers


def test_decorators_on_top_of_each_other_all_count(fetch):
    @with_last_modified(lambda request: 784111777)
    @no_cache
    @with_etag(lambda request: "v1")
    def view(request):
        return Response("x")

    answer = fetch(to_wsgi(view))
    assert {"etag", "last-modified", "pragma"} <= answer.headers.keys()
    assert view.__name__ == "view"
