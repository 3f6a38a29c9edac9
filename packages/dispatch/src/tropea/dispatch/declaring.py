"""One declaration: options told from handlers, and a handler made ready to be called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from .calling import WITH_ONE, import_handler, refuse_unbound, simple_call, takes_by_position
from .conditions import both_hosts, both_schemes, read_hosts, read_schemes, words
from .errors import DispatchError, RouteError
from .patterns import Pattern
from .routes import Decorator, Predicate, Route

#: Makes the pattern of a declaration below a prefix.
PatternMaker = Callable[[str], Pattern]


@dataclass(eq=False)
class Declaration:
    """A route as it was declared, and how to make its pattern below a prefix."""

    route: Route
    make: PatternMaker
    decorators: tuple[Decorator, ...] = ()

    def resolve(self) -> None:
        """Import a handler that is a dotted name, decorate it, and see that it can be called."""
        route = self.route
        if route.call is not None:
            return
        if isinstance(route.handler, str):
            with located(route.origin):
                route.handler = import_handler(route.handler)
        if not route.mounted:
            with located(route.origin):
                route.by_position = takes_by_position(route.handler, route.compiled)
        call = route.handler
        for decorator in reversed(self.decorators):
            call = decorator(call)
        route.call = call
        make_simple(route)


class located:  # noqa: N801 - reads as a word of the with statement
    """Put the line of the declaration before the message of an error."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if isinstance(error, DispatchError) and not str(error).startswith(self.origin):
            raise type(error)(f"{self.origin}: {error}") from error.__cause__


def make_simple(route: Route) -> None:
    """Note how the handler can be called without further thought."""
    unusual = route.mounted or route.by_position or route.compiled.opaque
    careful = unusual or "HEAD" in route.methods
    route.simple = 0 if careful else simple_call(route.call, route.compiled)
    route.key = route.compiled.keys[0] if route.simple == WITH_ONE else None


def place(
    entry: Declaration, prefix: str, hosts: tuple[str, ...], schemes: tuple[str, ...], to: Any
) -> Route:
    """Return the route of *entry* below a prefix."""
    route = entry.route
    compiled = entry.make(prefix) if prefix else route.compiled
    by_position = route.by_position
    if compiled.keys != route.compiled.keys and not route.mounted:
        by_position = takes_by_position(route.handler, compiled)
    placed = replace(
        route,
        pattern=compiled.text or prefix + route.pattern,
        compiled=compiled,
        by_position=by_position,
        hosts=both_hosts(hosts, route.hosts),
        schemes=both_schemes(schemes, route.schemes),
        dispatcher=to,
    )
    make_simple(placed)
    return placed


class Declarer:
    """Add routes that share a pattern and options."""

    def __init__(
        self,
        take: Callable[[Declaration], object],
        make: PatternMaker,
        origin: str,
        options: dict[str, Any],
    ) -> None:
        self.take, self.make, self.origin = take, make, origin
        self.compiled = make("")
        self.name: str | None = options.get("name")
        self.predicate: Predicate | None = options.get("predicate")
        self.decorators: tuple[Decorator, ...] = tuple(options.get("decorators") or ())
        self.hosts, self.schemes = read_hosts(options), read_schemes(options)
        if not isinstance(self.name, str | None):
            raise RouteError(f"name: expected text, got {self.name!r}")
        if self.predicate is not None and not callable(self.predicate):
            raise RouteError(
                f"predicate: expected a function of the request, got {self.predicate!r}"
            )

    def __call__(self, methods: tuple[str, ...], handler: Any, *, mounted: bool = False) -> None:
        if not callable(handler) and not isinstance(handler, str):
            raise RouteError(f"{handler!r} cannot handle a request: it cannot be called")
        if not mounted:
            refuse_unbound(handler)
        route = Route(
            self.name,
            self.compiled.text or repr(self.compiled),
            methods,
            handler,
            self.origin,
            self.hosts,
            self.schemes,
            compiled=self.compiled,
            predicate=self.predicate,
            mounted=mounted,
        )
        entry = Declaration(route, self.make, self.decorators)
        if not isinstance(handler, str):
            entry.resolve()
        self.take(entry)


_OPTIONS = frozenset(("predicate", "decorators", "name", "hosts", "schemes", "host", "scheme"))


def split_options(kwargs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tell options from ``METHOD=handler`` keywords."""
    options = {name: value for name, value in kwargs.items() if name in _OPTIONS}
    handlers = {name: value for name, value in kwargs.items() if name not in _OPTIONS}
    for name in handlers:
        if name != name.upper():
            near = get_close_matches(name, _OPTIONS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "; methods are in capitals"
            raise RouteError(f"a route has no option {name!r}{hint}")
    for singular, plural in (("host", "hosts"), ("scheme", "schemes")):
        if singular in options:
            options[plural] = (*words(options.get(plural)), *words(options.pop(singular)))
    return options, handlers
