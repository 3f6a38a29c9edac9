"""A stored response without its body, and how stores keep it as text."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tropea.caching.cachekeys import Key, Variant, favourite_language, normal_value, variant_id
from tropea.caching.freshness import Policy, moment_of
from tropea.core.fields import Fields, get

#: The layout of ``dumps``; entries of another layout are not read.
LAYOUT = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A response as a cache holds it.

    uri: of the target, for people and for purging by prefix.
    fields: ready to be sent but for Age and Cache-Status.
    born: seconds since the epoch, when its age was 0.
    until: seconds since the epoch, when a store may drop it.
    variant: the fields it varies on and what the request had for them.
    body: names the body in its store; a new response has a new name.
    size: bytes held.
    part: (start, stop, size of the whole) where a part is held; None for the whole.
    tags: what it can be purged by.
    data: the body itself, in a store that keeps objects; never written.
    """

    uri: str
    status: str
    fields: Fields
    born: float
    until: float
    policy: Policy
    variant: Variant = ()
    body: str = field(default_factory=lambda: secrets.token_hex(10))
    size: int = 0
    part: tuple[int, int, int | None] | None = None
    tags: tuple[str, ...] = ()
    data: bytes | None = field(default=None, compare=False, repr=False)

    @property
    def id(self) -> str:
        """Name the variant among those of its key."""
        return variant_id(self.variant) + ("p" if self.part else "")

    @property
    def code(self) -> int:
        """The status code."""
        return int(self.status[:3])

    @property
    def date(self) -> int:
        """When the application made it, in seconds since the epoch."""
        return moment_of(get(self.fields, "Date")) or int(self.born)

    def changed(self, **values: Any) -> Entry:
        """Return a copy in which *values* differ."""
        return replace(self, **values)


def dumps(entry: Entry) -> bytes:
    """Write an entry as JSON, without its body."""
    return json.dumps(
        [
            LAYOUT, entry.uri, entry.status, entry.fields, entry.born, entry.until, entry.policy,
            entry.variant, entry.body, entry.size, entry.part, entry.tags,
        ],
        separators=(",", ":"),
    ).encode()  # fmt: skip


def loads(data: bytes) -> Entry | None:
    """Read what ``dumps`` wrote; None for anything else, such as what another version wrote."""
    try:
        layout, uri, status, fields, born, until, policy, variant, body, size, part, tags = (
            json.loads(data)
        )
        if layout != LAYOUT:
            return None
        return Entry(
            uri, status, [(name, value) for name, value in fields], float(born), float(until),
            Policy(*policy), tuple((name, value) for name, value in variant), str(body), int(size),
            tuple(part) if part else None, tuple(tags),
        )  # fmt: skip
    except (ValueError, TypeError):
        return None


def matching(
    entries: Iterable[Entry], environ: Mapping[str, Any], *, parts: bool = False
) -> Entry | None:
    """Choose the entry that answers a request: of several, the one made last.

    parts: whether partial responses count.
    """
    chosen: Entry | None = None
    for entry in entries:
        if entry.part is not None and not parts:
            continue
        if entry.variant and not _matches(entry, environ):
            continue
        if chosen is None or _newer(entry, chosen):
            chosen = entry
    return chosen


def _newer(entry: Entry, other: Entry) -> bool:
    if (entry.part is None) != (other.part is None):
        return entry.part is None
    return (entry.date, entry.born) > (other.date, other.born)


def _matches(entry: Entry, environ: Mapping[str, Any]) -> bool:
    for name, value in entry.variant:
        if normal_value(name, environ) == value:
            continue
        if name == "accept-language":
            # Whoever likes one language best would get a page in it from any negotiation.
            language = get(entry.fields, "Content-Language")
            if language and language.lower() == favourite_language(environ):
                continue
        return False
    return True


def key_tags(key: Key, names: Iterable[str], groups: Iterable[str]) -> tuple[str, ...]:
    """Name what an entry can be purged by: tags of anybody, groups of its own origin."""
    groups = tuple(groups)
    plain = [f"t:{name}" for name in (*names, *groups)]
    return tuple(dict.fromkeys(plain + [f"g:{key.origin} {name}" for name in groups]))[:64]
