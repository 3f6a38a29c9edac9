"""Regular expressions that come from programs: what they can match, and which can run away.

An expression runs away when one text can be split among its quantifiers in very many ways, as
``(?:[a-z]+)*`` can: then a text that does not match costs time that doubles with each character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from re import _constants as c  # type: ignore[attr-defined] # the standard parser has no public name
from re import _parser as parser  # type: ignore[attr-defined] # same
from typing import Any

from .errors import PatternError

#: Characters that stand for all others when two sets are compared.
SAMPLE = frozenset(map(chr, range(128))) | frozenset(
    "\x85\xa0\xe9\xdf\u017e\u0663\u2028\u4e2d\U0001f600"
)
#: A repetition with this many rounds or more counts as endless.
MANY = 12

Items = Sequence[tuple[Any, Any]]
Chars = frozenset[str]
NOTHING: Chars = frozenset()
_REPEATS = (c.MAX_REPEAT, c.MIN_REPEAT)
_ATOMS = (c.LITERAL, c.NOT_LITERAL, c.ANY, c.IN)


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
def parse(regex: str) -> Any:
    """Return the parse tree of *regex*; PatternError says what is wrong with it."""
    try:
        re.compile(regex)
        return parser.parse(regex)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"wrong regular expression {regex!r}: {error}") from None


@lru_cache(maxsize=256)
def check_regex(regex: str) -> None:
    """Raise PatternError for an expression that is wrong or that can run away.

    >>> check_regex("[a-z]+(?:-[a-z]+)*")
    >>> check_regex("(?:[a-z]+)*-end")
    Traceback (most recent call last):
    ...
    tropea.dispatch.errors.PatternError: regular expression '(?:[a-z]+)*-end' can run away: ...
    """
    if _runs_away(list(parse(regex)), NOTHING, looped=False):
        raise PatternError(
            f"regular expression {regex!r} can run away: a quantifier repeats another one over "
            "the same characters, so a long text that does not match takes time without bound"
        )


def may_match(regex: str, char: str) -> bool:
    """Whether some text that *regex* matches can contain *char*.

    >>> may_match(r"[^a]+", "/"), may_match(r"[a-z]+", "/")
    (True, False)
    """
    return any(char in _chars(item) for item in _atoms(list(parse(regex))))


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


def _children(op: Any, value: Any) -> list[Items]:
    """Return the sequences inside a node."""
    if op in _REPEATS or op is c.POSSESSIVE_REPEAT:
        return [list(value[2])]
    if op is c.SUBPATTERN:
        return [list(value[3])]
    if op is c.BRANCH:
        return [list(branch) for branch in value[1]]
    if op is c.ATOMIC_GROUP:
        return [list(value)]
    if op is c.GROUPREF_EXISTS:
        return [list(branch) for branch in value[1:] if branch is not None]
    return []  # assertions consume nothing


def _atoms(items: Items) -> Iterator[tuple[Any, Any]]:
    for op, value in items:
        if op in _ATOMS:
            yield op, value
        for inside in _children(op, value):
            yield from _atoms(inside)


def _chars(item: tuple[Any, Any]) -> Chars:
    """Return the sample characters (and those the node names) that one atom matches."""
    op, value = item
    if op is c.LITERAL:
        return frozenset({chr(value), chr(value).swapcase()})
    if op is c.NOT_LITERAL:
        return SAMPLE - {chr(value)}
    if op is c.ANY:
        return SAMPLE
    named: set[str] = set()
    for kind, what in value:
        if kind is c.LITERAL:
            named |= {chr(what), chr(what).swapcase()}
        elif kind is c.RANGE:
            inside = {char for char in SAMPLE if what[0] <= ord(char) <= what[1]}
            named |= inside | {chr(what[0]), chr(what[1])} | {char.swapcase() for char in inside}
        elif kind is c.CATEGORY:
            named |= {char for char in SAMPLE if _in_category(what, char)}
    return SAMPLE - named if value[0][0] is c.NEGATE else frozenset(named)


def _in_category(category: Any, char: str) -> bool:
    tests = {"DIGIT": str.isdigit, "SPACE": str.isspace, "WORD": lambda s: s.isalnum() or s == "_"}
    name = str(category).removeprefix("CATEGORY_")
    wanted = not name.startswith("NOT_")
    test: Any = tests[name.removeprefix("NOT_")]
    return bool(test(char)) is wanted


def _first(items: Items, after: Chars) -> Chars:
    """Return the characters a match of *items* followed by *after* can begin with."""
    if not items:
        return after
    op, value = items[0]
    rest = items[1:]
    if op in _ATOMS:
        return _chars(items[0])
    if op in _REPEATS or op is c.POSSESSIVE_REPEAT:
        found = _first(list(value[2]), _first(rest, after))
        return found | _first(rest, after) if value[0] == 0 else found
    if op is c.GROUPREF:
        return SAMPLE
    inside = _children(op, value)
    if not inside:
        return _first(rest, after)
    following = _first(rest, after)
    found = frozenset().union(*(_first(part, following) for part in inside))
    return found | following if op is c.GROUPREF_EXISTS else found


def _runs_away(items: Items, after: Chars, *, looped: bool) -> bool:
    """Whether *items*, inside an endless repetition when *looped*, can split a text in many ways.

    after: what can follow the items, the next round included.
    """
    for at, (op, value) in enumerate(items):
        following = _first(items[at + 1 :], after)
        if op in _REPEATS:
            low, high, body = value[0], value[1], list(value[2])
            again = _first(body, NOTHING)
            if looped and low != high and again & following:
                return True
            endless = high >= MANY
            if _runs_away(body, following | again, looped=endless or looped):
                return True
        elif op is c.BRANCH:
            if looped and _ambiguous([list(branch) for branch in value[1]], following):
                return True
            if any(_runs_away(list(b), following, looped=looped) for b in value[1]):
                return True
        elif op is c.SUBPATTERN:
            if _runs_away(list(value[3]), following, looped=looped):
                return True
    return False


def _ambiguous(branches: list[Items], following: Chars) -> bool:
    """Whether two alternatives can match the same text, or one and then what follows."""
    flat = [[_chars(i) for i in b] for b in branches if all(op in _ATOMS for op, _ in b)]
    for at, one in enumerate(flat):
        for other in flat[at + 1 :]:
            short, long = sorted((one, other), key=len)
            if all(a & b for a, b in zip(short, long, strict=False)):
                if len(short) == len(long) or long[len(short)] & following:
                    return True
    return False
