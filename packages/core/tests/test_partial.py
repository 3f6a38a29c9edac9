"""Parts of representations: any unit, one range or several, 416, and conditional responses.

Oracles: recorded answers of PoorWSGI 2.8.1, with our deliberate differences.
"""

from __future__ import annotations

import email

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tropea.core import (
    FieldError,
    FileResponse,
    GeneratorResponse,
    PartialResponse,
    Response,
    content_range,
    make_partial,
    make_range,
    parse_range,
    time_to_http,
    to_wsgi,
)
from tropea.core.testing import TestApp, assert_linear, call, make_environ, strategies

HUNDRED = b"0123456789" * 10


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("bytes=0-9", {"bytes": [(0, 9)]}),
        ("bytes=0-0", {"bytes": [(0, 0)]}),
        ("bytes=-5", {"bytes": [(None, 5)]}),
        ("bytes=100-", {"bytes": [(100, None)]}),
        ("BYTES=0-1, 3-4 ,-1", {"bytes": [(0, 1), (3, 4), (None, 1)]}),
        ("lines=0-4", {"lines": [(0, 4)]}),
        ("chunks=500-600,601-999", {"chunks": [(500, 600), (601, 999)]}),
        ("bytes=", {}),
        ("bytes=-", {}),
        ("bytes=--1", {}),
        ("bytes=5-2", {}),
        ("bytes=+1-2", {}),
        ("bytes=1_0-20", {}),
        ("bytes=\u0661-2", {}),
        ("bytes=0-1;2-3", {}),
        ("bytes", {}),
        ("=0-1", {}),
        ("", {}),
        (None, {}),
        ("bytes=" + "1" * 5000 + "-", {}),
        ("bytes=" + "1" * 4000 + "-", {"bytes": [(10**18, None)]}),
        ("bytes=0-" + "9" * 30, {"bytes": [(0, 10**18)]}),
        ("bytes=-", {}),
        ("bytes=" + ",".join(["0-1"] * 1000), {}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_rfc9110_14_1_ranges_of_any_unit_are_read(field, found):
    assert parse_range(field) == found


@given(strategies.range_headers)
def test_no_range_field_raises(field):
    for positions in parse_range(field).values():
        assert positions


@pytest.mark.parametrize("unit", ["0-1,", "-", "9", ",", "=", '"'])
def test_reading_ranges_takes_linear_time(unit):
    def call_with(size):
        field = "bytes=" + unit * (size // len(unit))
        return lambda: parse_range(field)

    assert_linear(call_with, 16_000)


def partial_of(field, make):
    def handler(request):
        response = make()
        ranges = parse_range(request.environ["HTTP_RANGE"])
        if "bytes" in ranges:
            response.make_partial(ranges["bytes"])
        return response

    return TestApp(to_wsgi(handler)).get(HTTP_RANGE=field)


@pytest.fixture(params=["memory", "file", "blocks"])
def make(request, tmp_path):
    if request.param == "memory":
        return lambda: Response(HUNDRED, content_type="text/plain")
    if request.param == "blocks":
        blocks = [HUNDRED[i : i + 7] for i in range(0, 100, 7)]
        return lambda: Response(iter(blocks), content_type="text/plain", content_length="100")
    path = tmp_path / "hundred.txt"
    path.write_bytes(HUNDRED)
    return lambda: FileResponse(path, content_type="text/plain")


@pytest.mark.parametrize(
    ("field", "body", "said"),
    [
        ("bytes=0-9", b"0123456789", "bytes 0-9/100"),
        ("bytes=0-0", b"0", "bytes 0-0/100"),
        ("bytes=-5", b"56789", "bytes 95-99/100"),
        ("bytes=99-200", b"9", "bytes 99-99/100"),
        ("bytes=-200", HUNDRED, "bytes 0-99/100"),
        ("bytes=90-", b"0123456789", "bytes 90-99/100"),
        ("bytes=0-1,2-3", b"0123", "bytes 0-3/100"),
        ("bytes=0-1,500-", b"01", "bytes 0-1/100"),
    ],
)
def test_rfc9110_15_3_7_one_range_is_a_206(make, field, body, said):
    answer = partial_of(field, make)
    assert answer.status == "206 Partial Content"
    assert answer.body == body
    assert answer.headers["Content-Range"] == said
    assert answer.headers["Content-Length"] == str(len(body))
    assert answer.content_type == "text/plain"


@pytest.mark.parametrize("field", ["bytes=100-", "bytes=200-300", "bytes=-0"])
def test_rfc9110_15_5_17_no_byte_is_a_416_with_the_size(make, field):
    answer = partial_of(field, make)
    assert answer.status == "416 Range Not Satisfiable"
    assert answer.headers["Content-Range"] == "bytes */100"
    assert HUNDRED not in answer.body


@pytest.mark.parametrize("field", ["bytes=", "lines=0-4", "bytes=9-1", "junk"])
def test_rfc9110_14_2_other_fields_are_ignored(make, field):
    answer = partial_of(field, make)
    assert (answer.status, answer.body) == ("200 OK", HUNDRED)
    assert len(answer.headers.getall("Accept-Ranges")) <= 1


def test_rfc9110_14_6_several_ranges_are_multipart():
    big = bytes(range(256)) * 8
    response = make_partial(
        Response(big, content_type="image/png"), [(0, 3), (1000, 1003), (None, 2)]
    )
    answer = TestApp(response).get()
    assert answer.status_code == 206
    assert "Content-Range" not in answer.headers
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    parts = email.message_from_bytes(head + answer.body).get_payload()
    assert [(p["Content-Type"], p["Content-Range"]) for p in parts] == [
        ("image/png", "bytes 0-3/2048"),
        ("image/png", "bytes 1000-1003/2048"),
        ("image/png", "bytes 2046-2047/2048"),
    ]
    assert [p.get_payload(decode=True) for p in parts] == [big[:4], big[1000:1004], big[-2:]]


def test_the_sets_of_poorwsgis_documentation_are_understood():
    response = Response(HUNDRED * 10)
    response.make_partial({None, 10})
    assert response.body == b"0123456789"
    assert response.headers["Content-Range"] == "bytes 990-999/1000"
    part = PartialResponse("ž" * 100)
    part.make_range({100, 199}, "unicodes", 200)
    answer = TestApp(part).get()
    assert (answer.status, answer.headers["Content-Range"]) == (
        "206 Partial Content", "unicodes 100-199/200",
    )  # fmt: skip


def test_content_range_is_written_for_any_unit():
    assert make_range((0, 9)) == "bytes 0-9/*"
    assert content_range(0, 10, 100, "lines") == "lines 0-9/100"
    for positions, full in (((5, 2), 10), ((0, 10), 10), ((-1, 2), 10)):
        with pytest.raises(FieldError):
            make_range(positions, "bytes", full)


def test_what_cannot_be_cut_is_left_alone():
    unknown = GeneratorResponse(iter([b"abc"]))
    assert make_partial(unknown, [(0, 0)]).status_code == 200
    missing = Response("not there", 404)
    assert make_partial(missing, [(0, 0)]).status_code == 404
    lines = Response("a\nb")
    assert make_partial(lines, [(0, 0)], "lines").status_code == 200


class Blocks:
    def __init__(self, *blocks):
        self.blocks, self.closed = iter(blocks), 0

    def __iter__(self):
        return self.blocks

    def close(self):
        self.closed += 1


@pytest.mark.parametrize("positions", [[(1, 2)], [(500, None)]])
def test_a_cut_body_is_closed_once(positions):
    blocks = Blocks(b"abc", b"def")
    response = make_partial(Response(app_iter=blocks, content_length="6"), positions)
    call(response, make_environ())
    assert blocks.closed == 1


@given(
    st.lists(st.tuples(st.none() | st.integers(0, 40), st.none() | st.integers(0, 40)), max_size=4),
    st.lists(st.binary(min_size=1, max_size=9), max_size=6),
)
def test_a_206_is_what_its_content_range_says(positions, blocks):
    whole = b"".join(blocks)
    made = Response(app_iter=iter(blocks), content_length=str(len(whole)))
    response = make_partial(made, positions)
    said = response.headers.get("Content-Range")
    if response.status_code == 206 and said:
        first, _, last = said.removeprefix("bytes ").partition("/")[0].partition("-")
        assert response.body == whole[int(first) : int(last) + 1]
    elif response.status_code == 200:
        assert response.body == whole


# -- conditional_response


def conditional(**environ):
    response = Response(
        HUNDRED, etag="v1", last_modified="Sun, 06 Nov 1994 08:49:37 GMT", conditional_response=True
    )
    return TestApp(response).get(**environ)


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({}, 200),
        ({"HTTP_IF_NONE_MATCH": '"v1"'}, 304),
        ({"HTTP_IF_NONE_MATCH": "*"}, 304),
        ({"HTTP_IF_NONE_MATCH": '"v0"'}, 200),
        ({"HTTP_IF_MATCH": '"v0"'}, 412),
        ({"HTTP_IF_MODIFIED_SINCE": "Sun, 06 Nov 1994 08:49:37 GMT"}, 304),
        ({"HTTP_IF_MODIFIED_SINCE": "Sun, 06 Nov 99999 08:49:37 GMT"}, 200),
        ({"HTTP_RANGE": "bytes=0-1"}, 206),
        ({"HTTP_RANGE": "bytes=-"}, 200),
        ({"HTTP_RANGE": "bytes=--1"}, 200),
        ({"HTTP_RANGE": "bytes=500-"}, 416),
        ({"HTTP_RANGE": "bytes=0-1", "HTTP_IF_RANGE": '"v1"'}, 206),
        ({"HTTP_RANGE": "bytes=0-1", "HTTP_IF_RANGE": '"v0"'}, 200),
        ({"HTTP_RANGE": "bytes=0-1", "HTTP_IF_NONE_MATCH": '"v1"'}, 304),
        ({"HTTP_RANGE": "bytes=500-", "HTTP_IF_MATCH": '"v0"'}, 412),
    ],
    ids=repr,
)
def test_rfc9110_13_2_2_conditional_responses_answer_conditions(environ, status):
    answer = conditional(**environ)
    assert answer.status_code == status
    assert status not in (304, 412) or answer.body == b""
    assert status != 304 or answer.headers["ETag"] == '"v1"'


