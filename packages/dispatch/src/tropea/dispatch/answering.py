"""Answering a request: find the route, call the handler, make a response of what it returns.

Imported when a dispatcher is built: this is where webob comes in.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.coercion import as_application
from tropea.core.context import ENVIRON, keep_context
from tropea.core.foundation import webob
from tropea.core.keys import ROUTE, ROUTING_ARGS
from tropea.core.raising import HTTPException
from tropea.core.request import Request
from tropea.core.response import Response

from .annotating import note_route
from .declining import DECLINED, Declined
from .hooked import Answer
from .refusals import decode_path, refuse
from .routes import Route
from .urls import URLFOR

if TYPE_CHECKING:
    from .dispatcher import DispatcherApp

log = logging.getLogger("tropea.dispatch")
_HTTPException: Any = webob.exc.HTTPException


class Answering:
    """The WSGI side of one dispatcher."""

    def __init__(self, dispatcher: DispatcherApp) -> None:
        self.dispatcher = dispatcher
        self.longest, self.list_as = dispatcher.max_path, dispatcher.list_as
        self.forget()

    def forget(self) -> None:
        """Ask the dispatcher afresh with the next request: it has changed."""
        self._match: Any = self._prepare

    def _prepare(self, path: str, method: str, environ: WSGIEnvironment) -> Any:
        dispatcher = self.dispatcher
        table = dispatcher.table
        special = dispatcher.hooks or dispatcher.debug or dispatcher.catch_errors
        self._match = _undecided if special else table.match
        return self._match(path, method, environ)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO") or "/"
        if len(path) <= self.longest and path.isascii():
            # The common case: a probe, a call and a response.
            route, groups = self._match(path, environ["REQUEST_METHOD"], environ)
            if route is not None and route.simple:
                environ[ROUTE] = route
                environ[ROUTING_ARGS] = ((), groups)
                environ[URLFOR] = self.dispatcher
                token = ENVIRON.set(environ)
                try:
                    request = Request.of(environ)  # held here: the environ refers to it weakly
                    result = route.call(request, **groups)
                    if type(result) is not Response:
                        result = as_application(result, self.list_as, route.handler)
                    body = result(environ, start_response)
                    return body if type(body) is list else keep_context(body, environ)
                except (_HTTPException, Declined) as error:
                    if isinstance(error, Declined):
                        environ[DECLINED] = True
                        error = HTTPException(404)
                    return keep_context(error(environ, start_response), environ)
                finally:
                    ENVIRON.reset(token)
        return self._carefully(environ, start_response, path)

    def _carefully(
        self, environ: WSGIEnvironment, start_response: StartResponse, raw: str
    ) -> Iterable[bytes]:
        """Answer a request that needs more than the common case."""
        answer = self._choose(environ, raw)
        token = ENVIRON.set(environ)
        try:
            return keep_context(answer(environ, start_response), environ)
        finally:
            ENVIRON.reset(token)

    def _choose(self, environ: WSGIEnvironment, raw: str) -> WSGIApplication:
        """Return what answers: a handler, a mounted application, or a refusal."""
        dispatcher = self.dispatcher
        method = environ["REQUEST_METHOD"]
        path = decode_path(raw, self.longest)
        if not isinstance(path, str):
            return Answer(dispatcher, None, {}, path)
        route, groups = dispatcher.table.find(path, method, environ)
        if dispatcher.debug:
            log.debug("%r %r: %s", method, path, _decision(route, groups))
        if route is None:
            route = self._default(method, groups)
            if route is None:
                return Answer(dispatcher, None, {}, refuse(dispatcher, environ, path, groups))
            groups = {}
        note_route(environ, dispatcher, route, groups)
        return Answer(dispatcher, route, groups, None)

    def _default(self, method: str, allowed: frozenset[str] | None) -> Route | None:
        """Return the default handler as a route; where paths exist it answers OPTIONS alone."""
        handler = self.dispatcher.hooks.default(method)
        if handler is None or (allowed is not None and method != "OPTIONS"):
            return None
        return Route(None, "*", (method,), handler, call=handler)


def _undecided(path: str, method: str, environ: WSGIEnvironment) -> tuple[None, None]:
    """Stand in for the matcher where every request needs more than the common case."""
    return None, None


def _decision(route: Route | None, groups: Any) -> str:
    if route is None:
        return "no route" if groups is None else f"only {', '.join(sorted(groups))}"
    return f"{route.pattern!r} at {route.origin}, with {groups!r}"
