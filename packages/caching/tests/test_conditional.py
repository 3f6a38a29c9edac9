"""The conditional layer: RFC 9110 section 13 around any application."""

import sys

import pytest

from tropea.core.testing import assert_linear
from tropea.caching import ConditionalMiddleware, etag_middleware
from tropea.core import pipeline
from tropea.core.entitytags import EntityTag
from tropea.core.errors import OptionError
from tropea.core.preconditions import Representation

ETAG = ("ETag", '"v1"')
MODIFIED = ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")
LATER = "Sun, 06 Nov 1994 08:49:38 GMT"
EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT"


@pytest.fixture
def ask(fetch, answer_with):
    def ask(headers, *fields, method="GET", **answer):
        app = answer_with(*(fields or (ETAG,)), **answer)
        response = fetch(etag_middleware(app), "/", method, headers)
        assert app.body.closed == 1
        response.app = app
        return response

    return ask


@pytest.mark.parametrize(
    "field",
    [
        '"v1"',
        'W/"v1"',
        "*",
        " * ",
        '"a", "v1"',
        '"a","b" , "v1"',
        '"a,b", "v1"',
        r'"a\", "v1"',
        '"v1", junk',
        ',, "v1"',
    ],
)
def test_a_held_tag_gets_304(ask, field):
    answer = ask({"If-None-Match": field})
    assert (answer.status, answer.body, answer.headers) == (304, b"", {"etag": '"v1"'})
    assert answer.app.body.steps == 0


@pytest.mark.parametrize(
    "field",
    [
        '"nope"',
        "",
        '"v1',
        "v1",
        '*, "a"',
        '"*"',
        'w/"v1"',
        '"\xe9"',
        "garbage",
        '""',
        '"V1"',
        "\\" * 300,
    ],
)
def test_another_tag_gets_the_body(ask, field):
    answer = ask({"If-None-Match": field})
    assert (answer.status, answer.body) == (200, b"hello")


def test_a_weak_tag_matches_weakly_only(ask):
    assert ask({"If-None-Match": '"v1"'}, ("ETag", 'W/"v1"')).status == 304
    assert ask({"If-Match": 'W/"v1"'}, ("ETag", 'W/"v1"')).status == 412
    assert ask({"If-Match": '"v1"'}).status == 200


def test_an_answer_without_a_tag_matches_no_tag(fetch, answer_with):
    """Pesto compared the missing tag as an empty one."""
    app = etag_middleware(answer_with())
    assert fetch(app, headers={"If-None-Match": '""'}).status == 200
    assert fetch(app, headers={"If-Match": '"v1"'}).status == 412
    assert fetch(app, headers={"If-None-Match": "*"}).status == 304


def test_an_unquoted_tag_of_the_application_matches_nothing(ask):
    assert ask({"If-None-Match": "v1"}, ("ETag", "v1")).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Modified-Since": MODIFIED[1]}, 304),
        ({"If-Modified-Since": LATER}, 304),
        ({"If-Modified-Since": EARLIER}, 200),
        ({"If-Modified-Since": "Sunday, 06-Nov-94 08:49:37 GMT"}, 304),
        ({"If-Modified-Since": "Sun Nov  6 08:49:37 1994"}, 304),
        ({"If-Unmodified-Since": EARLIER}, 412),
        ({"If-Unmodified-Since": MODIFIED[1]}, 200),
        # The order of section 13.2.2: each tag field silences the date field beside it.
        ({"If-None-Match": '"no"', "If-Modified-Since": LATER}, 200),
        ({"If-Match": '"v1"', "If-Unmodified-Since": EARLIER}, 200),
        ({"If-Match": '"no"', "If-None-Match": '"v1"'}, 412),
        ({"If-Match": '"v1"', "If-None-Match": '"v1"'}, 304),
        ({"If-Unmodified-Since": EARLIER, "If-None-Match": '"v1"'}, 412),
    ],
)
def test_the_fields_are_decided_in_order_rfc9110_13_2_2(ask, headers, status):
    assert ask(headers, ETAG, MODIFIED).status == status


