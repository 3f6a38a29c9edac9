"""What a matched route leaves in the environ, and the layer that leaves it for others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.context import ENVIRON, keep_context
from tropea.core.errors import OptionError
from tropea.core.keys import ROUTE, ROUTING_ARGS
from tropea.core.layer import Layer
from tropea.core.options import load_object

from .patterns import Groups
from .routes import Route
from .urls import URLFOR
from .walk import NOTHING


def note_route(environ: WSGIEnvironment, route: Route, groups: Groups) -> None:
    """Leave the route and its groups in the environ; the route knows who builds URLs.

    Source: the specification of ``wsgiorg.routing_args``.
    """
    environ[ROUTE] = route
    environ.pop(URLFOR, None)
    positional = tuple(value for key, value in groups.items() if isinstance(key, int))
    named = {key: value for key, value in groups.items() if isinstance(key, str)}
    environ[ROUTING_ARGS] = (positional, named)


@dataclass(frozen=True)
class RoutesOptions:
    """The dispatcher whose table is consulted: an object, or ``pkg.mod:name`` in an ini."""

    dispatcher: object = None


class RoutesMiddleware(Layer):
    """Look up the route of each request, and let the application below dispatch by itself.

    The environ gets ``wsgiorg.routing_args`` and ``tropea.route``, and ``urlfor()`` builds URLs of
    the dispatcher while the application runs.  A request that no route takes passes without.
    """

    Options = RoutesOptions
    kind = "dispatch"
    provides = (ROUTING_ARGS, ROUTE)

    def prepare(self) -> None:
        dispatcher: Any = self.options.dispatcher
        if isinstance(dispatcher, str):
            dispatcher = load_object(dispatcher)
        dispatcher = getattr(dispatcher, "dispatcher", dispatcher)  # an Application has one
        if not hasattr(dispatcher, "table"):
            raise OptionError(
                f"RoutesMiddleware: dispatcher: expected a dispatcher, got {dispatcher!r}"
            )
        self.dispatcher = dispatcher

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[URLFOR] = self.dispatcher
        route, groups = self._find(environ)
        if route is not None:
            note_route(environ, route, groups)
        token = ENVIRON.set(environ)
        try:
            return keep_context(self.call_app(environ, start_response), environ)
        finally:
            ENVIRON.reset(token)

    def _find(self, environ: WSGIEnvironment) -> Any:
        path = environ.get("PATH_INFO") or "/"
        if len(path) > self.dispatcher.max_path:
            return NOTHING
        try:
            text = path if path.isascii() else path.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return NOTHING
        return self.dispatcher.table.find(text, environ["REQUEST_METHOD"], environ)
