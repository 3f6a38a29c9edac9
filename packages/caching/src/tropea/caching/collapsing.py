"""One call of the application for many clients that want the same thing at once.

The first request for a key leads, the others wait until its answer is stored.  Nobody waits for
what cannot be shared: as soon as the leader's head says so everybody goes his own way, and the
key is not waited for again for a while.  Where a leader fails, one of those who waited leads.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum, auto

from tropea.caching.cachekeys import Key

#: Seconds for which a key whose answer was private is not waited for.
PRIVATE_FOR = 5.0
#: Keys whose answers could not be shared, remembered so that nobody waits for the next one.
MAX_REMEMBERED = 1024


class Outcome(Enum):
    """What came of a flight."""

    STORED = auto()  #: look again: the answer may be there
    PRIVATE = auto()  #: the answer is not for sharing
    FAILED = auto()  #: there is no answer: somebody else may try


class Flight:
    """A call of the application that others wait for."""

    __slots__ = ("_done", "outcome", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self._done = threading.Event()
        self.outcome = Outcome.FAILED

    def wait(self, timeout: float) -> bool:
        """Wait at most *timeout* seconds; tell whether the flight has ended."""
        return self._done.wait(timeout)

    def end(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._done.set()


class Flights:
    """The calls that are under way.

    remember: seconds for which a key whose answer was private is not waited for.
    count: how many answers were stored so far.
    clock: seconds that never go back; for tests.
    """

    def __init__(
        self, remember: float = PRIVATE_FOR, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._flights: dict[Key, Flight] = {}
        self._private: OrderedDict[Key, float] = OrderedDict()
        self._landed: OrderedDict[Key, int] = OrderedDict()
        self.count = self._forgotten = 0
        self._lock = threading.Lock()
        self._remember, self._clock = remember, clock

    def join(self, key: Key, patience: float) -> tuple[Flight | None, bool]:
        """Return the flight to wait for or to lead, and whether the caller leads it.

        None where the key is known for answers that cannot be shared: go alone.

        patience: seconds after which a flight is taken for lost, and a new one begins.
        """
        now = self._clock()
        with self._lock:
            since = self._private.get(key)
            if since is not None:
                if now < since + self._remember:
                    return None, False
                del self._private[key]
            flight = self._flights.get(key)
            if flight is not None and now < flight.since + patience:
                return flight, False
            flight = self._flights[key] = Flight(now)
            return flight, True

    def end(self, key: Key, flight: Flight, outcome: Outcome) -> None:
        """End a flight, once; later calls do nothing."""
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]
            if outcome is Outcome.STORED:
                self.count += 1
                self._landed[key] = self.count
                self._landed.move_to_end(key)
                if len(self._landed) > MAX_REMEMBERED:
                    self._forgotten = self._landed.popitem(last=False)[1]
            elif outcome is Outcome.PRIVATE:
                self._private[key] = self._clock()
                self._private.move_to_end(key)
                if len(self._private) > MAX_REMEMBERED:
                    self._private.popitem(last=False)
        flight.end(outcome)

    def landed_since(self, key: Key, count: int) -> bool:
        """Tell whether an answer may have been stored since *count* was the count."""
        return self.count > count and self._landed.get(key, self._forgotten) > count


class Invalidations:
    """In what order keys were invalidated, so that what was asked for before is not kept after.

    An answer that was on its way while its target changed would bring the old state back.
    """

    def __init__(self) -> None:
        self._when: OrderedDict[Key, int] = OrderedDict()
        self._count = self._forgotten = self._everything = 0
        self._lock = threading.Lock()

    def moment(self) -> int:
        """Return a mark of now, to ask about later."""
        return self._count

    def note(self, key: Key | None) -> None:
        """Note that *key* is invalid now; None for everything."""
        with self._lock:
            self._count += 1
            if key is None:
                self._everything = self._count
                return
            self._when[key] = self._count
            self._when.move_to_end(key)
            if len(self._when) > MAX_REMEMBERED:
                self._forgotten = self._when.popitem(last=False)[1]

    def since(self, key: Key, moment: int) -> bool:
        """Tell whether *key* may have been invalidated after *moment*."""
        return max(self._when.get(key, self._forgotten), self._everything) > moment
