"""Tuple-space matching: a few dictionary probes whatever the number of routes.

Three tables answer nearly every request:

1. whole literal paths;
2. all before the last slash, for patterns whose last segment alone varies;
3. for each number of segments, one table for each set of literal positions.

A *leaf* of these tables answers only where no other route can come first; everywhere else it
sends the request to the ordered walk.  So speed never changes an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .routes import Route
from .segments import Segment
from .walk import RouteIndex

#: method -> what the generated code needs; None -> the answer for any other method, where certain.
Leaf = dict[str | None, Any]
Shape = tuple[int, ...]
#: The texts at the positions of a shape -> what is certain for them.
Leaves = dict[tuple[str, ...], Leaf]

#: With more sets of literal positions than this for one length, the ordered walk is as good.
MANY_SHAPES = 24


class TupleSpace:
    """The tables of one route index."""

    def __init__(self, index: RouteIndex) -> None:
        self.index = index
        self.static: dict[str, Leaf] = {path: self._literal(path) for path in index.literals}
        self.tails: dict[str, Leaf] = {}
        self.shapes: dict[int, list[tuple[Shape, Leaves]]] = {}
        for size, tables in index.shapes.items():
            others = _Others(tables) if len(tables) <= MANY_SHAPES else None
            for shape, table in tables.items():
                self._file(size, shape, table, others)

    def _literal(self, path: str) -> Leaf:
        """Decide every method of a literal path now."""
        routes = [r for r in self.index.candidates(path) if r.compiled.groups(path) is not None]
        if any(route.conditional or route.mounted for route in routes):
            return {}
        leaf: Leaf = {}
        for route in routes:
            for method in route.methods:
                leaf.setdefault(method, route)
        if any(route.compiled.keys for route in leaf.values()):
            return {m: route for m, route in leaf.items() if not route.compiled.keys}
        leaf[None] = (None, frozenset(method for method in leaf if method))
        return leaf

    def _file(
        self,
        size: int,
        shape: Shape,
        table: dict[tuple[str, ...], list[Route]],
        others: _Others | None,
    ) -> None:
        is_tail = size > 2 and shape == tuple(range(1, size - 1))
        leaves: Leaves = {}
        for key, routes in table.items():
            leaf = self._leaf(shape, key, routes, others, is_tail=is_tail)
            if is_tail:
                self.tails["/".join(("", *key))] = leaf
            else:
                leaves[key] = leaf
        if leaves:
            self.shapes.setdefault(size, []).append((shape, leaves))

    def _leaf(
        self,
        shape: Shape,
        key: tuple[str, ...],
        routes: Sequence[Route],
        others: _Others | None,
        *,
        is_tail: bool,
    ) -> Leaf:
        """Return what is certain for the paths that have *key* at the positions of *shape*."""
        kinds = {tuple(s.kind for s in r.compiled.segments or ()) for r in routes}
        if others is None or len(kinds) > 1 or any(route.conditional for route in routes):
            return {}
        order = self.index.order
        last = max(order[id(route)] for route in routes)
        rivals = [order[id(r)] for r in self.index.spanning_near(_lead(routes[0]))]
        first_rival = min([others.first(shape, key, order), *rivals], default=len(order))
        if first_rival < last:
            return {}
        leaf: Leaf = {}
        for route in routes:
            entry = _tail_entry(route) if is_tail else _entry(route)
            for method in route.methods:
                leaf.setdefault(method, entry)
        segments = routes[0].compiled.segments or ()
        if first_rival == len(order) and all(s.plain for s in segments if s.literal is None):
            leaf[None] = (None, frozenset(method for method in leaf if method))
        return leaf


class _Others:
    """The routes of the other shapes that can match the same paths."""

    def __init__(self, tables: dict[Shape, dict[tuple[str, ...], list[Route]]]) -> None:
        self.tables = tables
        self._pairs: dict[tuple[Shape, Shape], dict[tuple[str, ...], int]] = {}

    def first(self, mine: Shape, key: tuple[str, ...], order: dict[int, int]) -> int:
        """Return the place of the first such route, or the number of all routes."""
        found = len(order)
        for other in self.tables:
            if other != mine:
                common = [at for at in mine if at in other]
                text = tuple(key[mine.index(at)] for at in common)
                found = min(found, self._pair(mine, other, common, order).get(text, found))
        return found

    def _pair(
        self, mine: Shape, other: Shape, common: list[int], order: dict[int, int]
    ) -> dict[tuple[str, ...], int]:
        known = self._pairs.get((mine, other))
        if known is None:
            known = self._pairs[mine, other] = {}
            spots = [other.index(at) for at in common]
            for key, routes in self.tables[other].items():
                text = tuple(key[spot] for spot in spots)
                first = min(order[id(route)] for route in routes)
                known[text] = min(known.get(text, first), first)
        return known


def _lead(route: Route) -> str:
    """Return the literal text before the first parameter."""
    lead = route.compiled.head
    return lead if lead or not route.compiled.segments else "/"


def _free(route: Route) -> list[tuple[int, Segment]]:
    return [(at, s) for at, s in enumerate(route.compiled.segments or ()) if s.literal is None]


def _tail_entry(route: Route) -> tuple[Route, str | int | None, Callable[[str], Any] | None]:
    """Return ``(route, name, reader)`` for a pattern whose last segment varies.

    reader: None where any text will do; without a name it returns all groups, or None.
    """
    segment = _free(route)[0][1]
    if segment.read is not None:
        return route, segment.keys[0], None if segment.plain else segment.read

    def read(part: str) -> dict[str | int, Any] | None:
        found: dict[str | int, Any] = {}
        return found if segment.add(part, found) else None

    return route, None, read


def _entry(route: Route) -> tuple[Any, ...]:
    """Return ``(route, reader, name, …)`` for a pattern with several parameters."""
    free = _free(route)
    if all(segment.plain for _, segment in free):
        return (route, None, *(segment.keys[0] for _, segment in free))

    def read(parts: Sequence[str]) -> dict[str | int, Any] | None:
        found: dict[str | int, Any] = {}
        for at, segment in free:
            if not segment.add(parts[at], found):
                return None
        return found

    return (route, read, *(None for _ in free))
