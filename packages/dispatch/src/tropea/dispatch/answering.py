"""Answering a request: find the route, call the handler, make a response of what it returns.

webob comes in when the first dispatcher is built, and not when this module is imported.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.context import ENVIRON, keep_context
from tropea.core.keys import ROUTE, ROUTING_ARGS

from .annotating import note_route
from .calling import ALONE, WITH_ONE
from .declining import Declined, note_declined
from .documents import files_first, serves
from .hooks import Hooks
from .routes import Route
from .urls import URLFOR

if TYPE_CHECKING:
    from .table import RouteTable

log = logging.getLogger("tropea.dispatch")
#: What :func:`bring_in_webob` puts here.
Answer: Any = None
Response: Any = None
as_application: Any = None
decode_path: Any = None
refuse: Any = None
request_of: Any = None
stops: Any = ()
html: Any = None
set_environ, reset_environ = ENVIRON.set, ENVIRON.reset


def bring_in_webob() -> None:
    """Import what needs webob, once."""
    if request_of is not None:
        return
    from tropea.core.coercion import as_application
    from tropea.core.foundation import webob
    from tropea.core.request import Request
    from tropea.core.response import Response

    from .hooked import Answer
    from .refusals import decode_path, refuse

    globals().update(
        Answer=Answer,
        Response=Response,
        as_application=as_application,
        html=Response("").headerlist[0],
        decode_path=decode_path,
        refuse=refuse,
        stops=(webob.exc.HTTPException, Declined),
        request_of=Request.of,  # last: it says that all the others are here
    )


class Answering:
    """The WSGI side of a dispatcher."""

    max_path: int
    list_as: Literal["body", "json"]
    debug: bool
    catch_errors: bool
    hooks: Hooks
    #: What serves files where no route takes the path; see :mod:`.documents`.
    files: WSGIApplication | None = None
    table: RouteTable
    _match: Any
    _version: object

    def forget(self) -> None:
        """Compile anew with the next request: something has changed."""
        self._match = self._prepare

    def _prepare(self, path: str, method: str, environ: WSGIEnvironment) -> Any:
        version = self._version
        table = self.table
        special = self.hooks or self.debug or self.catch_errors
        self._match = match = _undecided if special else table.match
        if self._version is not version:  # changed meanwhile
            self.forget()
        return match(path, method, environ)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO") or "/"
        if len(path) <= self.max_path and path.isascii():
            # The common case: a probe, a call and a response.
            try:
                route, groups = self._match(path, environ["REQUEST_METHOD"], environ)
            except stops:  # a predicate that read a malformed request: below, with all around it
                route = None
            if route is not None and (how := route.simple):
                environ[ROUTE] = route
                environ[ROUTING_ARGS] = ((), groups)
                token = set_environ(environ)
                try:
                    request = request_of(environ)  # held here: the environ refers to it weakly
                    if how == ALONE:
                        result = route.call(request)
                    elif how == WITH_ONE:
                        result = route.call(request, groups[route.key])
                    else:
                        result = route.call(request, **groups)
                    kind = type(result)
                    if kind is Response:
                        page = result._page  # noqa: SLF001 - its own shortest way
                        if page is not None:  # nobody has touched it since
                            if type(page) is bytes:
                                field, data = html, page
                            else:
                                field, data, _ = page
                            start_response("200 OK", [field, ("Content-Length", str(len(data)))])
                            return [data]
                    elif kind is str:
                        data = result.encode()
                        start_response("200 OK", [html, ("Content-Length", str(len(data)))])
                        return [data]
                    if kind is not Response:
                        result = as_application(result, self.list_as, route.handler)
                    body = result(environ, start_response)
                    return body if type(body) is list else keep_context(body, environ)
                except stops as error:
                    return keep_context(self._stopped(error, environ, start_response), environ)
                finally:
                    reset_environ(token)
        return self._carefully(environ, start_response, path)

    def _stopped(
        self, error: Any, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Send the response that an exception is."""
        if isinstance(error, Declined):
            from tropea.core.raising import HTTPException

            note_declined(environ)
            error = HTTPException(404)
        body: Iterable[bytes] = error(environ, start_response)
        return body

    def _carefully(
        self, environ: WSGIEnvironment, start_response: StartResponse, raw: str
    ) -> Iterable[bytes]:
        """Answer a request that needs more than the common case."""
        token = ENVIRON.set(environ)
        try:
            answer = self._choose(environ, raw)
            return keep_context(answer(environ, start_response), environ)
        finally:
            ENVIRON.reset(token)

    def _choose(self, environ: WSGIEnvironment, raw: str) -> WSGIApplication:
        """Return what answers: a handler, a mounted application, or a refusal."""
        method = environ["REQUEST_METHOD"]
        path = decode_path(raw, self.max_path)
        if not isinstance(path, str):
            return Answer(self, None, {}, path)  # type: ignore[no-any-return]
        try:
            route, groups = self.table.find(path, method, environ)
        except Exception as error:  # of a predicate; answered, or raised again, as a handler's is
            return Answer(self, None, {}, error)  # type: ignore[no-any-return]
        if self.debug:
            log.debug("%r %r: %s", method, path, _decision(route, groups))
        if route is None:
            route = self._file(environ, path, method, groups) or self._default(method, groups)
            if route is None:
                environ.pop(ROUTE, None)
                environ[URLFOR] = self
                return Answer(self, None, {}, refuse(self, environ, path, groups))  # type: ignore[no-any-return]
            groups = {}
        note_route(environ, route, groups)
        return Answer(self, route, groups, None)  # type: ignore[no-any-return]

    def _file(
        self, environ: WSGIEnvironment, path: str, method: str, allowed: frozenset[str] | None
    ) -> Route | None:
        """Return the file of a path that no route takes, as a route, where files are served."""
        if self.files is None or not serves(method, allowed):
            return None
        default = self._default(method, allowed)

        def otherwise(request: Any) -> Any:
            if default is not None:
                return default.handler(request)
            refusal = refuse(self, environ, path, None)
            if isinstance(refusal, Exception):
                raise refusal
            return refusal

        handler = files_first(self.files, otherwise)
        return Route(None, "*", (method,), handler, call=handler, dispatcher=self)

    def _default(self, method: str, allowed: frozenset[str] | None) -> Route | None:
        """Return the default handler as a route; where paths exist it answers OPTIONS alone."""
        handler = self.hooks.default(method)
        if handler is None or (allowed is not None and method != "OPTIONS"):
            return None
        return Route(None, "*", (method,), handler, call=handler, dispatcher=self)


def _undecided(path: str, method: str, environ: WSGIEnvironment) -> tuple[None, None]:
    """Stand in for the matcher where every request needs more than the common case."""
    return None, None


def _decision(route: Route | None, groups: Any) -> str:
    if route is None:
        return "no route" if groups is None else f"only {', '.join(sorted(groups))}"
    return f"{route.pattern!r} at {route.origin}, with {groups!r}"