def test_rfc9110_8_8_2_2_if_range_does_not_trust_a_date_of_this_minute():
    fresh = time_to_http()
    response = Response(HUNDRED, last_modified=fresh, conditional_response=True)
    assert TestApp(response).get(HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE=fresh).status_code == 200


def test_rfc9110_14_2_range_is_ignored_on_head():
    response = Response(HUNDRED, conditional_response=True)
    answer = TestApp(response).head(HTTP_RANGE="bytes=0-1")
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, "100")


@given(strategies.environs(REQUEST_METHOD="GET"))
def test_nothing_that_a_client_sends_breaks_a_conditional_response(environ):
    response = Response(HUNDRED, etag="v1", conditional_response=True)
    assert call(response, environ).code in (200, 206, 304, 412, 416)


def test_a_last_position_of_any_number_of_digits_means_the_end():
    page = Response(HUNDRED, conditional_response=True)
    assert call(page, make_environ(HTTP_RANGE="bytes=90-" + "9" * 30)).body == HUNDRED[90:]
    assert call(page, make_environ(HTTP_RANGE="bytes=" + "9" * 30 + "-")).code == 416


def test_no_positions_leave_a_response_alone():
    for nothing in (None, [], set(), {None}):
        assert make_partial(Response(HUNDRED), nothing).status_code == 200


