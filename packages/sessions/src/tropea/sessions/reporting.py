"""Log what goes wrong with every request once a minute, not with every request."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic

log = logging.getLogger("tropea.sessions")


class Seldom:
    """Log a message, then keep quiet for *every* seconds; the next one says how many it stands for.

    clock: seconds that never go back; for tests.
    """

    def __init__(self, every: float = 60.0, clock: Callable[[], float] = monotonic) -> None:
        self._every, self._clock = every, clock
        self._until, self._left_out = float("-inf"), 0

    def __call__(self, message: str, *values: object) -> None:
        now = self._clock()
        if now < self._until:
            self._left_out += 1
            return
        left_out, self._left_out, self._until = self._left_out, 0, now + self._every
        if left_out:
            message, values = message + " (and %d times since the last line)", (*values, left_out)
        log.error(message, *values)
