"""Requests and responses as openapi-core's own functions take them, with PoorWSGI's names.

The layer does not need them; they are for programs that call openapi-core themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tropea.core import keys
from tropea.core.cookies import cookie_pairs, decode_value
from tropea.core.query import Args
from tropea.openapi.sources import host_of, is_streamed, keep_body, text_of_path


class Headers(Mapping[str, str]):
    """Header fields by name in whatever case; fields of one name are joined by commas.

    >>> headers = Headers([("Content-Type", "text/plain")])
    >>> headers["content-type"], "CONTENT-TYPE" in headers, list(headers)
    ('text/plain', True, ['Content-Type'])
    """

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: dict[str, tuple[str, str]] = {}
        for name, value in fields:
            known = self._fields.get(name.lower())
            self._fields[name.lower()] = (name, f"{known[1]}, {value}" if known else value)

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()][1]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)


@dataclass
class RequestParameters:
    """The parameters of a request by their place, as openapi-core looks them up."""

    query: Any = field(default_factory=dict)
    header: Any = field(default_factory=Headers)
    cookie: Any = field(default_factory=dict)
    path: Any = field(default_factory=dict)

    def __getitem__(self, place: str) -> Any:
        return getattr(self, place)


class OpenAPIRequest:
    """A request for openapi-core, of an environ or of an object that has one.

    The body is read only when asked for and can be read again by the application; that of a
    media type that is not JSON, a form or text is left alone.

    >>> request = OpenAPIRequest({"REQUEST_METHOD": "GET", "PATH_INFO": "/pets",
    ...     "QUERY_STRING": "limit=3", "HTTP_HOST": "example.org", "HTTP_X_ID": "7"})
    >>> request.method, request.path, request.host_url
    ('get', '/pets', 'http://example.org')
    >>> request.parameters.query["limit"], request.parameters.header["x-id"]
    ('3', '7')
    """

    def __init__(self, request: Any, *, max_body: int = 1024 * 1024) -> None:
        self.environ: dict[str, Any] = request if isinstance(request, dict) else request.environ
        self.max_body = max_body
        environ = self.environ
        cookies: dict[str, str] = {}
        for name, value in cookie_pairs(environ.get("HTTP_COOKIE")):
            cookies.setdefault(name, decode_value(value))
        routing = environ.get(keys.ROUTING_ARGS)
        self.parameters = RequestParameters(
            query=Args(environ.get("QUERY_STRING", "")),
            header=Headers(_request_fields(environ)),
            cookie=cookies,
            path=dict(routing[1]) if routing else {},
        )

    @property
    def host_url(self) -> str:
        """Scheme and host, without a slash at the end."""
        return f"{self.environ.get('wsgi.url_scheme', 'http')}://{host_of(self.environ)}"

    @property
    def path(self) -> str:
        """The decoded path, the mount point included."""
        return text_of_path(self.environ.get("SCRIPT_NAME", "")) + text_of_path(
            self.environ.get("PATH_INFO", "")
        )

    @property
    def method(self) -> str:
        """The method in lower case, as openapi-core has it."""
        return str(self.environ.get("REQUEST_METHOD", "GET")).lower()

    @property
    def content_type(self) -> str:
        """The media type with its parameters; the type itself in lower case."""
        kind, semicolon, rest = str(self.environ.get("CONTENT_TYPE", "")).partition(";")
        return kind.strip().lower() + semicolon + rest

    @property
    def body(self) -> bytes | None:
        """The body; None where there is none, and where it is one to be streamed."""
        if is_streamed(self.content_type):
            return None
        return keep_body(self.environ, self.max_body) or None


class OpenAPIResponse:
    """A response for openapi-core, of an object with a status, headers and a body.

    ``data`` is None where the body is made while it is sent: it is not read.

    >>> class Answer:
    ...     status, headerlist, body = "201 Created", [("X-Id", "7")], b"{}"
    >>> response = OpenAPIResponse(Answer())
    >>> response.status_code, response.headers["x-id"], response.data
    (201, '7', b'{}')
    """

    def __init__(self, response: Any) -> None:
        self.response = response

    @property
    def status_code(self) -> int:
        """The status as a number."""
        return int(str(getattr(self.response, "status", "200"))[:3])

    @property
    def headers(self) -> Headers:
        """The header fields by name in whatever case."""
        found = getattr(self.response, "headerlist", None)
        if found is None:
            found = self.response.headers
        return Headers(found.items() if hasattr(found, "items") else found)

    @property
    def content_type(self) -> str:
        """The media type with its parameters."""
        return self.headers.get("Content-Type", "")

    @property
    def data(self) -> bytes | None:
        """The body where it is there already."""
        blocks = getattr(self.response, "app_iter", ())
        if not isinstance(blocks, (list, tuple)):
            return None
        body = self.response.body
        return body if isinstance(body, bytes) else None


def _request_fields(environ: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            yield name[5:].replace("_", "-").title(), value
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            yield name.replace("_", "-").title(), environ[name]
