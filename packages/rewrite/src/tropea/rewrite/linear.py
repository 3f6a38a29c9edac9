r"""Match a regular expression in time linear in the subject: all its states at once.

Slower than re on a friendly subject and safe on a hostile one; for patterns that can run away.
Captures are those of a backtracking engine, except that a group in a repetition whose last round
was empty keeps what it took in the round before.  Look-arounds, back references, atomic groups,
possessive repetitions and repetitions of what would rather be empty are beyond it.

Source: R. Cox, "Regular Expression Matching: the Virtual Machine Approach", 2009.

>>> import re
>>> LinearPattern(re.compile(r"^/(a+)+\Z")).search("/" + "a" * 5000 + "!") is None
True
"""

from __future__ import annotations

import re
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from tropea.rewrite.charsets import Takes, takes

_c: Any = _constants
_LARGEST = 2000
#: What an instruction does.
_TAKE, _SPLIT, _SAVE, _AT, _DONE = range(5)


class Unsupported(Exception):
    """The pattern has something that cannot be matched this way."""


class LinearMatch:
    """A match, with what rules use of re's match object."""

    __slots__ = ("_spans", "re", "string")

    def __init__(self, pattern: LinearPattern, string: str, spans: tuple[int, ...]) -> None:
        self.re, self.string, self._spans = pattern, string, spans

    def span(self, group: int | str = 0) -> tuple[int, int]:
        """Return where a group starts and ends; -1 twice where it took no part."""
        number = self.re.groupindex[group] if isinstance(group, str) else group
        if not 0 <= number <= self.re.groups:
            raise IndexError("no such group")
        start, end = self._spans[2 * number], self._spans[2 * number + 1]
        return (start, end) if end >= 0 else (-1, -1)

    def __getitem__(self, group: int | str) -> str | None:
        start, end = self.span(group)
        return None if end < 0 else self.string[start:end]

    group = __getitem__

    def groups(self) -> tuple[str | None, ...]:
        """Return every group's text."""
        return tuple(self[number] for number in range(1, self.re.groups + 1))

    def groupdict(self) -> dict[str, str | None]:
        """Return the text of every group that has a name."""
        return {name: self[number] for name, number in self.re.groupindex.items()}


