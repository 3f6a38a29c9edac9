"""Declaring routes: what a program says to a dispatcher before the first request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any
from wsgiref.types import WSGIApplication

from .calling import import_handler, refuse_unbound, takes_by_position
from .converters import CONVERTERS, Converter, Factory, RegexConverter, as_factory
from .errors import DispatchError, PatternError, RouteError
from .mounting import MountPattern
from .origin import declared_at
from .patterns import Pattern
from .prefixes import PrefixedPattern, check_prefix, prefixed_regex
from .rawpatterns import RegexPattern
from .routes import Decorator, Predicate, Route
from .verbs import read_methods

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
        route.simple = not (route.mounted or route.by_position or "HEAD" in route.methods)


@dataclass(eq=False)
class Inclusion:
    """Another dispatcher whose routes stand at this place, below a prefix."""

    prefix: str
    dispatcher: Declarations
    hosts: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()


class located:  # noqa: N801 - reads as a word of the with statement
    """Put the line of the declaration before the message of an error."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if isinstance(error, DispatchError) and not str(error).startswith(self.origin):
            raise type(error)(f"{self.origin}: {error}") from error.__cause__


class Declarations:
    """The routes of one dispatcher, in the order declared."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = check_prefix(prefix)
        self.entries: list[Declaration | Inclusion] = []
        self.converters: dict[str, Factory] = {}
        #: The dispatchers that include this one.
        self.parents: list[Declarations] = []

    # -- routes

    def match(self, pattern: str, *args: Any, **kwargs: Any) -> Any:
        """Map a pattern to a handler, as a decorator or with ``GET=handler`` keywords.

        pattern: segments of ``name:regex`` or with ``<name:converter>``.
        args: the methods that the decorated handler answers; none means GET.
        kwargs: a handler for each method, and the options predicate, decorators, name, hosts
            and schemes.
        Raises PatternError or RouteError, which name this line.
        """
        return self._declare(lambda p: Pattern(p + pattern, registry=self._known()), args, kwargs)

    def imatch(self, pattern: str, *args: Any, **kwargs: Any) -> Any:
        """Map a pattern as :meth:`match` does, without regard to case."""

        def make(prefix: str) -> Pattern:
            return Pattern(prefix + pattern, registry=self._known(), ignorecase=True)

        return self._declare(make, args, kwargs)

    def matchre(self, pattern: str, *args: Any, **kwargs: Any) -> Any:
        """Map a regular expression over the whole path."""
        return self._declare(lambda p: RegexPattern(prefixed_regex(p, pattern)), args, kwargs)

    def imatchre(self, pattern: str, *args: Any, **kwargs: Any) -> Any:
        """Map a regular expression over the whole path, without regard to case."""

        def make(prefix: str) -> Pattern:
            return RegexPattern(prefixed_regex(prefix, pattern), ignorecase=True)

        return self._declare(make, args, kwargs)

    def matchpattern(
        self,
        pattern: Pattern,
        predicate: Predicate | None = None,
        decorators: Sequence[Decorator] = (),
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Map an instance of Pattern, or of any class with its ``test`` and ``pathfor``."""

        def make(prefix: str) -> Pattern:
            return PrefixedPattern(prefix, pattern) if prefix else pattern

        return self._declare(
            make, args, {"predicate": predicate, "decorators": decorators, **kwargs}
        )

    def get(self, pattern: str, **options: Any) -> Any:
        """Decorate the handler of GET (and HEAD)."""
        return self.match(pattern, "GET", **options)

    def post(self, pattern: str, **options: Any) -> Any:
        """Decorate the handler of POST."""
        return self.match(pattern, "POST", **options)

    def put(self, pattern: str, **options: Any) -> Any:
        """Decorate the handler of PUT."""
        return self.match(pattern, "PUT", **options)

    def patch(self, pattern: str, **options: Any) -> Any:
        """Decorate the handler of PATCH."""
        return self.match(pattern, "PATCH", **options)

    def delete(self, pattern: str, **options: Any) -> Any:
        """Decorate the handler of DELETE."""
        return self.match(pattern, "DELETE", **options)

    def _declare(self, make: PatternMaker, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        origin = declared_at()
        with located(origin):
            options, handlers = _split(kwargs)
            declare = _Declaring(self, make, origin, options)
            for method, handler in handlers.items():
                declare(read_methods(method), handler)
            methods = read_methods(args)
        if handlers and not methods:
            return None

        def decorate(handler: Any) -> Any:
            with located(origin):
                declare(methods or ("GET",), handler)
            return handler

        return decorate

    # -- whole applications and other dispatchers

    def mount(self, prefix: str, app: WSGIApplication, **options: Any) -> None:
        """Let a WSGI application answer *prefix* and everything below it.

        The prefix matches whole segments and moves to SCRIPT_NAME.
        """
        origin = declared_at()
        with located(origin):
            options, handlers = _split(options)
            if handlers:
                raise RouteError(f"a mounted application takes every method, not {set(handlers)}")
            declare = _Declaring(self, lambda p: MountPattern(p + prefix), origin, options)
            declare((), app, mounted=True)

    def include(self, prefix: str, dispatcher: Declarations, **conditions: Any) -> None:
        """Take the routes of another dispatcher, those it gets later too, below *prefix*.

        conditions: hosts and schemes that all of them need.
        """
        with located(declared_at()):
            options, handlers = _split(conditions)
            if handlers or options.keys() - {"hosts", "schemes"}:
                raise RouteError(f"include() takes hosts and schemes, not {sorted(conditions)}")
            if self in dispatcher.descendants():
                raise RouteError("a dispatcher cannot include itself")
            hosts, schemes = _words(options.get("hosts")), _words(options.get("schemes"))
            self.entries.append(Inclusion(check_prefix(prefix), dispatcher, hosts, schemes))
            dispatcher.parents.append(self)
            self.changed()

    def combine(self, *dispatchers: Declarations) -> None:
        """Take the routes of other dispatchers as they are."""
        for dispatcher in dispatchers:
            self.include("", dispatcher)

    def descendants(self) -> Iterable[Declarations]:
        """Yield this dispatcher and all that it includes."""
        yield self
        for entry in self.entries:
            if isinstance(entry, Inclusion):
                yield from entry.dispatcher.descendants()

    # -- converters

    def register_converter(self, name: str, converter: Converter | Factory) -> None:
        """Make a converter known to the patterns declared from now on, here alone."""
        with located(declared_at()):
            self.converters[name] = as_factory(name, converter)

    def set_filter(self, name: str, regex: str, func: Callable[[str], Any] = str) -> None:
        """Make ``<x:name>`` match *regex* and pass on ``func(text)``; ValueError is no match."""
        with located(declared_at()):
            check = RegexConverter(regex, func)
            self.converters[name.lstrip(":")] = as_factory(name.lstrip(":"), check)

    def _known(self) -> dict[str, Factory]:
        return {**CONVERTERS, **self.converters} if self.converters else CONVERTERS

    # -- the table

    def changed(self) -> None:
        """Tell whoever compiled these routes that there are others now."""
        for parent in self.parents:
            parent.changed()

    def flatten(
        self, prefix: str = "", hosts: tuple[str, ...] = (), schemes: tuple[str, ...] = ()
    ) -> list[Route]:
        """Return every route, those of included dispatchers at their place."""
        routes: list[Route] = []
        prefix += self.prefix
        for entry in self.entries:
            if isinstance(entry, Inclusion):
                under = entry.dispatcher.flatten(
                    prefix + entry.prefix, hosts + entry.hosts, schemes + entry.schemes
                )
                routes += under
                continue
            entry.resolve()
            if not (prefix or hosts or schemes):
                routes.append(entry.route)
                continue
            with located(entry.route.origin):
                routes.append(_placed(entry, prefix, hosts, schemes))
        return routes


def _placed(
    entry: Declaration, prefix: str, hosts: tuple[str, ...], schemes: tuple[str, ...]
) -> Route:
    """Return the route of *entry* below a prefix."""
    route = entry.route
    compiled = entry.make(prefix) if prefix else route.compiled
    by_position = route.by_position
    if compiled.keys != route.compiled.keys and not route.mounted:
        by_position = takes_by_position(route.handler, compiled)
    return replace(
        route,
        pattern=compiled.text or prefix + route.pattern,
        compiled=compiled,
        by_position=by_position,
        simple=route.simple and not by_position,
        hosts=route.hosts or hosts,
        schemes=route.schemes or schemes,
        declared=route,
    )


class _Declaring:
    """Add routes that share a pattern and options."""

    def __init__(
        self, to: Declarations, make: PatternMaker, origin: str, options: dict[str, Any]
    ) -> None:
        self.to, self.make, self.origin = to, make, origin
        self.compiled = make("")
        self.name: str | None = options.get("name")
        self.predicate: Predicate | None = options.get("predicate")
        self.decorators: tuple[Decorator, ...] = tuple(options.get("decorators") or ())
        self.hosts = tuple(host.lower() for host in _words(options.get("hosts")))
        self.schemes = _words(options.get("schemes"))
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
        self.to.entries.append(entry)
        self.to.changed()


_OPTIONS = frozenset(("predicate", "decorators", "name", "hosts", "schemes", "host", "scheme"))


def _split(kwargs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
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
            options[plural] = (*_words(options.get(plural)), *_words(options.pop(singular)))
    return options, handlers


def _words(given: str | Iterable[str] | None) -> tuple[str, ...]:
    return tuple(given.split()) if isinstance(given, str) else tuple(given or ())


__all__ = ["Declaration", "Declarations", "Inclusion", "PatternError", "located"]
