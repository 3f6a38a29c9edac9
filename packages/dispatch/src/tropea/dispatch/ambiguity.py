"""How the time of a regular expression grows with a text that it does not match.

Where one text can lead from a state back to it in two ways, each more round doubles the ways: the
expression runs away.  Where a text can be split among several loops, the ways grow with a power of
its length.

Source: A. Weber and H. Seidl, "On the degree of ambiguity of finite automata" (1991).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from re import _constants as c  # type: ignore[attr-defined] # the standard parser has no public name
from typing import Any

from .automata import END, Automaton, TooManyWays

#: One character of each kind that an expression can tell apart without naming any.
SAMPLE = frozenset("0gG_ !/\n\x85\xa0\xab\xe9\u0663\u2028\u4e2d\U0001f600")
#: Pairs of states that are looked at; an expression with more is called a runaway.
MOST_PAIRS = 60_000

#: So many rounds of what can be split in two ways double the time often enough.
ROUNDS = 11

Pair = tuple[int, int]


def power_of(items: Any, flags: int) -> float:
    """Return the power of the length that bounds the steps of a failing match; infinite for none.

    items, flags: of a parsed expression.
    """
    if not _repeats(items):
        return 1
    try:
        automaton = Automaton(items, flags, ROUNDS)
        graph = Graph(automaton)
        own = math.inf if graph.runs_away() else graph.power()
    except TooManyWays:
        return math.inf
    return max([own, *(power_of(inner, flags_) for inner, flags_ in automaton.inside)])


def _repeats(item: Any) -> bool:
    """Whether a parsed expression, or part of one, repeats anything."""
    if isinstance(item, tuple) and item and item[0] in (c.MAX_REPEAT, c.MIN_REPEAT):
        return True
    if isinstance(item, (list, tuple)) or hasattr(item, "data"):
        return any(map(_repeats, item))
    return False


class Graph:
    """The states of an automaton, with the characters that each reads out of a sample."""

    def __init__(self, automaton: Automaton) -> None:
        alphabet = SAMPLE | automaton.samples
        known: dict[Any, frozenset[str]] = {}
        for test in automaton.tests:
            if test not in known:
                known[test] = frozenset(filter(test, alphabet))
        self.reads = [known[test] for test in automaton.tests]
        self.ways = [Counter(w for w in ways if w != END) for ways in automaton.following]
        self.last = [END in ways for ways in automaton.following]
        self.first = [way for way in automaton.first if way != END]
        self.loop = components(dict(enumerate(self.ways)))
        self._sizes = Counter(self.loop.values())
        #: Whether any text at all, slashes aside, leads from the state to a match.
        whole = SAMPLE - {"/"}
        self.certain = [
            self.last[n] and n in self.ways[n] and whole <= reads
            for n, reads in enumerate(self.reads)
        ]

    def runs_away(self) -> bool:
        """Whether a text leads from some state back to it in two ways."""
        for state, ways in enumerate(self.ways):
            if any(n > 1 and self.loop[state] == self.loop[way] for way, n in ways.items()):
                return True
        pairs = self._pairs()
        part = components(pairs)
        looping = {part[pair] for pair in pairs if pair[0] == pair[1]}
        return any(one != two and part[one, two] in looping for one, two in pairs)

    def _pairs(self) -> dict[Pair, list[Pair]]:
        """Return where two states that are reached by one text can go by one more character."""
        found: dict[Pair, list[Pair]] = {}
        open_pairs: list[Pair] = [(n, n) for n in range(len(self.ways))]
        while open_pairs:
            pair = open_pairs.pop()
            if pair in found:
                continue
            one, two = pair
            found[pair] = [
                (a, b) if a <= b else (b, a)
                for a in self.ways[one]
                for b in self.ways[two]
                if self.loop[a] == self.loop[one] == self.loop[two] == self.loop[b]
                and not self.reads[a].isdisjoint(self.reads[b])
            ]
            if len(found) + len(open_pairs) > MOST_PAIRS:
                raise TooManyWays
            open_pairs += [other for other in found[pair] if other not in found]
        return found

    def power(self) -> int:
        """Return the power of the length that the ways to split a text grow with; 1 for few."""
        looping = [n for n in range(len(self.ways)) if self._loops(n)]
        after = {n: {m for m in looping if m != n and self._shares(n, m)} for n in looping}
        known: dict[int, int] = {}

        def longest(state: int, way: frozenset[int]) -> int:
            if state not in known:
                further = [
                    0 if self.certain[m] else longest(m, way | {state})
                    for m in after[state]
                    if m not in way and self.loop[m] != self.loop[state]
                ]
                known[state] = 1 + max(further, default=0)
            return known[state]

        return max([longest(n, frozenset()) for n in looping], default=1)

    def _loops(self, state: int) -> bool:
        return state in self.ways[state] or self._sizes[self.loop[state]] > 1

    def _shares(self, one: int, two: int) -> bool:
        """Whether one text leads from *one* to itself and to *two*, and from *two* to itself."""
        if self.loop[one] == self.loop[two]:
            return False
        goal, seen = (one, two, two), set()
        open_triples = [(one, one, two)]
        while open_triples:
            a, b, d = open_triples.pop()
            for a2 in self.ways[a]:
                if self.loop[a2] != self.loop[one]:
                    continue
                for d2 in self.ways[d]:
                    both = self.reads[a2] & self.reads[d2]
                    if self.loop[d2] != self.loop[two] or not both:
                        continue
                    for b2 in self.ways[b]:
                        step = a2, b2, d2
                        if step in seen or both.isdisjoint(self.reads[b2]):
                            continue
                        if step == goal:
                            return True
                        seen.add(step)
                        open_triples.append(step)
            if len(seen) > MOST_PAIRS:
                raise TooManyWays
        return False


def components(graph: Mapping[Any, Iterable[Any]]) -> dict[Any, int]:
    """Number the strongly connected parts of a graph (Tarjan's way, without recursion)."""
    index: dict[Any, int] = {}
    low: dict[Any, int] = {}
    part: dict[Any, int] = {}
    held: list[Any] = []
    for root in graph:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        held.append(root)
        work = [(root, iter(graph[root]))]
        while work:
            node, ways = work[-1]
            for way in ways:
                if way not in index:
                    index[way] = low[way] = len(index)
                    held.append(way)
                    work.append((way, iter(graph[way])))
                    break
                if way not in part:
                    low[node] = min(low[node], index[way])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    number = len(part)
                    while True:
                        member = held.pop()
                        part[member] = number
                        if member == node:
                            break
    return part
