"""One request that a fresh stored response does not simply answer.

Asks the policies in the order of RFC 9111 section 4, and fetches from the application what they
say has to be fetched.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.caching.background import fresh_environ, may_run, quietly
from tropea.caching.cachekeys import Key
from tropea.caching.cachestatus import forwarded, say
from tropea.caching.collapsing import Flight, Outcome
from tropea.caching.entries import Entry, matching
from tropea.caching.freshness import (
    NO_WISHES,
    Use,
    Wishes,
    allows_after_error,
    decide,
    read_wishes,
)
from tropea.caching.keeping import Keeping, renewed, still_shared
from tropea.caching.parts import complete, completion
from tropea.caching.serving import answer_from
from tropea.caching.taking import Taken, spoiling
from tropea.caching.validation import PARTIAL_KEYS, head_agrees, validators
from tropea.core.capturing import Captured, capture
from tropea.core.closing import close
from tropea.core.fields import Fields

if TYPE_CHECKING:
    from tropea.caching.httpcache import HTTPCacheMiddleware

log = logging.getLogger("tropea.caching")
#: Statuses that a stale response may stand in for (RFC 5861 section 4).
_ERRORS = frozenset((500, 502, 503, 504))


class Exchange:
    """A GET or HEAD on its way."""

    def __init__(
        self,
        cache: HTTPCacheMiddleware,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        key: Key,
    ) -> None:
        self.cache, self.key = cache, key
        self.request = environ  # for the application, which may change it
        self.environ = dict(environ)  # what it was
        self.start_response = start_response
        self.wishes = NO_WISHES
        self.stale: Entry | None = None
        self.part: Entry | None = None
        self.flight: Flight | None = None
        self.requested = 0.0
        self.moment = 0

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
        partial = not environ.keys().isdisjoint(PARTIAL_KEYS)
        if (partial and self.stale is None) or "HTTP_AUTHORIZATION" in environ:
            return self.fetch(reason)
        return self.fetch_once(reason)

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
        fresh = entry.policy.lifetime > age and not entry.policy.validate
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

    def hit(self, entry: Entry, age: float, more: str = "") -> str:
        return f"hit; ttl={int(entry.policy.lifetime - age)}{more}"

    def serve(self, entry: Entry, note: str, more: Fields | None = None) -> Iterable[bytes] | None:
        """Answer from *entry*; None, and nothing sent, where its body is gone.

        more: fields for this client alone.
        """
        answer = answer_from(
            entry,
            self.environ,
            lambda start, stop: self.cache.guard.open(self.key, entry, start, stop),
        )
        if answer is None:
            return None
        age = self.cache.options.clock() - entry.born
        fields = [*answer.fields, *(more or ()), ("Age", str(max(0, int(age))))]
        self.say(fields, note)
        self.start_response(answer.status, fields)
        return answer.body

    def say(self, fields: Fields, note: str) -> None:
        if self.cache.name is not None:
            say(fields, self.cache.name, note)

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

    # -- asking the application

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
                break
            if not flight.wait(left) or flight.outcome is Outcome.PRIVATE:
                break
            left = deadline - time.monotonic()
            if flight.outcome is Outcome.FAILED:
                continue
            served = self.collapse()
            if served is not None:
                return served
            break  # the answer is for another variant
        return self.fetch(reason)

    def collapse(self) -> Iterable[bytes] | None:
        """Serve what the leader stored, where it answers this request too."""
        entry = matching(self.cache.guard.load(self.key), self.environ)
        if entry is None:
            return None
        self.stale = entry
        age = self.cache.options.clock() - entry.born
        if decide(entry.policy, age, self.wishes) is not Use.FRESH:
            return None
        return self.serve(entry, self.hit(entry, age, "; collapsed"))

    def fetch(self, reason: str, *, keep: bool = True) -> Iterable[bytes]:
        """Ask the application, and answer with what it says or with what that allows."""
        environ = self.request
        completing = None
        if self.stale is not None:
            environ = self.asking(validators(self.stale.fields))
        elif keep and self.part is not None and "HTTP_RANGE" not in self.environ:
            completing = completion(self.part)
            if completing is not None:
                environ = self.asking(completing)
        try:
            answer = self.ask(environ)
            if completing is not None and answer.status[:3] == "206":
                assert self.part is not None
                whole = complete(self, self.part, answer)
                if whole is None:
                    self.part = None
                    close(answer.body)
                    answer = self.ask(self.asking({}))
                else:
                    answer = whole
            served = self.after_validation(answer) if self.stale is not None else None
            if served is not None:
                return served
            if keep and self.stale is not None and answer.status[:3] == "304":
                close(answer.body)  # its body is gone from the store: ask for it
                answer = self.ask(self.asking({}))
            return self.answer_new(answer, reason, keep=keep)
        except BaseException as error:
            self.land(Outcome.FAILED)
            instead = self.instead_of_error() if isinstance(error, Exception) else None
            if instead is None:
                raise
            log.exception("the application failed; a stale response stands in")
            return instead

    def asking(self, more: dict[str, str]) -> WSGIEnvironment:
        """Return the request as the cache makes it: for the whole, and with *more* fields."""
        environ = {k: v for k, v in self.environ.items() if k not in PARTIAL_KEYS}
        environ.update(more)
        return environ

    def ask(self, environ: WSGIEnvironment) -> Captured:
        self.requested = self.cache.options.clock()
        self.moment = self.cache.invalidations.moment()
        return capture(self.cache.app, environ)

    def instead_of_error(self) -> Iterable[bytes] | None:
        """Serve the stale response in the place of an error, where that is allowed."""
        entry = self.stale
        if entry is None:
            return None
        age = self.cache.options.clock() - entry.born
        default = self.cache.options.stale_if_error
        if not allows_after_error(entry.policy, age, self.wishes, default):
            return None
        return self.serve(entry, self.hit(entry, age, "; fwd=stale; detail=stale-if-error"))

    def after_validation(self, answer: Captured) -> Iterable[bytes] | None:
        """Serve the stored response where the application confirms it or fails."""
        entry = self.stale
        assert entry is not None
        status = int(answer.status[:3])
        if status in _ERRORS:
            served = self.instead_of_error()
            if served is not None:
                self.land(Outcome.FAILED)
                close(answer.body)
            return served
        if status != 304:
            return None
        entry = self.confirm(entry, answer.headers)
        note = forwarded("stale", status=304)
        cookies = [pair for pair in answer.headers if pair[0].lower() == "set-cookie"]
        mine = [] if self.cache.options.store_cookies else cookies
        served = self.serve(entry, note, mine)
        if served is not None:
            close(answer.body)
        self.land(Outcome.STORED)
        return served

    def confirm(self, entry: Entry, headers: Fields) -> Entry:
        """Merge a 304 into the stored response (section 4.3.4)."""
        entry = renewed(self.cache.options, entry, headers, self.requested)
        if not still_shared(self.cache.options, entry):
            self.cache.guard.delete(self.key)  # this client may have it, and nobody after him
        elif not self.cache.invalidations.since(self.key, self.moment):
            self.cache.guard.update(self.key, entry)
        return entry

    def answer_new(
        self, answer: Captured, reason: str, *, keep: bool = True, after_change: bool = False
    ) -> Iterable[bytes]:
        """Send what the application answered, and keep a copy where that is allowed."""
        keeping = Keeping(self, answer, after_change=after_change)
        stored = keep and keeping.sink is not None
        fields = list(answer.headers)
        detail = keeping.refused if keep and not stored else None
        self.say(fields, forwarded(reason, stored=stored, detail=detail))
        if not stored or keeping.sink is None:
            self.land(Outcome.PRIVATE)
            answer.hand_on(self.start_response, answer.status, fields)
            return answer.body
        taken = Taken(answer.body, keeping.sink, keeping.length)
        if isinstance(answer.body, (list, tuple)):
            taken.take_all(answer.body)
            answer.hand_on(self.start_response, answer.status, fields)
            return answer.body
        answer.hand_on(spoiling(self.start_response, taken), answer.status, fields)
        return taken

    def fetch_head(self, reason: str) -> Iterable[bytes]:
        """Pass a HEAD on; what it says confirms or invalidates the stored GET (4.3.5)."""
        answer = self.ask(self.request)
        entry = self.stale
        if entry is not None and answer.status[:3] == "200" and not answer.restarted:
            if head_agrees(entry.fields, answer.headers, None if entry.part else entry.size):
                self.confirm(entry, answer.headers)
            else:
                self.cache.guard.delete(self.key)
        fields = list(answer.headers)
        self.say(fields, forwarded(reason))
        answer.hand_on(self.start_response, answer.status, fields)
        return answer.body

    def land(self, outcome: Outcome) -> None:
        """Tell those who wait what came of it; only the first time counts."""
        flight, self.flight = self.flight, None
        if flight is not None:
            self.cache.flights.end(self.key, flight, outcome)

    # -- behind the client's back

    def renew_behind(self, entry: Entry) -> None:
        """Bring a new response while the stale one is served, once at a time."""
        flight, leads = self.cache.flights.join(self.key, self.cache.options.collapse_timeout)
        if flight is None or not leads:
            return
        behind = Exchange(self.cache, fresh_environ(self.environ), _nowhere, self.key)
        behind.stale, behind.flight, behind.wishes = entry, flight, Wishes(if_error=0)

        def renew() -> None:
            try:
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
