"""Write sessions to a store so that nothing is lost and nothing comes back.

Every write is a compare-and-swap on the version that the request loaded.  One that comes too late
loads again, merges and tries again; where the entry is gone, the session has ended and nothing
is written any more.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import Any

from tropea.core.stores import StoreBusy
from tropea.sessions.codecs import Codec, check_values
from tropea.sessions.errors import RecordError
from tropea.sessions.ids import new_id, storage_key
from tropea.sessions.keeping import ROUNDS, fetch
from tropea.sessions.mapping import Session
from tropea.sessions.merging import merge
from tropea.sessions.records import Origin, Record, pack
from tropea.sessions.stores import labels
from tropea.sessions.stores.protocol import Store
from tropea.sessions.timeouts import Timeouts

log = logging.getLogger("tropea.sessions")

_new = tuple.__new__  # makes a named tuple in half the time of calling its class
_SHORTEST = 0.001  # seconds; a store's time to live is more than zero


class Writing:
    """The writes of one store, under one layer's rules."""

    def __init__(
        self,
        store: Store,
        timeouts: Timeouts,
        codec: Codec,
        clock: Callable[[], float],
        on_conflict: Callable[[Session, tuple[str, ...]], object] | None,
    ) -> None:
        self.store, self.timeouts, self.codec, self.clock = store, timeouts, codec, clock
        self.on_conflict = on_conflict

    def create(self, session: Session, raw: bytes, created: int) -> Origin:
        """Store a session under a new id."""
        check_values(session.data)
        now = self.clock()
        ttl = max(self.timeouts.ttl(created, now), _SHORTEST)
        while True:
            session_id = session.fresh_id or new_id()
            key = storage_key(session_id)
            record = Record(raw, created, int(now), self._take_labels(session, key, now, new=True))
            version = self.store.create(key, pack(record, session_id), ttl)
            if version is not None:
                break
            # Taken: an answer got lost on its way and the store had done as it was asked.
            session.fresh_id = None
        session.origin = Origin(session_id, key, version, record, now + ttl)
        session.labels, session.renewed, session.fresh_id = dict(record.labels), False, None
        return session.origin

    def save(self, session: Session, raw: bytes) -> bool:
        """Store what a request changed; False when the session has ended meanwhile."""
        check_values(session.data)
        if self._swap(session, raw):
            return True
        return self._save_after_others(session, raw)

    def _save_after_others(self, session: Session, raw: bytes) -> bool:
        clashes: set[str] = set()
        for attempt in range(ROUNDS):
            if attempt and self._swap(session, raw):
                if clashes:
                    self._report(session, tuple(sorted(clashes)))
                return True
            if session.lost or not self._merge_in(session, clashes):
                return False
            raw = self.codec.encode(session.data)
            if attempt > 1:  # many writers: let them come one after the other
                time.sleep(random.uniform(0, 0.002 * min(attempt, 10)))  # noqa: S311
        raise StoreBusy(f"a session was changed by others {ROUNDS} times in a row")

    def renew(self, session: Session, raw: bytes) -> bool:
        """Move a session to a new id; False when it has ended meanwhile.

        The data are stored under the new id, which nobody knows yet; then the old entry is
        deleted if nobody changed it since, else what changed is merged and stored once more.
        """
        old = session.origin
        assert old is not None
        new = self.create(session, raw, old.record.created)
        for _ in range(ROUNDS):
            if self.store.delete(old.key, old.version):
                return True
            session.origin = old
            if not self._merge_in(session, set()):
                self.store.delete(new.key)
                return False
            assert session.origin is not None
            old, session.origin = session.origin, new
            self.save(session, self.codec.encode(session.data))
            new = session.origin
        raise StoreBusy(f"a session was changed by others {ROUNDS} times in a row")

    def reload(self, session: Session) -> bool:
        """Load what others stored and keep what this request changed; False when it has ended."""
        return self._merge_in(session, set())

    def _swap(self, session: Session, raw: bytes) -> bool:
        origin = session.origin
        assert origin is not None
        session_id, key, version, before, _ = origin
        now, created = self.clock(), before.created
        ttl = self.timeouts.ttl(created, now)
        if ttl <= 0:
            self.store.delete(key)
            session.lost = True
            return False
        taken = self._take_labels(session, key, now) if session.labels else {}
        record = _new(Record, (raw, created, int(now), taken))
        after = self.store.save(key, pack(record, session_id), ttl, version)
        if after is None:
            return False
        session.origin = _new(Origin, (session_id, key, after, record, now + ttl))
        session.labels, session.forced = taken.copy(), False
        return True

    def _merge_in(self, session: Session, clashes: set[str]) -> bool:
        origin = session.origin
        assert origin is not None
        found = fetch(self.store, origin.id)
        if found is None:
            log.info("a session has ended while a request was using it; nothing is written")
            session.lost = True
            return False
        base, theirs = self._decode(origin), self._decode(found)
        merged = merge(base, session.data, theirs)
        session.data, session.origin = merged.data, found
        session.labels = merge(origin.record.labels, session.labels, found.record.labels).data
        clashes.update(merged.conflicts)
        return True

    def _decode(self, origin: Origin) -> dict[str, Any]:
        try:
            return self.codec.decode(origin.record.data)
        except RecordError:
            return {}

    def _take_labels(
        self, session: Session, key: str, now: float, *, new: bool = False
    ) -> dict[str, int]:
        """Return the generation of every label; list the session where it is new to a label.

        A generation that was taken before is kept: the newer one may have ended this session.
        """
        if not session.labels:
            return {}
        taken = {}
        ttl = self.timeouts.ttl(now, now)
        for label, generation in session.labels.items():
            if new or not generation:
                current = labels.join(self.store, label, key, ttl, now)
                taken[label] = generation or current
            else:
                taken[label] = generation
        return taken

    def _report(self, session: Session, keys: tuple[str, ...]) -> None:
        log.info("two requests changed a session's %s; the later one holds", ", ".join(keys))
        if self.on_conflict is not None:
            self.on_conflict(session, keys)
