r"""Tell, before any request, whether a regular expression can run away.

The heuristic, over the parsed expression; two pieces *overlap* when a character can begin both:

- *exponential*: a repetition without bound that holds another one, where what comes after the
  inner one, the next round included, overlaps with what it repeats: ``(a+)+``, ``(.*,)*``,
  ``([^/]+)*``; but not ``(?:/[^/]+)+``, where a slash must come before each round;
- *exponential* too: a repetition without bound of alternatives that overlap: ``(\w|\d)*``; or of
  something that may be left out, or go round less often, where what comes then can begin with the
  same: ``(a|aa)*``, which re reads as ``(aa?)*``, and ``(\d{1,3}\.?)*``;
- *cubic* and *square*: three or more, or two, repetitions without bound that follow each other at
  the top, where each can eat what separates it from the next: ``.*/.*/.*\.html``.  A pattern that
  may start anywhere counts one more.  The last one does not count where it eats everything up to
  the end.

A repetition of more than twenty rounds counts as one without bound.  Mistakes are possible in both
directions; a needless alarm costs speed alone, for such patterns go to the linear engine.

>>> import re
>>> [risk_of(re.compile(p)).name for p in (r"^/(a+)+\Z", r"^/(?:/[^/]+)+\Z", r"^.*/.*/.*x\Z")]
['EXPONENTIAL', 'LOW', 'CUBIC']
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from tropea.rewrite.charsets import EVERYTHING, bits, takes

_c: Any = _constants
_MANY = 20
_ANCHORS = [(_c.AT, _c.AT_BEGINNING), (_c.AT, _c.AT_BEGINNING_STRING)]
_SINGLE = (_c.LITERAL, _c.NOT_LITERAL, _c.ANY, _c.IN)
_BEYOND = 1 << 256
_REPEATS = (_c.MAX_REPEAT, _c.MIN_REPEAT)
Node = tuple[Any, Any]


class Risk(Enum):
    """How a pattern's time may grow with its subject."""

    LOW = "is harmless"
    SQUARE = "may take time that grows with the square of the subject"
    CUBIC = "may take time that grows with the third power of the subject, or worse"
    EXPONENTIAL = "may take time that doubles with each character of the subject"


def risk_of(pattern: re.Pattern[str], *, anchored: bool = False) -> Risk:
    """Judge a compiled pattern; *anchored* where it is only tried at the subject's start."""
    if not any(mark in pattern.pattern for mark in "*+{"):
        return Risk.LOW
    tree = list(_parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG))
    judge = _Judge(pattern.flags)
    if judge.explodes(tree):
        return Risk.EXPONENTIAL
    degree = judge.degree(tree, anchored=anchored)
    return Risk.CUBIC if degree >= 3 else Risk.SQUARE if degree == 2 else Risk.LOW


@lru_cache(1024)
def _known_set(op: Any, argument: Any, flags: int) -> int:
    test = takes(op, argument, flags)
    assert test is not None
    return bits(test) | (_BEYOND if _goes_beyond(op, argument) else 0)


def _goes_beyond(op: Any, argument: Any) -> bool:
    """Tell whether a step names a character beyond Latin-1, for all of which there is one bit."""
    if op is _c.IN:
        return any(_goes_beyond(*member) for member in argument)
    if op is _c.RANGE:
        return bool(argument[1] > 255)
    return op in {_c.LITERAL, _c.NOT_LITERAL} and argument > 255


