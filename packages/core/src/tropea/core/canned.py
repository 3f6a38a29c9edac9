"""Responses that a name says everything about, and the JSON of a response."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tropea.core.fields import FieldError
from tropea.core.pages import HTML, render_page
from tropea.core.statuses import status_line

if TYPE_CHECKING:
    from tropea.core.response import Response

#: ``NaN`` is no JSON: a client that is sent one cannot read the whole.
_encode = json.JSONEncoder(allow_nan=False).encode


def dump_json(data: Any, **options: Any) -> bytes:
    """Return *data* as JSON; raise TypeError or ValueError for what JSON cannot say.

    options: for ``json.dumps``.

    >>> dump_json({"a": [1, None]})
    b'{"a": [1, null]}'
    """
    text = json.dumps(data, **{"allow_nan": False, **options}) if options else _encode(data)
    return text.encode()


class CannedResponses:
    """Pesto's class methods, each a small page with its status."""

    @classmethod
    def _canned(cls, status: int, sentence: str = "", **header_kwargs: Any) -> Response:
        from tropea.core.response import Response

        line = status_line(status)
        body = render_page(HTML, line, (sentence,) if sentence else ())
        return Response(body, line, content_type=HTML, **header_kwargs)

    @classmethod
    def not_found(cls, **header_kwargs: Any) -> Response:
        """Answer 404."""
        return cls._canned(404, "The requested resource could not be found.", **header_kwargs)

    @classmethod
    def forbidden(cls, message: str = "Sorry, access is denied.", **kwargs: Any) -> Response:
        """Answer 403."""
        return cls._canned(403, message, **kwargs)

    @classmethod
    def bad_request(cls, detail: str = "", **header_kwargs: Any) -> Response:
        """Answer 400."""
        return cls._canned(400, detail, **header_kwargs)

    @classmethod
    def unauthorized(cls, challenge: str = 'Basic realm="private"', **kwargs: Any) -> Response:
        """Answer 401; a 401 has to say how to authenticate (RFC 9110 section 15.5.2)."""
        kwargs.setdefault("www_authenticate", challenge)
        return cls._canned(401, "You have to sign in first.", **kwargs)

    @classmethod
    def length_required(cls, **header_kwargs: Any) -> Response:
        """Answer 411."""
        sentence = "The Content-Length header was missing from your request."
        return cls._canned(411, sentence, **header_kwargs)

    @classmethod
    def request_entity_too_large(cls, **header_kwargs: Any) -> Response:
        """Answer 413."""
        return cls._canned(413, **header_kwargs)

    @classmethod
    def method_not_allowed(cls, valid_methods: Iterable[str], **header_kwargs: Any) -> Response:
        """Answer 405, with the methods that are allowed.

        >>> from tropea.core.response import Response
        >>> Response.method_not_allowed(("GET", "HEAD")).get_header("Allow")
        'GET,HEAD'
        """
        methods = [valid_methods] if isinstance(valid_methods, str) else valid_methods
        return cls._canned(405, allow=",".join(methods), **header_kwargs)

    @classmethod
    def too_many_requests(cls, retry_after: Any = None, **header_kwargs: Any) -> Response:
        """Answer 429; retry_after: seconds, or a date."""
        return cls._canned(429, retry_after=retry_after, **header_kwargs)

    @classmethod
    def internal_server_error(cls, **header_kwargs: Any) -> Response:
        """Answer 500."""
        return cls._canned(500, **header_kwargs)

    @classmethod
    def redirect(cls, location: str, status: int | str = 302, **header_kwargs: Any) -> Response:
        """Answer with a redirect; status: 302, or another 3xx code, or True for a permanent one."""
        from tropea.core.responses import RedirectResponse

        line = status_line(301 if status is True else status)
        if line[0] != "3":
            raise FieldError(f"not the status of a redirect: {line!r}")
        return RedirectResponse(location, status_code=line, headers=header_kwargs)


class JSONAttribute:
    """``Response.json(data)`` makes a response; ``response.json`` is its content, read."""

    def __get__(self, response: Any, owner: type) -> Any:
        if response is None:
            return _make_json
        return json.loads(response.body)

    def __set__(self, response: Any, value: Any) -> None:
        response.body = dump_json(value)

    def __delete__(self, response: Any) -> None:
        del response.body


def _make_json(data: Any, status: int | str = 200, headers: Any = None, **kwargs: Any) -> Response:
    """Answer *data* as JSON."""
    from tropea.core.response import Response

    kwargs.setdefault("content_type", "application/json")
    return Response(dump_json(data), status, headers, **kwargs)