def test_one_file_response_sends_its_parts_to_two_clients_at_once(tmp_path):
    path = tmp_path / "long.bin"
    path.write_bytes(bytes(range(256)) * 4096)
    shared = FileResponse(path, conditional_response=True)
    parts = [
        make_environ(HTTP_RANGE="bytes=1-700000"),
        make_environ(HTTP_RANGE="bytes=300000-900000"),
    ]
    bodies = [shared(environ, lambda *_: None) for environ in parts]
    steps = [iter(body) for body in bodies]
    firsts = [next(step) for step in steps]
    bodies[0].close()
    assert path.read_bytes()[1:].startswith(firsts[0])
    assert firsts[1] + b"".join(steps[1]) == path.read_bytes()[300000:900001]
    bodies[1].close()


def test_a_part_of_a_file_can_be_sent_again(tmp_path):
    path = tmp_path / "page.txt"
    path.write_bytes(HUNDRED)
    part = make_partial(FileResponse(path), [(3, 5)])
    assert [call(part, make_environ()).body for _ in range(3)] == [b"345"] * 3


@pytest.mark.parametrize("unit", ["by\r\ntes", "x y", "", "a/b"])
def test_a_unit_is_a_token(unit):
    with pytest.raises(FieldError):
        PartialResponse("ab").make_range((0, 1), unit)
