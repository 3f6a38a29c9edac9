"""Responses with a purpose: JSON, text, nothing, elsewhere; and one from loose parts."""

from __future__ import annotations

import time
from typing import Any

from tropea.core.canned import dump_json
from tropea.core.dates import format_date, parse_date
from tropea.core.headers import make_field
from tropea.core.response import Response

HTML = "text/html; charset=utf-8"


class JSONResponse(Response):
    """Data as JSON: one value, or the members of an object as keyword arguments.

    charset: named in the Content-Type; None leaves it out.
    encoder_kwargs: for ``json.dumps``.
    Raises TypeError or ValueError for what JSON cannot say, NaN included.

    >>> JSONResponse(message="tea", sizes=[1, 2]).body
    b'{"message": "tea", "sizes": [1, 2]}'
    """

    default_content_type = "application/json; charset=utf-8"

    def __init__(
        self,
        data_: Any = None,
        charset: str | None = "utf-8",
        headers: Any = None,
        encoder_kwargs: dict[str, Any] | None = None,
        status_code: int | str = 200,
        **members: Any,
    ) -> None:
        if members:
            data_ = {**data_, **members} if data_ else members
        body = dump_json(data_, **(encoder_kwargs or {}))
        if charset == "utf-8" and headers is None and status_code == 200:
            self._page = self._default_field, body, False
            return
        kind = f"application/json; charset={charset}" if charset else "application/json"
        super().__init__(body, status_code, headers, content_type=kind)


class TextResponse(Response):
    """Plain text.

    >>> TextResponse("x").headers["Content-Type"]
    'text/plain; charset=utf-8'
    """

    default_content_type = "text/plain; charset=utf-8"

    def __init__(
        self,
        text: Any = "",
        headers: Any = None,
        status_code: int | str | None = None,
        *,
        charset: str = "utf-8",
        **rest: Any,
    ) -> None:
        rest.setdefault("content_type", f"text/plain; charset={charset}")
        super().__init__(text, rest.pop("status", status_code), headers, **rest)


class NoContentResponse(Response):
    """A status and fields, and nothing to read."""

    def __init__(
        self, headers: Any = None, status_code: int | str | None = None, **rest: Any
    ) -> None:
        status = 204 if status_code is None else status_code
        super().__init__(None, rest.pop("status", status), headers, **rest)


class NotModifiedResponse(NoContentResponse):
    """A 304: what the client holds is still good.

    etag, content_location, vary: as the 200 would have them.
    date: text, a datetime, or seconds since the epoch.

    >>> NotModifiedResponse(etag='W/"x"').headerlist
    [('ETag', 'W/"x"')]
    """

    def __init__(
        self,
        headers: Any = None,
        etag: Any = None,
        content_location: str | None = None,
        date: Any = None,
        vary: Any = None,
        **rest: Any,
    ) -> None:
        if isinstance(date, (int, float)):
            date = format_date(date)
        fields = {"etag": etag, "content_location": content_location, "date": date, "vary": vary}
        super().__init__(headers, 304, **fields, **rest)


class RedirectResponse(Response):
    """A redirect: 302, or 301 when *permanent*; or ``status_code``.

    >>> RedirectResponse("/new/url", True).status
    '301 Moved Permanently'
    """

    def __init__(
        self,
        location: str,
        permanent: bool | int = False,
        message: str | bytes = b"",
        headers: Any = None,
        status_code: int | str | None = None,
        **rest: Any,
    ) -> None:
        if status_code is None:
            # PoorWSGI takes either a truth or a code in the second place.
            status_code = permanent if type(permanent) is int else 301 if permanent else 302
        rest.setdefault("content_type", "text/plain; charset=utf-8")
        super().__init__(message, status_code, headers, **rest)
        self._headerlist.insert(0, make_field("Location", location))
        self._checked = self._headerlist[:]


def make_response(
    data: Any,
    content_type: str | None = None,
    headers: Any = None,
    status_code: int | str | None = None,
) -> Response:
    """Make a response of loose parts, of the kind that *data* asks for.

    data: text, bytes, an iterable of either, None for no content, or a dict or list for JSON.
    content_type: used where *headers* have none.

    >>> make_response({"a": 1}).content_type, make_response(None).status
    ('application/json', '204 No Content')
    """
    if data is None:
        return NoContentResponse(headers, status_code, content_type=content_type or None)
    if isinstance(data, (dict, list)):
        kind = content_type or JSONResponse.default_content_type
        return Response(dump_json(data), status_code, headers, content_type=kind)
    return Response(data, status_code, headers, content_type=content_type or HTML)


def http_to_time(value: str) -> int:
    """Read an HTTP date: seconds since the epoch; raise ValueError for anything else.

    >>> http_to_time("Thu, 01 Jan 1970 00:00:10 GMT")
    10
    """
    seconds = parse_date(value)
    if seconds is None:
        raise ValueError(f"not an HTTP date: {value!r}")
    return seconds


def time_to_http(value: float | None = None) -> str:
    """Write seconds since the epoch, now when None, as an HTTP date.

    >>> time_to_http(10)
    'Thu, 01 Jan 1970 00:00:10 GMT'
    """
    return format_date(time.time() if value is None else value)
