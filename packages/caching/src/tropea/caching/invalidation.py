"""What an unsafe request makes invalid.

Source: RFC 9111 section 4.4; RFC 9875 section 3.
"""

from __future__ import annotations

from tropea.caching.cachekeys import Key, key_of_uri
from tropea.caching.structured import parse_strings
from tropea.core.fields import Fields, combined, get

#: Methods that change nothing; every other, known or not, may have changed something.
SAFE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))


def invalidated(key: Key, status: int, fields: Fields) -> list[Key]:
    """Return the keys that are invalid after an unsafe method on *key* was answered.

    Only a success or a redirection tells of a change; Location and Content-Location count where
    they are of the same origin.

    >>> [k.path for k in invalidated(Key("http", "x", "/a", ""), 201, [("Location", "/a/1")])]
    ['/a', '/a/1']
    """
    if not 200 <= status < 400:
        return []
    found = [key]
    for name in ("Location", "Content-Location"):
        target = get(fields, name)
        other = key_of_uri(target, key) if target is not None else None
        if other is not None and other not in found:
            found.append(other)
    return found


def invalidated_groups(key: Key, status: int, fields: Fields) -> list[str]:
    """Return the tags of the groups that an answer to an unsafe method invalidates."""
    if not 200 <= status < 400:
        return []
    groups = parse_strings(combined(fields, "Cache-Group-Invalidation") or "")
    return [f"g:{key.origin} {name}" for name in groups]