@pytest.mark.parametrize(
    "date",
    [
        "garbage",
        "0",
        "-1",
        "Sun, 31 Feb 2094 08:49:37 GMT",
        "Sun, 06 Nov 99999 08:49:37 GMT",
        "\u00d9\u00a1 Nov 1994",
        "Sun, 06 Nov 2094 08:49:37 GMT; length=1",
        "Sun, 06 nov 2094 08:49:37 gmt",
        "",
    ],
)
def test_a_date_that_is_none_is_ignored(ask, date):
    assert ask({"If-Modified-Since": date}, MODIFIED).status == 200
    assert ask({"If-Unmodified-Since": date}, MODIFIED).status == 200


@pytest.mark.parametrize(
    "status", ["404 Not Found", "301 Moved Permanently", "500 Oops", "416 Range Not Satisfiable"]
)
def test_only_a_success_is_compared_rfc9110_13_2_1(ask, status):
    answer = ask({"If-None-Match": '"v1"', "If-Match": '"no"'}, status=status)
    assert (answer.line, answer.body) == (status, b"hello")


def test_a_partial_answer_yields_to_the_condition(ask):
    answer = ask(
        {"If-None-Match": '"v1"', "Range": "bytes=0-0"},
        ETAG,
        ("Content-Range", "bytes 0-0/9"),
        status="206 Partial Content",
    )
    assert answer.status == 304 and "content-range" not in answer.headers


def test_304_keeps_the_fields_of_rfc9110_15_4_5(ask):
    kept = [
        ("Cache-Control", "max-age=1"),
        ("Content-Location", "/y"),
        ("Date", LATER),
        ETAG,
        ("Expires", LATER),
        ("Vary", "Accept"),
        ("Set-Cookie", "a=b"),
        ("X-Other", "1"),
    ]
    dropped = [
        ("Content-Type", "text/plain"),
        ("Content-Encoding", "gzip"),
        ("Content-Length", "5"),
        ("Content-Language", "en"),
        MODIFIED,
    ]
    answer = ask({"If-None-Match": '"v1"'}, *kept, *dropped)
    assert answer.fields == kept


def test_304_keeps_the_date_where_there_is_no_tag(ask):
    answer = ask({"If-Modified-Since": MODIFIED[1]}, MODIFIED)
    assert answer.headers == {"last-modified": MODIFIED[1]}


def test_412_is_an_answer_of_its_own_that_nobody_stores(ask):
    answer = ask(
        {"If-Match": '"no"'},
        ETAG,
        ("Cache-Control", "max-age=60"),
        ("Content-Encoding", "gzip"),
        ("Set-Cookie", "a=b"),
    )
    assert answer.status == 412
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["set-cookie"] == "a=b"
    assert "content-encoding" not in answer.headers
    assert int(answer.headers["content-length"]) == len(answer.body)


def test_head_is_answered_as_get_without_a_body(fetch, answer_with):
    app = etag_middleware(answer_with(ETAG, body=()))
    assert fetch(app, method="HEAD", headers={"If-None-Match": '"v1"'}).status == 304
    refused = fetch(app, method="HEAD", headers={"If-Match": '"no"'})
    assert (refused.status, refused.body) == (412, b"")


def test_a_body_that_begins_with_an_empty_yield_is_never_computed_on_a_hit(fetch):
    said = []

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ETAG])
        try:
            said.append("first")
            yield b""
            said.append("expensive")
            yield b"whoa nelly"
        finally:
            said.append("closed")

    hit = fetch(etag_middleware(app), headers={"If-None-Match": '"v1"'})
    assert (hit.status, said) == (304, ["first", "closed"])
    miss = fetch(etag_middleware(app), headers={"If-None-Match": '"v2"'})
    assert (miss.status, miss.blocks) == (200, [b"", b"whoa nelly"])


def test_an_application_that_starts_late_is_waited_for(fetch):
    def app(environ, start_response):
        yield b""
        start_response("200 OK", [("Content-Type", "text/plain"), ETAG])
        yield b"body"

    assert fetch(etag_middleware(app), headers={"If-None-Match": '"v1"'}, check=False).status == 304


