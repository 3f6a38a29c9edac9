r"""Split a rule file into directives and their arguments, and keep where each stood.

>>> [(d.name, [str(a) for a in d.arguments()]) for d in read_lines("RewriteRule ^/a \\\n  /b [L]")]
[('RewriteRule', ['^/a', '/b', '[L]'])]
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from tropea.rewrite.errors import RuleSyntaxError

#: What httpd takes for a blank; Python would split at other controls, and at U+0085, too.
_BLANK = " \t\r\f\v"
_FIRST = re.compile(rf"[^{_BLANK}]*")


class Word(str):
    """An argument that knows where in its directive it starts, counted from 0."""

    __slots__ = ("at", "quoted")
    at: int
    quoted: bool

    @classmethod
    def of(cls, text: str, at: int, *, quoted: bool = False) -> Word:
        word = cls(text)
        word.at, word.quoted = at, quoted
        return word


@dataclass(frozen=True)
class Directive:
    """One logical line: continued lines are joined.

    text: without the blanks before it.  starts: for each physical line, where in *text* it begins
    and its line and column.
    """

    file: str
    text: str
    starts: tuple[tuple[int, int, int], ...]

    @property
    def name(self) -> str:
        """The first word, or ``<Section`` and ``</Section``."""
        return self._first.rstrip(">")

    @property
    def _first(self) -> str:
        word = _FIRST.match(self.text)
        assert word is not None  # the pattern matches the empty string
        return word[0]

    @property
    def line(self) -> int:
        return self.starts[0][1]

    @property
    def rest(self) -> str:
        """What follows the name."""
        return self.text[len(self._first) :].strip(_BLANK)

    def error(self, message: str, at: int = 0) -> RuleSyntaxError:
        """Make an error that points at a place of the text."""
        place = self.starts[bisect_right([start for start, _, _ in self.starts], at) - 1]
        start, line, column = place
        return RuleSyntaxError(message, file=self.file, line=line, column=column + at - start)

    def arguments(self) -> list[Word]:
        """Split what follows the name at blanks, with the quoting of mod_rewrite's directives.

        A quote counts only at an argument's start; a backslash keeps a blank in the argument and
        stays there itself.
        """
        text = self.text
        at = len(self._first)
        words: list[Word] = []
        while True:
            while at < len(text) and text[at] in _BLANK:
                at += 1
            if at >= len(text):
                return words
            at = self._word(at, words)

    def _word(self, at: int, words: list[Word]) -> int:
        text = self.text
        quote = text[at] if text[at] in "\"'" else ""
        start = at = at + len(quote)
        while at < len(text):
            letter = text[at]
            if letter == quote or (not quote and letter in _BLANK):
                break
            if letter == "\\" and text[at + 1 : at + 2] and text[at + 1] in _BLANK:
                at += 1
            at += 1
        else:
            if quote:
                raise self.error(f"no closing {quote}", start - 1)
        words.append(Word.of(text[start:at], start, quoted=bool(quote)))
        return at + 1


def read_lines(text: str, file: str = "<rules>") -> Iterator[Directive]:
    """Read the directives of a rule file; comments and empty lines are left out."""
    joined = ""
    starts: list[tuple[int, int, int]] = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")  # noqa: PLW2901
        body = line if joined else line.lstrip(_BLANK)
        starts.append((len(joined), number, len(line) - len(body) + 1))
        if body.endswith("\\") and not body.endswith("\\\\"):
            joined += body[:-1]
            continue
        joined += body
        joined = joined.rstrip(_BLANK)
        if joined and not joined.startswith("#"):
            yield Directive(file, joined, tuple(starts))
        joined, starts = "", []
    if joined.strip(_BLANK) and not joined.startswith("#"):
        yield Directive(file, joined.rstrip(_BLANK), tuple(starts))
