"""What can go wrong with a session, beside a store that fails (``StoreError`` of core)."""

from __future__ import annotations

from tropea.core.errors import TropeaError
from tropea.core.stores import StoreBusy


class SessionError(TropeaError):
    """Base of every error that this package raises on its own account."""


class SessionCommitted(SessionError):
    """The session was changed after the response had started; the change cannot be kept."""


class SessionValueError(SessionError, TypeError):
    """A value was put into a session that would not come back as it went in."""


class SessionTooLarge(SessionError, ValueError):
    """A session is larger than what browsers, or the store, will keep."""


class SessionLocked(SessionError, StoreBusy):
    """Another request held the lock of this session for longer than one was willing to wait."""


class RecordError(SessionError, ValueError):
    """A stored record cannot be read: it is damaged, foreign, or not meant for this session."""


class NewerRecord(RecordError):
    """A stored record was written by a later version; it is left as it is."""


class SealError(SessionError, ValueError):
    """A cookie's seal or signature does not hold."""
