"""The patterns of RewriteCond: regular expressions, comparisons, file tests, look-ups, expr."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tropea.rewrite.apache.escapes import to_octets
from tropea.rewrite.apache.files import holds
from tropea.rewrite.apache.state import State, Value
from tropea.rewrite.apache.strings import Piece
from tropea.rewrite.apache.variables import from_environ
from tropea.rewrite.patterns import compile_pattern

_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]{1,18})").match
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "-lt": lambda a, b: a < b, "-le": lambda a, b: a <= b, "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b, "-eq": lambda a, b: a == b, "-ne": lambda a, b: a != b,
}  # fmt: skip
_FILE_TESTS = {"f": "f", "d": "d", "s": "s", "x": "x", "l": "l", "L": "l", "h": "l"}

Test = Callable[[State], bool]
TextTest = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """One RewriteCond.

    text: as written.  subject: what computes its test string; None for expr.
    holds: the test.  either: the flag OR.  novary: the flag NV.
    pinned: the one host that it holds for, in lower case, or "".
    quick: the same test of the environ alone, where nothing else decides; None elsewhere.
    field: the environ's key and the name of the header that it looks at then, or None.
    """

    text: str
    subject: Value | None
    holds: Test
    either: bool = False
    novary: bool = False
    pinned: str = ""
    quick: Callable[[Mapping[str, Any]], bool] | None = None
    field: tuple[str, str] | None = None


class Compiled(NamedTuple):
    """A compiled pattern.

    pinned: the one host that it holds for, or "".
    of_text: whether it holds for a test string, where that alone decides; None elsewhere.
    """

    holds: Test
    pinned: str = ""
    of_text: TextTest | None = None


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


def compile_test(pattern: str, subject: Value, *, ignore_case: bool, about_host: bool) -> Compiled:
    """Compile a pattern that is no expr.

    about_host: whether the test string is made of the request's host alone.
    Raises PatternError.
    """
    negated = pattern.startswith("!")
    if negated:
        pattern = pattern[1:]
    if len(pattern) > 3 and pattern[:3] == "-ne":
        pattern, negated = f"-eq{pattern[3:]}", not negated
    of_text = _comparison(pattern, ignore_case=ignore_case)
    if of_text is not None:
        pinned = about_host and pattern[0] == "=" and not negated
        of_text = _negated(of_text) if negated else of_text
        host = fold(_equal_to(pattern)) if pinned else ""
        return Compiled(_of_subject(of_text, subject), host, of_text)
    look = _file_test(pattern[1], subject) if len(pattern) == 2 and pattern[0] == "-" else None
    if look is not None:
        return Compiled((lambda state: not look(state)) if negated else look)
    return _regular(pattern, subject, negated, ignore_case, about_host)


def quick_test(
    pieces: Sequence[Piece], of_text: TextTest | None
) -> tuple[Callable[[Mapping[str, Any]], bool] | None, tuple[str, str] | None]:
    """Return a test of the environ alone and the header it looks at, where there is such a test.

    pieces: of the test string.
    """
    if of_text is None or len(pieces) != 1 or pieces[0].kind != "variable":
        return None, None
    source = from_environ(pieces[0].text[2:-1])
    if source is None:
        return None, None
    read = source.read
    return lambda environ: of_text(read(environ)), source.field


def _of_subject(test: TextTest, subject: Value) -> Test:
    return lambda state: test(subject(state))


def _negated(test: TextTest) -> TextTest:
    return lambda text: not test(text)


def _regular(
    pattern: str,
    subject: Value,
    negated: bool,
    ignore_case: bool,
    about_host: bool,
) -> Compiled:
    regex = compile_pattern(to_octets(pattern), ignore_case=ignore_case, octets=True)
    search = regex.search
    if negated:
        return Compiled(
            lambda state: search(subject(state)) is None, "", lambda text: search(text) is None
        )

    def test(state: State) -> bool:
        match = search(subject(state))
        if match is None:
            return False
        state.cond, state.cond_is_host = match, about_host
        return True

    exact = re.fullmatch(r"\^((?:[A-Za-z0-9-]|\\\.)+)\$", pattern) if about_host else None
    pinned = fold(exact[1].replace("\\", "")) if exact else ""
    return Compiled(test, pinned, lambda text: search(text) is not None)


def _comparison(pattern: str, *, ignore_case: bool) -> TextTest | None:
    """Compile a comparison of texts or numbers; None for anything else."""
    if len(pattern) < 2:
        return None
    if pattern[0] in "<>=":
        return _text_test(pattern, ignore_case=ignore_case)
    compare = _COMPARE.get(pattern[:3])
    if compare is None or len(pattern) == 3:
        return None
    number = number_of(pattern[3:])
    return lambda text: compare(number_of(text), number)


def _file_test(letter: str, subject: Value) -> Test | None:
    if letter in _FILE_TESTS:
        test = _FILE_TESTS[letter]
        return lambda state: holds(state.engine.files, test, subject(state))
    if letter == "F":
        return lambda state: is_file(state, subject(state))
    if letter == "U":
        return lambda state: bool(state.engine.would_answer(state, subject(state)))
    return None


def is_file(state: State, path: str) -> bool:
    """Tell whether there is a file (-F); a relative path starts where the request's own file is."""
    if not path:
        return False
    if path[:1] != "/":
        path = f"{state.filename.rpartition('/')[0]}/{path}"
    return holds(state.engine.files, "e", path)


def _equal_to(pattern: str) -> str:
    text = pattern[1:]
    return "" if text == '""' else to_octets(text)


def _text_test(pattern: str, *, ignore_case: bool) -> TextTest:
    operator = pattern[:2] if pattern[:2] in {"<=", ">="} else pattern[0]
    if operator == "=":
        wanted = _equal_to(pattern)
        if ignore_case:
            wanted = fold(wanted)
            return lambda text: fold(text) == wanted
        return lambda text: text == wanted
    other = to_octets(pattern[len(operator) :])

    def order(text: str) -> int:
        if ignore_case:
            one, two = fold(text), fold(other)
            return (one > two) - (one < two)
        return by_length(text, other)

    if operator == "<":
        return lambda text: order(text) < 0
    if operator == "<=":
        return lambda text: order(text) <= 0
    if operator == ">":
        return lambda text: order(text) > 0
    return lambda text: order(text) >= 0
