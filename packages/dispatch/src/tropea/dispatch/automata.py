"""Regular expressions as automata: a state for each place that reads a character.

The states that can come next stand in the order in which a backtracking matcher tries them, as
often as there are ways to get there.  So one structure tells how ambiguous an expression is, and
finds the match that Python's own matcher finds, in time that grows with the length alone.

Source: V. M. Glushkov, "The abstract theory of automata" (1961).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, reduce
from operator import or_
from re import _compiler as compiler  # type: ignore[attr-defined] # it has no public name
from re import _constants as c  # type: ignore[attr-defined] # same
from re import _parser as parser  # type: ignore[attr-defined] # same
from typing import Any, Final

Test = Callable[[str], Any]
#: What may come next, in order: states, :data:`END`, or such lists, perhaps this one again.
Ways = list[Any]
END: Final = -1
#: More states, or more ways from one of them, are too many to follow.
MOST_WAYS = 20_000
#: As many rounds as this are written out where there are neither fewer nor more.
COUNTED = 64

_REPEATS = (c.MAX_REPEAT, c.MIN_REPEAT)
_SIMPLE = (c.LITERAL, c.NOT_LITERAL, c.ANY, c.IN)
#: What a single character is matched by.
_FLAGS = re.IGNORECASE | re.DOTALL | parser.TYPE_FLAGS


class TooManyWays(Exception):
    """The expression can go on in more ways than can be counted."""


class Automaton:
    """The states of one parsed expression.

    tests: by state, whether it reads a character.  names: by state, the number of the outermost
        group that it is in, or None.  first, following: what may come at the start, and after
        each state, with :data:`END` for the end of the text.
    exact: whether it matches what the expression matches: False where that looks around, refers
        back, never goes back, or counts higher than is written out.
    inside: expressions that are matched on their own, within this one, and what is repeated so
        often that it is to be looked at as an endless repetition too.
    samples: characters that the expression names.
    rounds: a repetition of more rounds than these is taken for an endless one, but for an exact
        number up to :data:`COUNTED`.
    Raises TooManyWays.
    """

    def __init__(self, items: Any, flags: int, rounds: int = 1000) -> None:
        self._rounds = rounds
        self.tests: list[Test] = []
        self.names: list[int | None] = []
        self.exact = True
        self._endless = False  # whether we are in an endless repetition
        self._times = 1  # how often what we are in is gone through, by what is counted
        self._inside: dict[tuple[int, int], tuple[Any, int]] = {}
        self.samples: set[str] = set()
        self._ways: list[Ways] = []
        start = self._sequence(list(items), [END], flags, None)
        self.first = list(_flat(start))
        self.following = [list(_flat(ways)) for ways in self._ways]
        self.inside = list(self._inside.values())

    def _state(self, test: Test, after: Ways, name: int | None) -> Ways:
        if len(self.tests) >= MOST_WAYS:
            raise TooManyWays
        self.tests.append(test)
        self.names.append(name)
        self._ways.append(after)
        return [len(self.tests) - 1]

    def _sequence(self, items: Sequence[Any], after: Ways, flags: int, name: int | None) -> Ways:
        for op, value in reversed(items):
            after = self._item(op, value, after, flags, name)
        return after

    def _item(self, op: Any, value: Any, after: Ways, flags: int, name: int | None) -> Ways:
        if op in _SIMPLE:
            self._note(op, value)
            return self._state(_test_of(op, value, flags), after, name)
        if op in _REPEATS:
            return self._repeat(op is c.MAX_REPEAT, value, after, flags, name)
        if op is c.SUBPATTERN:
            number, add, drop, inner = value
            within = name if name is not None else number
            if add & parser.TYPE_FLAGS:  # (?a:...) and (?u:...) take each other's place
                flags &= ~parser.TYPE_FLAGS
            return self._sequence(list(inner), after, (flags | add) & ~drop, within)
        if op is c.BRANCH:
            return [self._sequence(list(part), after, flags, name) for part in value[1]]
        self.exact = False
        if op is c.AT:
            return after
        if op in (c.ASSERT, c.ASSERT_NOT):
            self._look_into(value[1], value[1], flags)
            return after
        if op is c.GROUPREF_EXISTS:
            parts = [list(part or ()) for part in value[1:]]
            return [self._sequence(part, after, flags, name) for part in parts]
        if op in (c.ATOMIC_GROUP, c.POSSESSIVE_REPEAT):
            # It never gives back what it has read: one step, whatever is in it.
            whole = op is c.ATOMIC_GROUP
            inner = value if whole else [(c.MAX_REPEAT, value)]
            self._look_into(value, inner, flags)
            step = self._state(_any_of(inner, flags, self.samples), after, name)
            least = value.getwidth()[0] if whole else value[0] * value[2].getwidth()[0]
            return step if least else [step, after]
        return self._state(lambda _: True, after, name)  # a reference back

    def _repeat(self, greedy: bool, value: Any, after: Ways, flags: int, name: int | None) -> Ways:
        endless, times, body = self._endless, self._times, list(value[2])
        low, high = self._rounds_of(value[0], value[1], value[2], flags)
        if high == c.MAXREPEAT:
            self._endless = True
            again: Ways = []
            into = self._sequence(body, again, flags, name)
            again += [into, after] if greedy else [after, into]
            rest = again
            self._endless = endless
        else:
            rest = after
            for _ in range(high - low):
                into = self._sequence(body, rest, flags, name)
                rest = [into, after] if greedy else [after, into]
        for _ in range(low):
            rest = self._sequence(body, rest, flags, name)
        self._times = times
        return rest

    def _rounds_of(self, low: int, high: int, body: Any, flags: int) -> tuple[int, int]:
        """Return rounds that match all that so many do, and are not too many to write out."""
        if high != c.MAXREPEAT:
            self._times *= high
            if high > 1 and self._times > self._rounds:
                # Each round doubles the ways where one text leads through it in two.
                self._look_into(body, [(c.MAX_REPEAT, (1, c.MAXREPEAT, body))], flags)
        if (low if high == c.MAXREPEAT else high) <= self._rounds:
            return low, high
        if low == high and body.getwidth()[0] > 0:
            if low <= COUNTED:
                return low, high
            if not self._endless:  # it is gone through once: no loop is longer for it
                self.exact = False
                return self._rounds, self._rounds
        self.exact = False
        return min(low, self._rounds), c.MAXREPEAT

    def _look_into(self, node: Any, items: Any, flags: int) -> None:
        self._inside[id(node), flags] = (items, flags)  # once, however often it is written out

    def _note(self, op: Any, value: Any) -> None:
        for kind, what in value if op is c.IN else [(op, value)]:
            codes = what if kind is c.RANGE else (what,) if isinstance(what, int) else ()
            for code in codes:
                near = (code - 1, code, code + 1)
                self.samples |= {chr(n) for n in near if 0 <= n < 0x110000}

    def read(self, text: str) -> dict[int | None, str] | None:
        """Return the text in each outermost group, or None where *text* does not match as a whole.

        It is the match of ``re.fullmatch``, in time that grows with the length of *text*.
        """
        alive = self._alive(text)
        found: dict[int | None, list[str]] = {}
        ways = self.first
        for at, char in enumerate(text):
            state = next((way for way in ways if way >= 0 and alive[at] >> way & 1), None)
            if state is None:
                return None
            found.setdefault(self.names[state], []).append(char)
            ways = self.following[state]
        return {name: "".join(chars) for name, chars in found.items()} if END in ways else None

    def _alive(self, text: str) -> list[int]:
        """Return for each place the states that can read it and all after it, as bits."""
        before = [0] * len(self.tests)  # by state, the states that it may follow
        last = 0
        for state, ways in enumerate(self.following):
            for way in ways:
                if way == END:
                    last |= 1 << state
                else:
                    before[way] |= 1 << state
        reading: dict[str, int] = {}
        stepped: dict[int, int] = {}
        alive, good = [0] * len(text), last
        for at in range(len(text) - 1, -1, -1):
            char = text[at]
            if char not in reading:
                reading[char] = sum(1 << n for n, test in enumerate(self.tests) if test(char))
            alive[at] = now = good & reading[char]
            if now not in stepped:
                stepped[now] = reduce(or_, (before[state] for state in _bits(now)), 0)
            good = stepped[now]
        return alive


def _bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def _flat(ways: Ways) -> Iterator[int]:
    """Yield the states of nested ways in order.

    A list within itself is a loop that reads nothing, and begins once more: it may go on with
    another part of itself than before.
    """
    opened = Counter([id(ways)])
    stack: list[tuple[Ways, int]] = [(ways, 0)]
    steps = 0
    while stack:
        current, at = stack.pop()
        if at == len(current):
            opened[id(current)] -= 1
            continue
        stack.append((current, at + 1))
        steps += 1
        if steps > MOST_WAYS:
            raise TooManyWays
        way = current[at]
        if not isinstance(way, list):
            yield way
        elif opened[id(way)] < 2:
            opened[id(way)] += 1
            stack.append((way, 0))


def _any_of(items: Any, flags: int, samples: set[str]) -> Test:
    """Return a test for the characters that any part of *items* reads."""
    inner = Automaton(items, flags)
    samples |= inner.samples
    return lambda char: any(test(char) for test in inner.tests)


def _test_of(op: Any, value: Any, flags: int) -> Test:
    """Return the test of one node that reads a character."""
    return _test(op, tuple(value) if op is c.IN else value, flags & _FLAGS)


@lru_cache(maxsize=512)
def _test(op: Any, value: Any, flags: int) -> Test:
    """Have Python's own matcher read the character: what is a word, and which cases are alike."""
    if op is c.LITERAL and not flags & re.IGNORECASE:
        return chr(value).__eq__  # faster, and most are such
    node = (op, list(value) if op is c.IN else value)
    test: Test = compiler.compile(parser.SubPattern(parser.State(), [node]), flags).fullmatch
    return test
