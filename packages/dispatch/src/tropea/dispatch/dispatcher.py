"""The dispatcher: a WSGI application made of routes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Literal

from tropea.core.errors import OptionError

from .answering import Answering, bring_in_webob
from .checks import Problem
from .declarations import Declarations
from .errors import RouteError
from .hooks import Hooks, as_decorator
from .patterns import Groups
from .reversing import Reversing
from .routes import Route
from .table import RouteTable
from .verbs import read_methods

log = logging.getLogger("tropea.dispatch")


class DispatcherApp(Answering, Reversing):
    """Map paths and methods to handlers, and handlers back to URLs.

    prefix: stands before every pattern of this dispatcher.
    cache_size: paths whose candidates are remembered, for routes that need more than a few
        dictionary probes; 0 for none.
    debug: log each decision to ``tropea.dispatch``, and name HTTPExceptions in a response field.
    strict_slashes: False redirects (308) to the spelling with or without a slash at its end where
        only that one has a route.
    list_as: what a list that a handler returns is: the blocks of a ``body``, or ``json``.
    strict_routes: True makes duplicate and unreachable routes an error instead of a warning.
    max_path: longer paths, in bytes, are answered with 414.
    Raises OptionError for an option that cannot be.

    >>> dispatcher = DispatcherApp()
    >>> @dispatcher.match("/recipes/<recipe>", "GET")
    ... def show_recipe(request, recipe):
    ...     return f"How to make {recipe}"
    >>> show_recipe.url(recipe="toast")
    '/recipes/toast'
    """

    def __init__(
        self,
        prefix: str = "",
        cache_size: int = 0,
        debug: bool = False,
        *,
        strict_slashes: bool = True,
        list_as: Literal["body", "json"] = "body",
        strict_routes: bool = False,
        max_path: int = 8192,
    ) -> None:
        Reversing.__init__(self, prefix)
        _check("list_as", list_as in ("body", "json"), "'body' or 'json'", list_as)
        _check("cache_size", _is_number(cache_size), "a number of paths", cache_size)
        _check("max_path", _is_number(max_path) and max_path > 0, "a number of bytes", max_path)
        self.cache_size, self.debug = cache_size, debug
        self.strict_slashes, self.list_as = strict_slashes, list_as
        self.strict_routes, self.max_path = strict_routes, max_path
        #: Whether an exception of a handler that nobody maps becomes a 500 page here.
        self.catch_errors = False
        self.hooks = Hooks(self.changed)
        self._table: RouteTable | None = None
        self._lock = threading.RLock()
        #: Another object after each change.
        self._version = object()
        bring_in_webob()
        self.forget()

    # -- hooks

    def before_response(self, function: Callable[[Any], Any] | None = None) -> Any:
        """Call *function* with each request, in the order added; what it returns answers."""
        hooks = self.hooks
        return as_decorator(lambda hook: hooks.add(hooks.before, hook), function)

    def after_response(self, function: Callable[[Any, Any], Any] | None = None) -> Any:
        """Call *function* with each request and response, error pages too; None keeps it.

        What a mounted application answers passes untouched: it may stream, write or take the
        socket over, and has hooks of its own.  A layer around the mount sees those answers.
        """
        hooks = self.hooks
        return as_decorator(lambda hook: hooks.add(hooks.after, hook), function)

    def http_state(self, status: int, *methods: Any) -> Any:
        """Decorate the handler that makes a status's page; it gets the exception's keywords."""
        try:
            known = 100 <= int(status) <= 599
        except (TypeError, ValueError):
            known = False
        if not known:
            raise RouteError(f"http_state() takes a status from 100 to 599, not {status!r}")
        return as_decorator(lambda handler: self.hooks.add_state(status, methods, handler))

    def error_handler(self, *kinds: type[BaseException]) -> Any:
        """Decorate the handler of exceptions; the most specific class wins.

        Exceptions that are responses go to the handlers of their status, but where one of their
        own classes, such as NotFound or HTTPException, is named here.
        """
        if not kinds or not all(
            isinstance(k, type) and issubclass(k, BaseException) for k in kinds
        ):
            raise RouteError(f"error_handler() takes classes of exceptions, not {kinds!r}")
        hooks = self.hooks
        return as_decorator(lambda handler: hooks.add_all(hooks.errors, kinds, handler))

    def default(self, *methods: Any) -> Any:
        """Decorate the handler of paths that no route takes; GET without methods."""
        wanted = read_methods(methods) or ("GET",)
        hooks = self.hooks
        return as_decorator(lambda handler: hooks.add_all(hooks.defaults, wanted, handler))

    # -- the table

    def changed(self) -> None:
        # First the version, then what was made of the last one: a thread that compiles at this
        # moment sees one or the other, and throws away what it made too late.
        self._version = object()
        self._table = None
        self.forget()
        super().changed()

    @property
    def table(self) -> RouteTable:  # type: ignore[override] # the mixin only says that it is there
        """The compiled routes; made when first asked for, and again after a new declaration."""
        table = self._table
        if table is None:
            with self._lock:
                table = self._table or self._compiled()
        return table

    def _compiled(self) -> RouteTable:
        while True:
            version = self._version
            self._table = table = self._compile()
            if self._version is version:
                return table
            self._table = None

    def _compile(self) -> RouteTable:
        table = RouteTable(self.flatten(), self.cache_size)
        problems = table.problems()
        if problems and self.strict_routes:
            raise RouteError("\n".join(map(str, problems)))
        for problem in problems:
            log.warning("%s", problem)
        for inclusion in self.inclusions():
            if getattr(inclusion.dispatcher, "hooks", None):
                log.warning(
                    "%s: the hooks of an included dispatcher are not called: register them where "
                    "it is included, or mount it",
                    inclusion.origin,
                )
        return table

    def start(self) -> DispatcherApp:
        """Import handlers, compile and check now what the first request would; return self."""
        self.table  # noqa: B018 - asking makes it
        return self

    def check(self) -> list[Problem]:
        """Return the duplicate and unreachable routes."""
        return self.table.problems()

    def routes(self) -> list[Route]:
        """Return the table for people and tools, in declared order."""
        return list(self.table.routes)

    def methodsfor(self, path: str) -> list[str]:
        """Return the methods that *path* takes, sorted.

        >>> DispatcherApp().methodsfor("/")
        []
        """
        return sorted(self.table.methods_of(path) or ())

    def gettarget(self, path: str, method: str = "GET") -> tuple[Route, Groups] | None:
        """Return the route that answers and what it reads from *path*, or None."""
        route, groups = self.table.find(path, method)
        return None if route is None else (route, groups)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.prefix or '/'} with {len(self.entries)} declarations>"


def _check(name: str, good: bool, expected: str, given: object) -> None:
    if not good:
        raise OptionError(f"DispatcherApp: {name}: expected {expected}, got {given!r}")


def _is_number(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 0


#: The class under its short name.
Dispatcher = DispatcherApp


def dispatcher_app(*dispatchers: DispatcherApp, **options: Any) -> DispatcherApp:
    """Return a new dispatcher, or the application of those given.

    options: those of :class:`DispatcherApp`.
    """
    if len(dispatchers) == 1 and not options:
        return dispatchers[0]
    if not all(isinstance(one, Declarations) for one in dispatchers):
        raise RouteError(f"dispatcher_app() takes dispatchers, not {dispatchers!r}")
    made = DispatcherApp(**options)
    made.combine(*dispatchers)
    return made
