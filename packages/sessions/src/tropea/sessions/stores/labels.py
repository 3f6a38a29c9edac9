"""Labels: names such as ``user:42`` under which sessions are found, and ended, together.

A label is a generation counter, kept as an ordinary entry of the store beside the keys of the
sessions that carry it.  A session remembers the generation it took; once the counter says
something else, or is lost, the session is over.  So ending every session of a user is one write,
and holds for sessions that no list knew of.

Every function works on any ``Store``; our own stores inherit the methods of ``Labels``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tropea.core.stores import StoreBusy
from tropea.sessions.ids import storage_key
from tropea.sessions.stores.protocol import Store, first_version
from tropea.sessions.timeouts import LONGEST

if TYPE_CHECKING:
    from tropea.sessions.mapping import Session

#: A lost race is tried again this often; each round lets at least one writer through.
ROUNDS = 200


class _Label(NamedTuple):
    generation: int
    members: dict[str, float]  # storage key -> deadline


def label_key(label: str) -> str:
    """Return the key under which a store keeps *label*; the label itself is not readable there."""
    return "l" + sha256(b"label:" + label.encode()).hexdigest()


def generation(store: Store, label: str) -> int | None:
    """Return the label's generation; None where the counter does not exist or is unreadable."""
    entry = store.load(label_key(label))
    found = _read(entry.data) if entry is not None else None
    return found.generation if found is not None else None


def are_current(store: Store, labels: Mapping[str, int]) -> bool:
    """Tell whether every label still has the generation that a session took."""
    return all(generation(store, label) == taken for label, taken in labels.items())


def join(store: Store, label: str, key: str, ttl: float, now: float) -> int:
    """List the session with this storage key under *label*; return the generation it takes.

    ttl: seconds for which the label is kept, at least as long as the session can live.
    """

    def listed(found: _Label | None) -> _Label:
        members = {k: d for k, d in found.members.items() if d > now} if found else {}
        members[key] = now + ttl
        return _Label(found.generation if found else first_version(), members)

    return _change(store, label, ttl, listed).generation


def members(store: Store, label: str) -> list[str]:
    """List the storage keys of the live sessions that carry *label*."""
    entry = store.load(label_key(label))
    found = _read(entry.data) if entry is not None else None
    return [key for key in found.members if store.load(key) is not None] if found else []


def begin_generation(store: Store, label: str, keep: Iterable[str], ttl: float) -> _Ended:
    """End every session that carries *label*, but for those with the storage keys of *keep*."""
    kept = frozenset(keep)
    before: dict[str, float] = {}

    def ended(found: _Label | None) -> _Label:
        before.clear()
        before.update(found.members if found else {})
        return _Label(first_version(), {k: d for k, d in before.items() if k in kept})

    now = _change(store, label, ttl, ended)
    gone = [key for key in before if key not in kept and store.delete(key)]
    return _Ended(now.generation, len(gone))


class _Ended(NamedTuple):
    generation: int
    removed: int


def _change(
    store: Store, label: str, ttl: float, step: Callable[[_Label | None], _Label]
) -> _Label:
    key = label_key(label)
    for _ in range(ROUNDS):
        entry = store.load(key)
        after = step(_read(entry.data) if entry is not None else None)
        raw = json.dumps({"g": after.generation, "m": after.members}).encode()
        if entry is None:
            done = store.create(key, raw, ttl)
        else:
            done = store.save(key, raw, ttl, entry.version)
        if done is not None:
            return after
    raise StoreBusy(f"a label was changed by others {ROUNDS} times in a row")


def _read(raw: bytes) -> _Label | None:
    try:
        found: Any = json.loads(raw)
        return _Label(int(found["g"]), {str(k): float(d) for k, d in found["m"].items()})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None  # a lost counter: its sessions are over


class Labels:
    """The label methods of our stores: "log out everywhere", and "where am I logged in"."""

    def labelled(self, label: str) -> list[str]:
        """List the live sessions that carry *label*, by their storage keys."""
        return members(self._store(), label)

    def destroy(self, label: str, *, keep: Session | str | None = None) -> int:
        """End every session that carries *label*; return how many entries were removed.

        keep: a session, or its id, that goes on.  Sessions that the label's list had lost are
        ended as well: their generation is over.
        """
        from tropea.sessions.keeping import keep_session  # its records lie above this layer

        if keep is not None and not isinstance(keep, str):
            keep.prepare_change()
        kept_id = keep if isinstance(keep, str) or keep is None else keep.id
        kept = [] if kept_id is None else [storage_key(kept_id)]
        ended = begin_generation(self._store(), label, kept, LONGEST)
        if kept_id is not None:
            keep_session(self._store(), kept_id, label, ended.generation)
        if keep is not None and not isinstance(keep, str):
            keep.labels[label] = ended.generation
        return ended.removed

    def _store(self) -> Store:
        return cast("Store", self)
