"""Converters: how the text of a path becomes a value, and a value text again."""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from operator import index
from typing import Any, ClassVar, Final

from tropea.core.options import load_object

from .errors import PatternError
from .regexes import check_regex, may_match

#: What a reader answers for text that is not for it; no converter returns it.
NO: Final = object()


class Converter:
    r"""Turn a part of the path into a Python value and back.

    Subclasses set :attr:`pattern` and override :meth:`from_string` and :meth:`to_string`.
    A ValueError of :meth:`from_string` means that the path does not match.

    >>> class Even(Converter):
    ...     pattern = "[0-9]+"
    ...     def from_string(self, text):
    ...         if int(text) % 2:
    ...             raise ValueError(text)
    ...         return int(text)
    >>> Even().read("4"), Even().read("5") is NO
    (4, True)
    """

    #: Regular expression that the whole text must match.
    pattern: str = "[^/]+"
    #: Whether the text may contain a slash; None lets the pattern tell.
    spans: ClassVar[bool | None] = None

    def __init__(self, *args: str | float) -> None:
        if args:
            raise PatternError(f"converter {type(self).__name__} takes no arguments, got {args!r}")

    def from_string(self, text: str) -> Any:
        """Return the value of *text*, which matches the pattern; ValueError refuses it."""
        return text

    def to_string(self, value: Any) -> str:
        """Return the text of *value* as it stands in a decoded path."""
        return str(value)

    def read(self, text: str) -> Any:
        """Return the value of *text*, or :data:`NO` where it is not for this converter."""
        if re.fullmatch(self.pattern, text) is None:
            return NO
        try:
            return self.from_string(text)
        except ValueError:
            return NO

    def kind(self) -> Any:
        """Return a value that is equal for converters that take the same texts."""
        try:
            state = frozenset(vars(self).items())
            hash(state)
        except TypeError:  # state that cannot be compared: alike only to itself
            return id(self)
        return type(self), self.pattern, state

    def crosses_slashes(self) -> bool:
        """Whether the converter can take more than one segment of a path."""
        return may_match(self.pattern, "/") if self.spans is None else self.spans


class StringConverter(Converter):
    """Any text without a slash: what ``<name>`` means."""

    spans = False


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


class RegexConverter(Converter):
    """A regular expression and a function that reads what it matched.

    Raises PatternError for an expression that is wrong or that can run away.
    """

    def __init__(self, pattern: str, read: Callable[[str], Any] = str, flags: int = 0) -> None:
        check_regex(pattern)
        self.pattern = pattern
        self.flags = flags
        self._fullmatch = re.compile(pattern, flags).fullmatch
        self._from_string = read

    def from_string(self, text: str) -> Any:
        return self._from_string(text)

    def read(self, text: str) -> Any:
        if self._fullmatch(text) is None:
            return NO
        if self._from_string is str:
            return text
        try:
            return self._from_string(text)
        except ValueError:
            return NO


class SegmentConverter(RegexConverter):
    """The expression of ``name:regex``: it sees one segment, so it never meets a slash."""

    spans = False


#: What makes a converter of the arguments in a pattern: usually its class.
Factory = Callable[..., Converter]

#: The converters that every table knows; :func:`register_converter` adds to it.
CONVERTERS: dict[str, Factory] = {
    "str": StringConverter,
    "unicode": StringConverter,
    "string": StringConverter,
    "int": IntConverter,
    "float": FloatConverter,
    "word": WordConverter,
    "hex": HexConverter,
    "slug": SlugConverter,
    "uuid": UUIDConverter,
    "date": DateConverter,
    "path": PathConverter,
    "any": AnyConverter,
    "enum": EnumConverter,
}


def as_factory(name: str, converter: Converter | Factory) -> Factory:
    """Accept a converter, a class of converters or a function that makes one."""
    if not name.isidentifier() or name == "re":
        raise PatternError(f"a converter cannot be called {name!r}")
    if isinstance(converter, Converter):
        made = converter

        def always(*args: Any) -> Converter:
            if args:
                raise PatternError(f"converter {name} takes no arguments, got {args!r}")
            return made

        return always
    return converter


def register_converter(name: str, converter: Converter | Factory) -> None:
    """Make *converter* known under *name* to every pattern built from now on.

    converter: an instance, or a class or function called with the arguments of the pattern.

    >>> register_converter("vowel", RegexConverter("[aeiou]"))
    >>> sorted(CONVERTERS)[-2:]
    ['vowel', 'word']
    """
    CONVERTERS[name] = as_factory(name, converter)


def make_converter(
    name: str, args: tuple[str | float, ...], registry: Mapping[str, Factory]
) -> Converter:
    """Return the converter called *name*; PatternError names one that nobody knows."""
    factory = registry.get(name)
    if factory is None:
        raise PatternError(
            f"there is no converter {name!r}; known are {', '.join(sorted(registry))}"
        )
    try:
        return factory(*args)
    except TypeError as error:
        raise PatternError(f"converter {name!r} refuses the arguments {args!r}: {error}") from None
