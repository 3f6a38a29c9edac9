"""The patterns of RewriteCond: regular expressions, comparisons, file tests, look-ups, expr."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import dataclass

from tropea.rewrite.apache.escapes import to_octets
from tropea.rewrite.apache.files import holds
from tropea.rewrite.apache.state import State, Value
from tropea.rewrite.patterns import compile_pattern

_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]{1,18})").match
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "-lt": lambda a, b: a < b, "-le": lambda a, b: a <= b, "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b, "-eq": lambda a, b: a == b, "-ne": lambda a, b: a != b,
}  # fmt: skip
_FILE_TESTS = {"f": "f", "d": "d", "s": "s", "x": "x", "l": "l", "L": "l", "h": "l"}

Test = Callable[[State], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """One RewriteCond.

    text: as written.  subject: what computes its test string; None for expr.
    holds: the test.  either: the flag OR.  novary: the flag NV.
    pinned: the one host that it holds for, in lower case, or "".
    """

    text: str
    subject: Value | None
    holds: Test
    either: bool = False
    novary: bool = False
    pinned: str = ""


def number_of(text: str) -> int:
    """Read a number as C's atoi does: what is no number is 0.

    >>> number_of(" 011x"), number_of("x")
    (11, 0)
    """
    found = _NUMBER(text)
    return int(found[1]) if found else 0


def by_length(text: str, other: str) -> int:
    """Compare as mod_rewrite does: the longer text is greater, equal lengths go by bytes.

    >>> by_length("b", "aa"), by_length("b", "a"), by_length("a", "a")
    (-1, 1, 0)
    """
    one, two = (len(text), text), (len(other), other)
    return (one > two) - (one < two)


def fold(text: str) -> str:
    """Lower ASCII's letters only."""
    return text.translate(_LOWER)


def compile_test(
    pattern: str, subject: Value, *, ignore_case: bool, about_host: bool
) -> tuple[Test, str]:
    """Compile a pattern that is no expr; return it and the one host that it holds for, or "".

    about_host: whether the test string is made of the request's host alone.
    Raises PatternError.
    """
    negated = pattern.startswith("!")
    if negated:
        pattern = pattern[1:]
    if pattern[:4] and pattern[:3] == "-ne" and len(pattern) > 3:
        pattern, negated = f"-eq{pattern[3:]}", not negated
    plain = _special(pattern, subject, ignore_case=ignore_case)
    if plain is not None:
        pinned = fold(_equal_to(pattern)) if about_host and pattern[:1] == "=" else ""
        if not negated:
            return plain, pinned
        return (lambda state: not plain(state)), ""
    return _regular(pattern, subject, negated, ignore_case, about_host)


def _regular(
    pattern: str,
    subject: Value,
    negated: bool,
    ignore_case: bool,
    about_host: bool,
) -> tuple[Test, str]:
    regex = compile_pattern(to_octets(pattern), ignore_case=ignore_case, octets=True)
    search = regex.search
    if negated:
        return (lambda state: search(subject(state)) is None), ""

    def test(state: State) -> bool:
        match = search(subject(state))
        if match is None:
            return False
        state.cond, state.cond_is_host = match, about_host
        return True

    exact = re.fullmatch(r"\^((?:[A-Za-z0-9-]|\\\.)+)\$", pattern) if about_host else None
    return test, fold(exact[1].replace("\\", "")) if exact else ""


def _special(pattern: str, subject: Value, *, ignore_case: bool) -> Test | None:
    """Compile a comparison, a file test or a look-up; None for a regular expression."""
    if len(pattern) < 2:
        return None
    if pattern[0] in "<>=":
        return _text_test(pattern, subject, ignore_case=ignore_case)
    if pattern[0] != "-":
        return None
    if len(pattern) == 2:
        return _file_test(pattern[1], subject)
    compare = _COMPARE.get(pattern[:3])
    if compare is None or len(pattern) == 3:
        return None
    number = number_of(pattern[3:])
    return lambda state: compare(number_of(subject(state)), number)


def _file_test(letter: str, subject: Value) -> Test | None:
    if letter in _FILE_TESTS:
        test = _FILE_TESTS[letter]
        return lambda state: holds(state.engine.files, test, subject(state))
    if letter == "F":
        return lambda state: holds(state.engine.files, "e", subject(state))
    if letter == "U":
        return lambda state: bool(state.engine.would_answer(state, subject(state)))
    return None


def _equal_to(pattern: str) -> str:
    text = pattern[1:]
    return "" if text == '""' else to_octets(text)


def _text_test(pattern: str, subject: Value, *, ignore_case: bool) -> Test:
    operator = pattern[:2] if pattern[:2] in {"<=", ">="} else pattern[0]
    if operator == "=":
        wanted = _equal_to(pattern)
        if ignore_case:
            wanted = fold(wanted)
            return lambda state: fold(subject(state)) == wanted
        return lambda state: subject(state) == wanted
    other = to_octets(pattern[len(operator) :])

    def order(text: str) -> int:
        if ignore_case:
            one, two = fold(text), fold(other)
            return (one > two) - (one < two)
        return by_length(text, other)

    if operator == "<":
        return lambda state: order(subject(state)) < 0
    if operator == "<=":
        return lambda state: order(subject(state)) <= 0
    if operator == ">":
        return lambda state: order(subject(state)) > 0
    return lambda state: order(subject(state)) >= 0
