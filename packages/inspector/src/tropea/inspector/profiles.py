"""One profile: the functions that took the time, and a flame of who called whom."""

from __future__ import annotations

import marshal
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from tropea.core.anatomy import Node
from tropea.inspector.pictures import Box

Function = tuple[str, int, str]
#: As cProfile has it: calls without recursion, calls, own seconds, seconds in all, callers.
Stats = dict[Function, tuple[int, int, float, float, dict[Function, tuple[int, int, float, float]]]]
_DEEPEST, _THINNEST = 40, 0.004


@dataclass(frozen=True)
class Profile:
    """What cProfile saw of one request; seconds: from its call to the end of its body."""

    number: int
    method: str
    path: str
    seconds: float
    stats: Stats

    def told(self) -> dict[str, Any]:
        """Return it as plain data."""
        keys = ("name", "calls", "own", "total")
        return {
            "number": self.number,
            "method": self.method,
            "path": self.path,
            "seconds": self.seconds,
            "top": [dict(zip(keys, row, strict=True)) for row in self.top()],
        }

    def top(self, most: int = 40) -> list[tuple[str, int, float, float]]:
        """Return (name, calls, own seconds, seconds in all), by what took longest itself."""
        rows = [(label(f), s[1], s[2], s[3]) for f, s in self.stats.items()]
        return sorted(rows, key=lambda row: row[2], reverse=True)[:most]

    def dump(self) -> bytes:
        """Return it as a ``.prof`` file, which pstats and its viewers read."""
        return marshal.dumps(self.stats)

    def boxes(self) -> list[Box]:
        """Build the flame: each function's time shared among its callers as they called it."""
        callees: dict[Function, list[tuple[Function, float]]] = {}
        for function, (_, _, _, _, callers) in self.stats.items():
            for caller, row in callers.items():
                callees.setdefault(caller, []).append((function, row[3]))
        whole = sum(s[2] for s in self.stats.values())
        roots = [(f, s[3]) for f, s in self.stats.items() if not s[4]]
        start, found = 0.0, []
        for function, seconds in sorted(roots, key=lambda root: -root[1]):
            found.append(
                self._box(function, seconds * 1000, start, callees, (), whole * 1000 * _THINNEST)
            )
            start += seconds * 1000
        return found

    def _box(  # noqa: PLR0917  it calls itself with all that it was called with
        self,
        function: Function,
        width: float,
        start: float,
        callees: dict[Function, list[tuple[Function, float]]],
        above: tuple[Function, ...],
        least: float,
    ) -> Box:
        box = Box(label(function), start, width)
        total = self.stats[function][3]
        if total <= 0 or len(above) > _DEEPEST:
            return box
        share, place = min(width / (total * 1000), 1.0), start
        for inner, seconds in sorted(callees.get(function, ()), key=lambda row: -row[1]):
            wide = min(seconds * 1000 * share, start + width - place)
            if inner in above or inner == function or wide < least:
                continue
            box.inner.append(self._box(inner, wide, place, callees, (*above, function), least))
            place += wide
        return box


def label(function: Function) -> str:
    """Name a function: file and line in short, nothing of the folders."""
    file, line, name = function
    return name if file == "~" else f"{name} {PurePath(file).name}:{line}"


class ProfileShelf:
    """The last profiles; the oldest go first."""

    def __init__(self, most: int) -> None:
        self._kept: deque[Profile] = deque(maxlen=most)
        self._lock = threading.Lock()
        self._number = 0

    def next_number(self) -> int:
        """Return the number of a new profile."""
        with self._lock:
            self._number += 1
            return self._number

    def add(self, profile: Profile) -> None:
        """Keep a profile."""
        with self._lock:
            self._kept.append(profile)

    def latest(self) -> list[Profile]:
        """Return the profiles, newest first."""
        with self._lock:
            return list(reversed(self._kept))


def shelves_in(node: Node) -> Iterator[ProfileShelf]:
    """Find the profilers of a stack."""
    found = getattr(node.app, "profiles", None)
    if isinstance(found, ProfileShelf):
        yield found
    for _, inner in node.inner:
        yield from shelves_in(inner)