def test_the_last_head_counts_when_the_application_fails_after_its_first(fetch):
    import sys

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ETAG])
        try:
            raise ValueError
        except ValueError:
            start_response("500 Oops", [("Content-Type", "text/plain")], sys.exc_info())
        return [b"sorry"]

    answer = fetch(etag_middleware(app), headers={"If-None-Match": '"v1"'})
    assert (answer.status, answer.body) == (500, b"sorry")


def test_an_exception_before_the_head_propagates_and_closes(fetch, counted_body):
    body = counted_body(KeyError("x"))
    with pytest.raises(KeyError):
        fetch(
            etag_middleware(lambda environ, start: body),
            headers={"If-None-Match": '"v1"'},
            check=False,
        )
    assert body.closed == 1


def test_what_write_was_given_is_dropped_with_the_body(fetch):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ETAG])(b"written")
        return [b"returned"]

    assert fetch(etag_middleware(app), headers={"If-None-Match": '"v1"'}).body == b""
    assert fetch(etag_middleware(app), headers={"If-None-Match": '"v2"'}).body == b"writtenreturned"


def test_the_body_object_passes_untouched(environ_of):
    body = [b"x"]

    def app(environ, start_response):
        start_response("200 OK", [ETAG])
        return body

    layer = etag_middleware(app)
    assert layer(environ_of(), lambda *a: None) is body
    assert layer(environ_of(headers={"If-None-Match": '"no"'}), lambda *a: None) is body


def test_the_layer_stands_in_a_pipeline(fetch, answer_with):
    stack = pipeline(etag_middleware(auto_etag=True), answer_with(body=b"x"))
    assert isinstance(stack.layers[0], ConditionalMiddleware)
    assert stack.layers[0].options.auto_etag


def test_a_wrong_option_fails_when_the_layer_is_built(answer_with):
    with pytest.raises(OptionError, match="did you mean 'auto_etag'"):
        etag_middleware(autoetag=True)


class TestUnsafeMethods:
    @pytest.mark.parametrize(
        "headers", [{"If-Match": '"no"'}, {"If-None-Match": "*"}, {"If-None-Match": '"v1"'}]
    )
    def test_pass_untouched_where_nothing_is_declared(self, fetch, answer_with, headers):
        app = answer_with(ETAG)
        assert fetch(etag_middleware(app), method="PUT", headers=headers).status == 200
        assert app.calls == 1

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"If-Match": '"v1"'}, 200),
            ({"If-Match": '"no"'}, 412),
            ({"If-Match": "*"}, 200),
            ({"If-None-Match": "*"}, 412),
            ({"If-None-Match": '"v1"'}, 412),
            ({"If-None-Match": '"no"'}, 200),
            ({"If-Unmodified-Since": EARLIER}, 412),
            ({"If-Unmodified-Since": LATER}, 200),
            ({"If-Modified-Since": LATER}, 200),
            ({}, 200),
        ],
    )
    def test_are_decided_before_the_application_runs(self, fetch, answer_with, headers, status):
        app = answer_with()
        held = Representation(EntityTag("v1"), 784111777)
        layer = etag_middleware(app, validators=lambda environ: held)
        assert fetch(layer, method="PUT", headers=headers).status == status
        assert app.calls == (status == 200)

    @pytest.mark.parametrize("method", ["OPTIONS", "TRACE"])
    def test_ask_for_no_representation_rfc9110_13_2_1(self, fetch, answer_with, method):
        app = answer_with()
        held = Representation(EntityTag("v1"), 784111777)
        layer = etag_middleware(app, validators=lambda environ: held)
        for headers in ({"If-Match": '"no"'}, {"If-None-Match": "*"}):
            assert fetch(layer, method=method, headers=headers, check=False).status == 200

    def test_may_create_what_is_not_there_yet(self, fetch, answer_with):
        layer = etag_middleware(answer_with(), validators=lambda environ: None)
        assert fetch(layer, method="PUT", headers={"If-None-Match": "*"}).status == 200
        assert fetch(layer, method="PUT", headers={"If-Match": "*"}).status == 412


