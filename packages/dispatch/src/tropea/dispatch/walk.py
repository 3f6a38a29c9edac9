"""The ordered walk: every route that a path can concern, in the order of declaration.

This is what a route table means.  :mod:`.tuplespace` gives the same answers sooner.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from wsgiref.types import WSGIEnvironment

from .routes import Route

#: A route with the groups it reads from the path; or None with the methods that the path takes
#: (a frozenset; None where no route takes the path at all).
Found = tuple[Route | None, Any]

NOTHING: Found = (None, None)


def first_match(
    routes: Iterable[Route], path: str, method: str, environ: WSGIEnvironment | None = None
) -> Found:
    """Return the first of *routes* that takes *path* and *method*.

    environ: what conditional routes look at; without it their conditions are taken to hold.
    """
    allowed: frozenset[str] | None = None
    for route in routes:
        groups = route.compiled.groups(path)
        if groups is None:
            continue
        if environ is not None and route.conditional and not route.accepts(environ):
            continue
        if method in route.methods or route.mounted:
            return route, groups
        allowed = frozenset(route.methods) if allowed is None else allowed.union(route.methods)
    return None, allowed


def _head(route: Route) -> str:
    """Return the text that every path of *route* begins with, as far as it is known."""
    return "" if route.compiled.opaque else route.compiled.head


class Positions:
    """Which segments of a pattern are literal, and the texts that stand there."""

    __slots__ = ("key", "shape", "size")

    def __init__(self, route: Route) -> None:
        segments = route.compiled.segments or ()
        self.size = len(segments)
        fixed = [i for i, s in enumerate(segments) if s.literal is not None and i]
        self.shape = tuple(fixed)
        self.key = tuple(segments[i].literal or "" for i in fixed)


class RouteIndex:
    """Routes filed so that few are left to walk for any one path."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self.order = {id(route): at for at, route in enumerate(self.routes)}
        self.literals: dict[str, list[Route]] = {}
        #: number of segments -> positions of the literal ones -> their texts -> routes
        self.shapes: dict[int, dict[tuple[int, ...], dict[tuple[str, ...], list[Route]]]] = {}
        self.spanning: list[Route] = []
        self._spanning_under: dict[str, list[Route]] = {}
        self._spanning_anywhere: list[Route] = []
        for route in self.routes:
            self._file(route)

    def _file(self, route: Route) -> None:
        pattern = route.compiled
        segments = pattern.segments
        if pattern.opaque or not segments or segments[0].literal != "" or len(segments) == 1:
            self.spanning.append(route)
            if pattern.first is None or pattern.opaque:
                self._spanning_anywhere.append(route)
            else:
                self._spanning_under.setdefault(pattern.first, []).append(route)
        elif all(segment.literal is not None for segment in segments):
            self.literals.setdefault("/".join(s.literal or "" for s in segments), []).append(route)
        else:
            at = Positions(route)
            tables = self.shapes.setdefault(at.size, {})
            tables.setdefault(at.shape, {}).setdefault(at.key, []).append(route)

    def candidates(self, path: str) -> list[Route]:
        """Return the routes that can match *path*, in declared order."""
        parts = path.split("/")
        found = list(self.literals.get(path, ()))
        for shape, table in self.shapes.get(len(parts), {}).items():
            found += table.get(tuple([parts[at] for at in shape]), ())
        found += self.spanning_of(path, parts)
        if len(found) > 1:
            order = self.order
            found.sort(key=lambda route: order[id(route)])
        return found

    def spanning_of(self, path: str, parts: Sequence[str]) -> list[Route]:
        """Return the routes without segments whose beginning *path* has."""
        if not self.spanning:
            return []
        near = list(self._spanning_anywhere)
        if len(parts) > 1 and not parts[0]:
            near += self._spanning_under.get(parts[1], ())
        return [route for route in near if path.startswith(_head(route))]

    def spanning_near(self, lead: str, first: str | None = None) -> list[Route]:
        """Return the routes without segments that can meet paths beginning with *lead*.

        first: the first segment of those paths, where it is known.
        """
        parts = lead.split("/", 2)
        first = parts[1] if first is None and len(parts) == 3 else first
        near: Iterable[Route] = self.spanning
        if first is not None:
            near = [*self._spanning_anywhere, *self._spanning_under.get(first, ())]
        heads = ((route, _head(route)) for route in near)
        return [r for r, head in heads if head.startswith(lead) or lead.startswith(head)]

    def walk(self, path: str, method: str, environ: WSGIEnvironment | None = None) -> Any:
        """Return the first match among the candidates of *path*."""
        return first_match(self.candidates(path), path, method, environ)
