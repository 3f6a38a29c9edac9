"""What is wrong with a table as a whole: routes that no request can ever reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from .kinds import PathConverter
from .mounting import MountPattern
from .patterns import Pattern
from .routes import Route
from .segments import Segment
from .syntax import Parameter
from .walk import RouteIndex


class Problem(NamedTuple):
    """A route that earlier ones hide.

    kind: ``duplicate`` where the earlier pattern is the same, else ``unreachable``; ``name`` where
        the earlier one has the same name and takes the same values, so that no URL is made of
        this one by its name.
    hidden_by: the first of the earlier ones; None where the pattern cannot match any path.
    """

    kind: str
    route: Route
    hidden_by: Route | None

    def __str__(self) -> str:
        where = f"{self.route.origin}: {self.kind} route {_shown(self.route)}: "
        if self.hidden_by is None:
            return f"{where}no path matches a pattern that does not begin with a slash"
        if self.kind == "name":
            return (
                f"{self.route.origin}: the name {self.route.name!r} of {_shown(self.route)} is "
                f"that of {_shown(self.hidden_by)}, declared at {self.hidden_by.origin}"
            )
        return (
            f"{where}"
            f"{_shown(self.hidden_by)}, declared at {self.hidden_by.origin}, always comes first"
        )


def find_problems(index: RouteIndex) -> list[Problem]:
    """Return every route that is never reached, by path or by name, in declared order."""
    found = []
    names: dict[Any, Route] = {}
    for route in index.routes:
        if _lacks_slash(route.compiled):
            found.append(Problem("unreachable", route, None))
            continue
        if route.name is not None:
            known = names.setdefault((route.name, route.compiled.keys), route)
            if known.pattern != route.pattern:
                found.append(Problem("name", route, known))
        hiding = _hiding(index, route)
        if hiding is not None:
            same = _kinds(hiding) is not None and _kinds(hiding) == _kinds(route)
            found.append(Problem("duplicate" if same else "unreachable", route, hiding))
    return found


def _lacks_slash(pattern: Pattern) -> bool:
    """Whether no path can match: all but the ``*`` of OPTIONS begin with a slash."""
    if pattern.opaque or pattern.segments is None or pattern.ignorecase:
        return False
    return pattern.segments[0].literal not in ("", "*", None) or pattern.text == ""


def _hiding(index: RouteIndex, route: Route) -> Route | None:
    """Return the first earlier route that leaves nothing to *route*, where all its methods go."""
    left, first = set(route.methods), None
    for earlier in _earlier(index, route):
        if earlier.conditional or not _covers(earlier, route):
            continue
        if earlier.mounted:
            return first or earlier
        if not left.isdisjoint(earlier.methods):
            left -= set(earlier.methods)
            first = first or earlier
        if not left and not route.mounted:
            return first
    return None


def _earlier(index: RouteIndex, route: Route) -> Iterator[Route]:
    """Yield the routes before *route* that could cover it, in declared order."""
    place = index.order[id(route)]
    segments = route.compiled.segments
    near = list(index.spanning_near(route.compiled.head or "/", route.compiled.first))
    if segments is not None and not route.compiled.opaque:
        if all(s.literal is not None for s in segments):
            near += index.literals.get("/".join(s.literal or "" for s in segments), [])
        for shape, table in index.shapes.get(len(segments), {}).items():
            texts = [segments[at].literal for at in shape]
            if None not in texts:
                near += table.get(tuple(text or "" for text in texts), [])
    near = [other for other in near if index.order[id(other)] < place]
    yield from sorted(near, key=lambda other: index.order[id(other)])


def _covers(earlier: Route, later: Route) -> bool:
    """Whether *earlier* surely takes every path that *later* takes."""
    one, two = earlier.compiled, later.compiled
    if one.opaque or two.opaque:
        return one is two
    if isinstance(one, MountPattern):
        return two.head.startswith(one.prefix + "/") or two.head == one.prefix != ""
    if one.segments is not None and two.segments is not None:
        pairs = zip(one.segments, two.segments, strict=False)
        return len(one.segments) == len(two.segments) and all(_takes(a, b) for a, b in pairs)
    if two.segments is not None and not two.keys and not two.ignorecase:
        return one.groups(two.text) is not None  # a literal path: ask
    same = type(one) is type(two) and one.text == two.text and one.ignorecase == two.ignorecase
    return same or (_takes_the_rest(one) and _goes_on(two, one.head))


def _takes_the_rest(pattern: Pattern) -> bool:
    """Whether the pattern is literal text and then ``<name:path>``."""
    *before, last = pattern.template or ("",)
    rest = isinstance(last, Parameter) and type(last.converter) is PathConverter
    return rest and before == [pattern.head]


def _goes_on(pattern: Pattern, head: str) -> bool:
    """Whether every path of *pattern* has *head* and at least one more character."""
    if pattern.head == head and pattern.segments is not None:
        free = next((s for s in pattern.segments if s.literal is None), None)
        return free is not None and free.values("") is None
    return pattern.head.startswith(head) and pattern.head != head


def _takes(one: Segment, two: Segment) -> bool:
    """Whether segment *one* matches every text that *two* matches."""
    if one.literal is not None:
        return one.literal == two.literal
    if two.literal is not None:
        return one.values(two.literal) is not None
    # ".*" can be empty, which a plain parameter refuses; the other readers never are.
    return one.kind == two.kind or (one.plain and two.values("") is None)


def _kinds(route: Route) -> object:
    pattern = route.compiled
    if pattern.segments is None:
        return pattern.text
    return tuple(s.kind if s.literal is None else s.literal for s in pattern.segments)


def _shown(route: Route) -> str:
    return f"{' '.join(route.methods) or 'mount'} {route.pattern}"
