"""JSON, text, streams and files: the responses with a purpose.

Oracles: recorded answers of PoorWSGI 2.8.1, with our deliberate differences.
"""

from __future__ import annotations

import io
import json
from wsgiref.util import FileWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tropea.core import (
    FieldError,
    FileObjResponse,
    FileResponse,
    GeneratorResponse,
    JSONGeneratorResponse,
    JSONResponse,
    NDJSONResponse,
    NoContentResponse,
    NotModifiedResponse,
    RedirectResponse,
    Response,
    StrGeneratorResponse,
    TextResponse,
    content_disposition,
    http_to_time,
    make_response,
    time_to_http,
)
from tropea.core.testing import Server, TestApp, call, make_environ


def test_json_of_keyword_arguments_is_an_object():
    answer = TestApp(
        JSONResponse(status_code=418, message="I'm teapot :-)", numbers=list(range(5)))
    ).get()
    assert answer.status == "418 I'm a teapot"
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Content-Length"] == "57"
    assert answer.body == b'{"message": "I\'m teapot :-)", "numbers": [0, 1, 2, 3, 4]}'


def test_json_of_one_value_is_that_value():
    assert JSONResponse([1, None]).body == b"[1, null]"
    assert JSONResponse({"a": 1}, b=2).body == b'{"a": 1, "b": 2}'
    assert JSONResponse({}).body == b"{}"
    assert JSONResponse(charset=None, a=1).headers["Content-Type"] == "application/json"
    assert (
        JSONResponse({"b": 1, "a": 2}, encoder_kwargs={"sort_keys": True}).body
        == b'{"a": 2, "b": 1}'
    )
    with pytest.raises(ValueError):
        JSONResponse(float("inf"))
    with pytest.raises(TypeError):
        JSONResponse(object())


def test_text_is_plain():
    answer = TestApp(TextResponse("x")).get()
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Length"] == "1"
    assert TextResponse("ž", charset="iso-8859-2").body == b"\xbe"


def test_no_content_has_a_status_and_fields():
    assert TestApp(NoContentResponse()).get().status == "204 No Content"
    assert NoContentResponse({"X-A": "1"}, 202).status == "202 Accepted"


def test_not_modified_sends_its_validators():
    answer = TestApp(NotModifiedResponse(etag='W/"x"', date=0, vary="Cookie")).get()
    assert answer.status == "304 Not Modified"
    assert answer.headerlist == [
        ("ETag", 'W/"x"'), ("Date", "Thu, 01 Jan 1970 00:00:00 GMT"), ("Vary", "Cookie"),
    ]  # fmt: skip
    assert NotModifiedResponse(date=time_to_http(10)).headers["Date"].endswith("00:00:10 GMT")


def test_redirects_say_where_and_how_long():
    answer = TestApp(RedirectResponse("/new/url", True)).get()
    assert (answer.status, answer.headers["Location"]) == ("301 Moved Permanently", "/new/url")
    assert RedirectResponse("/a").status == "302 Found"
    assert RedirectResponse("/a", 307).status_code == 307
    assert RedirectResponse("/a", message="moved").body == b"moved"
    with pytest.raises(FieldError):
        RedirectResponse("javascript:alert(1)")


def test_make_response_makes_what_the_data_asks_for():
    assert make_response("x").headers["Content-Type"] == "text/html; charset=utf-8"
    answer = TestApp(
        make_response(b"x", headers={"Content-Type": "text/plain"}, status_code=404)
    ).get()
    assert (answer.status, answer.headerlist) == (
        "404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "1")],
    )  # fmt: skip
    assert make_response([["a", 1]]).json == [["a", 1]]
    assert make_response(None).status_code == 204
    assert make_response(iter([b"x"]), "a/b").content_type == "a/b"


def test_http_dates_go_both_ways():
    assert http_to_time(time_to_http(784111777)) == 784111777
    with pytest.raises(ValueError):
        http_to_time("yesterday")


# -- streams


def test_generators_of_bytes_and_of_text():
    assert TestApp(GeneratorResponse(b"%d" % n for n in range(3))).get().body == b"012"
    answer = TestApp(StrGeneratorResponse((f"ž{n}" for n in range(2)), "text/plain")).get()
    assert (answer.body, answer.headers["Content-Type"]) == ("ž0ž1".encode(), "text/plain")
    with pytest.raises(TypeError, match="StrGeneratorResponse"):
        call(GeneratorResponse(iter(["text"])), make_environ())


