"""One request on standard input, its answer on standard output."""

import os
import subprocess
import sys
from io import BytesIO, StringIO
from wsgiref.validate import validator

import pytest

from tropea.core import Request, Response, run_with_cgi


def run(app, stdin=b"", **variables):
    output, errors = BytesIO(), StringIO()
    environ = {"REQUEST_METHOD": "GET", "SERVER_NAME": "h", "SERVER_PORT": "80", **variables}
    run_with_cgi(app, environ, stdin=BytesIO(stdin), stdout=output, stderr=errors)
    return output.getvalue(), errors.getvalue()


def text(status="200 OK", headers=(("Content-Type", "text/plain"),), body=(b"hello",)):
    def app(environ, start_response):
        start_response(status, list(headers))
        return body

    return app


def test_as_pesto_25_answered():
    output, _ = run(Response(["Welcome"]))
    head, _, body = output.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[:2] == [b"Status: 200 OK", b"Content-Type: text/html; charset=UTF-8"]
    assert body == b"Welcome"


def test_the_body_is_read_to_its_length_and_no_further():
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["wsgi.input"].read()]

    output, _ = run(app, b"helloNEXT", REQUEST_METHOD="POST", CONTENT_LENGTH="5")
    assert output.endswith(b"\r\n\r\nhello")


def test_a_form():
    def app(environ, start_response):
        return Response([Request(environ)["a"]])(environ, start_response)

    kind = "application/x-www-form-urlencoded"
    output, _ = run(app, b"a=1", REQUEST_METHOD="POST", CONTENT_LENGTH="3", CONTENT_TYPE=kind)
    assert output.endswith(b"1")


def test_https_is_seen():
    seen = []
    run(
        lambda environ, start: seen.append(environ["wsgi.url_scheme"]) or text()(environ, start),
        HTTPS="on",
    )
    assert seen == ["https"]


def test_a_head_has_no_body():
    output, _ = run(text(), REQUEST_METHOD="HEAD")
    assert output == b"Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n"


def test_an_error_before_the_first_block_is_a_clean_500():
    def app(environ, start_response):
        start_response("200 OK", [("X-Secret", "1")])
        raise ZeroDivisionError("secret")

    output, errors = run(app)
    assert output.startswith(b"Status: 500 Internal Server Error\r\n")
    assert b"ecret" not in output
    assert "ZeroDivisionError" in errors


def test_an_error_after_it_lets_the_script_fail():
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"x"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(app)


@pytest.mark.parametrize(
    "app",
    [text("200 OK\r\nX: y"), text(headers=[("X", "a\r\nY: z")]), text(headers=[("X Y", "a")]), text(headers=[("Connection", "close")]),
     lambda environ, start_response: [b"no start"]],
)  # fmt: skip
def test_what_must_not_be_sent_is_a_500(app):
    output, _ = run(app)
    assert output.startswith(b"Status: 500 ")
    assert b"Y: z" not in output


def test_write_and_a_second_start_with_exc_info():
    def app(environ, start_response):
        start_response("200 OK", [])
        try:
            raise ValueError
        except ValueError:
            write = start_response("503 Service Unavailable", [], sys.exc_info())
        write(b"a")
        return [b"b"]

    assert run(app)[0] == b"Status: 503 Service Unavailable\r\n\r\nab"


def test_a_body_is_closed_even_when_it_fails():
    closed = []

    class Body:
        def __iter__(self):
            raise ZeroDivisionError

        def close(self):
            closed.append(True)

    run(text(body=Body()))
    assert closed == [True]


def test_it_keeps_to_pep_3333():
    assert run(validator(text()), QUERY_STRING="", SERVER_PROTOCOL="HTTP/1.1")[0].endswith(b"hello")


def test_a_script_of_its_own():
    program = (
        "from tropea.core import run_with_cgi\n"
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return [environ['PATH_INFO'].encode('latin-1')]\n"
        "run_with_cgi(app)\n"
    )
    environ = {
        **os.environ,
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/ž",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], env=environ, capture_output=True, check=True
    )
    assert done.stdout == "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n/ž".encode()


def test_a_body_of_text_is_a_500_and_no_half_an_answer():
    output, errors = run(text(body=["text"]))
    assert output.startswith(b"Status: 500 ")
    assert "TypeError" in errors
