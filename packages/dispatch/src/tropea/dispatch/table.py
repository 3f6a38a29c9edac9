"""A compiled route table: matching, reversing, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any
from wsgiref.types import WSGIEnvironment

from repoze.lru import LRUCache

from .checks import Problem, find_problems
from .routes import Route
from .unrolled import compile_match
from .verbs import STANDARD
from .walk import Found, RouteIndex, first_match


class RouteTable:
    """Routes in declared order, ready to be asked.

    cache_size: how many paths keep the list of their candidates, for routes that the fast tables
        cannot decide; 0 for none.

    >>> from tropea.dispatch.patterns import Pattern
    >>> page = Route("page", "/<name>", ("GET",), print, compiled=Pattern("/<name>"))
    >>> route, groups = RouteTable([page]).match("/about", "GET")
    >>> route.name, groups
    ('page', {'name': 'about'})
    """

    def __init__(self, routes: Sequence[Route], cache_size: int = 0) -> None:
        self.routes = tuple(routes)
        self.index = RouteIndex(self.routes)
        self._cache = LRUCache(cache_size) if cache_size > 0 else None
        walk = self.index.walk if self._cache is None else self._walk_cached
        self.match: Callable[..., Found] = compile_match(self.index, walk)
        self.methods_declared = frozenset(m for route in self.routes for m in route.methods)
        self.methods = STANDARD | self.methods_declared
        self._by_handler: dict[Hashable, list[Route]] = {}
        self._by_name: dict[str, list[Route]] = {}
        for route in self.routes:
            self._by_handler.setdefault(handler_key(route.handler), []).append(route)
            if route.name is not None:
                self._by_name.setdefault(route.name, []).append(route)

    def find(self, path: str, method: str, environ: WSGIEnvironment | None = None) -> Found:
        """Return the first match, where HEAD falls to the handler of GET."""
        found = self.match(path, method, environ)
        if method != "HEAD":
            return found
        route, allowed = found
        if route.mounted if route is not None else allowed is not None and "GET" in allowed:
            return self.match(path, "GET", environ)
        return found

    def methods_of(self, path: str) -> frozenset[str] | None:
        """Return every method that *path* takes, or None where no route takes it."""
        found: frozenset[str] | None = self.match(path, "")[1]
        return found

    def named(self, name: str) -> list[Route]:
        """Return the routes of that name in declared order."""
        return self._by_name.get(name, [])

    def of_handler(self, handler: Any) -> list[Route]:
        """Return the routes of a handler in declared order."""
        return self._by_handler.get(handler_key(handler), [])

    def problems(self) -> list[Problem]:
        """Return the routes that no request can reach."""
        return find_problems(self.index)

    def _walk_cached(self, path: str, method: str, environ: WSGIEnvironment | None = None) -> Found:
        """Walk, remembering which routes a path concerns; converters and conditions run anew."""
        assert self._cache is not None
        routes: Iterable[Route] | None = self._cache.get(path)
        if routes is None:
            routes = tuple(_possible(self.index.candidates(path), path))
            self._cache.put(path, routes)
        return first_match(routes, path, method, environ)


def _possible(routes: Iterable[Route], path: str) -> Iterable[Route]:
    """Leave out the routes whose text can never match *path*, whatever their converters say."""
    for route in routes:
        pattern = route.compiled
        if pattern.opaque or pattern.parameters or pattern.groups(path) is not None:
            yield route


def handler_key(handler: Any) -> Hashable:
    """Return what tells a handler from others; bound methods are equal, not identical."""
    try:
        hash(handler)
    except TypeError:
        return id(handler)
    key: Hashable = handler
    return key