class LinearPattern:
    """A pattern with re's methods; *short* is up to which length re itself is asked.

    Raises Unsupported.
    """

    def __init__(self, pattern: re.Pattern[str], *, short: int = 0) -> None:
        self.pattern, self.flags = pattern.pattern, pattern.flags
        self.groups, self.groupindex = pattern.groups, dict(pattern.groupindex)
        self._re, self._short = pattern, short
        self._code: list[tuple[Any, ...]] = []
        #: Whether groups capture just what re's would.
        self.same_captures = True
        self._emit(_parser.parse(self.pattern, self.flags))
        self._code.append((_DONE,))

    def search(self, string: str) -> Any:
        """Return the first match anywhere, or None."""
        if len(string) <= self._short:
            return self._re.search(string)
        return self._run(string, anywhere=True, whole=False)

    def match(self, string: str) -> Any:
        """Return a match at the start, or None."""
        if len(string) <= self._short:
            return self._re.match(string)
        return self._run(string, anywhere=False, whole=False)

    def fullmatch(self, string: str) -> Any:
        """Return a match of the whole subject, or None."""
        if len(string) <= self._short:
            return self._re.fullmatch(string)
        return self._run(string, anywhere=False, whole=True)

    # --- the program ----------------------------------------------------------------------------

    def _put(self, *instruction: Any) -> int:
        if len(self._code) >= _LARGEST:
            raise Unsupported("it is too large")
        self._code.append(instruction)
        return len(self._code) - 1

    def _emit(self, tree: Any) -> None:
        for op, argument in tree:
            test = takes(op, argument, self.flags)
            if test is not None:
                self._put(_TAKE, _remembering(test))
            elif op is _c.SUBPATTERN:
                group, add, remove, inner = argument
                if add or remove:
                    raise Unsupported("it changes flags inside")
                if group:
                    self._put(_SAVE, 2 * group)
                self._emit(inner)
                if group:
                    self._put(_SAVE, 2 * group + 1)
            elif op is _c.BRANCH:
                self._branch(argument[1])
            elif op in {_c.MAX_REPEAT, _c.MIN_REPEAT}:
                self._repeat(*argument, greedy=op is _c.MAX_REPEAT)
            elif op is _c.AT:
                self._put(_AT, argument)
            else:
                raise Unsupported(f"it uses {str(op).lower().replace('_', ' ')}")

    def _branch(self, branches: Any) -> None:
        ends = []
        for branch in branches[:-1]:
            split = self._put(_SPLIT)
            self._emit(branch)
            ends.append(self._put(_SPLIT))
            self._code[split] = (_SPLIT, split + 1, len(self._code))
        self._emit(branches[-1])
        for end in ends:
            self._code[end] = (_SPLIT, len(self._code), len(self._code))

    def _repeat(self, least: int, most: int, body: Any, *, greedy: bool) -> None:
        if body.getwidth()[0] == 0 and _likes_nothing(body):
            raise Unsupported("it repeats what would rather be empty")
        if body.getwidth()[0] == 0:
            self.same_captures = False
        for _ in range(min(least, _LARGEST + 1)):  # no more is needed of what emits nothing
            self._emit(body)
        if most is _c.MAXREPEAT:
            split = self._put(_SPLIT)
            self._emit(body)
            self._put(_SPLIT, split, split)
            self._choose(split, greedy=greedy)
            return
        splits = []
        for _ in range(most - least):
            splits.append(self._put(_SPLIT))
            self._emit(body)
        for split in splits:
            self._choose(split, greedy=greedy)

    def _choose(self, split: int, *, greedy: bool) -> None:
        inside, after = split + 1, len(self._code)
        self._code[split] = (_SPLIT, inside, after) if greedy else (_SPLIT, after, inside)

    # --- running it -----------------------------------------------------------------------------

    def _run(self, string: str, *, anywhere: bool, whole: bool) -> LinearMatch | None:
        """Step through the subject with every state that is possible, the preferred first."""
        empty = (-1,) * (2 * self.groups + 2)
        threads: list[tuple[int, tuple[int, ...]]] = []
        found: tuple[int, ...] | None = None
        code, size = self._code, len(string)
        for at in range(size + 1):
            seen: set[int] = set()
            ready: list[tuple[int, tuple[int, ...]]] = []
            for place, spans in threads:
                self._add(ready, seen, place, spans, at, string)
            if found is None and (at == 0 or anywhere):
                self._add(ready, seen, 0, (at, *empty[1:]), at, string)
            threads = []
            char = string[at] if at < size else ""
            for place, spans in ready:
                instruction = code[place]
                if instruction[0] == _DONE:
                    if whole and at < size:
                        continue
                    found = (spans[0], at, *spans[2:])
                    break  # what comes later is preferred less
                if char and instruction[1](char):
                    threads.append((place + 1, spans))
            if not threads and (found is not None or not anywhere):
                break
        return None if found is None else LinearMatch(self, string, found)

    def _add(  # noqa: PLR0917  the inner loop
        self,
        ready: list[tuple[int, tuple[int, ...]]],
        seen: set[int],
        place: int,
        spans: tuple[int, ...],
        at: int,
        string: str,
    ) -> None:
        """Follow what takes no character, in order of preference."""
        code = self._code
        stack = [(place, spans)]
        while stack:
            place, spans = stack.pop()
            if place in seen:
                continue
            seen.add(place)
            instruction = code[place]
            kind = instruction[0]
            if kind == _SPLIT:
                stack += [(instruction[2], spans), (instruction[1], spans)]
            elif kind == _SAVE:
                slot = instruction[1]
                stack.append((place + 1, (*spans[:slot], at, *spans[slot + 1 :])))
            elif kind == _AT:
                if self._holds(instruction[1], at, string):
                    stack.append((place + 1, spans))
            else:
                ready.append((place, spans))

    def _holds(self, where: Any, at: int, string: str) -> bool:
        if where is _c.AT_BEGINNING_STRING:
            return at == 0
        if where is _c.AT_BEGINNING:
            return at == 0 or bool(self.flags & re.MULTILINE and string[at - 1] == "\n")
        if where is _c.AT_END_STRING:
            return at == len(string)
        if where is _c.AT_END:
            rest = string[at : at + 2]
            return rest in {"", "\n"} or bool(self.flags & re.MULTILINE and rest[:1] == "\n")
        word = re.compile(r"\w", self.flags & re.ASCII).match
        before = at > 0 and word(string[at - 1]) is not None
        after = at < len(string) and word(string[at]) is not None
        return (before is not after) is (where is _c.AT_BOUNDARY)


def _likes_nothing(tree: Any) -> bool:
    """Tell whether a lazy repetition or an empty alternative stands somewhere in a tree.

    When a round of a repetition may be empty and would rather be, re stops where we would go on.
    """
    for op, argument in tree:
        if op is _c.MIN_REPEAT:
            return True
        if op is _c.BRANCH:
            if any(branch.getwidth()[0] == 0 or _likes_nothing(branch) for branch in argument[1]):
                return True
        inner = argument[3] if op is _c.SUBPATTERN else argument[2] if op is _c.MAX_REPEAT else ()
        if _likes_nothing(inner):
            return True
    return False


def _remembering(test: Takes) -> Takes:
    """Keep a test's answers for the characters that come often."""
    known: dict[str, bool] = {}

    def takes_it(char: str) -> bool:
        answer = known.get(char)
        if answer is None:
            answer = test(char)
            if len(known) < 512:
                known[char] = answer
        return answer

    return takes_it
