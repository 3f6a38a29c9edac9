"""How long a session lives: since it was last used, and since it began.

Pure: times come in as seconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Seconds that a clock may have been ahead when a record was written and still be believed.
CLOCK_SKEW = 3900

#: Seconds until a store forgets a session that has no other limit.
LONGEST = 400 * 86400


@dataclass(frozen=True, slots=True)  # read faster than a named tuple
class Timeouts:
    """Limits in seconds; None sets no limit.

    idle: since the session was last used.  absolute: since it began.

    >>> limits = Timeouts(idle=1800, absolute=43200)
    >>> limits.ttl(created=0, now=100), limits.ttl(created=0, now=43100)
    (1800, 100)
    """

    idle: float | None
    absolute: float | None

    def ttl(self, created: float, now: float) -> float:
        """Return for how many seconds from *now* the store must keep a session used now."""
        idle, absolute = self.idle, self.absolute
        limit = LONGEST if idle is None else idle
        left = limit if absolute is None else created + absolute - now
        return left if left < limit else limit  # noqa: FURB136  (a call costs five times this)

    def is_over(self, created: float, used: float, now: float) -> bool:
        """Tell whether a session that began at *created* and was last used at *used* has ended.

        A record from further in the future than a clock could have been wrong has ended too.
        """
        absolute, idle = self.absolute, self.idle
        return (
            (absolute is not None and now - created >= absolute)
            or (idle is not None and now - used >= idle)
            or used - now > CLOCK_SKEW
            or created - now > CLOCK_SKEW
        )

    def last_used(self, deadline: float, saved: float) -> float:
        """Work out when a session was last used, from the deadline that its store holds.

        Close to the absolute timeout, which cuts the deadline short, it may have been later.
        """
        if self.idle is None:
            return saved
        used = deadline - self.idle
        return used if used > saved else saved  # noqa: FURB136

    def is_final(self, created: float, deadline: float) -> bool:
        """Tell whether a deadline is as late as it can ever be, so that no touch moves it."""
        return self.absolute is not None and deadline >= created + self.absolute - 1
