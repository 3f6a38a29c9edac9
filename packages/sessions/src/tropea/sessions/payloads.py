r"""What a cookie holds for a session, before it is sealed: one line about it, then its data.

::

    1 <created> <issued> <id> <labels> <plain or zlib>\n<data>
"""

from __future__ import annotations

import json
import zlib

from tropea.sessions.errors import RecordError, SessionTooLarge
from tropea.sessions.ids import is_valid_id
from tropea.sessions.records import Origin, Record

LARGEST = 256 * 1024  #: bytes of data; also what decompression may make of a cookie
_WORTH_IT = 1024  # bytes from which data are compressed


def pack(record: Record, session_id: str, *, compress: bool) -> bytes:
    """Write a session for a cookie; raise SessionTooLarge beyond 256 KiB of data."""
    data, how = record.data, "plain"
    if len(data) > LARGEST:
        raise SessionTooLarge(f"a cookie cannot hold a session of {len(data)} bytes")
    if compress and len(data) >= _WORTH_IT:
        data, how = zlib.compress(data, 6), "zlib"
    labels = json.dumps(record.labels, separators=(",", ":")) if record.labels else "-"
    labels = labels.replace(" ", "\\u0020")
    return f"1 {record.created} {record.saved} {session_id} {labels} {how}\n".encode() + data


def unpack(payload: bytes) -> Origin:
    """Read what ``pack`` wrote; raise RecordError for anything else.

    >>> record = Record(b'{"n":1}', 10, 12, {"user:42": 7})
    >>> unpack(pack(record, "i" * 43, compress=True)).record == record
    True
    """
    head, newline, data = payload.partition(b"\n")
    parts = head.split(b" ")
    if not newline or len(parts) != 6 or parts[0] != b"1":
        raise RecordError("not a session of this version")
    _, created, issued, named, labels, how = parts
    session_id = named.decode("latin-1")
    if not (created.isdigit() and issued.isdigit() and is_valid_id(session_id)):
        raise RecordError("not a session")
    if how == b"zlib":
        data = _decompress(data)
    elif how != b"plain":
        raise RecordError("not a session of this version")
    try:
        held = {} if labels == b"-" else json.loads(labels)
        record = Record(data, int(created), int(issued), held)
    except (ValueError, RecursionError):
        raise RecordError("not a session") from None
    if type(held) is not dict:
        raise RecordError("not a session")
    return Origin(session_id, "", 0, record, float(record.saved))


def _decompress(data: bytes) -> bytes:
    engine = zlib.decompressobj()
    try:
        plain = engine.decompress(data, LARGEST)
    except zlib.error:
        raise RecordError("the compressed data are damaged") from None
    if not engine.eof:
        raise RecordError("the data are cut short, or too long")
    return plain
