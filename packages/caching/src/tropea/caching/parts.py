"""Keep parts of a representation, join them, and ask for what is missing.

Parts are joined only where one strong tag vouches that they are of the same bytes.

Source: RFC 9111 sections 3.3 and 3.4; RFC 9110 section 15.3.7.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tropea.caching.collapsing import Outcome
from tropea.caching.entries import Entry
from tropea.core.capturing import Captured
from tropea.core.closing import Chained, close
from tropea.core.entitytags import read_tag
from tropea.core.fields import Fields, drop, get, set_field
from tropea.core.stores import StoreError

if TYPE_CHECKING:
    from tropea.caching.fetching import Fetching

Part = tuple[int, int, int | None]
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})").fullmatch

#: Fields that speak of one part alone, or of the moment when it was made.
_OF_ONE_PART = frozenset(("content-range", "content-length", "date", "age"))


def held_part(entry: Entry, length: int | None) -> Part | None:
    """Return the part that a 206 holds; None where its head contradicts itself.

    length: what its Content-Length declares; None where it declares nothing.
    """
    match = _CONTENT_RANGE((get(entry.fields, "Content-Range") or "").strip(" \t"))
    if match is None:
        return None
    start, stop, total = int(match[1]), int(match[2]) + 1, int(match[3])
    if not start < stop <= total or (length is not None and length != stop - start):
        return None
    return start, stop, total


def strong_tag(fields: Fields) -> str | None:
    """Return the ETag where it vouches for every byte."""
    etag = get(fields, "ETag")
    tag = read_tag(etag)
    return etag if tag is not None and not tag.weak else None


def of_both(held: Fields, new: Fields) -> Fields:
    """Return the fields of two parts: the new ones, and the held ones that they do not replace.

    >>> of_both([("Content-Type", "text/css"), ("X", "1")], [("X", "2")])
    [('Content-Type', 'text/css'), ('X', '2')]
    """
    replaced = _OF_ONE_PART | {name.lower() for name, _ in new}
    return [pair for pair in held if pair[0].lower() not in replaced] + list(new)


def joined(old: Entry, old_body: bytes, new: Entry, new_body: bytes) -> tuple[Entry, bytes] | None:
    """Join two parts of the same bytes that touch; None where they are not or do not."""
    tag = strong_tag(new.fields)
    if tag is None or tag != strong_tag(old.fields) or old.part is None or new.part is None:
        return None
    (start, stop, total), (other, end, size) = old.part, new.part
    if total != size or other > stop or start > end:
        return None
    body = old_body[: max(0, other - start)] + new_body + old_body[end - start :]
    first = min(start, other)
    fields = of_both(old.fields, new.fields)
    return new.changed(fields=fields, part=(first, first + len(body), total), size=len(body)), body


def as_whole(entry: Entry) -> Entry:
    """Return a part that holds everything as the whole that it is."""
    if entry.part is None or entry.part[:2] != (0, entry.part[2]):
        return entry
    fields = list(entry.fields)
    drop(fields, "Content-Range")
    set_field(fields, "Content-Length", str(entry.size))
    return entry.changed(part=None, status="200 OK", fields=fields)


class PartSink:
    """Takes a part, and joins it to the one that is held."""

    def __init__(self, exchange: Fetching, entry: Entry) -> None:
        self._exchange, self._entry = exchange, entry
        self._blocks: list[bytes] = []
        self._size = 0

    def write(self, block: bytes) -> bool:
        self._size += len(block)
        self._blocks.append(block)
        return self._size <= self._exchange.cache.guard.max_body

    def keep(self) -> None:
        exchange, body = self._exchange, b"".join(self._blocks)
        entry = self._entry.changed(size=len(body))
        if exchange.cache.invalidations.since(exchange.key, exchange.moment):
            self.forget()
            return
        old = next((e for e in exchange.cache.guard.load(exchange.key) if e.id == entry.id), None)
        if old is not None:
            held = read_body(exchange, old)
            both = None if held is None else joined(old, held, entry, body)
            if both is not None:
                entry, body = both
        store_body(exchange, as_whole(entry), body)
        exchange.land(Outcome.STORED)

    def forget(self) -> None:
        self._blocks = []
        self._exchange.land(Outcome.FAILED)

    def recall(self) -> None:
        self._exchange.cache.guard.delete(self._exchange.key)


def store_body(exchange: Fetching, entry: Entry, body: bytes) -> None:
    """Keep a body that is at hand."""
    guard = exchange.cache.guard
    writer = guard.writer(exchange.key, entry) if len(body) <= guard.max_body else None
    if writer is not None:
        if guard.write(writer, body):
            guard.commit(writer, entry)
        else:
            guard.abort(writer)


def read_body(exchange: Fetching, entry: Entry) -> bytes | None:
    """Return all that is held of *entry*; None where it is gone."""
    blocks: Iterable[bytes] | None = exchange.cache.guard.open(exchange.key, entry, 0, entry.size)
    if blocks is None:
        return None
    try:
        return b"".join(blocks)
    except StoreError:
        return None  # lost while it was read
    finally:
        close(blocks)


def completion(part: Entry) -> dict[str, str] | None:
    """Return the environ keys that ask for what is missing after *part*; None where they cannot.

    Without a strong tag nothing vouches that the rest is of the same bytes: an application that
    sends a whole is taken at its word, and one that sends a part is asked again.
    """
    if part.part is None or part.part[0] != 0:
        return None
    rest = {"HTTP_RANGE": f"bytes={part.part[1]}-"}
    tag = strong_tag(part.fields)
    return rest if tag is None else rest | {"HTTP_IF_RANGE": tag}


def complete(exchange: Fetching, part: Entry, answer: Captured) -> Captured | None:
    """Put the held part in front of the rest; None where the answer is not the rest of it."""
    rest = held_part(part.changed(fields=answer.headers), None)
    tag = strong_tag(answer.headers)
    held = read_body(exchange, part)
    if (
        rest is None
        or held is None
        or part.part is None
        or tag is None
        or tag != strong_tag(part.fields)
    ):
        return None
    if rest[0] != part.part[1] or rest[1:] != (part.part[2], part.part[2]):
        return None
    headers = of_both(part.fields, answer.headers)
    drop(headers, "Content-Range")
    set_field(headers, "Content-Length", str(rest[1]))
    body: Iterable[bytes] = Chained([held], iter(answer.body), answer.body)
    return answer._replace(status="200 OK", headers=headers, body=body)
