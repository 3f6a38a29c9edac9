"""What a request holds, taken from its environ: path, host, fields and body.

Source: PEP 3333; RFC 9110 section 8.6.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from tropea.core.cookies import cookie_pairs, decode_value
from tropea.core.inputs import read_body
from tropea.core.mediatypes import parse_media_type
from tropea.openapi.styles import raw_fields

_FORMS = frozenset(("application/x-www-form-urlencoded", "multipart/form-data"))


def text_of_path(path: str) -> str:
    """Return a path of the environ as text; raise ValueError for bytes that are no UTF-8."""
    if path.isascii():
        return path
    try:
        return path.encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise ValueError("is not UTF-8") from None


def host_of(environ: dict[str, Any]) -> str:
    """Return the host and its port in lower case; a scheme's own port is left out."""
    host = str(environ.get("HTTP_HOST") or "").lower()
    if not host:
        host = str(environ.get("SERVER_NAME", "localhost")).lower()
        host += f":{environ.get('SERVER_PORT', '80')}"
    usual = ":443" if environ.get("wsgi.url_scheme") == "https" else ":80"
    return host.removesuffix(usual)


def is_json(kind: str) -> bool:
    """Tell whether a media type is JSON.

    >>> is_json("application/json"), is_json("application/problem+json"), is_json("text/html")
    (True, True, False)
    """
    return kind == "application/json" or kind.endswith("+json")


def is_streamed(content_type: str) -> bool:
    """Tell whether a body of that type is passed on without being read."""
    kind = parse_media_type(content_type)[0]
    return bool(kind) and not (is_json(kind) or kind in _FORMS or kind.startswith("text/"))


def may_be_empty(content_type: str) -> bool:
    """Tell whether no bytes at all are a value of that type: empty text, a form without fields."""
    kind = parse_media_type(content_type)[0]
    return kind.startswith("text/") or kind == "application/x-www-form-urlencoded"


def keep_body(environ: dict[str, Any], limit: int) -> bytes:
    """Read the body, and leave it for the application to be read again.

    limit: bytes.  Raises an HTTP exception with status 400, 411 or 413.
    """
    if environ.get("webob.is_body_seekable"):
        environ["wsgi.input"].seek(0)
    body = read_body(environ, limit)
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["webob.is_body_seekable"] = True
    return body


def has_body(environ: dict[str, Any]) -> bool:
    """Tell whether the request says that it has a body."""
    length = environ.get("CONTENT_LENGTH")
    if length:
        return bool(length.strip("0"))
    return bool(environ.get("HTTP_TRANSFER_ENCODING") or environ.get("wsgi.input_terminated"))


class Sources:
    """The places that parameters come from; each is read when the first parameter asks."""

    __slots__ = ("_cookies", "_query", "environ", "path")

    def __init__(self, environ: dict[str, Any], path: dict[str, str]) -> None:
        self.environ, self.path = environ, path
        self._query: list[tuple[str, str]] | None = None
        self._cookies: dict[str, str] | None = None

    @property
    def query(self) -> list[tuple[str, str]]:
        """Decoded names with raw values; raises ValueError."""
        if self._query is None:
            self._query = raw_fields(self.environ.get("QUERY_STRING", ""))
        return self._query

    @property
    def cookies(self) -> dict[str, str]:
        if self._cookies is None:
            self._cookies = {}
            for name, value in cookie_pairs(self.environ.get("HTTP_COOKIE")):
                self._cookies.setdefault(name, decode_value(value))
        return self._cookies

    def header(self, name: str) -> str | None:
        """Return a header field as text: UTF-8 where it is that, else latin-1."""
        key = name.upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = f"HTTP_{key}"
        value = self.environ.get(key)
        if value is None or value.isascii():
            return value
        try:
            return str(text_of_path(value))
        except ValueError:
            return str(value)
