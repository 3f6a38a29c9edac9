"""Where people use webob's names, they get webob's answers."""

import copy
import gc
import weakref
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core import Request
from tropea.core.foundation import webob

FORM = "application/x-www-form-urlencoded"
PIECES = st.lists(
    st.sampled_from(["a", "b", "=", "&", "+", "%20", "%C3%A9", ";", "1", "%40"]),
    max_size=20,
).map("".join)
COOKIES = st.lists(
    st.sampled_from(["a=1", "b", "c=", "d=x=y", "f=a/b+c", 'g="q"', "h=1.5-2_3"]),
    unique=True,
    max_size=4,
).map("; ".join)


def environ(query="", body=b"", cookie="", method="POST", kind=FORM):
    return {
        "REQUEST_METHOD": method, "PATH_INFO": "/é".encode().decode("latin-1"), "SCRIPT_NAME": "/a", "QUERY_STRING": query,
        "SERVER_NAME": "x", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "HTTP_HOST": "h:8080",
        "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)), "HTTP_COOKIE": cookie, "CONTENT_TYPE": kind,
        "HTTP_ACCEPT": "text/html", "HTTP_X_Y": "1", "REMOTE_ADDR": "127.0.0.1",
    }  # fmt: skip


NAMES = ["cookies", "GET", "POST", "path_info", "script_name", "method", "params", "body", "text", "url", "path_url", "path_qs", "path", "host",
         "host_url", "host_port", "domain", "application_url", "content_length", "content_type", "charset", "is_xhr", "client_addr", "scheme", "server_name",
         "server_port", "remote_addr", "http_version", "is_body_readable", "headers", "urlvars", "urlargs", "query_string"]  # fmt: skip


@given(PIECES, PIECES, COOKIES, st.sampled_from(["GET", "POST"]))
def test_ordinary_requests_are_answered_alike(query, body, cookie, method):
    if method == "GET":
        body = ""
    arguments = (query, body.encode(), cookie, method, FORM if method == "POST" else "")
    ours, theirs = Request(environ(*arguments)), webob.Request(environ(*arguments))
    for name in NAMES:
        results = []
        for asked in (ours, theirs):
            value = getattr(asked, name)
            results.append(list(value.items()) if hasattr(value, "items") else value)
        if name == "cookies":  # of what is no cookie, both take something else
            results = [[pair for pair in result if pair[0] != "b"] for result in results]
        assert results[0] == results[1], name


@pytest.mark.parametrize("kind", ["", "text/plain", FORM, "multipart/form-data; boundary=B"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_the_same_bodies_are_forms(kind, method):
    body = (
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n'
        if "multipart" in kind
        else b"a=1"
    )
    ours, theirs = (
        cls(environ(body=body, method=method, kind=kind)).POST for cls in (Request, webob.Request)
    )
    assert type(ours) is type(theirs)
    assert list(ours.items()) == list(theirs.items())


def test_uploads_have_what_webobs_have():
    request = Request.blank("/", POST={"f": ("n.txt", b"DATA"), "a": "1"})
    upload = request.POST["f"]
    assert (upload.filename, upload.value, upload.file.read(), upload.type, upload.name) == (
        "n.txt",
        b"DATA",
        b"DATA",
        "text/plain",
        "f",
    )
    assert request.POST["a"] == "1"


def test_writing_to_get_writes_the_query():
    request = Request(environ("a=1"))
    request.GET["b"] = "2"
    assert request.query_string == "a=1&b=2"
    assert request.query.allitems() == [("a", "1"), ("b", "2")]


def test_writing_cookies_writes_the_field():
    request = Request(environ(cookie="a=1"))
    request.cookies["b"] = "2"
    assert request.environ["HTTP_COOKIE"] == "a=1; b=2"
    assert request.cookie_dict["b"].value == "2"
    request.cookies = {"c": "3"}
    assert request.cookies["c"] == "3"


def test_setters():
    request = Request(environ())
    request.body = b"x"
    assert (request.body, request.content_length) == (b"x", 1)
    request.text = "ž"
    assert request.body == "ž".encode()
    request.json = {"a": 1}
    assert request.body == b'{"a":1}'
    del request.body
    assert request.body == b""
    request.host = "example.com"
    assert request.host == "example.com"
    request.method = "PUT"
    assert request.environ["REQUEST_METHOD"] == "PUT"
    request.range = "bytes=0-4"
    assert request.range.end == 5
    request.if_modified_since = "Sun, 06 Nov 1994 08:49:37 GMT"
    assert request.if_modified_since.year == 1994
    request.authorization = ("Basic", "abc")
    assert request.authorization == {"type": "Basic", "credentials": "abc"}
    request.if_none_match = '"x"'
    assert "x" in request.if_none_match
    request.if_range = '"x"'
    assert request.if_range
    del request.range, request.if_range, request.if_none_match, request.authorization, request.host
    assert (request.range, request.authorization) == (None, None)
    request.body_file = BytesIO(b"later")
    assert request.body == b"later"


def test_attributes_of_any_name():
    request = Request(environ())
    request.app_colour = "red"
    assert request.app_colour == "red"
    del request.app_colour
    assert not hasattr(request, "app_colour")
    assert not hasattr(request, "_hidden")


def test_it_calls_applications():
    def app(environ, start_response):
        return webob.Response("hello " + Request(environ).query.get("a", ""))(
            environ, start_response
        )

    response = Request.blank("/?a=1").get_response(app)
    assert (response.status_int, response.text) == (200, "hello 1")


def test_it_is_written_and_read_as_text():
    request = Request.blank("/x?a=1", POST={"b": "2"})
    again = Request.from_bytes(request.as_bytes())
    assert (again.path, again.query["a"], again.form["b"]) == ("/x", "1", "2")


def test_it_is_wsgifys_request():
    webob_dec = pytest.importorskip("webob.dec")

    @webob_dec.wsgify(RequestClass=Request)
    def app(request):
        return webob.Response(request.query["a"])

    assert Request.blank("/?a=1").get_response(app).text == "1"


def test_other_charsets_by_decode():
    pytest.importorskip("cgi")
    request = Request(environ("a=%E9", b"b=%E9", kind=f"{FORM}; charset=latin-1"))
    decoded = request.decode()
    assert (decoded.GET["a"], decoded.POST["b"]) == ("é", "é")


def test_a_large_body_is_copied_to_a_file():
    request = Request(environ(body=b"x" * 50_000, kind="text/plain"))
    request.make_body_seekable()
    assert not isinstance(request.body_file_raw, BytesIO)
    assert request.body_file_seekable.read(3) == b"xxx"
    assert len(request.body) == 50_000
    copied = request.copy()
    assert copied.body == request.body
    assert copied.body_file_raw is not request.body_file_raw
    for opened in (request, copied):
        opened.body_file_raw.close()


def test_nothing_is_left_to_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        given = environ("a=1", b"b=2")
        request = Request(given)
        assert request.query and request.form and request.POST and request.cookies is not None
        gone = weakref.ref(request)
        del request
        assert gone() is None
    finally:
        gc.enable()


def test_a_shallow_copy_reads_the_same_environ():
    request = Request(environ("a=1"))
    assert copy.copy(request).query["a"] == "1"
