"""The converters that every pattern knows.

Each takes less than Python's own readers would: ``int("1_000")`` and ``float("nan")`` are no part
of a path.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from decimal import Decimal
from enum import Enum
from operator import index
from typing import Any

from tropea.core.options import load_object

from .converters import NO, Converter
from .errors import PatternError


class IntConverter(Converter):
    """A whole number in ASCII digits; ``int(signed)`` also takes a minus sign.

    >>> IntConverter().read("007"), IntConverter("signed").read("-7")
    (7, -7)
    >>> IntConverter().read("-7") is NO
    True
    """

    pattern = "[0-9]+"
    spans = False

    def __init__(self, *args: str | float) -> None:
        if args not in ((), ("signed",)):
            raise PatternError(f"converter int takes the argument signed or none, got {args!r}")
        self.signed = bool(args)
        if self.signed:
            self.pattern = "-?[0-9]+"

    def from_string(self, text: str) -> int:
        return int(text)

    def to_string(self, value: Any) -> str:
        return value if isinstance(value, str) else str(index(value))

    def read(self, text: str) -> Any:
        if (text.isdigit() and text.isascii()) or (
            self.signed and text[:1] == "-" and text[1:].isdigit() and text.isascii()
        ):
            try:
                return int(text)
            except ValueError:  # more digits than Python reads
                return NO
        return NO


class FloatConverter(Converter):
    """A finite decimal number such as ``3.14`` or ``3``; ``float(signed)`` takes a minus sign."""

    pattern = r"[0-9]+(?:\.[0-9]+)?"
    spans = False

    def __init__(self, *args: str | float) -> None:
        if args not in ((), ("signed",)):
            raise PatternError(f"converter float takes the argument signed or none, got {args!r}")
        if args:
            self.pattern = r"-?[0-9]+(?:\.[0-9]+)?"

    def from_string(self, text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            raise ValueError(text)
        return value

    def to_string(self, value: Any) -> str:
        return format(Decimal(repr(float(value))), "f")


class WordConverter(Converter):
    """Letters, digits and underscores of any script."""

    pattern = r"\w+"
    spans = False


class HexConverter(Converter):
    """Hexadecimal digits, kept as text."""

    pattern = "[0-9a-fA-F]+"
    spans = False


class SlugConverter(Converter):
    """ASCII letters, digits, hyphens and underscores."""

    pattern = "[A-Za-z0-9_-]+"
    spans = False
    flags = re.ASCII  # without regard to case, a long s and the sign of kelvin are no letters


class UUIDConverter(Converter):
    """A UUID in its usual form of five groups, as :class:`uuid.UUID`."""

    pattern = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    spans = False

    def from_string(self, text: str) -> uuid.UUID:
        return uuid.UUID(text)


class DateConverter(Converter):
    """A day of the calendar, ``2026-11-21``, as :class:`datetime.date`."""

    pattern = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
    spans = False

    def from_string(self, text: str) -> dt.date:
        return dt.date.fromisoformat(text)


class PathConverter(Converter):
    """The rest of the path, slashes included and never changed: ``..`` arrives as ``..``."""

    pattern = "(?s:.+)"
    spans = True


class AnyConverter(Converter):
    """One of some words: ``any('about', 'help')``."""

    def __init__(self, *args: str | float) -> None:
        if not args:
            raise PatternError("converter any needs the words it accepts: any('about', 'help')")
        self.words = frozenset(map(str, args))
        # Longest first, so that inside a segment "ab" is not taken for "a".
        longest = sorted(self.words, key=lambda word: (-len(word), word))
        self.pattern = "|".join(map(re.escape, longest))

    def read(self, text: str) -> Any:
        return text if text in self.words else NO


class EnumConverter(Converter):
    """A member of an enumeration, written as its value: ``enum('pkg.mod:Colour')``."""

    def __init__(self, *args: Any) -> None:
        if len(args) != 1:
            raise PatternError(f"converter enum takes one enumeration, got {args!r}")
        kind = load_object(args[0]) if isinstance(args[0], str) else args[0]
        if not (isinstance(kind, type) and issubclass(kind, Enum)):
            raise PatternError(f"converter enum needs an Enum class, got {kind!r}")
        self.members = {str(member.value): member for member in kind}
        longest = sorted(self.members, key=lambda word: (-len(word), word))
        self.pattern = "|".join(map(re.escape, longest))

    def from_string(self, text: str) -> Enum:
        if text not in self.members:
            raise ValueError(text)
        return self.members[text]

    def to_string(self, value: Any) -> str:
        return str(value.value) if isinstance(value, Enum) else str(value)

    def read(self, text: str) -> Any:
        return self.members.get(text, NO)

    def read_any_case(self, text: str) -> Any:
        if text in self.members:
            return self.members[text]
        folded = text.casefold()
        return next((m for word, m in self.members.items() if word.casefold() == folded), NO)
