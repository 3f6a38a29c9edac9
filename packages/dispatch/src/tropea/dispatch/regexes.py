"""Regular expressions that come from programs: what they can match, and which can run away.

An expression runs away when one text can be split among its quantifiers in very many ways, as
``(?:[a-z]+)*`` can: then a text that does not match costs time that doubles with each character.
It is refused.  Where the time grows with a power of the length, as it does for the segment
``<a>-<b>-<c>.x``, long texts are left to an automaton that needs linear time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from re import _constants as c  # type: ignore[attr-defined] # the standard parser has no public name
from re import _parser as parser  # type: ignore[attr-defined] # same
from typing import Any

from .ambiguity import power_of
from .automata import Automaton, TooManyWays
from .errors import PatternError

#: Texts up to this length are left to Python's matcher, by the power that its time grows with.
SHORT = {2: 1000, 3: 150}
VERY_SHORT = 50

Fullmatch = Callable[[str], Any]


def any_but_slash(regex: str) -> str:
    r"""Make each unescaped ``.`` outside a class mean "any character but a slash".

    >>> any_but_slash(r"page_.+[.]\.html")
    'page_[^/]+[.]\\.html'
    """
    points = {at for at, char in operators(regex) if char == "."}
    return "".join("[^/]" if at in points else char for at, char in enumerate(regex))


def operators(regex: str, start: int = 0) -> Iterator[tuple[int, str]]:
    r"""Yield the places and characters of *regex* that are neither escaped nor in a class.

    >>> "".join(char for _, char in operators(r"a\.[.)]b"))
    'ab'
    """
    in_class, opened, escaped = False, 0, False
    for at in range(start, len(regex)):
        char = regex[at]
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif in_class:
            # "]" right after "[" or "[^" is an ordinary member of the class
            in_class = char != "]" or regex[opened:at] in ("[", "[^")
        elif char == "[":
            in_class, opened = True, at
        else:
            yield at, char


@lru_cache(maxsize=256)
def parse(regex: str, flags: int = 0) -> Any:
    """Return the parse tree of *regex*; PatternError says what is wrong with it."""
    try:
        re.compile(regex, flags)
        return parser.parse(regex, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"wrong regular expression {regex!r}: {error}") from None


@lru_cache(maxsize=1024)
def power(regex: str, flags: int = 0) -> float:
    """Return the power of the length that the time of a failing match grows with; see ambiguity.

    Raises PatternError for an expression that is wrong or that can run away.
    """
    tree = parse(regex, flags)
    found = power_of(list(tree), tree.state.flags)
    if found == math.inf:
        raise PatternError(
            f"regular expression {regex!r} can run away: it repeats what can match one text in two "
            "ways, so a long text that does not match takes time without bound"
        )
    return found


def check_regex(regex: str, flags: int = 0) -> None:
    """Raise PatternError for an expression that is wrong or that can run away.

    >>> check_regex("[a-z]+(?:-[a-z]+)*")
    >>> check_regex("(?:[a-z]+)*-end")
    Traceback (most recent call last):
    ...
    tropea.dispatch.errors.PatternError: regular expression '(?:[a-z]+)*-end' can run away: ...
    """
    if power(regex, flags) > 2:
        raise PatternError(
            f"regular expression {regex!r} can run away: more than two parts of it repeat the same "
            "characters, so a long text can be split among them in very many ways"
        )


def automaton_of(regex: str, flags: int) -> Automaton | None:
    """Return what matches long texts in linear time where Python's matcher would not.

    None where that is as good.  Raises PatternError where neither will do.
    """
    found = power(regex, flags)
    if found < 2:
        return None
    tree = parse(regex, flags)
    try:
        automaton = Automaton(list(tree), tree.state.flags)
    except TooManyWays:  # with every counted round written out
        automaton = None
    if automaton is not None and automaton.exact:
        return automaton
    check_regex(regex, flags)
    return None


def short(regex: str, flags: int) -> int:
    """Return how long a text may be for Python's matcher, where there is an automaton too."""
    return SHORT.get(int(power(regex, flags)), VERY_SHORT)


@lru_cache(maxsize=1024)
def whole_matcher(regex: str, flags: int = 0) -> Fullmatch:
    """Return a function that tells, by anything but None, that the whole of a text matches.

    Raises PatternError as :func:`check_regex` does.

    >>> whole_matcher("[a-z]+[0-9]*")("abc1") is None
    False
    """
    check_regex(regex, flags)
    fullmatch: Fullmatch = re.compile(regex, flags).fullmatch
    automaton = automaton_of(regex, flags)
    if automaton is None:
        return fullmatch
    most, read = short(regex, flags), automaton.read

    def match(text: str) -> Any:
        return fullmatch(text) if len(text) <= most else read(text)

    return match


def may_match(regex: str, char: str) -> bool:
    """Whether some text that *regex* matches can contain *char*.

    >>> may_match(r"[^a]+", "/"), may_match(r"[a-z]+", "/")
    (True, False)
    """
    tree = parse(regex)
    try:
        return any(test(char) for test in Automaton(list(tree), tree.state.flags).tests)
    except TooManyWays:
        return True


def literal_head(regex: str) -> str:
    """Return the text that every match of *regex* begins with.

    >>> literal_head("/wiki/(?P<page>.+)/edit")
    '/wiki/'
    """
    tree = parse(regex)
    if tree.state.flags & (re.IGNORECASE | re.VERBOSE):
        return ""
    out = []
    for op, value in tree:
        if op is c.AT and value in (c.AT_BEGINNING, c.AT_BEGINNING_STRING):
            continue
        if op is not c.LITERAL:
            break
        out.append(chr(value))
    return "".join(out)
