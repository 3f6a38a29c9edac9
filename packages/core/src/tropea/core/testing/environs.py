"""Make the environ of a request."""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import Any
from wsgiref.types import WSGIEnvironment


def make_environ(
    PATH_INFO: str = "/",  # noqa: N803  named as the environ names them, as in Pesto
    REQUEST_METHOD: str = "GET",  # noqa: N803
    body: bytes = b"",
    **environ: Any,
) -> WSGIEnvironment:
    """Return a fresh environ; further keys are keyword arguments.

    PATH_INFO: decoded, as an application sees it; text beyond Latin-1 is sent as UTF-8.
    body: what ``wsgi.input`` gives; CONTENT_LENGTH is set where there is one.

    >>> make_environ("/hello", HTTP_HOST="example.org")["HTTP_HOST"]
    'example.org'
    """
    made: WSGIEnvironment = {
        "REQUEST_METHOD": REQUEST_METHOD,
        "SCRIPT_NAME": "",
        "PATH_INFO": native(PATH_INFO),
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if body:
        made["CONTENT_LENGTH"] = str(len(body))
    if environ.get("wsgi.url_scheme") == "https":
        made["SERVER_PORT"] = "443"
    made.update(environ)
    return made


def native(text: str) -> str:
    r"""Return text as WSGI has it: bytes in the clothes of Latin-1 (PEP 3333).

    >>> native("é") == "é".encode().decode("latin-1"), native("caf\xc3\xa9") == "caf\xc3\xa9"
    (True, True)
    """
    if text.isascii():
        return text
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text.encode("utf-8", "surrogateescape").decode("latin-1")
    return text  # it is native already