class TestAutoETag:
    def test_tags_a_list_and_answers_304_to_its_tag(self, fetch):
        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"he", b"llo"]

        layer = etag_middleware(app, auto_etag=True)
        tag = fetch(layer).headers["etag"]
        assert fetch(layer, headers={"If-None-Match": tag}).status == 304
        assert len(tag) == 34

    def test_tags_a_body_that_declares_a_length(self, fetch, answer_with):
        app = answer_with(("Content-Length", "5"), body=(b"he", b"llo"))
        answer = fetch(etag_middleware(app, auto_etag=True))
        assert "etag" in answer.headers and answer.body == b"hello" and app.body.closed == 1

    @pytest.mark.parametrize(
        ("fields", "status"),
        [
            ([("ETag", '"own"')], "200 OK"),
            ([("Cache-Control", "no-store")], "200 OK"),
            ([], "404 Not Found"),
            ([("Content-Length", "9")], "200 OK"),
            ([("Content-Length", "4")], "200 OK"),
            ([], "200 OK"),
            ([("Content-Length", "9999999")], "200 OK"),
            ([("Content-Length", "-")], "200 OK"),
        ],
        ids=str,
    )
    def test_leaves_alone_what_it_cannot_know(self, fetch, answer_with, fields, status):
        app = answer_with(*fields, status=status, body=(b"he", b"llo"))
        answer = fetch(etag_middleware(app, auto_etag=True))
        assert answer.headers.get("etag") in (None, '"own"')
        assert answer.body == b"hello" and app.body.closed == 1

    def test_leaves_a_list_beyond_the_limit_alone(self, fetch):
        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"x" * 11]

        assert "etag" not in fetch(etag_middleware(app, auto_etag=True, auto_etag_limit=10)).headers
        assert "etag" in fetch(etag_middleware(app, auto_etag=True, auto_etag_limit="11")).headers

    def test_refuses_a_limit_that_no_body_keeps(self, answer_with):
        with pytest.raises(OptionError, match="auto_etag_limit: expected 0 or more, got -1"):
            etag_middleware(answer_with(), auto_etag=True, auto_etag_limit=-1)

    def test_closes_a_body_that_fails_while_it_is_read(self, fetch, answer_with):
        app = answer_with(("Content-Length", "5"), body=(b"he", KeyError("late")))
        with pytest.raises(KeyError, match="late"):
            fetch(etag_middleware(app, auto_etag=True), check=False)
        assert app.body.closed == 1

    @pytest.mark.parametrize("page", [b"oops", b"oops!"], ids=["other-length", "same-length"])
    def test_tags_no_error_page_that_takes_the_place_of_the_body(self, fetch, page):
        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
            yield b""
            try:
                raise KeyError("late")
            except KeyError:
                head = [("Content-Type", "text/plain"), ("Content-Length", str(len(page)))]
                start_response("500 Oops", head, sys.exc_info())
            yield page

        answer = fetch(etag_middleware(app, auto_etag=True), check=False)
        assert (answer.status, answer.body) == (500, page)
        assert "etag" not in answer.headers

    def test_does_not_run_a_stream_ahead(self, environ_of):
        taken = []

        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return (taken.append(i) or b"x" * 1024 for i in range(1 << 20))

        body = iter(etag_middleware(app, auto_etag=True)(environ_of(), lambda *a: None))
        assert taken == []
        next(body)
        assert len(taken) == 1


@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("If-Match", lambda n: '"a",' * n),
        ("If-Match", lambda n: '"' * n),
        ("If-Match", lambda n: "W/" * n),
        ("If-None-Match", lambda n: '"' + "\\" * n),
        ("If-Match", lambda n: '"' + "\\" * n),
        ("If-None-Match", lambda n: "a" * n),
        ("If-None-Match", lambda n: "".join(f'"{i}",' for i in range(n))),
        ("If-Modified-Since", lambda n: "1" * n),
        ("If-None-Match", lambda n: " " * n),
    ],
    ids=[
        "tags",
        "quotes",
        "prefixes",
        "backslashes",
        "strong-backslashes",
        "token",
        "numbers",
        "date",
        "blanks",
    ],
)
def test_hostile_fields_take_linear_time(environ_of, answer_with, field, make):
    layer = etag_middleware(answer_with(ETAG, MODIFIED))

    def asked(size):
        environ = environ_of(headers={field: make(size)})
        return lambda: layer(dict(environ), lambda *_: None)

    assert_linear(asked, 8_000)