def test_json_with_generators_is_the_json_of_their_lists():
    answer = TestApp(
        JSONGeneratorResponse(status_code=418, message="tea", numbers=range(5), none=iter(()))
    ).get()
    assert answer.status_code == 418
    assert json.loads(answer.body) == {"message": "tea", "numbers": [0, 1, 2, 3, 4], "none": []}
    assert "Content-Length" not in answer.headers


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def lazily(value):
    if isinstance(value, list):
        return (lazily(item) for item in value)
    if isinstance(value, dict):
        return {key: lazily(item) for key, item in value.items()}
    return value


@given(_json)
def test_streamed_json_is_what_the_standard_encoder_writes(value):
    assert JSONGeneratorResponse(lazily(value)).body.decode() == json.dumps(value)


def test_keys_that_are_no_text_are_written_as_the_standard_encoder_does():
    value = {1: "a", None: "b", True: "c", 1.5: "d"}
    assert JSONGeneratorResponse(value).body.decode() == json.dumps(value)


def test_long_json_leaves_in_pieces_of_8_to_64_kib_as_it_is_made():
    made = []

    def numbers():
        for number in range(100_000):
            made.append(number)
            yield number

    blocks = call(
        JSONGeneratorResponse({"n": numbers(), "long": "x" * 200_000}), make_environ()
    ).blocks
    assert all(8 * 1024 <= len(block) <= 64 * 1024 for block in blocks[:-1])
    assert len(blocks[-1]) <= 64 * 1024
    made.clear()
    body = JSONGeneratorResponse(numbers())(make_environ(), Server().start_response)
    next(iter(body))
    assert 0 < len(made) < 50_000
    body.close()


def test_an_error_in_the_first_piece_comes_before_the_status():
    def broken():
        raise ZeroDivisionError
        yield

    server = Server()
    with pytest.raises(ZeroDivisionError):
        JSONGeneratorResponse(a=broken())(make_environ(), server.start_response)
    assert server.answer.starts == 0


def test_ndjson_is_one_value_a_line_and_closes_its_source():
    closed = []

    def values():
        try:
            yield {"a": "x\ny"}
            yield [1]
        finally:
            closed.append(1)

    answer = call(NDJSONResponse(values()), make_environ())
    assert answer.blocks == [b'{"a": "x\\ny"}\n', b"[1]\n"]
    body = NDJSONResponse(values())(make_environ(), Server().start_response)
    body.close()
    assert closed == [1, 1]
    assert NDJSONResponse([]).headers["Content-Type"] == "application/x-ndjson"


# -- files


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "page.txt"
    path.write_bytes(b"0123456789" * 10)
    return path


def test_a_file_is_described_and_sent(path):
    answer = TestApp(FileResponse(path, headers={"ETag": '"1"'})).get()
    assert answer.body == path.read_bytes()
    assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert answer.headers["Content-Length"] == "100"
    assert answer.headers["Last-Modified"] == time_to_http(int(path.stat().st_mtime))
    assert answer.headers["ETag"] == '"1"'


def test_a_file_goes_through_the_servers_own_wrapper_and_is_closed(path):
    wrappers = []

    class Wrapper(FileWrapper):
        def __init__(self, file, size):
            super().__init__(file, size)
            wrappers.append(file)

    answer = call(FileResponse(path), make_environ(**{"wsgi.file_wrapper": Wrapper}))
    assert type(answer.iterable) is Wrapper
    assert answer.body == path.read_bytes()
    assert wrappers[0].closed


def test_a_missing_file_fails_where_the_response_is_made(tmp_path):
    with pytest.raises(OSError):
        FileResponse(tmp_path / "nope")


def test_nothing_is_left_open_when_a_file_response_is_never_sent(path):
    FileResponse(path)  # a ResourceWarning would be an error here
    assert TestApp(FileResponse(path)).head().headers["Content-Length"] == "100"


def test_a_file_can_be_sent_again(path):
    response = FileResponse(path)
    assert TestApp(response).get().body == TestApp(response).get().body == path.read_bytes()


