"""Slow down who guesses passwords: a rate hook for the authenticating layers."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from tropea.core.errors import OptionError


class FailureRate:
    """Let an address, and a user's name, fail so often in a while.

    most: failures that are free.
    per: seconds in which they count.
    clock: seconds that never go back.

    >>> rate = FailureRate(most=1, per=60)
    >>> rate.failed({"REMOTE_ADDR": "192.0.2.1"}, "ann")
    >>> rate({"REMOTE_ADDR": "192.0.2.1"}, None) > 0, rate({"REMOTE_ADDR": "192.0.2.2"}, None)
    (True, None)
    """

    REMEMBERED = 10_000

    def __init__(
        self, most: int = 10, per: float = 60, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if most < 1:
            raise OptionError(f"FailureRate: most: expected 1 or more, got {most}")
        self.most, self.per, self.clock = most, per, clock
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: Mapping[str, Any], user: str | None) -> float | None:
        """Return the seconds to wait, or None."""
        with self._lock:
            waits = [self._wait(key) for key in _keys(environ, user)]
        return max(waits) or None

    def failed(self, environ: Mapping[str, Any], user: str | None) -> None:
        """Count credentials that were not good."""
        now = self.clock()
        with self._lock:
            for key in _keys(environ, user):
                recent = [t for t in self._failures.get(key, []) if now - t < self.per]
                self._failures[key] = [*recent, now][-self.most - 1 :]
                self._failures.move_to_end(key)
            while len(self._failures) > self.REMEMBERED:
                self._failures.popitem(last=False)

    def _wait(self, key: str) -> float:
        now = self.clock()
        recent = [t for t in self._failures.get(key, []) if now - t < self.per]
        return recent[-self.most] + self.per - now if len(recent) >= self.most else 0.0


def _keys(environ: Mapping[str, Any], user: str | None) -> list[str]:
    keys = [f"address {environ.get('REMOTE_ADDR', '')}"]
    if user is not None:
        keys.append(f"user {user[:256]}")
    return keys
