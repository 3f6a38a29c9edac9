"""Build flames: exact from stacks, an estimate from calls and their callers; milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from tropea.inspector.callstacks import Function, Stacks, Stats, label
from tropea.inspector.pictures import Box

_DEEPEST, _THINNEST = 40, 0.004
#: Deeper and thinner parts of stacks are not drawn.
_STACKED, _LEAST = 80, 0.002


@dataclass
class _Part:
    """A function in one place of the flame."""

    seconds: float = 0.0
    inner: dict[Function, _Part] = field(default_factory=dict)


def boxes_of_stacks(stacks: Stacks) -> list[Box]:
    """Lay stacks over each other: what they share is one box.

    >>> main, work = ("a.py", 1, "main"), ("a.py", 5, "work")
    >>> [box] = boxes_of_stacks({(main, work): (3, 0.3), (main,): (1, 0.1)})
    >>> box.name, round(box.width), [inner.name for inner in box.inner]
    ('main a.py:1', 400, ['work a.py:5'])
    """
    root = _Part()
    for stack, (_, seconds) in stacks.items():
        part = root
        part.seconds += seconds
        for function in stack[:_STACKED]:
            part = part.inner.setdefault(function, _Part())
            part.seconds += seconds
    return _laid(root, 0.0, root.seconds * _LEAST)


def _laid(part: _Part, start: float, least: float) -> list[Box]:
    found = []
    for function, inner in sorted(part.inner.items(), key=lambda pair: -pair[1].seconds):
        if inner.seconds >= least:
            width = inner.seconds * 1000
            found.append(Box(label(function), start, width, inner=_laid(inner, start, least)))
            start += width
    return found


def boxes_of_calls(stats: Stats) -> list[Box]:
    """Share each function's time among its callers as they called it."""
    callees: dict[Function, list[tuple[Function, float]]] = {}
    for function, (_, _, _, _, callers) in stats.items():
        for caller, row in callers.items():
            callees.setdefault(caller, []).append((function, row[3]))
    least = sum(row[2] for row in stats.values()) * 1000 * _THINNEST
    tree = _Tree(stats, callees, least)
    roots = [(function, row[3]) for function, row in stats.items() if not row[4]]
    start, found = 0.0, []
    for function, seconds in sorted(roots, key=lambda root: -root[1]):
        found.append(tree.box(function, seconds * 1000, start, ()))
        start += seconds * 1000
    return found


@dataclass
class _Tree:
    """Who calls whom, and what is too thin to be drawn (milliseconds)."""

    stats: Stats
    callees: dict[Function, list[tuple[Function, float]]]
    least: float

    def box(
        self, function: Function, width: float, start: float, above: tuple[Function, ...]
    ) -> Box:
        box = Box(label(function), start, width)
        total = self.stats[function][3]
        if total <= 0 or len(above) > _DEEPEST:
            return box
        share, place = min(width / (total * 1000), 1.0), start
        for inner, seconds in sorted(self.callees.get(function, ()), key=lambda row: -row[1]):
            wide = min(seconds * 1000 * share, start + width - place)
            if inner in above or inner == function or wide < self.least:
                continue
            box.inner.append(self.box(inner, wide, place, (*above, function)))
            place += wide
        return box
