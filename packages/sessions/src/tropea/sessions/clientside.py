"""Sessions whose data travel with the client, in cookies that it can neither read nor change."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from tropea.core.fields import Fields
from tropea.core.stores import StoreError
from tropea.sessions.chunks import LEAST, VALUE_PATTERN, Chunked
from tropea.sessions.codecs import Codec, check_values
from tropea.sessions.cookies import CookieRules, CookieWriter
from tropea.sessions.errors import RecordError, SealError, SessionError
from tropea.sessions.ids import new_id, storage_key
from tropea.sessions.mapping import Session
from tropea.sessions.payloads import pack, unpack
from tropea.sessions.records import Origin, Record
from tropea.sessions.reporting import Seldom
from tropea.sessions.serverside import Rules
from tropea.sessions.stores import labels
from tropea.sessions.stores.cookie import CookieStore
from tropea.sessions.timeouts import LONGEST

log = logging.getLogger("tropea.sessions")


class ClientSide:
    """Load sessions from cookies, and issue them."""

    def __init__(
        self,
        store: CookieStore,
        cookies: CookieRules,
        rules: Rules,
        codec: Codec,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store, self.cookies, self.rules, self.codec = store, cookies, rules, codec
        self.clock, self._report = clock, Seldom()
        self._chunked: dict[CookieWriter, Chunked] = {}

    # -- at the first touch ------------------------------------------------------------------

    def open(self, session: Session) -> None:
        """Fill in the session that the cookie holds, or an empty one."""
        writer = session.writer = self._writer(session)
        now = self.clock()
        text = session.presented = writer.find(session.header)
        if text is not None and self._resume(session, writer.name, text, now):
            return
        session.data, session.labels = {}, {}
        session.created_at, session.used_at = int(now), now

    def _resume(self, session: Session, name: str, text: str, now: float) -> bool:
        try:
            revealed = self.store.reveal(name, text)
            origin = unpack(revealed.payload)
            data = self.codec.decode(origin.record.data)
        except (SealError, RecordError) as error:
            log.info("a session's cookie is not accepted: %s", error)
            return False
        if self._is_over(session, origin, now):
            return False
        record = origin.record
        session.origin, session.data = origin, data
        session.labels = dict(record.labels) if record.labels else {}
        session.created_at, session.used_at = record.created, float(record.saved)
        # A cookie of an older key is issued again, so that the key can be removed one day.
        session.stale = not revealed.current
        return True

    def _is_over(self, session: Session, origin: Origin, now: float) -> bool:
        record = origin.record
        if self.rules.timeouts.is_over(record.created, record.saved, now):
            return True
        revocations = self.store.revocations
        if revocations is None:
            return False
        try:
            if revocations.load(revocation_key(origin.id)) is not None:
                return True
            return bool(record.labels) and not labels.are_current(revocations, record.labels)
        except StoreError as error:
            if not self.rules.anonymous:
                raise
            self._report("a request goes on without its session: %s", error)
            session.anonymous = True
            return True

    # -- when the response starts ------------------------------------------------------------

    def commit(self, session: Session) -> Fields:
        """Note ended sessions, then issue the cookie where anything changed."""
        if session.anonymous:
            if session.ended or session.renewed:
                raise StoreError("a session cannot be ended while its store is down")
            return []
        if session.doomed is not None:
            self._revoke(session.doomed)
            session.doomed = None
        origin = session.origin
        if origin is not None and session.renewed:
            self._revoke(origin)
        if origin is None and not (session.data or session.forced or session.labels):
            if session.ended and session.presented is not None:
                return self._writer(session).clear_from(0, session.header)
            return []
        raw = self.codec.encode(session.data)
        return self._issue(session, raw) if self._must_issue(session, origin, raw) else []

    def _must_issue(self, session: Session, origin: Origin | None, raw: bytes) -> bool:
        if origin is None or session.forced or session.renewed or session.stale:
            return True
        if raw != origin.record.data or session.labels != origin.record.labels:
            return True
        runs_out = self.rules.timeouts.idle is not None or self.rules.rolling
        return runs_out and self.clock() - origin.record.saved >= self.rules.touch_every

    def _issue(self, session: Session, raw: bytes) -> Fields:
        check_values(session.data)
        now = int(self.clock())
        session_id = session.id if session.origin or session.fresh_id else new_id()
        taken = self._take_labels(session)
        record = Record(raw, session.created_at, now, taken)
        writer = session.writer
        assert isinstance(writer, Chunked)
        payload = pack(record, session_id, compress=self.store.compress)
        text = self.store.protect(writer.name, payload)
        absolute = self.rules.timeouts.absolute
        lifetime = None if absolute is None else session.created_at + absolute - now
        fields = writer.set(text, lifetime)
        session.origin = Origin(session_id, "", 0, record, float(now))
        if len(session.presented or "") > LEAST:  # it may have come in parts, and in more
            fields += writer.clear_from(len(fields), session.header)
        return fields

    def _take_labels(self, session: Session) -> dict[str, int]:
        revocations, now = self.store.revocations, self.clock()
        if not session.labels or revocations is None:
            return {}
        return {
            label: taken or labels.join(revocations, label, "00", LONGEST, now)
            for label, taken in session.labels.items()
        }

    def _revoke(self, origin: Origin) -> None:
        if self.store.revocations is None:
            return
        absolute, now = self.rules.timeouts.absolute, self.clock()
        # Longer than idle: a request that is still running may issue the cookie once more.
        left = LONGEST if absolute is None else origin.record.created + absolute - now
        self.store.revocations.create(revocation_key(origin.id), b"%d" % now, max(left, 1.0))

    def _writer(self, session: Session) -> Chunked:
        plain = self.cookies.writer(session.scheme, session.mount)
        found = self._chunked.get(plain)
        if found is None:
            if len(self._chunked) > 64:
                self._chunked.clear()
            found = self._chunked[plain] = Chunked(plain)
        return found

    # -- for the session's methods -----------------------------------------------------------

    def allow_labels(self) -> None:
        """Raise SessionError where nobody could end a labelled session."""
        if self.store.revocations is None:
            raise SessionError("a cookie cannot be revoked: give the store revocations=…")

    def lock(self, _session: Session, _timeout: float) -> Any:
        """Raise SessionError: there is nothing that two requests could share."""
        raise SessionError("a session in a cookie cannot be locked: use a server-side store")


def revocation_key(session_id: str) -> str:
    """Return the key under which it is noted that a session has ended."""
    return "r" + storage_key(session_id)


def client_rules(rules: CookieRules) -> CookieRules:
    """Return the rules of a cookie that holds data instead of an id."""
    from dataclasses import replace

    return replace(rules, value=VALUE_PATTERN)