def test_one_file_response_can_be_sent_to_two_clients_at_once(path):
    response = FileResponse(path)
    one = response(make_environ(), Server().start_response)
    two = response(make_environ(), Server().start_response)
    assert b"".join(one) == b"".join(two) == path.read_bytes()
    one.close()
    two.close()


def test_an_open_file_is_sent_from_where_it_stands_and_closed():
    file = io.BytesIO(b"head body")
    file.seek(5)
    answer = TestApp(FileObjResponse(file, "text/plain")).get()
    assert (answer.body, answer.headers["Content-Length"]) == (b"body", "4")
    assert file.closed


def test_a_stream_that_cannot_be_measured_is_sent_without_a_length():
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.left = [b"a", b"b"]

        def read(self, size=-1):
            return self.left.pop(0) if self.left else b""

        def tell(self):
            raise OSError("not seekable")

    answer = TestApp(FileObjResponse(Pipe())).get()
    assert answer.body == b"ab"
    assert "Content-Length" not in answer.headers


@pytest.mark.parametrize(
    ("filename", "field"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("žluť.txt", "attachment; filename=\"zlut.txt\"; filename*=UTF-8''%C5%BElu%C5%A5.txt"),
        (
            "setup.bat;.txt",
            "attachment; filename=\"setup.bat_.txt\"; filename*=UTF-8''setup.bat%3B.txt",
        ),
        ("a\u202egpj.exe", "attachment; filename=\"agpj.exe\"; filename*=UTF-8''a%E2%80%AEgpj.exe"),
        ('a"b\\c', "attachment; filename=\"a_b_c\"; filename*=UTF-8''a%22b%5Cc"),
        (
            "../../etc/passwd",
            "attachment; filename=\"_.._etc_passwd\"; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd",
        ),
    ],
)
def test_rfc6266_a_file_name_is_written_so_that_it_means_one_thing(path, filename, field):
    assert content_disposition("attachment", filename) == field
    assert FileResponse(path, filename=filename).headers["Content-Disposition"] == field


@pytest.mark.parametrize("filename", ["", "  ", "..", "a\r\nb", "a\0b"])
def test_file_names_that_are_none_are_refused(filename):
    with pytest.raises(FieldError):
        content_disposition("attachment", filename)


def test_types_are_guessed_from_names(path):
    from tropea.core.files import guess_type

    assert guess_type("x.png") == "image/png"
    assert guess_type("x.unknown") == "application/octet-stream"
    assert guess_type("x.tar.bz2") == "application/octet-stream"


def test_the_family_can_be_imported_from_its_heads_module():
    from tropea.core import response

    assert response.JSONResponse is JSONResponse
    with pytest.raises(AttributeError):
        response.nothing  # noqa: B018
    assert issubclass(JSONResponse, Response)


def test_a_file_that_has_grown_is_sent_no_longer_than_its_head_says(path):
    response = FileResponse(path)
    with path.open("ab") as file:
        file.write(b"more")
    answer = call(response, make_environ(**{"wsgi.file_wrapper": FileWrapper}))
    assert answer.get_all("Content-Length") == [str(len(answer.body))]


def test_a_file_of_text_is_refused_where_the_response_is_made(path):
    with path.open() as file, pytest.raises(TypeError, match="binary mode"):
        FileObjResponse(file)


@pytest.mark.parametrize("name", ["last_modified", "expires", "date"])
def test_dates_may_be_seconds_since_the_epoch(name):
    field = Response("", **{name: 10}).headerlist[1]
    assert field[1] == "Thu, 01 Jan 1970 00:00:10 GMT"


@pytest.mark.parametrize("status", [200, "200 OK", 404])
def test_a_redirect_has_the_status_of_one(status):
    with pytest.raises(FieldError, match="not the status of a redirect"):
        Response.redirect("/x", status)
    assert Response.redirect("/x", "303 See Other").status == "303 See Other"


def test_streamed_json_minds_what_is_sorted_and_skipped():
    members = {"b": 1, "a": iter([2]), (1, 2): 3}
    assert JSONGeneratorResponse(members, encoder_kwargs={"skipkeys": True}).body == b'{"b": 1, "a": [2]}'
    del members[1, 2]
    members["a"] = iter([2])
    assert JSONGeneratorResponse(members, encoder_kwargs={"sort_keys": True}).body == b'{"a": [2], "b": 1}'
