"""Make an Entry of an answer, and take its body to the store.

Source: RFC 9111 sections 3, 3.3, 3.4 and 4.2.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tropea.caching.cachekeys import Key, variant_of, vary_of
from tropea.caching.collapsing import Outcome
from tropea.caching.entries import Entry, key_tags
from tropea.caching.freshness import directives_of, initial_age, read_policy
from tropea.caching.parts import PartSink, held_part
from tropea.caching.storing import made_for_somebody, refusal, stored_fields
from tropea.caching.structured import parse_strings
from tropea.caching.validation import merged
from tropea.core.capturing import Captured
from tropea.core.dates import format_date
from tropea.core.directives import split_list
from tropea.core.fields import Fields, combined, drop, get, get_all

if TYPE_CHECKING:
    from tropea.caching.fetching import Fetching
    from tropea.caching.httpcache import HTTPCacheOptions
    from tropea.caching.stores.base import Writer
    from tropea.caching.taking import Sink

#: Fields that say how long an answer is fresh.
_OF_FRESHNESS = frozenset(("cache-control", "expires", "date", "age"))


class Keeping:
    """Whether and how an answer is kept.

    sink: takes the body; None where the answer may not be kept.
    refused: why not, in a word.
    length: bytes that the body must have; None where nothing is declared.
    """

    def __init__(self, exchange: Fetching, answer: Captured, *, after_change: bool) -> None:
        self.sink: Sink | None = None
        self.length: int | None = None
        self.refused = self._decide(exchange, answer, after_change)

    def _decide(self, exchange: Fetching, answer: Captured, after_change: bool) -> str | None:
        options, fields = exchange.cache.options, answer.headers
        status = int(answer.status[:3])
        if answer.restarted:
            return "error"
        directives, is_targeted = directives_of(fields, options.targeted)
        received = options.clock()
        policy = read_policy(
            status, fields, received, targeted=options.targeted, heuristic=options.heuristic
        )
        vary = vary_of(fields)
        refused = refusal(
            exchange.environ, status, fields, directives, vary=vary, guessed=policy.lifetime,
            store_cookies=options.store_cookies,
            share_cookie_requests=options.share_cookie_requests, targeted=is_targeted,
        )  # fmt: skip
        lengths = get_all(fields, "Content-Length")
        if refused is None and lengths:
            length = lengths[0]
            if len(lengths) > 1 or not (length.isascii() and length.isdigit() and len(length) < 19):
                return "length"
            self.length = int(length)
            if self.length > exchange.cache.guard.max_body:
                return "too-large"
        if refused is not None or vary is None:
            return refused
        if get(fields, "Date") is None:
            fields.append(("Date", format_date(received)))  # RFC 9110 section 6.6.1
        born = received - initial_age(fields, exchange.requested, received)
        entry = Entry(
            exchange.key.uri, answer.status, stored_fields(fields, directives), born,
            until_of(options, born, policy.lifetime, policy.while_revalidating, policy.if_error),
            policy, variant_of(vary, exchange.environ), tags=tags_of(exchange.key, fields),
        )  # fmt: skip
        return self._open(exchange, entry, status, after_change)

    def _open(
        self, exchange: Fetching, entry: Entry, status: int, after_change: bool
    ) -> str | None:
        if status == 206:
            part = held_part(entry, self.length)
            if part is None or after_change:
                return "partial"
            self.length = part[1] - part[0]
            self.sink = PartSink(exchange, entry.changed(part=part, status="206 Partial Content"))
            return None
        writer = exchange.cache.guard.writer(exchange.key, entry)
        if writer is None:
            return "store"
        self.sink = WholeSink(exchange, entry, writer)
        return None


class WholeSink:
    """Takes a whole body to the store."""

    def __init__(self, exchange: Fetching, entry: Entry, writer: Writer) -> None:
        self._exchange, self._entry, self._writer = exchange, entry, writer
        self._guard = exchange.cache.guard
        self._size = 0

    def write(self, block: bytes) -> bool:
        self._size += len(block)
        return self._size <= self._guard.max_body and self._guard.write(self._writer, block)

    def keep(self) -> None:
        exchange = self._exchange
        if exchange.cache.invalidations.since(exchange.key, exchange.moment):
            self.forget()
            return
        entry = self._entry.changed(size=self._size, fields=with_length(self._entry, self._size))
        kept = self._guard.commit(self._writer, entry)
        exchange.land(Outcome.STORED if kept else Outcome.PRIVATE)

    def forget(self) -> None:
        self._guard.abort(self._writer)
        self._exchange.land(Outcome.FAILED)

    def recall(self) -> None:
        self._guard.delete(self._exchange.key)


def with_length(entry: Entry, size: int) -> Fields:
    """Return the fields with the length that is known now."""
    if entry.code == 204 or get(entry.fields, "Content-Length") is not None:
        return entry.fields
    return [*entry.fields, ("Content-Length", str(size))]


def until_of(
    options: HTTPCacheOptions, born: float, lifetime: float, renewing: float, erring: float
) -> float:
    """Return when a store may drop an entry."""
    return born + lifetime + max(options.keep, renewing, erring, options.stale_if_error)


def tags_of(key: Key, fields: Fields) -> tuple[str, ...]:
    """Return what an answer can be purged by: its Cache-Tag and its Cache-Groups."""
    names = split_list(combined(fields, "Cache-Tag") or "")
    return key_tags(key, names, parse_strings(combined(fields, "Cache-Groups") or ""))


def renewed(options: HTTPCacheOptions, entry: Entry, update: Fields, requested: float) -> Entry:
    """Return *entry* as a 304, or the head of a 200, renews it."""
    received = options.clock()
    update = list(update)
    if get(update, "Date") is None:
        update.append(("Date", format_date(received)))
    if not options.store_cookies:
        drop(update, "Set-Cookie", "Set-Cookie2")  # they are for the one who asked
    fields = merged(entry.fields, update)
    directives, _ = directives_of(fields, options.targeted)
    fields = stored_fields(fields, directives)
    aged = [*fields, *((n, v) for n, v in update if n.lower() == "age")]
    policy = read_policy(
        entry.code, fields, received, targeted=options.targeted, heuristic=options.heuristic
    )
    born = received - initial_age(aged, requested, received)
    until = until_of(options, born, policy.lifetime, policy.while_revalidating, policy.if_error)
    return entry.changed(fields=fields, policy=policy, born=born, until=until)


def still_shared(options: HTTPCacheOptions, entry: Entry) -> bool:
    """Tell whether an entry that was renewed may go on being shared, as the same variant."""
    directives, is_targeted = directives_of(entry.fields, options.targeted)
    vary = vary_of(entry.fields)
    if vary is None or vary != tuple(name for name, _ in entry.variant):
        return False
    return not refusal(
        {}, entry.code, entry.fields, directives, vary=vary, guessed=entry.policy.lifetime,
        store_cookies=options.store_cookies, targeted=is_targeted,
    )  # fmt: skip


def for_everybody(
    options: HTTPCacheOptions, entry: Entry, update: Fields, environ: Mapping[str, Any]
) -> Fields:
    """Return what of the fields that renew an entry others may get: all, or what makes it fresh.

    What is said to one user, and not said to be public, is not for others: a 304 as little as the
    200 that it stands for.  That the stored body still holds is no secret.
    """
    directives, _ = directives_of(update, options.targeted)
    names = tuple(name for name, _ in entry.variant)
    if made_for_somebody(environ, directives, names, options.share_cookie_requests) is None:
        return update
    kept = _OF_FRESHNESS.union(map(str.lower, options.targeted))
    return [pair for pair in update if pair[0].lower() in kept]
