"""Records of sessions in a store: read, change and save them under compare-and-swap."""

from __future__ import annotations

import logging
from collections.abc import Callable

from tropea.core.stores import StoreBusy
from tropea.sessions.errors import NewerRecord, RecordError
from tropea.sessions.ids import storage_key
from tropea.sessions.records import Origin, Record, pack, unpack
from tropea.sessions.stores.protocol import Store

log = logging.getLogger("tropea.sessions")

#: A lost race is tried again this often; each round lets at least one writer through.
ROUNDS = 300

_new = tuple.__new__  # makes a named tuple in half the time of calling its class
_warned_newer = False


def fetch(store: Store, session_id: str) -> Origin | None:
    """Load the record of the session with this id; None when there is none that can be read.

    A damaged record is removed and reported once; one of a later release is left as it is.
    """
    key = storage_key(session_id)
    entry = store.load(key)
    if entry is None:
        return None
    data, version, deadline = entry
    try:
        return _new(Origin, (session_id, key, version, unpack(data, session_id), deadline))
    except NewerRecord as error:
        _report_newer(error)
    except RecordError as error:
        log.warning("a stored session cannot be read and is removed: %s", error)
        store.delete(key)
    return None


def keep_session(store: Store, session_id: str, label: str, generation: int) -> None:
    """Carry one session over into a label's new generation."""

    def relabelled(record: Record) -> Record:
        return record._replace(labels={**record.labels, label: generation})

    change(store, session_id, relabelled)


def change(store: Store, session_id: str, step: Callable[[Record], Record]) -> bool:
    """Replace a stored record by ``step(record)``; False when the session is gone."""
    for _ in range(ROUNDS):
        origin = fetch(store, session_id)
        if origin is None:
            return False
        raw = pack(step(origin.record), session_id)
        ttl = max(origin.deadline - origin.record.saved, 1.0)
        if store.save(origin.key, raw, ttl, origin.version) is not None:
            return True
    raise StoreBusy(f"a session was changed by others {ROUNDS} times in a row")


def _report_newer(error: NewerRecord) -> None:
    global _warned_newer  # noqa: PLW0603  (once in a process is the point)
    if not _warned_newer:
        _warned_newer = True
        log.warning("a stored session is left alone: %s", error)
