"""Ranges of files: RFC 9110 section 14, and what PoorWSGI answered for the same questions."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tropea.static import serve_static_file, static_server

CONTENT = bytes(range(256)) * 400  # more than one block


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("ranges")
    (root / "x.bin").write_bytes(CONTENT)
    (root / "hundred.txt").write_bytes(b"0123456789" * 10)
    (root / "empty.txt").write_bytes(b"")
    (root / "x.css").write_bytes(b"a" * 1000)
    (root / "x.css.gz").write_bytes(b"packed" * 50)
    import os

    for path in root.iterdir():
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return root


@pytest.fixture(scope="module", params=[{}, {"memory": 0, "keep": 0}], ids=["memory", "disk"])
def app(request, site):
    return static_server(site, **request.param)


@pytest.mark.parametrize(
    ("field", "status", "extent", "body"),
    [
        ("bytes=0-9", 206, "bytes 0-9/100", b"0123456789"),
        ("bytes=0-0", 206, "bytes 0-0/100", b"0"),  # PoorWSGI sent everything
        ("bytes=-5", 206, "bytes 95-99/100", b"56789"),
        ("bytes=99-200", 206, "bytes 99-99/100", b"9"),
        ("bytes=100-", 416, "bytes */100", b""),  # PoorWSGI: "bytes 100-None/100"
        ("bytes=200-300", 416, "bytes */100", b""),  # PoorWSGI: a negative length
        ("bytes=-0", 416, "bytes */100", b""),
        ("bytes=", 200, None, b"0123456789" * 10),
        ("lines=0-4", 200, None, b"0123456789" * 10),
        ("bytes=-200", 206, "bytes 0-99/100", b"0123456789" * 10),
        ("BYTES=0-1", 206, "bytes 0-1/100", b"01"),
        ("bytes=9-0", 200, None, b"0123456789" * 10),
    ],
)
def test_one_range(app, site, ask, field, status, extent, body):
    answer = ask(app, "/hundred.txt", headers={"Range": field})
    assert (answer.status, answer.headers.get("content-range")) == (status, extent)
    assert answer.body == body
    assert int(answer["Content-Length"]) == len(body)
    single = serve_static_file({"REQUEST_METHOD": "GET", "HTTP_RANGE": field}, site / "hundred.txt")
    assert (single.status_int, single.headers.get("Content-Range")) == (status, extent)
    assert b"".join(single.app_iter) == body


def test_section_14_2_range_is_ignored_on_head(app, ask):
    answer = ask(app, "/hundred.txt", "HEAD", {"Range": "bytes=0-4"})
    assert (answer.status, answer["Content-Length"], answer.body) == (200, "100", b"")


def test_section_15_3_7_a_partial_answer_repeats_the_fields_of_the_whole(app, ask):
    whole = ask(app, "/x.css", headers={"Accept-Encoding": "gzip"})
    part = ask(app, "/x.css", headers={"Accept-Encoding": "gzip", "Range": "bytes=6-11"})
    assert part.body == b"packed"
    for name in ("ETag", "Vary", "Cache-Control", "Content-Encoding", "Content-Type"):
        assert part[name] == whole[name]


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("TAG", 206),
        ("W/TAG", 200),
        ('"other"', 200),
        ("Sun, 09 Sep 2001 01:46:40 GMT", 206),
        ("Sunday, 09-Sep-01 01:46:40 GMT", 206),
        ("Sun, 09 Sep 2001 01:46:41 GMT", 200),
        ("Sun, 09 Sep 2001 01:46:39 GMT", 200),
        ("garbage", 200),
        ("*", 200),
        ("", 200),
    ],
)
def test_section_13_1_5_if_range_is_strong_and_exact(app, ask, condition, status):
    tag = ask(app, "/hundred.txt")["ETag"]
    asked = {"Range": "bytes=0-0", "If-Range": condition.replace("TAG", tag)}
    assert ask(app, "/hundred.txt", headers=asked).status == status


def test_section_13_1_5_a_date_of_just_now_is_no_strong_validator(tmp_path, ask):
    (tmp_path / "new.txt").write_text("just written")
    app = static_server(tmp_path)
    date = ask(app, "/new.txt")["Last-Modified"]
    asked = {"Range": "bytes=0-0", "If-Range": date}
    assert ask(app, "/new.txt", headers=asked).status == 200


def test_section_8_8_2_1_a_time_in_the_future_is_not_told(tmp_path, fill, ask):
    app = static_server(fill(tmp_path, {"a.txt": "a"}, time=4_000_000_000))
    assert "last-modified" not in ask(app, "/a.txt").headers


def parts_of(answer):
    boundary = re.fullmatch(r"multipart/byteranges; boundary=(\w+)", answer["Content-Type"])[
        1
    ].encode()
    head, *parts, tail = answer.body.split(b"--" + boundary)
    assert (head, tail) == (b"", b"--\r\n")
    found = []
    for part in parts:
        fields, _, data = part.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        start, stop, size = map(
            int, re.search(rb"Content-Range: bytes (\d+)-(\d+)/(\d+)", fields).groups()
        )
        assert size == len(CONTENT)
        assert data == CONTENT[start : stop + 1]
        found.append((start, stop + 1))
    return found


def test_section_14_6_several_ranges_are_a_multipart_body_of_true_length(app, ask):
    answer = ask(app, "/x.bin", headers={"Range": "bytes=0-9,1000-1009,-5"})
    assert answer.status == 206
    assert "content-range" not in answer.headers
    assert int(answer["Content-Length"]) == len(answer.body)
    assert parts_of(answer) == [(0, 10), (1000, 1010), (len(CONTENT) - 5, len(CONTENT))]


def test_section_15_3_7_2_ranges_that_touch_become_one(app, ask):
    answer = ask(app, "/x.bin", headers={"Range": "bytes=100-199,0-99,150-250"})
    assert answer["Content-Range"] == f"bytes 0-250/{len(CONTENT)}"
    assert answer.body == CONTENT[:251]


def test_overlapping_ranges_never_send_a_byte_twice(app, ask):
    field = "bytes=" + ",".join(["0-"] * 60)
    assert ask(app, "/x.bin", headers={"Range": field}).body == CONTENT


def test_too_many_ranges_get_the_whole(app, ask):
    field = "bytes=" + ",".join(f"{200 * n}-{200 * n}" for n in range(100))
    answer = ask(app, "/x.bin", headers={"Range": field})
    assert (answer.status, len(answer.body)) == (200, len(CONTENT))


def test_an_empty_file_has_no_range(app, ask):
    for field in ("bytes=0-", "bytes=-5", "bytes=0-0"):
        answer = ask(app, "/empty.txt", headers={"Range": field})
        assert (answer.status, answer["Content-Range"]) == (416, "bytes */0")


def test_an_absent_file_has_no_range(app, ask):
    assert ask(app, "/none", headers={"Range": "bytes=0-0"}).status == 404


SPECS = st.one_of(
    st.tuples(st.integers(0, 110_000), st.integers(0, 110_000)).map(lambda p: f"{p[0]}-{p[1]}"),
    st.integers(0, 110_000).map(lambda n: f"{n}-"),
    st.integers(0, 110_000).map(lambda n: f"-{n}"),
    st.text("0123456789-, ", max_size=8),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(SPECS, min_size=1, max_size=6))
def test_whatever_is_asked_the_bytes_are_the_files_own(app, ask, specs):
    answer = ask(app, "/x.bin", headers={"Range": "bytes=" + ",".join(specs)})
    assert answer.status in {200, 206, 416}
    if answer.status == 200:
        assert answer.body == CONTENT
    elif answer.status == 206:
        assert int(answer["Content-Length"]) == len(answer.body)
        extent = answer.headers.get("content-range")
        if extent is None:
            spans = parts_of(answer)
            assert all(one[1] < two[0] for one, two in zip(spans, spans[1:]))
        else:
            start, stop = map(int, re.match(r"bytes (\d+)-(\d+)/", extent).groups())
            assert answer.body == CONTENT[start : stop + 1]
    else:
        assert answer["Content-Range"] == f"bytes */{len(CONTENT)}"
