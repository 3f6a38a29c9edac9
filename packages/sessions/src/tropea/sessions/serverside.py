"""Sessions whose data stay on the server; the client holds an id.

``open`` and ``commit`` are the two halves of a request: what is loaded at the first touch, and
what is made durable when the response starts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tropea.core.fields import Fields
from tropea.core.stores import StoreError
from tropea.sessions.codecs import Codec
from tropea.sessions.errors import RecordError
from tropea.sessions.keeping import fetch
from tropea.sessions.locking import lease
from tropea.sessions.mapping import Session, Writers
from tropea.sessions.records import Origin
from tropea.sessions.reporting import Seldom
from tropea.sessions.stores import labels
from tropea.sessions.stores.protocol import Store
from tropea.sessions.timeouts import Timeouts
from tropea.sessions.writing import Writing

log = logging.getLogger("tropea.sessions")

OnConflict = Callable[[Session, tuple[str, ...]], object]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a backend is told when the layer is built.

    touch_every: seconds between two touches of a session that is only read.
    anonymous: go on with an empty session where the store fails.
    """

    timeouts: Timeouts
    touch_every: float
    rolling: bool = False
    anonymous: bool = False
    on_conflict: OnConflict | None = None
    importer: Any = None


class ServerSide:
    """Load sessions from a store, and save them there."""

    def __init__(
        self,
        store: Store,
        cookies: Writers,
        rules: Rules,
        codec: Codec,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store, self.cookies, self.rules, self.codec = store, cookies, rules, codec
        self.clock, self._report = clock, Seldom()
        self.writing = Writing(store, rules.timeouts, codec, clock, rules.on_conflict)

    # -- at the first touch ------------------------------------------------------------------

    def open(self, session: Session) -> None:
        """Fill in the session that the client names, or an empty one."""
        writer = session.writer = self.cookies.writer(session.scheme, session.mount)
        now = self.clock()
        presented = session.presented = writer.find(session.header)
        try:
            if presented is not None and self._resume(session, presented, now):
                return
            importer = self.rules.importer
            session.data = {} if importer is None else importer.load(session.header) or {}
            session.imported = bool(session.data)
        except StoreError as error:
            if not self.rules.anonymous:
                raise
            self._report("a request goes on without its session: %s", error)
            session.anonymous, session.data = True, {}
        session.labels = {}
        session.created_at, session.used_at = int(now), now

    def _resume(self, session: Session, session_id: str, now: float) -> bool:
        origin = fetch(self.store, session_id)
        if origin is None:
            return False
        _, key, _, (data, created, saved, taken), deadline = origin
        timeouts = self.rules.timeouts
        used = timeouts.last_used(deadline, saved)
        over = timeouts.is_over(created, used, now)
        if over or (taken and not labels.are_current(self.store, taken)):
            self.store.delete(key)
            return False
        try:
            session.data = self.codec.decode(data)
        except RecordError as error:
            log.warning("a stored session cannot be read and is removed: %s", error)
            self.store.delete(key)
            return False
        session.origin, session.labels = origin, taken.copy()
        session.created_at, session.used_at = created, used
        return True

    # -- when the response starts ------------------------------------------------------------

    def commit(self, session: Session) -> Fields:
        """Make everything durable, then say what the client must be told.

        Raises StoreError where that cannot be done.  An application that goes on without its
        store still may not tell a client that a session has ended which has not.
        """
        if session.anonymous:
            if session.ended or session.renewed:
                raise StoreError("a session cannot be ended while its store is down")
            return []
        taken_over = session.ended and self.rules.importer is not None
        must = session.doomed is not None or session.renewed or taken_over
        try:
            return self._commit(session)
        except StoreError as error:
            if must or not self.rules.anonymous:
                raise
            self._report("the changes of a request are lost: %s", error)
            return []

    def _commit(self, session: Session) -> Fields:
        if session.doomed is not None:
            self.store.delete(session.doomed.key)
            session.doomed = None
        if session.ended and self.rules.importer is not None:
            self.rules.importer.end(session.header)  # or it would be taken over once more
        if session.lost:
            return []
        origin = session.origin
        if origin is None:
            return self._commit_new(session)
        raw, record = self.codec.encode(session.data), origin.record
        if session.renewed:
            return self._cookie(session) if self.writing.renew(session, raw) else []
        if raw != record.data or session.forced or session.labels != record.labels:
            kept = self.writing.save(session, raw)
            return self._cookie(session) if kept and self.rules.rolling else []
        return self._touch(session, origin)

    def _commit_new(self, session: Session) -> Fields:
        if session.data or session.forced or session.labels:
            raw = self.codec.encode(session.data)
            self.writing.create(session, raw, session.created_at)
            if self.rules.importer is not None:
                self.rules.importer.forget(session.header)
            return self._cookie(session)
        if session.imported:
            self.rules.importer.end(session.header)
        if session.ended and session.presented is not None:
            return session.writer.clear()
        return []

    def _touch(self, session: Session, origin: Origin) -> Fields:
        now = self.clock()
        if now - session.used_at < self.rules.touch_every:
            return []
        timeouts, created = self.rules.timeouts, origin.record.created
        if not timeouts.is_final(created, origin.deadline):
            if not self.store.touch(origin.key, timeouts.ttl(created, now)):
                return []
        for label in origin.record.labels:
            self.store.touch(labels.label_key(label), timeouts.ttl(now, now))
        return self._cookie(session) if self.rules.rolling else []

    def _cookie(self, session: Session) -> Fields:
        assert session.origin is not None
        absolute = self.rules.timeouts.absolute
        lifetime = None
        if absolute is not None:
            lifetime = session.origin.record.created + absolute - self.clock()
        return session.writer.set(session.origin.id, lifetime)

    # -- for the session's methods -----------------------------------------------------------

    def allow_labels(self) -> None:
        """Do nothing: every store keeps labels."""

    @contextmanager
    def lock(self, session: Session, timeout: float) -> Iterator[None]:
        """Hold the session's lock for a block; load before it, save after it."""
        origin = session.origin
        if origin is None or session.lost or session.locked:
            yield
            return
        try:
            with lease(self.store, origin.key, timeout):
                self.writing.reload(session)
                before = self.codec.encode(session.data)
                session.locked = True
                try:
                    yield
                except BaseException:
                    if session.origin is not None:  # a session that was ended does not come back
                        session.data = self.codec.decode(before)
                    raise
                finally:
                    session.locked = False
                if session.origin is not None and not session.lost and not session.renewed:
                    raw = self.codec.encode(session.data)
                    if raw != session.origin.record.data or session.forced:
                        self.writing.save(session, raw)
        except StoreError as error:
            session.failure = error
            raise
