"""The routes of a dispatcher: what a program declares before the first request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from wsgiref.types import WSGIApplication

from .conditions import both_hosts, both_schemes, read_hosts, read_schemes
from .converters import Converter, RegexConverter
from .declaring import Declaration, Declarer, PatternMaker, located, place, split_options
from .errors import RouteError
from .mounting import MountPattern
from .origin import declared_at
from .patterns import Pattern
from .prefixes import PrefixedPattern, check_prefix, prefixed_regex
from .rawpatterns import RegexPattern
from .registry import CONVERTERS, Factory, as_factory
from .routes import Decorator, Predicate, Route
from .verbs import read_methods

_Handler = TypeVar("_Handler")


class Decorating(Protocol):
    """What a declaration returns: a decorator that leaves the handler as it is."""

    def __call__(self, handler: _Handler, /) -> _Handler: ...


@dataclass(eq=False)
class Inclusion:
    """Another dispatcher whose routes stand at this place, below a prefix."""

    prefix: str
    dispatcher: Declarations
    origin: str
    hosts: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()


Entry = Declaration | Inclusion
#: Held while a list of entries is replaced, and never while anything is imported or compiled.
_EDITING = threading.Lock()


class Declarations:
    """The routes of one dispatcher, in the order declared."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = check_prefix(prefix)
        self.entries: list[Entry] = []
        self.converters: dict[str, Factory] = {}
        #: The dispatchers that include this one.
        self.parents: list[Declarations] = []

    # -- routes

    def match(self, pattern: str, *args: Any, **kwargs: Any) -> Decorating:
        """Map a pattern to a handler, as a decorator or with ``GET=handler`` keywords.

        pattern: segments of ``name:regex`` or with ``<name:converter>``.
        args: the methods that the decorated handler answers; none means GET.
        kwargs: a handler for each method, and the options predicate, decorators, name, hosts
            and schemes.
        Raises PatternError or RouteError, which name this line.
        """
        return self.declare(lambda p: Pattern(p + pattern, registry=self._known()), args, kwargs)

    def imatch(self, pattern: str, *args: Any, **kwargs: Any) -> Decorating:
        """Map a pattern as :meth:`match` does, without regard to case."""

        def make(prefix: str) -> Pattern:
            return Pattern(prefix + pattern, registry=self._known(), ignorecase=True)

        return self.declare(make, args, kwargs)

    def matchre(self, pattern: str, *args: Any, **kwargs: Any) -> Decorating:
        """Map a regular expression over the whole path."""
        return self.declare(lambda p: RegexPattern(prefixed_regex(p, pattern)), args, kwargs)

    def imatchre(self, pattern: str, *args: Any, **kwargs: Any) -> Decorating:
        """Map a regular expression over the whole path, without regard to case."""

        def make(prefix: str) -> Pattern:
            return RegexPattern(prefixed_regex(prefix, pattern), ignorecase=True)

        return self.declare(make, args, kwargs)

    def matchpattern(
        self,
        pattern: Pattern,
        predicate: Predicate | None = None,
        decorators: Sequence[Decorator] = (),
        *args: Any,
        **kwargs: Any,
    ) -> Decorating:
        """Map an instance of Pattern, or of any class with its ``test`` and ``pathfor``."""

        def make(prefix: str) -> Pattern:
            return PrefixedPattern(prefix, pattern) if prefix else pattern

        return self.declare(
            make, args, {"predicate": predicate, "decorators": decorators, **kwargs}
        )

    def get(self, pattern: str, **options: Any) -> Decorating:
        """Decorate the handler of GET (and HEAD)."""
        return self.match(pattern, "GET", **options)

    def post(self, pattern: str, **options: Any) -> Decorating:
        """Decorate the handler of POST."""
        return self.match(pattern, "POST", **options)

    def put(self, pattern: str, **options: Any) -> Decorating:
        """Decorate the handler of PUT."""
        return self.match(pattern, "PUT", **options)

    def patch(self, pattern: str, **options: Any) -> Decorating:
        """Decorate the handler of PATCH."""
        return self.match(pattern, "PATCH", **options)

    def delete(self, pattern: str, **options: Any) -> Decorating:
        """Decorate the handler of DELETE."""
        return self.match(pattern, "DELETE", **options)

    def declare(
        self, make: PatternMaker, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Decorating:
        """Declare routes of the pattern that *make* returns; see :meth:`match`."""
        origin = declared_at()
        with located(origin):
            options, handlers = split_options(kwargs)
            declare = Declarer(self.add, make, origin, options)
            for method, handler in handlers.items():
                declare(read_methods(method), handler)
            methods = read_methods(args)

        def decorate(handler: _Handler, /) -> _Handler:
            with located(origin):
                if handlers and not methods:
                    raise RouteError("the handlers are given; a decorator has to name its methods")
                declare(methods or ("GET",), handler)
            return handler

        return decorate

    def add(self, entry: Declaration | Inclusion) -> None:
        """Take a declaration in."""
        with _EDITING:
            self.entries.append(entry)
        self.changed()

    def edit(self, change: Callable[[list[Entry]], list[Entry]]) -> None:
        """Put what *change* returns into the place of all entries, at once.

        A request meanwhile sees the routes before or after, and no other thread's are lost.
        """
        with _EDITING:
            self.entries = change(self.entries)
        self.changed()

    # -- whole applications and other dispatchers

    def mount(self, prefix: str, app: WSGIApplication, **options: Any) -> None:
        """Let a WSGI application answer *prefix* and everything below it.

        The prefix matches whole segments and moves to SCRIPT_NAME.
        """
        origin = declared_at()
        with located(origin):
            options, handlers = split_options(options)
            if handlers:
                raise RouteError(f"a mounted application takes every method, not {set(handlers)}")
            declare = Declarer(self.add, lambda p: MountPattern(p + prefix), origin, options)
            declare((), app, mounted=True)

    def include(self, prefix: str, dispatcher: Declarations, **conditions: Any) -> None:
        """Take the routes of another dispatcher, those it gets later too, below *prefix*.

        Its routes alone: its hooks and options are not those of this one.
        conditions: hosts and schemes that all of them need.
        """
        origin = declared_at()
        with located(origin):
            options, handlers = split_options(conditions)
            if handlers or options.keys() - {"hosts", "schemes"}:
                raise RouteError(f"include() takes hosts and schemes, not {sorted(conditions)}")
            if self in dispatcher.descendants():
                raise RouteError("a dispatcher cannot include itself")
            hosts, schemes = read_hosts(options), read_schemes(options)
            dispatcher.parents.append(self)
            self.add(Inclusion(check_prefix(prefix), dispatcher, origin, hosts, schemes))

    def combine(self, *dispatchers: Declarations) -> None:
        """Take the routes of other dispatchers as they are."""
        for dispatcher in dispatchers:
            self.include("", dispatcher)

    def inclusions(self) -> Iterable[Inclusion]:
        """Yield every inclusion here, and in what is included."""
        for entry in tuple(self.entries):
            if isinstance(entry, Inclusion):
                yield entry
                yield from entry.dispatcher.inclusions()

    def descendants(self) -> Iterable[Declarations]:
        """Yield this dispatcher and all that it includes."""
        yield self
        for inclusion in self.inclusions():
            yield inclusion.dispatcher

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
        self,
        prefix: str = "",
        hosts: tuple[str, ...] = (),
        schemes: tuple[str, ...] = (),
        to: Declarations | None = None,
    ) -> list[Route]:
        """Return every route, those of included dispatchers at their place.

        to: the dispatcher whose table is made; others than this get routes of their own.
        """
        to = to or self
        routes: list[Route] = []
        prefix += self.prefix
        for entry in tuple(self.entries):
            if isinstance(entry, Inclusion):
                with located(entry.origin):
                    both = both_hosts(hosts, entry.hosts), both_schemes(schemes, entry.schemes)
                routes += entry.dispatcher.flatten(prefix + entry.prefix, *both, to)
                continue
            entry.resolve()
            if to is self and not prefix:
                entry.route.dispatcher = self
                routes.append(entry.route)
                continue
            with located(entry.route.origin):
                routes.append(place(entry, prefix, hosts, schemes, to))
        return routes
