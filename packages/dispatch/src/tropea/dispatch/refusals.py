"""What is said to a request that no route takes.

Source: RFC 9110 sections 9.3.7 (OPTIONS), 15.5.6 (405), 15.5.15 (414) and 15.6.2 (501).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from wsgiref.types import WSGIEnvironment

from tropea.core.exceptions import MethodNotAllowed
from tropea.core.raising import HTTPException
from tropea.core.response import Response
from tropea.core.responses import RedirectResponse

from .errors import URLGenerationError
from .urls import encode_path
from .verbs import allow

if TYPE_CHECKING:
    from .dispatcher import DispatcherApp


def decode_path(raw: str, longest: int) -> Any:
    r"""Return PATH_INFO as text, decoded once; or the 414 or 400 that answers it.

    >>> decode_path("/caf\xc3\xa9", 8192), decode_path("/\xff", 8192).status
    ('/café', '400 Bad Request')
    """
    if len(raw) > longest:
        return HTTPException(414, "The path is too long.")
    if raw.isascii():
        return raw
    try:
        return raw.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return HTTPException(400, "The path is not UTF-8.")


def refuse(
    dispatcher: DispatcherApp, environ: WSGIEnvironment, path: str, allowed: frozenset[str] | None
) -> Any:
    """Return the response, or the exception, that answers *path* and the request's method.

    allowed: the methods that routes of the path take; None where there is no such route.
    """
    method = environ["REQUEST_METHOD"]
    table = dispatcher.table
    if method not in table.methods and method not in dispatcher.hooks.defaults:
        return HTTPException(501, "The request method is not known here.")
    if method == "OPTIONS" and (allowed is not None or path == "*"):
        offered = table.methods_declared if allowed is None else allowed
        return Response(None, 204, allow=allow({*offered, "OPTIONS"}))
    if allowed is not None:
        return MethodNotAllowed(headers={"Allow": allow(allowed)})
    if not dispatcher.strict_slashes:
        location = _other_slash(dispatcher, environ, path)
        if location is not None:
            return RedirectResponse(location, status_code=308)
    return HTTPException(404)


def _other_slash(dispatcher: DispatcherApp, environ: WSGIEnvironment, path: str) -> str | None:
    """Return where the path with, or without, a slash at its end leads, if a route takes it."""
    other = path[:-1] if path.endswith("/") else path + "/"
    if not other.startswith("/") or other.startswith("//"):
        return None  # such a path would name another host
    route, _ = dispatcher.table.find(other, environ["REQUEST_METHOD"], environ)
    if route is None:
        return None
    try:
        location = encode_path(other)
    except URLGenerationError:
        return None
    script = quote(environ.get("SCRIPT_NAME", "").encode("latin-1", "replace")).strip("/")
    query = environ.get("QUERY_STRING", "")
    return (f"/{script}" if script else "") + location + (f"?{query}" if query else "")
