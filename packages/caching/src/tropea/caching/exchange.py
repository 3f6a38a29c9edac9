"""One request that a fresh stored response does not simply answer.

Asks the policies in the order of RFC 9111 section 4, and fetches what they say has to be fetched.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tropea.caching.background import fresh_environ, may_run, quietly
from tropea.caching.cachestatus import forwarded
from tropea.caching.collapsing import Outcome
from tropea.caching.entries import Entry, matching
from tropea.caching.fetching import Fetching
from tropea.caching.freshness import CLOCK_SKEW, Use, Wishes, decide, read_wishes
from tropea.caching.stores.base import PRIVATE
from tropea.caching.validation import PARTIAL_KEYS
from tropea.core.closing import close
from tropea.core.fields import Fields

#: Seconds between two looks at what another process does: twice as long each time.
FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.1


class Exchange(Fetching):
    """A GET or HEAD on its way."""

    def run(self, entries: Sequence[Entry]) -> Iterable[bytes]:
        environ = self.environ
        if "HTTP_IF_MATCH" in environ or "HTTP_IF_UNMODIFIED_SINCE" in environ:
            return self.fetch("bypass", keep=False)  # not a cache's to decide (section 4.3.2)
        if self.cache.options.obey_requests:
            self.wishes = read_wishes(environ.get("HTTP_CACHE_CONTROL"), environ.get("HTTP_PRAGMA"))
        if self.wishes.no_store:
            return self.fetch("request", keep=False)
        reason = "uri-miss"
        if entries:
            served, reason = self.reuse(entries)
            if served is not None:
                return served
        if self.wishes.only_if_cached:
            return self.refuse()
        if environ["REQUEST_METHOD"] == "HEAD":
            return self.fetch_head(reason)
        return self.fetch_once(reason) if self.may_share() else self.fetch(reason)

    def may_share(self) -> bool:
        """Tell whether the answer to somebody else's request could do for this one."""
        environ, wishes, stale = self.environ, self.wishes, self.stale
        if "HTTP_AUTHORIZATION" in environ or environ.get("REMOTE_USER"):
            return False
        if wishes.no_cache or wishes.max_age == 0:
            return False
        if stale is not None:
            return not stale.policy.validate
        return environ.keys().isdisjoint(PARTIAL_KEYS)

    def reuse(self, entries: Sequence[Entry]) -> tuple[Iterable[bytes] | None, str]:
        """Serve what is stored where that is allowed; say why not otherwise."""
        entry = matching(entries, self.environ)
        if entry is None:
            return self.reuse_part(entries)
        age = self.cache.options.clock() - entry.born
        use = decide(entry.policy, age, self.wishes)
        hooked = self.cache.options.background is not None
        if use is Use.BACKGROUND and not may_run(self.environ, entry, hooked=hooked):
            use = Use.VALIDATE
        if use is not Use.VALIDATE:
            served = self.serve(entry, self.hit(entry, age))
            if served is None:
                return None, "uri-miss"
            if use is Use.BACKGROUND:
                self.renew_behind(entry)
            return served, "hit"
        self.stale = entry
        fresh = -CLOCK_SKEW <= age < entry.policy.lifetime and not entry.policy.validate
        return None, "request" if fresh else "stale"

    def reuse_part(self, entries: Sequence[Entry]) -> tuple[Iterable[bytes] | None, str]:
        part = matching(entries, self.environ, parts=True)
        if part is None:
            return None, "vary-miss"
        age = self.cache.options.clock() - part.born
        if decide(part.policy, age, self.wishes) is not Use.FRESH:
            return None, "stale"
        self.part = part
        if "HTTP_RANGE" in self.environ:
            return self.serve(part, self.hit(part, age)), "partial"
        return None, "partial"

    def refuse(self) -> Iterable[bytes]:
        """Answer ``only-if-cached`` where nothing is stored (section 5.2.1.7)."""
        body = b"Nothing fresh is stored for this request.\n"
        fields = [
            ("Content-Type", "text/plain"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ]
        self.say(fields, forwarded("request", detail="only-if-cached"))
        self.start_response("504 Gateway Timeout", fields)
        return [] if self.environ["REQUEST_METHOD"] == "HEAD" else [body]

    def fetch_once(self, reason: str) -> Iterable[bytes]:
        """Fetch, unless somebody else is fetching the same: then wait for his answer."""
        left = self.cache.options.collapse_timeout
        deadline = time.monotonic() + left
        while left > 0:
            flight, leads = self.cache.flights.join(self.key, self.cache.options.collapse_timeout)
            if flight is None:
                break
            if leads:
                self.flight = flight
                try:
                    served = self.lead(deadline)
                except BaseException:
                    self.land(Outcome.FAILED)
                    raise
                if served is not None:
                    return served
                break
            if not flight.wait(left) or flight.outcome is Outcome.PRIVATE:
                break
            left = deadline - time.monotonic()
            if flight.outcome is Outcome.FAILED:
                continue
            served = self.collapse(self.cache.guard.load(self.key))
            if served is not None:
                return served
            break  # the answer is for another variant
        return self.fetch(reason)

    def lead(self, deadline: float) -> Iterable[bytes] | None:
        """Fetch for all, unless the answer came meanwhile, here or by another process.

        Returns None where it is ours to fetch.
        """
        cache = self.cache
        if not cache.shares:
            missed = cache.flights.landed_since(self.key, self.landed)
            return self.land_stored(cache.guard.load(self.key)) if missed else None
        mark, pause, known = secrets.token_hex(8), FIRST_PAUSE, None
        while True:
            held = cache.guard.lease(self.key, mark, cache.options.collapse_timeout)
            if held == PRIVATE:
                self.land(Outcome.PRIVATE)
                return None
            if held == mark:
                self.lease = mark
            entries = cache.guard.load(self.key)
            served = self.land_stored(entries)
            bodies = {entry.body for entry in entries}
            known = bodies if known is None else known
            if served is not None or held == mark or bodies - known:
                return served  # or what came is for another variant
            if time.monotonic() + pause > deadline:
                return None
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def land_stored(self, entries: Sequence[Entry]) -> Iterable[bytes] | None:
        """Serve what another request stored since we looked; tell those who wait for us."""
        served = self.collapse(entries)
        if served is not None:
            self.land(Outcome.STORED)
        return served

    def collapse(self, entries: Sequence[Entry]) -> Iterable[bytes] | None:
        """Serve what the leader stored, where it answers this request too."""
        entry = matching(entries, self.environ)
        if entry is None:
            return None
        self.stale = entry
        age = self.cache.options.clock() - entry.born
        if decide(entry.policy, age, self.wishes) is not Use.FRESH:
            return None
        return self.serve(entry, self.hit(entry, age, "; collapsed"))

    def alone(self) -> bool:
        """Tell whether no other process brings the same; from now on none does."""
        if self.cache.shares:
            mark = secrets.token_hex(8)
            seconds = self.cache.options.collapse_timeout
            if self.cache.guard.lease(self.key, mark, seconds) not in {mark, PRIVATE}:
                return False
            self.lease = mark
        return True

    def renew_behind(self, entry: Entry) -> None:
        """Bring a new response while the stale one is served, once at a time."""
        flight, leads = self.cache.flights.join(self.key, self.cache.options.collapse_timeout)
        if flight is None or not leads:
            return
        behind = Exchange(self.cache, fresh_environ(self.environ), _nowhere, self.key)
        behind.stale, behind.flight, behind.wishes = entry, flight, Wishes(if_error=0)

        def renew() -> None:
            try:
                if not behind.alone():
                    return
                body = behind.fetch("stale")
                try:
                    for _ in body:
                        pass
                finally:
                    close(body)
            finally:
                behind.land(Outcome.FAILED)

        self.cache.background(quietly(renew))


def _nowhere(_status: str, _fields: Fields, _exc_info: Any = None, /) -> Callable[[bytes], object]:
    """Stand in for ``start_response`` where nobody listens."""
    return lambda _block: None
