"""Run an application once, as a CGI script.

Source: RFC 3875 sections 4.1 and 6; PEP 3333, "The Server/Gateway Side".
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable
from typing import IO, Any
from wsgiref.handlers import read_environ
from wsgiref.types import WSGIApplication

from tropea.core.closing import close
from tropea.core.fields import check_fields, check_status
from tropea.core.inputs import LimitedInput

_FAILED = (
    "500 Internal Server Error",
    [("Content-Type", "text/plain; charset=utf-8")],
    b"The server could not answer this request.\n",
)


def run_with_cgi(
    application: WSGIApplication,
    environ: dict[str, str] | None = None,
    *,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
    stderr: IO[str] | None = None,
) -> None:
    r"""Answer the request that the process's environment describes, on standard output.

    environ: CGI variables; the process's when None.  stdin, stdout, stderr: the process's when
    None.

    An exception before the response has started is answered 500, its traceback going to stderr;
    a later one propagates, so that the server sees the script fail.

    >>> import io
    >>> def welcome(environ, start_response):
    ...     start_response("200 OK", [("Content-Type", "text/plain")])
    ...     return [b"Welcome"]
    >>> run_with_cgi(welcome, {"REQUEST_METHOD": "GET"}, stdout=(out := io.BytesIO()))
    >>> out.getvalue()
    b'Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nWelcome'
    """
    output = stdout or sys.stdout.buffer
    errors = stderr or sys.stderr
    variables = dict(read_environ() if environ is None else environ)
    answer = _Answer(output, head_only=variables.get("REQUEST_METHOD") == "HEAD")
    body: Iterable[bytes] = ()
    try:
        body = application(_wsgi_environ(variables, stdin, errors), answer.start)
        for block in body:
            if block:
                answer.write(block)
        answer.write(b"")
    except Exception:
        if answer.sent:
            raise
        traceback.print_exc(file=errors)
        answer.status, answer.headers = _FAILED[0], list(_FAILED[1])
        answer.write(_FAILED[2])
    finally:
        try:
            close(body)
        finally:
            output.flush()


def _wsgi_environ(
    variables: dict[str, str], stdin: IO[bytes] | None, errors: IO[str]
) -> dict[str, Any]:
    length = variables.get("CONTENT_LENGTH", "")
    readable = int(length) if length.isascii() and length.isdigit() and len(length) < 19 else 0
    secure = variables.get("HTTPS", "").lower() in {"on", "1", "true", "yes"}
    return {
        "SCRIPT_NAME": "",
        "PATH_INFO": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "443" if secure else "80",
        "SERVER_PROTOCOL": "HTTP/1.0",
        "REQUEST_METHOD": "GET",
        **variables,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if secure else "http",
        "wsgi.input": LimitedInput(stdin or sys.stdin.buffer, readable),
        "wsgi.errors": errors,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": True,
    }


class _Answer:
    """The response on its way to the server: its head is written with the first block."""

    def __init__(self, output: IO[bytes], *, head_only: bool) -> None:
        self._output, self._head_only = output, head_only
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.sent = False

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        if exc_info is not None and self.sent:
            raise exc_info[1].with_traceback(exc_info[2])
        if exc_info is None and self.status:
            raise AssertionError("start_response was called twice without exc_info")
        check_status(status)
        check_fields(headers)
        self.status, self.headers = status, list(headers)
        return self.write

    def write(self, block: bytes) -> None:
        if not self.status:
            raise AssertionError("the application did not call start_response")
        if not isinstance(block, bytes):
            raise TypeError(f"a block of a body is bytes, not {type(block).__name__}")
        if not self.sent:
            self.sent = True
            head = [f"Status: {self.status}", *(f"{name}: {value}" for name, value in self.headers)]
            self._output.write("\r\n".join([*head, "", ""]).encode("latin-1"))
        if not self._head_only:
            self._output.write(block)
            self._output.flush()
