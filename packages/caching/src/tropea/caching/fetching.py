"""Ask the application, and answer with what it says or with what that allows.

Source: RFC 9111 sections 3, 4.3 and 4.3.5; RFC 5861 section 4.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.caching.cachekeys import Key
from tropea.caching.cachestatus import forwarded, say
from tropea.caching.collapsing import PRIVATE_FOR, Flight, Outcome
from tropea.caching.entries import Entry
from tropea.caching.freshness import NO_WISHES, allows_after_error
from tropea.caching.keeping import Keeping, for_everybody, renewed, still_shared
from tropea.caching.parts import complete, completion
from tropea.caching.reasons import CACHE_LAYER, of_member
from tropea.caching.serving import answer_from
from tropea.caching.taking import Taken, spoiling
from tropea.caching.validation import PARTIAL_KEYS, head_agrees, validators
from tropea.core.capturing import Captured, capture
from tropea.core.closing import close
from tropea.core.fields import Fields
from tropea.core.keys import TRACE
from tropea.core.probing import note as tell

if TYPE_CHECKING:
    from tropea.caching.httpcache import HTTPCacheMiddleware

log = logging.getLogger("tropea.caching")
#: Statuses that a stale response may stand in for (RFC 5861 section 4).
_ERRORS = frozenset((500, 502, 503, 504))
#: Statuses that are about one client's request, not about what it asked for, and "as it was".
_SAYS_NOTHING = frozenset((304, 408, 425, 429))


class Fetching:
    """The application's side of a GET or HEAD.

    stale: the stored response that is asked about; None where nothing is.
    part: the stored part that may be completed.
    flight: what others wait for; None where nobody does.
    lease: the mark that tells other processes that we fetch; None where there is none.
    landed: how many answers were stored when we looked for one.
    requested: seconds since the epoch, when the application was asked.
    moment: when that was among the invalidations.
    """

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
        self.lease: str | None = None
        self.landed = 0
        self.requested = 0.0
        self.moment = 0

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
        if TRACE in self.environ:
            tell(self.environ, CACHE_LAYER, of_member(note))
        if self.cache.name is not None:
            say(fields, self.cache.name, note)

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
            if completing is not None and answer.status[:3] in {"206", "416"}:
                assert self.part is not None
                whole = complete(self, self.part, answer)  # none where there is no rest any more
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
        """Merge a 304 into the stored response (4.3.4); return it as this client gets it."""
        options, cache = self.cache.options, self.cache
        mine = renewed(options, entry, headers, self.requested)
        if not still_shared(options, mine):
            cache.guard.delete(self.key)  # this client may have it, and nobody after him
        elif not cache.invalidations.since(self.key, self.moment):
            said = for_everybody(options, entry, headers, self.environ)
            cache.guard.update(self.key, renewed(options, entry, said, self.requested))
        return mine

    def outdate(self, status: int) -> None:
        """Serve the stored response never again without asking: the application has another now.

        What it says to a page that it hides, or has made private, must not be undone by an error
        or by a client that takes stale answers.  Errors, and what is about the client, say nothing.
        """
        entry = self.stale
        if (
            entry is None
            or entry.policy.must_revalidate
            or status >= 500
            or status in _SAYS_NOTHING
        ):
            return
        policy = entry.policy._replace(must_revalidate=True)
        self.cache.guard.update(self.key, entry.changed(policy=policy))

    def answer_new(
        self, answer: Captured, reason: str, *, keep: bool = True, after_change: bool = False
    ) -> Iterable[bytes]:
        """Send what the application answered, and keep a copy where that is allowed."""
        keeping = Keeping(self, answer, after_change=after_change) if keep else None
        stored = keeping is not None and keeping.sink is not None
        fields = list(answer.headers)
        detail = keeping.refused if keeping is not None else None
        self.say(fields, forwarded(reason, stored=stored, detail=detail))
        if keeping is None or keeping.sink is None:
            self.land(Outcome.PRIVATE)
            self.outdate(int(answer.status[:3]))
            answer.hand_on(self.start_response, answer.status, fields)
            return answer.body
        taken = Taken(answer.body, keeping.sink, keeping.length)
        if isinstance(answer.body, (list, tuple)):
            taken.take_all(answer.body)
            answer.hand_on(self.start_response, answer.status, fields)
            return answer.body
        try:
            answer.hand_on(spoiling(self.start_response, taken), answer.status, fields)
        except BaseException:
            taken.spoil()  # nobody will close it
            raise
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
        else:
            self.outdate(int(answer.status[:3]))
        fields = list(answer.headers)
        self.say(fields, forwarded(reason))
        answer.hand_on(self.start_response, answer.status, fields)
        return answer.body

    def land(self, outcome: Outcome) -> None:
        """Tell those who wait what came of it; only the first time counts."""
        lease, self.lease = self.lease, None
        if lease is not None:
            private_for = PRIVATE_FOR if outcome is Outcome.PRIVATE else 0.0
            self.cache.guard.end_lease(self.key, lease, private_for)
        flight, self.flight = self.flight, None
        if flight is not None:
            self.cache.flights.end(self.key, flight, outcome)
