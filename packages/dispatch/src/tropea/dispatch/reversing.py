"""From handlers back to URLs: what a dispatcher knows of its routes in that direction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from wsgiref.types import WSGIEnvironment

from .calling import import_handler
from .declarations import Declarations
from .declaring import Declaration
from .errors import RouteError, URLGenerationError
from .routes import Route
from .urls import HandlerURL, current_environ, make_url

if TYPE_CHECKING:
    from .table import RouteTable


class Reversing(Declarations):
    """Declarations whose handlers get a ``url``."""

    if TYPE_CHECKING:

        @property
        def table(self) -> RouteTable:
            """The compiled routes."""

    def declare(self, make: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        start = len(self.entries)
        decorate = super().declare(make, args, kwargs)
        self._give_urls(start)

        def decorate_with_url(handler: Any) -> Any:
            start = len(self.entries)
            decorate(handler)
            self._give_urls(start)
            return handler

        return decorate_with_url

    def _give_urls(self, start: int) -> None:
        """Give new handlers their ``url``; the first dispatcher of a handler wins."""
        for entry in self.entries[start:]:
            if isinstance(entry, Declaration) and not hasattr(entry.route.handler, "url"):
                # names, bound methods and builtins take none: there is urlfor()
                with suppress(AttributeError, TypeError):
                    entry.route.handler.url = HandlerURL(self, entry.route.handler)

    def urlfor(self, target: str | Callable[..., Any], /, *args: Any, **kwargs: Any) -> str:
        """Return the URL of a route's name, a handler, or the dotted path of one.

        args, kwargs: the groups' values, and ``scheme, netloc, script_name, absolute, query,
            fragment``.
        Raises URLGenerationError where there is no such route, or the values do not fit.
        """
        return self.build(target, args, kwargs, current_environ())

    def build(
        self,
        target: str | Callable[..., Any],
        args: Iterable[Any],
        kwargs: dict[str, Any],
        environ: WSGIEnvironment | None,
    ) -> str:
        """Return a URL as :meth:`urlfor` does, for the request of *environ*."""
        if args and hasattr(next(iter(args)), "environ"):
            request, *args = args
            environ = request.environ
        failure: URLGenerationError | None = None
        for route in _choose(self._targets(target), tuple(args), kwargs):
            try:
                return self._url_of(route, tuple(args), kwargs, environ)
            except URLGenerationError as error:
                failure = failure or error
        assert failure is not None  # there is one route at least
        raise failure

    @staticmethod
    def _url_of(
        route: Route, args: tuple[Any, ...], kwargs: dict[str, Any], environ: WSGIEnvironment | None
    ) -> str:
        keys = route.compiled.keys
        options = {k: v for k, v in kwargs.items() if k in _URL_OPTIONS and k not in keys}
        values = {k: v for k, v in kwargs.items() if k not in options}
        if "name" in values and "name" not in keys and route.name == values["name"]:
            del values["name"]
        return make_url(route, args, values, environ=environ, **options)

    def _targets(self, target: str | Callable[..., Any]) -> list[Route]:
        if not isinstance(target, str):
            routes = self.routes_of(target)
            if not routes:
                raise URLGenerationError(f"{target!r} has no route here")
            return routes
        named = self.table.named(target)
        if named:
            return named
        if "." in target or ":" in target:
            try:
                routes = self.routes_of(import_handler(target))
            except RouteError as error:
                raise URLGenerationError(str(error)) from None
            if routes:
                return routes
        raise URLGenerationError(f"no route is called {target!r}")

    def routes_of(self, handler: Any) -> list[Route]:
        """Return the routes of a handler, in declared order."""
        return self.table.of_handler(handler)

    def root_of(self, handler: Any) -> Reversing:
        """Return the outermost dispatcher that includes this one and knows *handler*."""
        for parent in self.parents:
            if isinstance(parent, Reversing) and parent.routes_of(handler):
                return parent.root_of(handler)
        return self


_URL_OPTIONS = frozenset(("scheme", "netloc", "script_name", "absolute", "query", "fragment"))


def _choose(routes: list[Route], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Route]:
    """Return the routes to try: those of a name alone; first those whose groups are given."""
    name = kwargs.get("name")
    if name is not None and not any("name" in route.compiled.keys for route in routes):
        routes = [route for route in routes if route.name == name]
        if not routes:
            raise URLGenerationError(f"no route of this handler is called {name!r}")
    given = {*range(len(args)), *kwargs}
    return sorted(routes, key=lambda route: not _fits(route, given))


def _fits(route: Route, given: set[Any]) -> bool:
    """Whether *given* are the groups of a route, options of the URL aside."""
    keys = set(route.compiled.keys)
    return given - ((_URL_OPTIONS | {"name"}) - keys) == keys
