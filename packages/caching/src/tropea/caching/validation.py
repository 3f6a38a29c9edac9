"""Ask the application whether a stored response still holds, and merge what it says.

Source: RFC 9111 sections 3.2, 4.3.1, 4.3.4 and 4.3.5.
"""

from __future__ import annotations

from tropea.caching.storing import stored_fields
from tropea.core.entitytags import read_tag
from tropea.core.fields import Fields, get
from tropea.core.preconditions import CONDITION_KEYS

#: Keys of the fields of a request that ask for less than the whole answer.
PARTIAL_KEYS = (*CONDITION_KEYS, "HTTP_RANGE", "HTTP_IF_RANGE")
#: Fields that a 304 does not change: they say what the stored body is.
_OF_THE_BODY = frozenset(
    ("content-encoding", "content-length", "content-md5", "content-range", "content-digest",
     "repr-digest", "etag")
)  # fmt: skip


def validators(fields: Fields) -> dict[str, str]:
    """Return the environ keys that make a request ask whether a stored response still holds."""
    found = {}
    etag, modified = get(fields, "ETag"), get(fields, "Last-Modified")
    if etag is not None:
        found["HTTP_IF_NONE_MATCH"] = etag if read_tag(etag) else f'"{etag}"'
    if modified is not None:
        found["HTTP_IF_MODIFIED_SINCE"] = modified
    return found


def merged(stored: Fields, update: Fields) -> Fields:
    """Return the stored fields with those of a 304 in their place.

    The fields that describe the stored body stay: a 304 to the one tag that was asked about
    speaks of that body.

    >>> merged([("ETag", '"1"'), ("X", "old")], [("X", "new"), ("Content-Length", "0")])
    [('ETag', '"1"'), ('X', 'new')]
    """
    new = [pair for pair in stored_fields(update, {}) if pair[0].lower() not in _OF_THE_BODY]
    replaced = {name.lower() for name, _ in new}
    return [pair for pair in stored if pair[0].lower() not in replaced] + new


def head_agrees(stored: Fields, head: Fields, size: int | None) -> bool:
    """Tell whether the answer to a HEAD speaks of the stored response (section 4.3.5).

    size: bytes of the stored body; None where a part is held.
    """
    for name in ("ETag", "Last-Modified"):
        if get(head, name) is not None and get(head, name) != get(stored, name):
            return False
    length = get(head, "Content-Length")
    return length is None or size is None or length == str(size)
