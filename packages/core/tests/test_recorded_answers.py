"""The recorded answers of Pesto 25 and PoorWSGI 2.8.1, case by case, and where we differ on purpose.

Each case has the name it was recorded under.  The words of canned pages, the order of fields and
X-Powered-By are no contract.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from tropea.core import (
    Cookie,
    FileResponse,
    HTTPException,
    JSONResponse,
    NotModifiedResponse,
    RedirectResponse,
    Request,
    Response,
    TextResponse,
    expire_cookie,
    make_partial,
    make_range,
    make_response,
    parse_range,
    to_wsgi,
    with_request_args,
)
from tropea.core.testing import TestApp, make_environ

FORM = "application/x-www-form-urlencoded"
DIGITS = b"0123456789" * 10
GONE = "Tue, 01 Jan 1980 00:00:00 GMT"


@dataclass
class Case:
    """One recorded request: what answers it, what it sends, what comes back.

    differs: what was recorded, and why we answer otherwise; empty where we answer alike.
    """

    name: str
    handler: Any
    status: int
    body: Any = None
    fields: dict[str, Any] = field(default_factory=dict)
    differs: str = ""
    query: str = ""
    environ: dict[str, Any] = field(default_factory=dict)
    sent: bytes = b""
    method: str = "GET"


def aborting(*args, **kwargs):
    def handler(request):
        raise HTTPException(*args, **kwargs)

    return handler


def written(*blocks, **kwargs):
    def handler(request):
        response = Response(**kwargs)
        for block in blocks:
            response.write(block)
        return response

    return handler


def generated(request):
    for number in range(3):
        yield "%d -> %x\n" % (number, number)


@with_request_args(id=int, tags=[str])
def with_args(request, id, tags, opt=5):
    return f"{id} {tags} {opt}"


@with_request_args(id=int)
def with_default(request, id=1):
    return str(id)


@with_request_args(id=int, strict_checking=True)
def with_strict(request, id=1):
    return str(id)


def args(request):
    return TextResponse(f"{request.args.getfirst('a')!r}|{request.args.getlist('a')!r}")


def cookies(request):
    return TextResponse(repr([(c.name, c.value) for c in request._cookies()]))


class Counter:
    def __init__(self, n):
        self.n = n

    @to_wsgi
    def count(self, request):
        self.n += 1
        return str(self.n)


Counter(1).count  # noqa: B018  the first instance must not be bound for ever
PESTO = [
    Case("status-204", lambda request: Response(["a"], status=204), 204, b"",
         differs="'a' was sent: RFC 9110 section 15.3.5 allows no body"),
    Case("unicode-latin1", lambda request: Response(["Price \xa3200"], content_type="text/plain; charset=latin1"),
         200, "Price \xa3200".encode("latin-1"), {"Content-Type": "text/plain; charset=latin1"}),
    Case("redirect-protocol-relative", lambda request: Response.redirect("//evil.example/x"), 302, None,
         {"Location": "/evil.example/x"}, differs="http://localhost/x: no host comes from a path, nor from Host"),
    Case("std-not-found", lambda request: Response.not_found(), 404),
    Case("std-forbidden", lambda request: Response.forbidden(), 403),
    Case("std-length-required", lambda request: Response.length_required(), 411),
    Case("std-internal-server-error", lambda request: Response.internal_server_error(), 500),
    Case("std-405", lambda request: Response.method_not_allowed(("GET", "HEAD")), 405, None, {"Allow": "GET,HEAD"}),
    Case("clear-cookie", lambda request: Response("x").add_cookie("foo", "", maxage=0, path="/"), 200, b"x",
         {"Set-Cookie": f"foo=;Expires={GONE};Max-Age=0;Path=/"},
         differs="a date that ends in -0000, and Version=1: RFC 6265 has neither"),
    Case("expire-cookie", lambda request: Response("x", set_cookie=expire_cookie("Customer", path="/")), 200, b"x",
         {"Set-Cookie": f"Customer=;Expires={GONE};Max-Age=0;Path=/"}, differs="as clear-cookie"),
    Case("two-cookies", lambda request: Response("x", set_cookie=[Cookie("a", "1"), Cookie("b", "2")]), 200, b"x",
         {"Set-Cookie": ["a=1", "b=2"]}, differs="Version=1, which RFC 6265 has not"),
    Case("form-no-length", lambda request: str(request.form), 411, method="POST",
         environ={"CONTENT_TYPE": FORM, "HTTP_TRANSFER_ENCODING": "chunked"},
         differs="411 without any length: RFC 9112 section 6.3 says that such a request has no body"),
    Case("form-too-big", lambda request: str(request.form), 413, method="POST", sent=b"a=" + b"x" * (9 << 20),
         environ={"CONTENT_TYPE": FORM}, differs="17 KB were too much: our limit is larger, and an option"),
    Case("cookies", cookies, 200,
         b"[('$Version', '1'), ('Customer', 'WILE_E_COYOTE'), ('$Path', '/acme'), ('Part', 'Rocket_0001'), "
         b"('Part', 'Catapult_0032'), ('x', 'a b'), ('y', '')]",
         environ={"HTTP_COOKIE": '$Version="1"; Customer="WILE_E_COYOTE"; $Path="/acme"; Part="Rocket_0001"; '
                                 'Part="Catapult_0032"; x=a%20b; bad; y='},
         differs="$Version and $Path were attributes: RFC 6265 has none in requests"),
    Case("cookie-empty-name", cookies, 200, b"[('a', '1')]", environ={"HTTP_COOKIE": "a=1; =x"},
         differs="IndexError, which a client could cause"),
    Case("req-charset", lambda request: request.form["c"], 200, "\xa3".encode(), method="POST", sent=b"c=%A3",
         environ={"CONTENT_TYPE": f"{FORM}; charset=latin1"}),
    Case("multipart",
         lambda request: repr((request.form["t"], request.files["f"].filename, request.files["f"].headers["Content-Type"],
                               request.files["f"].file.read(), sorted(request.form))),
         200, "('abc\xe9', 'up.txt', 'text/plain', b'hello', ['f', 't'])".encode(), method="POST",
         environ={"CONTENT_TYPE": "multipart/form-data; boundary=--B"},
         sent=(b'----B\r\nContent-Disposition: form-data; name="t"\r\n\r\nabc\xc3\xa9\r\n----B\r\nContent-Disposition: '
               b'form-data; name="f"; filename="C:\\\\dir\\\\up.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n'
               b"----B--\r\n")),
    Case("to-wsgi-method-second-instance", Counter(100).count, 200, b"101",
         differs="'2': the first instance was bound for ever"),
    Case("args id=x", with_args, 400, query="id=x", differs="RequestArgsConversionError was raised, a 500"),
    Case("args-default id=3", with_default, 200, b"3", query="id=3"),
    Case("args-strict id=x", with_strict, 400, query="id=x", differs="RequestArgsConversionError was raised, a 500"),
]  # fmt: skip

POORWSGI = [
    Case("ret.str.head", lambda request: "hello", 200, b"", {"Content-Length": "5"}, method="HEAD",
         differs="the body was sent"),
    Case("ret.none", lambda request: None, 204, b""),
    Case("ret.none.gone", lambda request: (None, "", None, 410), 410, b""),
    Case("ret.unknownstatus", lambda request: Response("x", status_code=299), 299, b"x",
         differs="500: any code of three digits is a status"),
    Case("ret.hdr.explicit_ct", lambda request: make_response("x", "text/html", {"Content-Type": "text/plain"}, 404),
         404, b"x", {"Content-Type": "text/plain"}),
    Case("ret.filelike", lambda request: io.BytesIO(b"l1\nl2\n"), 200, b"l1\nl2\n"),
    Case("ret.genhandler", generated, 200, b"0 -> 0\n1 -> 1\n2 -> 2\n"),
    Case("resp.write", written(" yes", content="teapot", content_type="text/plain", status_code=418), 418, b"teapot yes",
         {"Content-Length": "10"}, differs="write() began at the start and the length was wrong"),
    Case("resp.write.empty", written("a", "b", content_type="text/plain"), 200, b"ab", {"Content-Length": "2"}),
    Case("resp.json", lambda request: JSONResponse(status_code=418, message="I'm teapot :-)", numbers=list(range(5))),
         418, b'{"message": "I\'m teapot :-)", "numbers": [0, 1, 2, 3, 4]}', {"Content-Length": "57"}),
    Case("resp.json.nocharset", lambda request: JSONResponse(charset=None, a=1), 200, b'{"a": 1}',
         {"Content-Type": "application/json"}),
    Case("resp.text", lambda request: TextResponse("x"), 200, b"x", {"Content-Length": "1"}),
    Case("resp.redirect", lambda request: RedirectResponse("/new/url", True), 301, None, {"Location": "/new/url"}),
    Case("resp.304", lambda request: NotModifiedResponse(etag='W/"x"'), 304, b"", {"ETag": 'W/"x"'},
         differs="the tag was lost"),
    Case("resp.intheader", lambda request: Response("x").add_header("S-Param", 84), 200, b"x", {"S-Param": "84"},
         differs="500: a number has one spelling"),
    Case("abort.403", aborting(403), 403),
    Case("abort.404", aborting(404), 404),
    Case("abort.405", aborting(405), 405),
    Case("abort.200", aborting(200), 200, differs="204: it gives the status that was asked for"),
    Case("abort.304", aborting(304), 304, b""),
    Case("abort.204", aborting(204), 204, b"", differs="501"),
    Case("abort.500", aborting(500), 500),
    Case("abort.501", aborting(501), 501),
    Case("abort.503", aborting(503), 503, differs="501"),
    Case("abort.resp", aborting(JSONResponse(reason="x", status_code=400)), 400, b'{"reason": "x"}',
         differs="without the blank after the colon"),
    Case("args.a=1&a=2&b=", args, 200, b"'1'|['1', '2']", query="a=1&a=2&b="),
    Case("args.a=%C5%BE", args, 200, "'\u017e'|['\u017e']".encode(), query="a=%C5%BE"),
    Case("args.a=1;b=2", args, 200, b"'1;b=2'|['1;b=2']", query="a=1;b=2"),
    Case("args.a=%ff", args, 200, "'\ufffd'|['\ufffd']".encode(), query="a=%ff"),
    Case("args.a+b=c+d", args, 200, b"None|[]", query="a+b=c+d"),
    Case("form.url", lambda request: repr(request.form.allitems()), 200,
         "[('a', '1'), ('a', '2'), ('b', ''), ('c', '\u017e')]".encode(), method="POST",
         sent=b"a=1&a=2&b=&c=%C5%BE", environ={"CONTENT_TYPE": FORM},
         differs="b was left out: keep_blank_values=False does so"),
    Case("form.get", lambda request: repr(request.form.allitems()), 200, b"[]", sent=b"a=1",
         environ={"CONTENT_TYPE": FORM}, differs="a body of GET was read: it has no meaning (RFC 9110 section 9.3.1)"),
    Case("json.bad", lambda request: request.json, 400, method="POST", sent=b'{"a": <script>alert(1)</script>',
         environ={"CONTENT_TYPE": "application/json"}),
    Case("json.nan", lambda request: repr(request.json), 200, b"nan", method="POST", sent=b"NaN",
         environ={"CONTENT_TYPE": "application/json"}),
    Case("json.badcharset", lambda request: request.json, 400, method="POST", sent=b"{}",
         environ={"CONTENT_TYPE": "application/json; charset=nonsense"}),
    Case("form.multipart.noboundary", lambda request: repr(request.form), 400, method="POST", sent=b"--B\r\n",
         environ={"CONTENT_TYPE": "multipart/form-data"}, differs="500"),
    Case("form.multipart.badcd", lambda request: repr(request.form.allitems()), 200, b"[('f', 'x')]", method="POST",
         sent=b"--B\r\nContent-Disposition: form-data; name=\"f\"; filename*=UTF-8''%e2%82%ac.txt\r\n\r\nx\r\n--B--\r\n",
         environ={"CONTENT_TYPE": "multipart/form-data; boundary=B"}),
    Case("clen.neg", lambda request: repr(request.form), 400, method="POST", sent=b"a=1",
         environ={"CONTENT_TYPE": FORM, "CONTENT_LENGTH": "-5"}, differs="200, with the whole input read"),
]  # fmt: skip


def answer_of(case):
    environ = {"CONTENT_LENGTH": str(len(case.sent))} if case.sent else {}
    environ |= {"QUERY_STRING": case.query, "wsgi.input": io.BytesIO(case.sent)}
    app = TestApp(to_wsgi(case.handler), validate=case.name != "clen.neg")  # it minds lengths itself
    return app.request(case.method, **{**environ, **case.environ})


@pytest.mark.parametrize("case", [*PESTO, *POORWSGI], ids=lambda case: case.name)
def test_each_recorded_request_is_answered(case):
    answer = answer_of(case)
    assert answer.status_code == case.status, case.differs
    if case.body is not None:
        assert answer.body == case.body, case.differs
    for name, value in case.fields.items():
        found = answer.headers.getall(name)
        assert found == (value if isinstance(value, list) else [value]), case.differs
    assert "X-Powered-By" not in answer.headers


@pytest.mark.parametrize("value", [0, 999], ids=lambda value: f"abort.{value}")
def test_what_is_no_status_to_abort_with_is_refused(value):
    """999 was sent as 501, and 0 as nothing at all."""
    with pytest.raises(ValueError, match=str(value)):
        HTTPException(value)


def test_handler_raises_and_ret_gen_raise_first_propagate():
    def first(request):
        raise ZeroDivisionError
        yield

    for handler in (lambda request: 1 // 0, first):
        with pytest.raises(ZeroDivisionError):
            TestApp(to_wsgi(handler)).get()


def test_ret_int_and_resp_file_missing_are_errors_of_the_program(tmp_path):
    with pytest.raises(TypeError, match="42"):
        TestApp(to_wsgi(lambda request: 42)).get()
    with pytest.raises(FileNotFoundError):
        FileResponse(tmp_path / "nope")


def test_from_wsgi_and_from_wsgi_late_start():
    def early(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-A", "1")])
        return [b"body"]

    def late(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"x"
        yield b"y"

    for app, body in ((early, b"body"), (late, b"xy")):

        def layer(environ, start_response, app=app):
            response = Response.from_wsgi(app, environ, start_response).add_header("X-B", "2")
            return response(environ, start_response)

        answer = TestApp(layer).get()
        assert (answer.body, answer.headers["X-B"]) == (body, "2")


RANGES = {
    "bytes=0-9": (206, DIGITS[:10], "bytes 0-9/100", ""),
    "bytes=0-0": (206, b"0", "bytes 0-0/100", "the whole body was sent"),
    "bytes=-5": (206, b"56789", "bytes 95-99/100", ""),
    "bytes=99-200": (206, b"9", "bytes 99-99/100", ""),
    "bytes=100-": (416, b"", "bytes */100", "'bytes 100-None/100'"),
    "bytes=200-300": (416, b"", "bytes */100", "206 with a length of -100"),
    "bytes=": (200, DIGITS, None, ""),
    "lines=0-4": (200, DIGITS, None, ""),
    "bytes=-200": (206, DIGITS, "bytes 0-99/100", ""),
}


@pytest.mark.parametrize("asked", RANGES, ids=lambda asked: f"range.file.{asked}")
def test_ranges_of_a_file(asked, tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(DIGITS)
    status, body, content_range, differs = RANGES[asked]

    def handler(request):
        response = FileResponse(path)
        ranges = parse_range(request.get_header("Range"))
        return make_partial(response, ranges["bytes"]) if ranges.get("bytes") else response

    answer = TestApp(to_wsgi(handler)).get(HTTP_RANGE=asked)
    assert answer.status_code == status, differs
    assert answer.headers.get("Content-Range") == content_range, differs
    assert status == 416 or answer.body == body, differs


def test_range_suffix_and_the_set_of_the_documentation():
    response = Response(DIGITS * 10).make_partial([(None, 10)])
    assert response.headers["Content-Range"] == "bytes 990-999/1000"
    assert TestApp(response).get().body == b"0123456789"
    assert make_range({100, 199}, "unicodes", 200) == "unicodes 100-199/200"  # a set was a 500


def test_resp_file_ims_waits_to_be_asked_for(tmp_path):
    """FileResponse answers the whole file; ``conditional_response=True`` makes it look."""
    path = tmp_path / "a.txt"
    path.write_bytes(DIGITS)
    later = {"HTTP_IF_MODIFIED_SINCE": "Fri, 01 Jan 2100 00:00:00 GMT"}
    assert TestApp(FileResponse(path)).get(**later).status_code == 200
    response = FileResponse(path)
    response.conditional_response = True
    assert TestApp(response).get(**later).status_code == 304


def test_hdrs():
    request = Request(make_environ(
        "/x?q=1", HTTP_ACCEPT="text/html;q=0.5, application/json; q=0.9, */*;q=0", HTTP_REFERER="r", HTTP_USER_AGENT="ua",
        HTTP_X_REQUESTED_WITH="XMLHttpRequest", HTTP_X_FORWARDED_FOR="1.2.3.4, 5.6.7.8", HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_FORWARDED_HOST="ex.com:8443",
        HTTP_AUTHORIZATION='Digest username="a\\"b", uri="/x", nc=00000001, qop=auth',
    ))  # fmt: skip
    assert (request.accept_html, request.accept_json, request.accept_xhtml) == (True, True, False)
    assert (request.is_xhr, request.referer, request.referrer, request.user_agent) == (True, "r", "r", "ua")
    assert (request.forwarded_for, request.forwarded_host, request.is_secure) == (None, None, False)
    assert json.dumps(request.authorization, sort_keys=True) == json.dumps(
        {"nc": "00000001", "qop": "auth", "type": "Digest", "uri": "/x", "username": 'a"b'}
    )
