"""One profile: the functions that took the time, and a flame of who called whom."""

from __future__ import annotations

import marshal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tropea.core.anatomy import Node
from tropea.inspector.callstacks import Stacks, Stats, label
from tropea.inspector.flames import boxes_of_calls, boxes_of_stacks
from tropea.inspector.pictures import Box


@dataclass(frozen=True)
class Profile:
    """What was seen of one request; seconds: from its call to the end of its body.

    how: ``calls``, every one of them, or ``samples``; stats: the numbers of either.
    stacks: of samples; there the flame is exact, elsewhere an estimate.
    """

    number: int
    method: str
    path: str
    seconds: float
    stats: Stats
    how: str = "calls"
    stacks: Stacks | None = None

    def told(self) -> dict[str, Any]:
        """Return it as plain data."""
        keys = ("name", "calls" if self.how == "calls" else "samples", "own", "total")
        return {
            "number": self.number,
            "method": self.method,
            "path": self.path,
            "seconds": self.seconds,
            "how": self.how,
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
        """Build the flame."""
        return boxes_of_calls(self.stats) if self.stacks is None else boxes_of_stacks(self.stacks)


class ProfileShelf:
    """The last profiles; the oldest go first.

    whole: makes a profile of all requests together, where there is one.
    """

    def __init__(self, most: int) -> None:
        self.whole: Callable[[], Profile] | None = None
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


#: Profiles of imports, made before there is any stack.
IMPORTS = ProfileShelf(20)


def shelves_in(node: Node) -> Iterator[ProfileShelf]:
    """Find the profilers of a stack."""
    found = getattr(node.app, "profiles", None)
    if isinstance(found, ProfileShelf):
        yield found
    for _, inner in node.inner:
        yield from shelves_in(inner)
