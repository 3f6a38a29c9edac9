"""Reading patterns: both of their syntaxes become segments of literal text and parameters.

``name:regex``     a whole segment that the regular expression must match (Pesto's hybrid form)
``<name>``         any text without a slash
``<name:int>``     text for a converter, ``<name:any('a', 'b')>`` with arguments, ``<:int>`` without
                   a name, ``<name:re:[A-F]+>`` with an expression of its own
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from .converters import Converter, RegexConverter, SegmentConverter
from .errors import PatternError
from .regexes import any_but_slash, operators
from .registry import Factory, make_converter

_HYBRID = re.compile(r"([A-Za-z_]\w*):([^/]*)")
_PARAMETER = re.compile(r"([^\W\d]\w*)?(?::([^\W\d]\w*))?\Z")
_EXPRESSION = re.compile(r"<(?:[^\W\d]\w*)?:re:")
_ARGUMENT = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s'",()]+))\s*""")


class Parameter(NamedTuple):
    """One place in a pattern that takes text from the path.

    key: its name, or its number among the parameters without one.
    """

    key: str | int
    converter: Converter


#: What a segment is made of: literal text and parameters, in order.
Tokens = tuple[str | Parameter, ...]


class Reader:
    """Read one pattern text from left to right."""

    def __init__(self, text: str, registry: Mapping[str, Factory], *, hybrid: bool) -> None:
        self.text = text
        self.registry = registry
        self.hybrid = hybrid
        self.keys: list[str | int] = []

    def segments(self) -> list[Tokens]:
        """Return the segments of the pattern; the first is what stands before the first slash."""
        text, at, found = self.text, 0, []
        while True:
            tokens, at = self._segment(at)
            found.append(tokens)
            if at >= len(text):
                return found
            at += 1  # the slash
            if at == len(text):
                found.append(())
                return found

    def _segment(self, at: int) -> tuple[Tokens, int]:
        hybrid = _HYBRID.match(self.text, at) if self.hybrid else None
        if hybrid is not None:
            name, regex = hybrid.groups()
            more = hybrid.end() < len(self.text)
            return (Parameter(self._key(name), self._hybrid(regex, more)),), hybrid.end()
        tokens: list[str | Parameter] = []
        literal = ""
        while at < len(self.text) and self.text[at] != "/":
            if self.text[at] != "<":
                literal += self.text[at]
                at += 1
                continue
            end = _closing(self.text, at)
            if literal:
                tokens.append(literal)
                literal = ""
            tokens.append(self._parameter(self.text[at + 1 : end]))
            at = end + 1
        if literal:
            tokens.append(literal)
        return tuple(tokens), at

    def _hybrid(self, regex: str, more: bool) -> Converter:
        """Return the converter of a whole segment; *more* where a slash has cut it off."""
        if not regex:
            raise PatternError("a named section needs a regular expression after its colon")
        try:
            return SegmentConverter(any_but_slash(regex))
        except PatternError as error:
            if more and "wrong regular" in str(error):
                raise PatternError(
                    f"{error}; a slash cannot stand in the expression of a segment"
                ) from None
            raise

    def _parameter(self, inside: str) -> Parameter:
        name, colon, rest = inside.partition(":")
        if colon and rest.startswith("re:"):
            if rest == "re:":
                raise PatternError(f"<{inside}> needs a regular expression after re:")
            return Parameter(self._key(name), RegexConverter(rest[3:]))
        head, paren, args = inside.partition("(")
        if paren and not args.endswith(")"):
            raise PatternError(f"<{inside}> lacks the closing parenthesis of its arguments")
        found = _PARAMETER.match(head)
        if found is None or not inside or inside.endswith(":") or (paren and not found[2]):
            raise PatternError(f"<{inside}> is not <name>, <name:converter> or <:converter>")
        converter = make_converter(found[2] or "str", _arguments(args[:-1]), self.registry)
        return Parameter(self._key(found[1] or ""), converter)

    def _key(self, name: str) -> str | int:
        if name and (not name.isidentifier()):
            raise PatternError(f"{name!r} cannot name a parameter")
        key = name or sum(isinstance(key, int) for key in self.keys)
        if key in self.keys:
            raise PatternError(f"the name {name!r} stands twice")
        self.keys.append(key)
        return key


def _closing(text: str, start: int) -> int:
    """Return where the ``<`` at *start* is closed, past quotes, parentheses and escapes."""
    expression = _EXPRESSION.match(text, start)
    if expression is not None:
        return _end_of_expression(text, expression.end())
    depth, quote, at = 0, "", start + 1
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == ">" and depth <= 0:
            return at
        at += 1
    raise PatternError("a '<' is never closed")


def _end_of_expression(text: str, start: int) -> int:
    """Return where ``<name:re:`` ends: at the first ``>`` outside of groups and classes."""
    depth = 0
    for at, char in operators(text, start):
        if char in "()":
            depth += 1 if char == "(" else -1
        elif char == ">" and depth <= 0:
            return at
    raise PatternError("a '<' is never closed")


def _arguments(text: str) -> tuple[str | float, ...]:
    """Read ``'about', "help", 3, signed`` as values; nothing is evaluated.

    A number is one where it is written as Python writes it: ``007`` and ``1.50`` are words.
    """
    found: list[str | float] = []
    at = 0
    while at < len(text.rstrip()):
        one = _ARGUMENT.match(text, at)
        if one is None:
            raise PatternError(f"cannot read the arguments ({text})")
        single, double, word = one.groups()
        if word is not None:
            found.append(_number(word))
        else:
            found.append(re.sub(r"\\(.)", r"\1", single if single is not None else double))
        at = one.end()
        if at < len(text):
            if text[at] != ",":
                raise PatternError(f"cannot read the arguments ({text})")
            at += 1
    return tuple(found)


def _number(word: str) -> str | float:
    for read in (int, float):
        try:
            value: float = read(word)
        except ValueError:
            continue
        if repr(value) == word and math.isfinite(value):
            return value
    return word
