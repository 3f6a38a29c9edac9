"""Turn what a handler returned into a response.

The parts of a tuple are told apart by their type, never by their order: a status is a number or
``NNN …``, another text is the content type, a mapping or a list of pairs are the headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal
from wsgiref.types import WSGIApplication

from tropea.core.errors import TropeaError
from tropea.core.foundation import webob
from tropea.core.response import Response
from tropea.core.responses import JSONResponse, make_response

ListAs = Literal["body", "json"]

_STATUS = re.compile(r"[1-5][0-9]{2}(?: .*)?").fullmatch
_TEXT = (str, bytes, bytearray, memoryview)


class HandlerResultError(TropeaError, TypeError):
    """A handler returned what no response can be made of."""


def as_application(result: Any, list_as: ListAs = "body", handler: Any = None) -> WSGIApplication:
    """Return the application that answers with what a handler returned.

    list_as: what a list is: the blocks of a body, or JSON.
    handler: named in the error.
    Raises HandlerResultError, a TypeError, for what cannot be sent.

    >>> as_application(("Gone fishing.", 404)).status
    '404 Not Found'
    """
    kind = type(result)
    if kind is str or kind is bytes:
        return Response(result)
    if isinstance(result, webob.Response):
        application: WSGIApplication = result
        return application
    if kind is dict:
        return JSONResponse(result)
    if kind is tuple:
        return _of_tuple(result, list_as, handler)
    if callable(result) and not isinstance(result, type):
        return result  # type: ignore[no-any-return]  # any WSGI application
    if isinstance(result, tuple):
        return _of_tuple(tuple(result), list_as, handler)
    return _of_body(result, list_as, handler)


def _of_body(body: Any, list_as: ListAs, handler: Any, *loose: Any) -> Response:
    """Make a response of a body, and perhaps a content type, headers and a status."""
    if isinstance(body, list):
        if list_as == "json":
            return make_response(body, *loose)
        if not all(isinstance(item, _TEXT) for item in body):
            raise HandlerResultError(
                f"{_name(handler)} returned a list that is not a body of text or bytes; "
                "return JSONResponse(…), or ask for to_wsgi(list_as='json')"
            )
        return _with_body(tuple(body), *loose)
    if isinstance(body, Mapping):
        return make_response(dict(body), *loose)
    if body is None or isinstance(body, str):
        return make_response(body, *loose) if loose or body is None else Response(body)
    if isinstance(body, Iterable) and not isinstance(body, (webob.Response, type)):
        return _with_body(body, *loose)
    raise HandlerResultError(
        f"{_name(handler)} returned {body!r} ({type(body).__name__}), of which no response can "
        "be made"
    )


def _with_body(
    body: Any, content_type: str | None = None, headers: Any = None, status: Any = None
) -> Response:
    return Response(body, status, headers, content_type=content_type or None)


def _of_tuple(result: tuple[Any, ...], list_as: ListAs, handler: Any) -> Response:
    if not result:
        raise HandlerResultError(f"{_name(handler)} returned an empty tuple")
    body, *parts = result
    status: Any = None
    content_type: str | None = None
    headers: Any = None
    for part in parts:
        if part is None or (isinstance(part, (str, tuple, list, Mapping)) and not part):
            continue  # PoorWSGI's way to leave one out
        is_status = (isinstance(part, int) and not isinstance(part, bool)) or (
            isinstance(part, str) and _STATUS(part)
        )
        if is_status and status is None:
            status = part
        elif isinstance(part, str) and not is_status and content_type is None:
            content_type = part
        elif headers is None and (fields := _as_headers(part)) is not None:
            headers = fields
        else:
            raise HandlerResultError(
                f"{_name(handler)} returned a tuple in which {part!r} has no meaning"
            )
    return _of_body(body, list_as, handler, content_type, headers, status)


def _as_headers(part: Any) -> Any:
    """Return headers: a mapping, pairs, or one flat pair; None for anything else."""
    if isinstance(part, Mapping) or hasattr(part, "items"):
        return list(part.items())
    if not isinstance(part, (list, tuple)):
        return None
    if len(part) == 2 and all(isinstance(item, str) for item in part):
        return [tuple(part)]
    if all(isinstance(item, (list, tuple)) and len(item) == 2 for item in part):
        return [tuple(item) for item in part]
    return None


def _name(handler: Any) -> str:
    if handler is None:
        return "a handler"
    handler = getattr(handler, "func", handler)  # a partial has no name of its own
    return f"handler {getattr(handler, '__qualname__', None) or repr(handler)}"


__all__ = ["HandlerResultError", "ListAs", "as_application"]
