r"""Find the rules that a path can match at all, without trying every one.

A pattern that can only match subjects with a certain whole segment, such as ``blog`` in
``^/blog/(\d+)$``, is filed under that segment, a pattern that ends in ``\.php$`` may be filed
under the extension, and a rule that holds for one host only under that host.  Of several keys the
rarest is taken.  Rules without any stay in a list that is always tried.

>>> literal_segments(r"^/blog/(\d+)/print\Z")
['blog', 'print']
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")

_LITERAL, _AT, _SUBPATTERN = _constants.LITERAL, _constants.AT, _constants.SUBPATTERN
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)
_STARTS = (_constants.AT_BEGINNING, _constants.AT_BEGINNING_STRING)


class Keys(NamedTuple):
    """What every subject that a rule matches must have.

    segments: whole segments.  extension: its end from the last dot on, or "".
    host: the one host that the rule is for, in lower case, or "".
    folded: whether letters compare without case.
    """

    segments: tuple[str, ...] = ()
    extension: str = ""
    host: str = ""
    folded: bool = False


def keys_of(
    source: str, flags: int = 0, *, delimiters: str = "/", whole: bool = False, host: str = ""
) -> Keys:
    """Read from a regular expression what its subjects must have.

    whole: whether the expression must match the whole subject.
    """
    tree = _parser.parse(source, flags)
    if tree.state.flags & re.MULTILINE:
        return Keys(host=host)
    folded = bool(tree.state.flags & re.IGNORECASE)
    segments, extension = _walk(_flat(tree, folded), delimiters, whole)
    if folded:
        segments = [text.lower() for text in segments if text.isascii()]
        extension = extension.lower() if extension.isascii() else ""
    return Keys(tuple(segments), extension, host, folded)


def literal_segments(source: str) -> list[str]:
    """List the whole segments that every match of *source* contains."""
    return list(keys_of(source).segments)


def _flat(tree: Any, folded: bool) -> list[tuple[Any, Any]]:
    """Take groups that change no flags out of their parentheses."""
    flat: list[tuple[Any, Any]] = []
    for op, argument in tree:
        if op is _SUBPATTERN and not argument[1] and not argument[2]:
            flat += _flat(argument[3], folded)
        else:
            flat.append((op, argument))
    return flat


def _walk(tokens: list[tuple[Any, Any]], delimiters: str, whole: bool) -> tuple[list[str], str]:
    """Collect literal runs between two delimiters, the start or the end; and the last run."""
    found: list[str] = []
    run, opened = "", whole
    extension = ""
    ends = [(_AT, _constants.AT_END_STRING)] if whole else []
    steps = [*tokens, *ends]
    for place, (op, argument) in enumerate(steps):
        if _is_last_slash(op, argument, steps[place + 1 : place + 2], delimiters):
            op, argument = _LITERAL, ord("/")  # noqa: PLW2901
        if op is _LITERAL and chr(argument) not in delimiters:
            run += chr(argument)
            continue
        at_end = op is _AT and argument is _constants.AT_END_STRING
        if at_end:
            extension = run[run.rindex(".") :] if "." in run else ""
        if opened and run and (op is _LITERAL or at_end):
            found.append(run)
        run = ""
        opened = op is _LITERAL or (op is _AT and argument in _STARTS)
    return found, extension


def _is_last_slash(op: Any, argument: Any, after: list[tuple[Any, Any]], delimiters: str) -> bool:
    """Tell whether a step is ``/?`` or the like before the end: it ends a segment, too."""
    return (
        op in _REPEATS
        and after == [(_AT, _constants.AT_END_STRING)]
        and list(argument[2]) == [(_LITERAL, ord("/"))]
        and "/" in delimiters
    )


class SegmentIndex(Generic[T]):
    """Rules by what their subjects must have; answers keep the declared order.

    A rule's entry is a tuple that starts with its place, so that entries sort.

    >>> index = SegmentIndex([((0, "a"), Keys(("old",))), ((1, "b"), Keys()), ((2, "c"), Keys())])
    >>> index.candidates("/new/x")
    [(1, 'b'), (2, 'c')]
    """

    def __init__(self, rules: Sequence[tuple[T, Keys]]) -> None:
        self.entries = [entry for entry, _ in rules]
        self.always: list[T] = []
        self.segments: dict[str, list[T]] = {}
        self.extensions: dict[str, list[T]] = {}
        self.hosts: dict[str, list[T]] = {}
        self.folded_segments: dict[str, list[T]] = {}
        self.folded_extensions: dict[str, list[T]] = {}
        self.folded: list[T] = []
        offers = [self._offers(keys) for _, keys in rules]
        count = Counter((id(table), key) for offer in offers for table, key in set_of(offer))
        for entry, offer in zip(self.entries, offers, strict=True):
            if not offer:
                self.always.append(entry)
                continue
            table, key = min(offer, key=lambda pair: count[id(pair[0]), pair[1]])
            table.setdefault(key, []).append(entry)
            if table is self.folded_segments or table is self.folded_extensions:
                self.folded.append(entry)
        #: Whether a lookup needs nothing but the plain segments.
        self.plain = not (self.extensions or self.hosts or self.folded)

    def _offers(self, keys: Keys) -> list[tuple[dict[str, list[T]], str]]:
        """List the tables and keys that a rule may be filed under, the best kind first."""
        segments = self.folded_segments if keys.folded else self.segments
        extensions = self.folded_extensions if keys.folded else self.extensions
        offers = [(segments, text) for text in keys.segments]
        if keys.extension:
            offers.append((extensions, keys.extension))
        if keys.host:
            offers.append((self.hosts, keys.host))
        return offers

    def candidates(self, subject: str, more: Sequence[str] = (), host: str = "") -> list[T]:
        """List the entries of the rules that *subject* can match, in declared order.

        more: further segments that the subject has.  host: the request's, in lower case.
        """
        found = self.always
        parts = subject.split("/")
        if more:
            parts += more
        if self.segments:
            hits = self.segments.keys() & parts
            if len(hits) == 1 and not found and self.plain:
                return self.segments[hits.pop()]
            for key in hits:
                found = found + self.segments[key]
        if not self.plain:
            found = self._others(found, subject, parts, host)
        if found is not self.always and len(found) > 1:
            found.sort(key=_place)
        return found

    def _others(self, found: list[T], subject: str, parts: list[str], host: str) -> list[T]:
        extension = subject[subject.rfind(".") :] if self.extensions else ""
        found = found + self.extensions.get(extension, []) + self.hosts.get(host, [])
        if not self.folded:
            return found
        if not all(map(str.isascii, parts)):
            return found + self.folded  # outside ASCII, case has too many rules for a table
        low = [part.lower() for part in parts]
        for key in self.folded_segments.keys() & low:
            found = found + self.folded_segments[key]
        if self.folded_extensions:
            lowered = subject.lower()
            found = found + self.folded_extensions.get(lowered[lowered.rfind(".") :], [])
        return found


def set_of(offer: list[tuple[dict[str, Any], str]]) -> list[tuple[dict[str, Any], str]]:
    """Drop what stands twice in one rule's offers, so that it counts once."""
    seen: dict[tuple[int, str], tuple[dict[str, Any], str]] = {}
    for table, key in offer:
        seen[id(table), key] = (table, key)
    return list(seen.values())


def _place(entry: Any) -> Any:
    return entry[0]