class _Judge:
    def __init__(self, flags: int) -> None:
        self.flags = flags

    def set_of(self, op: Any, argument: Any) -> int | None:
        """Return the characters of a step that takes one, or None for another step."""
        if op not in _SINGLE:
            return None
        return _known_set(op, tuple(argument) if op is _c.IN else argument, self.flags)

    def first(self, tree: Any) -> tuple[int, bool]:
        """Return the characters a tree can begin with, and whether it can match nothing."""
        found, empty = 0, True
        for op, argument in tree:
            begins, can_be_empty = self._first(op, argument)
            found |= begins
            if not can_be_empty:
                empty = False
                break
        return found, empty

    def _first(self, op: Any, argument: Any) -> tuple[int, bool]:
        own = self.set_of(op, argument)
        if own is not None:
            return own, False
        if op is _c.SUBPATTERN:
            return self.first(argument[3])
        if op is _c.ATOMIC_GROUP:
            return self.first(argument)
        if op is _c.BRANCH:
            parts = [self.first(branch) for branch in argument[1]]
            return _union(part for part, _ in parts), any(empty for _, empty in parts)
        if op in _REPEATS or op is _c.POSSESSIVE_REPEAT:
            begins, empty = self.first(argument[2])
            return begins, empty or argument[0] == 0
        if op in {_c.AT, _c.ASSERT, _c.ASSERT_NOT}:
            return 0, True
        return EVERYTHING, True  # back references and conditions: anything is possible

    def body(self, tree: Any) -> int:
        """Return every character that a tree can take anywhere."""
        found = 0
        for op, argument in tree:
            own = self.set_of(op, argument)
            found |= own or 0
            for inner in _inside(op, argument):
                found |= self.body(inner)
        return found

    def explodes(self, tree: Any) -> bool:
        """Tell whether a repetition in the tree is exponential."""
        for op, argument in tree:
            if _endless(op, argument) and self._ambiguous(
                list(argument[2]), 0, self.first(argument[2])[0]
            ):
                return True
            for inner in _inside(op, argument):
                if self.explodes(inner):
                    return True
        return False

    def _ambiguous(self, tree: list[Node], after: int, again: int) -> bool:
        """Tell whether a round's end is open.

        after: what can follow the tree within the round.  again: what the next round begins with.
        """
        for place, (op, argument) in enumerate(tree):
            follows, empty = self.first(tree[place + 1 :])
            if empty:
                follows |= after | again
            if _endless(op, argument) and self.body(argument[2]) & follows:
                return True
            begins, empty = self._first(op, argument)
            if begins & follows and _may_stop(op, argument, empty=empty):
                return True
            if op is _c.BRANCH:
                seen = 0
                for branch in argument[1]:
                    begins, _ = self.first(branch)
                    if begins & seen:
                        return True
                    seen |= begins
            for inner in _inside(op, argument):
                if self._ambiguous(list(inner), follows, 0):
                    return True
        return False

    def degree(self, tree: list[Node], *, anchored: bool) -> int:
        """Count repetitions in a row that can take from each other."""
        flat = _flat(tree)
        anchored = anchored or (bool(flat) and flat[0] in _ANCHORS)
        while flat and flat[-1][0] is _c.AT:
            flat.pop()
        if flat and _endless(*flat[-1]) and self.body(flat[-1][1][2]) == EVERYTHING:
            flat.pop()
        most = count = 0
        eats = between = 0
        for op, argument in flat:
            if _endless(op, argument):
                own = self.body(argument[2])
                count = count + 1 if count and own & eats and not between & ~eats else 1
                eats, between = own, 0
                most = max(most, count)
            else:
                between |= self.body([(op, argument)])
        return most if anchored or not most else most + 1


def _endless(op: Any, argument: Any) -> bool:
    return op in _REPEATS and argument[1] > _MANY


def _may_stop(op: Any, argument: Any, *, empty: bool) -> bool:
    """Tell whether a step can be left out, or go round less often."""
    return empty if op is _c.BRANCH else op in _REPEATS and argument[0] != argument[1]


def _inside(op: Any, argument: Any) -> list[Any]:
    """List the trees that a step holds."""
    if op is _c.SUBPATTERN:
        return [argument[3]]
    if op is _c.BRANCH:
        return list(argument[1])
    if op in _REPEATS or op is _c.POSSESSIVE_REPEAT:
        return [argument[2]]
    if op is _c.ATOMIC_GROUP:
        return [argument]
    if op in {_c.ASSERT, _c.ASSERT_NOT}:
        return [argument[1]]
    return []


def _flat(tree: Any) -> list[Node]:
    """Take groups out of their parentheses."""
    flat: list[Node] = []
    for op, argument in tree:
        if op is _c.SUBPATTERN:
            flat += _flat(argument[3])
        else:
            flat.append((op, argument))
    return flat


def _union(sets: Any) -> int:
    found = 0
    for one in sets:
        found |= one
    return found
