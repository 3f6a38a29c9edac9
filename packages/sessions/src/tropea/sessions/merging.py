"""Three-way merge of a session's data, one top-level key at a time.

Two requests load the same session, both change it, one saves first.  The other merges what it
changed into what it finds: different keys are both kept; where both changed one key, the later
save wins and the key is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_ABSENT: Any = object()


class Merged(NamedTuple):
    """The data to save, and the keys that both sides had changed, in alphabetical order."""

    data: dict[str, Any]
    conflicts: tuple[str, ...]


def merge(base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Merged:
    """Apply to *theirs* what changed between *base* and *ours*.

    base: what both started from.  theirs: what is stored by now.  No argument is changed.

    >>> merge({"n": 1, "m": 1}, {"n": 2, "m": 1}, {"n": 1, "m": 5})
    Merged(data={'n': 2, 'm': 5}, conflicts=())
    >>> merge({"n": 1}, {"n": 2}, {"n": 3})
    Merged(data={'n': 2}, conflicts=('n',))
    """
    data = dict(theirs)
    conflicts = []
    for key in sorted({*base, *ours}):
        before, mine = base.get(key, _ABSENT), ours.get(key, _ABSENT)
        if _same(before, mine):
            continue
        now = theirs.get(key, _ABSENT)
        if not _same(now, before):
            conflicts.append(key)  # even to the same value: two increments may have made it
        if mine is _ABSENT:
            data.pop(key, None)
        else:
            data[key] = mine
    return Merged(data, tuple(conflicts))


def _same(one: Any, other: Any) -> bool:
    """Compare as JSON does: 1, 1.0 and true are three values."""
    if one is other:
        return True
    if type(one) is not type(other):
        both_lists = isinstance(one, (list, tuple)) and isinstance(other, (list, tuple))
        if not both_lists:
            return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(v, other[k]) for k, v in one.items())
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
