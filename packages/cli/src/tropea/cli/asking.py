"""Run one request through an application without a server."""

from __future__ import annotations

import io
import json
import mimetypes
import re
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode, urlsplit
from wsgiref.types import WSGIEnvironment

from tropea.cli.problems import CommandError


@dataclass
class Answer:
    """What the application answered."""

    status: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def code(self) -> int:
        """The status as a number."""
        return int(self.status[:3])


def ask(app: Any, environ: WSGIEnvironment) -> Answer:
    """Call *app* as a server would; exceptions of the application propagate."""
    answer = Answer()
    blocks: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        try:
            if exc_info and blocks:
                raise exc_info[1].with_traceback(exc_info[2])
            if answer.status and not exc_info:
                raise CommandError("the application called start_response twice, without exc_info")
            answer.status, answer.headers = status, list(headers)
        finally:
            exc_info = None
        return blocks.append

    try:
        body = app(environ, start_response)
        try:
            if body is None:
                raise CommandError("the application returned None, not a body")
            blocks.extend(body)
        finally:
            if hasattr(body, "close"):
                body.close()
    except SystemExit as error:
        raise CommandError(f"the application ended the program: {error!r}") from error
    _check(answer, blocks)
    answer.body = b"".join(blocks)
    return answer


def _check(answer: Answer, blocks: list[bytes]) -> None:
    """Raise CommandError for what no server could send."""
    if not answer.status:
        raise CommandError("the application did not call start_response")
    if not isinstance(answer.status, str) or not re.match(r"[1-9][0-9]{2}(?: |$)", answer.status):
        raise CommandError(f"expected a status such as '200 OK', got {answer.status!r}")
    if any(not isinstance(text, str) for field in answer.headers for text in field):
        raise CommandError("the names and values of the application's headers are to be str")
    wrong = next((block for block in blocks if not isinstance(block, bytes)), None)
    if wrong is not None:
        raise CommandError(f"the application's body is to be of bytes, it has {wrong!r:.60}")


def make_environ(
    url: str, method: str, headers: Sequence[str] = (), body: bytes = b"", content_type: str = ""
) -> WSGIEnvironment:
    """Make the environ of a request; *url* is a path, or an address with scheme and host.

    headers: ``Name: value``; one that comes twice is joined with a comma, cookies with a semicolon.
    """
    if not _TOKEN.fullmatch(method):
        raise CommandError(f"expected a method such as GET, got {method!r}")
    scheme, host, port, path, query = _parts(url)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": method.upper(),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path or "/").decode("latin-1"),
        "QUERY_STRING": quote(query, safe=_QUERY),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host if port == _PORTS[scheme] else f"{host}:{port}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": True,
        "paste.throw_errors": True,
    }
    if body or content_type:
        environ["CONTENT_LENGTH"] = str(len(body))
    if content_type:
        environ["CONTENT_TYPE"] = content_type
    for key, value in _headers(headers).items():
        environ[key] = value
    return environ


_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PORTS = {"http": 80, "https": 443}
_QUERY = "".join(map(chr, range(0x21, 0x7F)))
"""What stands in a query as it is; the rest is quoted."""


def _parts(url: str) -> tuple[str, str, int, str, str]:
    """Split an address; raise CommandError where it is none."""
    is_whole = re.match(r"https?://", url, re.IGNORECASE)
    whole = url if is_whole else f"http://localhost{'' if url[:1] == '/' else '/'}{url}"
    if not is_whole and re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url):
        raise CommandError(f"expected a path, or an address with http or https: {url!r}")
    try:
        parts = urlsplit(whole)
        port = parts.port or _PORTS[parts.scheme]
    except ValueError as error:
        raise CommandError(
            f"expected a path, or an address such as http://host/path: {url!r}: {error}"
        ) from None
    host = parts.hostname or "localhost"
    return parts.scheme, f"[{host}]" if ":" in host else host, port, parts.path, parts.query


def _headers(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in lines:
        name, colon, value = text.partition(":")
        if not colon or not _TOKEN.fullmatch(name.strip()):
            raise CommandError(f"expected a header such as 'Accept: text/plain', got {text!r}")
        if re.search(r"[\r\n\0]", value.strip()):
            raise CommandError(f"a header has one line: {text!r}")
        key = name.strip().upper().replace("-", "_")
        key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
        value = value.strip().encode("utf-8", "surrogateescape").decode("latin-1")
        joint = "; " if key == "HTTP_COOKIE" else ", "
        found[key] = f"{found[key]}{joint}{value}" if key in found else value
    return found


def make_body(
    fields: Sequence[str], files: Sequence[str], data: str | None, json_text: str | None
) -> tuple[bytes, str]:
    """Make the body of a request and its content type, of what was given on the command line.

    fields: ``name=value``; files: ``name=path``; data: text, ``@path`` or ``@-`` for the input.
    """
    if json_text is not None:
        raw = _read(json_text)
        try:
            json.loads(raw)
        except ValueError as error:
            raise CommandError(f"--json: this is no JSON: {error}") from None
        return raw, "application/json"
    if data is not None:
        return _read(data), "application/x-www-form-urlencoded"
    pairs = [_pair(text, "--form") for text in fields]
    if files:
        return _multipart(pairs, [_pair(text, "--file") for text in files])
    return (urlencode(pairs).encode(), "application/x-www-form-urlencoded") if pairs else (b"", "")


def _multipart(pairs: list[tuple[str, str]], files: list[tuple[str, str]]) -> tuple[bytes, str]:
    boundary = secrets.token_hex(16)
    parts = [(f'form-data; name="{_quoted(name)}"', "", value.encode()) for name, value in pairs]
    for name, path in files:
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise CommandError(f"--file: {path}: {error.strerror}") from None
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        head = f'form-data; name="{_quoted(name)}"; filename="{_quoted(Path(path).name)}"'
        parts.append((head, f"Content-Type: {kind}\r\n", content))
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: {head}\r\n{kind}\r\n".encode() + content + b"\r\n"
        for head, kind, content in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"{option}: expected name=value, got {text!r}")
    return name, value


def _read(text: str) -> bytes:
    if not text.startswith("@"):
        return text.encode()
    try:
        if text != "@-":
            return Path(text[1:]).read_bytes()
        if sys.stdin is None:
            raise CommandError("@-: standard input is closed")
        return sys.stdin.buffer.read()
    except OSError as error:
        raise CommandError(f"{text[1:]}: {error.strerror}") from None
