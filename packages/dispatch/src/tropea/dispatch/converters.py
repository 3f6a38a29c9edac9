"""Converters: how the text of a path becomes a value, and a value text again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

from .errors import PatternError
from .regexes import may_match, whole_matcher

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
    #: Flags of :mod:`re` that the pattern is compiled with.
    flags: int = 0

    def __init__(self, *args: str | float) -> None:
        if args:
            raise PatternError(f"converter {type(self).__name__} takes no arguments, got {args!r}")

    def from_string(self, text: str) -> Any:
        """Return the value of *text*, which matches the pattern; ValueError refuses it."""
        return text

    def to_string(self, value: Any) -> str:
        """Return the text of *value* as it stands in a decoded path; TypeError for bytes."""
        if isinstance(value, (bytes, bytearray)):
            raise TypeError(f"expected text, got {value!r}")
        return str(value)

    def read(self, text: str) -> Any:
        """Return the value of *text*, or :data:`NO` where it is not for this converter."""
        if whole_matcher(self.pattern, self.flags)(text) is None:
            return NO
        return self.read_any_case(text)

    def read_any_case(self, text: str) -> Any:
        """Return the value of *text* that matched, perhaps in another case, or :data:`NO`."""
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


class RegexConverter(Converter):
    """A regular expression and a function that reads what it matched.

    Raises PatternError for an expression that is wrong or that can run away.
    """

    def __init__(self, pattern: str, read: Callable[[str], Any] = str, flags: int = 0) -> None:
        self._fullmatch = whole_matcher(pattern, flags)
        self.pattern = pattern
        self.flags = flags
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
