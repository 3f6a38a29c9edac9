r"""Translate the spelling of PCRE into that of Python's re.

What re has no counterpart for is an error with its column.  ``$`` means the very end, as Apache
compiles its patterns: a line's end before it is part of the subject.

>>> translate(r"^/(?<year>\d{4})$")[0]
'^/(?P<year>\\d{4})\\Z'
>>> translate(r"\Qa.b\E")[0]
'a\\.b'
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tropea.rewrite.errors import PatternError

_POSIX = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z",
    "space": r"\s", "blank": r" \t", "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9A-Fa-f",
    "word": r"\w", "cntrl": r"\x00-\x1f\x7f", "print": r"\x20-\x7e", "graph": r"\x21-\x7e",
    "ascii": r"\x00-\x7f",
}  # fmt: skip
_NEGATED = {
    "space": r"\S", "word": r"\W", "digit": r"\D",
    "alpha": r"\x00-@\[-`{-\xff", "alnum": r"\x00-/:-@\[-`{-\xff", "upper": r"\x00-@\[-\xff",
    "lower": r"\x00-`{-\xff", "blank": r"\x00-\x08\n-\x1f!-\xff",
    "punct": r"\x00-\x200-9A-Za-z\x7f-\xff", "xdigit": r"\x00-/:-@G-`g-\xff",
    "cntrl": r"\x20-\x7e\x80-\xff", "print": r"\x00-\x1f\x7f-\xff",
    "graph": r"\x00-\x20\x7f-\xff", "ascii": r"\x80-\xff",
}  # fmt: skip
_OUTSIDE = {
    "h": r"[ \t]", "H": r"[^ \t]", "R": r"(?:\r\n|[\n\x0b\f\r\x85])", "e": r"\x1b", "z": r"\Z",
    "Z": r"(?=\n?\Z)", "N": r"[^\n]", "v": r"[\n\x0b\f\r\x85]", "V": r"[^\n\x0b\f\r\x85]",
}  # fmt: skip
_INSIDE = {"h": r" \t", "e": r"\x1b", "v": r"\n\x0b\f\r\x85", "b": r"\x08"}
_SAME = frozenset("abfnrtwWdDsSAB")
_NAMED = re.compile(r"\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')")
_BACK = re.compile(r"\\[1-9][0-9]?")
_NAMED_BACK = re.compile(r"\\k(?:<(\w+)>|\{(\w+)\}|'(\w+)')")
_NUMBER_BACK = re.compile(r"\\g(?:(\d+)|\{(-?\d+)\}|\{([A-Za-z_]\w*)\})")
_HEXADECIMAL = re.compile(r"\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{0,2}))")
_CLASSES = frozenset("hvwWdDsS")
#: A hyphen that makes a range; beside a class it is itself, as PCRE had it before it refused that.
_RANGE = re.compile(r"-(?!\]|\[:|\\[hvwWdDsS]|\Z)")
_DIGITS = re.compile(r"\\([0-7]{1,3})")
_THREE = re.compile(r"\\[0-7]{3}")
_OCTAL = re.compile(r"\\(?:o\{([0-7]{1,6})\}|([0-7]{3}|0[0-7]{0,2}))")
_FLAGS = re.compile(r"\(\?([imsxU]*)(?:-([imsxU]+))?([:)])")
_OPENINGS = re.compile(r"\(\?(?:[:=!>#]|<[=!]|P[=]|\([\w<>']+\))")


def translate(source: str) -> tuple[str, list[int]]:
    """Return the pattern in re's spelling, and for each of its characters the place in *source*.

    Raises PatternError with the column.
    """
    return _Translator(source).run()


class _Translator:
    """One pass over a pattern from left to right."""

    def __init__(self, source: str) -> None:
        self.source, self.at = source, 0
        self.out: list[str] = []
        self.places: list[int] = []
        self.groups = 0
        #: For each open group: the groups for flags that stand open in it until it closes.
        self.open: list[list[str]] = [[]]
        self.multiline: list[bool] = [False]

    def run(self) -> tuple[str, list[int]]:
        steps: dict[str, Callable[[], None]] = {
            "\\": self._escape, "[": self._set, "(": self._group, ")": self._close,
            "$": self._dollar, "{": self._brace, "|": self._bar,
        }  # fmt: skip
        while self.at < len(self.source):
            step = steps.get(self.source[self.at])
            if step is None:
                self._put(self.source[self.at], 1)
            else:
                step()
        self._put(")" * len(self.open[0]), 0)
        return "".join(self.out), [*self.places, len(self.source)]

    def _put(self, text: str, taken: int) -> None:
        self.out.append(text)
        self.places += [self.at] * len(text)
        self.at += taken

    def _fail(self, message: str) -> PatternError:
        return PatternError(message, column=self.at + 1)

    def _bar(self) -> None:
        # Flags set in one alternative hold in those after it.
        flags = self.open[-1]
        self._put(f"{')' * len(flags)}|{''.join(flags)}", 1)

    def _dollar(self) -> None:
        self._put("$" if self.multiline[-1] else r"\Z", 1)

    def _brace(self) -> None:
        # PCRE takes {,n} and {x literally; re reads {,n} as a repetition.
        is_repeat = re.compile(r"\{\d+(?:,\d*)?\}").match(self.source, self.at)
        self._put("{" if is_repeat else r"\{", 1)

    def _escape(self) -> None:
        source, at = self.source, self.at
        if at + 1 == len(source):
            raise self._fail("a lone backslash at the end")
        letter = source[at + 1]
        if letter == "Q":
            quoted = source[at + 2 :].partition(r"\E")[0]
            self._put(re.escape(quoted), 2 + len(quoted))
        elif letter == "E":
            self.at += 2
        elif letter in _OUTSIDE:
            self._put(_OUTSIDE[letter], 2)
        elif letter in "kg":
            self._back_reference()
        elif letter in "xo0" or _THREE.match(source, at):
            self._code()
        elif back := _BACK.match(source, at):
            self._put(rf"(?:{back[0]})", back.end() - at)
        elif letter == "c":
            if not " " <= source[at + 2 : at + 3] <= "~":
                raise self._fail(r"\c needs a character of ASCII")
            self._put(f"\\x{ord(source[at + 2].upper()) ^ 64:02x}", 3)
        elif letter in _SAME:
            self._put(source[at : at + 2], 2)
        elif letter.isalnum() and letter.isascii():
            raise self._fail(f"\\{letter} has no counterpart here")
        else:
            self._put(re.escape(letter), 2)

    def _back_reference(self) -> None:
        named = _NAMED_BACK.match(self.source, self.at)
        if named:
            name = named[1] or named[2] or named[3]
            self._put(f"(?P={name})", named.end() - self.at)
            return
        numbered = _NUMBER_BACK.match(self.source, self.at)
        if not numbered:
            raise self._fail("an unfinished back reference")
        if numbered[3]:
            self._put(f"(?P={numbered[3]})", numbered.end() - self.at)
            return
        number = int(numbered[1] or numbered[2])
        if number < 0:
            number += self.groups + 1
        if number <= 0:
            raise self._fail("a back reference to no group")
        self._put(rf"(?:\{number})", numbered.end() - self.at)

    def _code(self) -> None:
        found = _HEXADECIMAL.match(self.source, self.at)
        if found:
            code = int(found[1] or found[2] or "0", 16)
        else:
            found = _OCTAL.match(self.source, self.at)
            if not found:
                raise self._fail("an unfinished character code")
            code = int(found[1] or found[2], 8)
        if code > 0x10FFFF:
            raise self._fail("a character code that is too large")
        self._put(rf"\U{code:08x}", found.end() - self.at)

    def _set(self) -> None:
        """Copy a set, the ``]`` that comes first in it included."""
        start, source = self.at, self.source
        self._put("[", 1)
        if source.startswith("^", self.at):
            self._put("^", 1)
        first = self.at
        while self.at == first or not source.startswith("]", self.at):
            if self.at >= len(source):
                self.at = start
                raise self._fail("unterminated character set")
            if self._member() and _RANGE.match(source, self.at):
                self._put("-", 1)
                self._member()
        self._put("]", 1)

    def _member(self) -> bool:
        """Copy a character or a class; tell whether it is one that can begin a range.

        What re reserves where it stands twice gets a backslash, and so does a hyphen of no range.
        """
        letter = self.source[self.at]
        if letter == "[":
            return self._posix()
        if letter == "\\":
            return self._escape_in_set()
        self._put(f"\\{letter}" if letter in "&|~-]" else letter, 1)
        return True

    def _posix(self) -> bool:
        found = re.compile(r"\[:(\^?)(\w+):\]").match(self.source, self.at)
        if not found:
            if re.compile(r"\[([.=]).*?\1\]").match(self.source, self.at):
                raise self._fail("collating elements have no counterpart here")
            self._put(r"\[", 1)
            return True
        text = (_NEGATED if found[1] else _POSIX).get(found[2])
        if text is None:
            raise self._fail(f"unknown class [:{found[2]}:]")
        self._put(text, found.end() - self.at)
        return False

    def _escape_in_set(self) -> bool:
        letter = self.source[self.at + 1 : self.at + 2]
        if not letter:
            raise self._fail("a lone backslash at the end")
        if letter in _INSIDE:
            self._put(_INSIDE[letter], 2)
        elif letter == "Q":
            end = self.source.find(r"\E", self.at)
            if end == -1:
                raise self._fail(r"\Q without \E in a set")
            quoted = self.source[self.at + 2 : end]
            self._put(re.escape(quoted), end + 2 - self.at)
        elif letter in "xo0":
            self._code()
        elif digits := _DIGITS.match(self.source, self.at):
            self._put(rf"\U{int(digits[1], 8):08x}", digits.end() - self.at)
        elif letter in set("wWdDsSnrtfa"):
            self._put(f"\\{letter}", 2)
        elif letter.isalnum() and letter.isascii():
            raise self._fail(f"\\{letter} has no counterpart in a set")
        else:
            self._put(re.escape(letter), 2)
        return letter not in _CLASSES

    def _group(self) -> None:
        source, at = self.source, self.at
        if source.startswith("(*", at):
            raise self._fail("verbs such as (*UTF8) have no counterpart here")
        self.multiline.append(self.multiline[-1])
        self.open.append([])
        if not source.startswith("(?", at):
            self.groups += 1
            self._put("(", 1)
            return
        if named := _NAMED.match(source, at):
            self.groups += 1
            self._put(f"(?P<{named[1] or named[2]}>", named.end() - at)
        elif source.startswith("(?#", at):
            end = source.find(")", at)
            if end == -1:
                raise self._fail("unterminated comment")
            self.at = end + 1
            self.multiline.pop()
            self.open.pop()
        elif found := _FLAGS.match(source, at):
            self._flags(found)
        elif opening := _OPENINGS.match(source, at):
            self._put(opening[0], opening.end() - at)
        else:
            raise self._fail(f"the group {source[at : at + 4]!r}… has no counterpart here")

    def _flags(self, found: re.Match[str]) -> None:
        """Turn flags that hold from here to the group's end into a group of their own."""
        on, off, end = found[1], found[2] or "", found[3]
        if "U" in on + off or "x" in on + off:
            raise self._fail("the flags U and x have no counterpart here")
        opening = f"(?{on}{'-' + off if off else ''}:"
        if end == ")":
            self.open.pop()
            self.multiline.pop()
            if on and not off and not "".join(self.out):
                opening = found[0]  # for the whole pattern, as re has it
            else:
                self.open[-1].append(opening)
        self.multiline[-1] = ("m" in on or self.multiline[-1]) and "m" not in off
        self._put(opening, found.end() - self.at)

    def _close(self) -> None:
        if len(self.open) == 1:
            raise self._fail("unbalanced parenthesis")
        self.multiline.pop()
        self._put(")" * (1 + len(self.open.pop())), 1)
