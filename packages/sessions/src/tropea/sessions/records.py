r"""What a store keeps for a session: one line about it, then its data.

::

    1 <check> <created> <saved> <labels>\n<data>

The check is a keyed hash whose key is the session's id.  No store knows the id, so whoever can
write to a store can neither forge a session nor give one session's record to another.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from hmac import compare_digest
from typing import NamedTuple

from tropea.sessions.errors import NewerRecord, RecordError


class Record(NamedTuple):
    """A session as it is stored.

    data: encoded.  created, saved: whole seconds since the epoch.
    labels: name to the generation that the label had when the session took it.
    """

    data: bytes
    created: int
    saved: int
    labels: dict[str, int]


#: Makes a named tuple of values that are at hand, in half the time of calling its class.
_new = tuple.__new__


class Origin(NamedTuple):
    """What a request loaded: where it is kept, as what, and until when."""

    id: str
    key: str
    version: int
    record: Record
    deadline: float


def pack(record: Record, session_id: str) -> bytes:
    """Write *record* for the session that has this id."""
    data, created, saved, labels = record
    named = json.dumps(labels, separators=(",", ":")) if labels else "-"
    body = f" {created} {saved} {named}\n".encode() + data
    check = blake2b(body, digest_size=16, key=session_id.encode()).hexdigest()
    return b"1 " + check.encode() + body


def unpack(raw: bytes, session_id: str) -> Record:
    """Read what ``pack`` wrote for the same id.

    Raises RecordError where it is damaged, foreign or another session's, and NewerRecord where a
    later release wrote it.

    >>> record = Record(b'{"n":1}', created=10, saved=12, labels={"user:42": 7})
    >>> unpack(pack(record, "the id"), "the id") == record
    True
    """
    if raw[:2] != b"1 ":
        raise _foreign(raw)
    body = raw[34:]
    check = blake2b(body, digest_size=16, key=session_id.encode()).hexdigest()
    if not compare_digest(raw[2:34], check.encode()):
        raise RecordError("the record does not belong to this session, or is damaged")
    head, _, data = body.partition(b"\n")
    _, created, saved, labels = head.split(b" ", 3)
    held = {} if labels == b"-" else json.loads(labels)
    return _new(Record, (data, int(created), int(saved), held))


def _foreign(raw: bytes) -> RecordError:
    version = raw.partition(b" ")[0]
    if version.isdigit() and len(version) < 6 and int(version) > 1:
        return NewerRecord(f"written in format {int(version)}; this release reads up to 1")
    return RecordError("not a record of a session")
