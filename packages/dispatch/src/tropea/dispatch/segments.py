"""What stands between two slashes of a pattern."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from .automata import Automaton
from .converters import NO, Converter, StringConverter
from .errors import PatternError
from .regexes import automaton_of, check_regex, operators, power, short
from .syntax import Parameter, Tokens

_GLOBAL_FLAGS = re.compile(r"\(\?[aiLmsux]+\)")
_NAMED = re.compile(r"\(\?P<\w+>")
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE, "a": re.ASCII}


class Segment:
    """What stands between two slashes of a pattern."""

    def __init__(self, tokens: Tokens, ignorecase: bool) -> None:
        self.keys = tuple(t.key for t in tokens if isinstance(t, Parameter))
        self.literal: str | None = None
        self.read: Callable[[str], Any] | None = None  #: of a single parameter; NO refuses
        #: Whether any text but the empty one will do.
        self.plain = False
        #: Two segments of the same kind match the same texts.
        self.kind: Any = None
        self._composite: Composite | None = None
        only = tokens[0] if len(tokens) == 1 else None
        if not tokens or (isinstance(only, str) and not ignorecase):
            self.literal = only if isinstance(only, str) else ""
        elif isinstance(only, Parameter) and not ignorecase:
            converter = only.converter
            check_regex(converter.pattern, converter.flags)
            self.plain = type(converter) is StringConverter
            self.read = converter.read
            self.kind = converter.kind()
        else:
            self._composite = Composite(tokens, ignorecase)
            self.kind = id(self)

    def values(self, part: str) -> tuple[Any, ...] | None:
        """Return the values of the parameters, or None where *part* is not for this segment."""
        if self.plain:
            return (part,) if part else None
        if self.read is not None:
            value = self.read(part)
            return None if value is NO else (value,)
        if self._composite is not None:
            return self._composite.read(part)
        return () if part == self.literal else None

    def add(self, part: str, found: dict[Any, Any]) -> bool:
        """Put the values read from *part* into *found*; False where it does not match."""
        values = self.values(part)
        if values is None:
            return False
        found.update(zip(self.keys, values, strict=True))
        return True

    def texts(self, part: str) -> tuple[str, ...] | None:
        """Return the text of each parameter in *part*."""
        if self._composite is not None:
            return self._composite.texts(part)
        return (part,) if self.keys else ()


class Composite:
    """Literal text and parameters matched by one regular expression."""

    def __init__(self, tokens: Iterable[str | Parameter], ignorecase: bool) -> None:
        source, self.spots, group = [], [], 1
        for token in tokens:
            if isinstance(token, str):
                source.append(re.escape(token))
                continue
            inner = re.compile(token.converter.pattern, token.converter.flags)
            if inner.groups and re.search(r"\\[1-9]|\(\?P=|\(\?\(", token.converter.pattern):
                raise PatternError(f"{token.key}: a back-reference must be a segment of its own")
            source.append(f"({_scoped(token.converter)})")
            self.spots.append((group, token.converter))
            group += 1 + inner.groups
        regex, flags = "".join(source), re.IGNORECASE if ignorecase else 0
        self._fullmatch = re.compile(regex, flags).fullmatch
        self._ignorecase = ignorecase
        self._automaton: Automaton | None = None
        for _, one in self.spots:
            check_regex(one.pattern, one.flags | flags)
        # Fixed text around one expression adds no way to split a text.
        if len(self.spots) > 1 or any(power(c.pattern, c.flags | flags) > 1 for _, c in self.spots):
            self._automaton = automaton_of(regex, flags)
            self._short = short(regex, flags)

    def texts(self, text: str) -> tuple[str, ...] | None:
        """Return the text of each parameter, or None where *text* does not match."""
        if self._automaton is not None and len(text) > self._short:
            read = self._automaton.read(text)
            return None if read is None else tuple(read.get(group, "") for group, _ in self.spots)
        found = self._fullmatch(text)
        return None if found is None else tuple(found[group] for group, _ in self.spots)

    def read(self, text: str) -> tuple[Any, ...] | None:
        texts = self.texts(text)
        if texts is None:
            return None
        values = []
        for (_, converter), one in zip(self.spots, texts, strict=True):
            value = converter.read_any_case(one) if self._ignorecase else converter.read(one)
            if value is NO:
                return None
            values.append(value)
        return tuple(values)


def _scoped(converter: Converter) -> str:
    """Return a converter's expression for a place within another one.

    Flags hold for it alone, and groups lose their names, which might stand twice.
    """
    regex, flags = converter.pattern, converter.flags
    while leading := _GLOBAL_FLAGS.match(regex):
        flags |= re.compile(leading[0]).flags
        regex = regex[leading.end() :]
    names = [at for at, char in operators(regex) if char == "(" and _NAMED.match(regex, at)]
    for at in reversed(names):
        regex = regex[: at + 1] + regex[regex.index(">", at) + 1 :]
    letters = "".join(letter for letter, flag in _FLAGS.items() if flags & flag)
    end = "\n" if flags & re.VERBOSE else ""  # which may end with a comment
    return f"(?{letters}:{regex}{end})" if letters else regex
