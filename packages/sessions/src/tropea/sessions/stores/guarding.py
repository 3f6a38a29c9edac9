"""Ask a server that may be down: one short wait, then none until it is back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tropea.core.stores import Breaker, StoreError

T = TypeVar("T")

TIMEOUT = 0.5  #: seconds to wait for a server, to connect as to answer
REST = 0.5  #: seconds for which a server that did not answer is left alone


#: A connection that broke says so at once, and so does the next one of the pool that broke with
#: it; of those that others gave back meanwhile there are few.
_MORE_TRIES = 3
_AT_ONCE = TIMEOUT / 2  # seconds; what took longer to break is not tried again


class Guard:
    """Run calls to a server; tell failures to reach it from its refusals.

    unreachable: the client's exceptions that say that there was no answer.  They open a breaker:
        until *rest* seconds later calls fail at once.
    broken: of those, the ones after which the same call may be tried again on another
        connection; every operation of a store may be.
    refused: the client's exceptions that are answers; they become StoreErrors and no more.
    renew: called before another try; a pool may hold more connections that broke with the first.

    >>> reset = ConnectionResetError
    >>> guard = Guard("the server", unreachable=(OSError,), broken=(reset,), refused=())
    >>> answers = iter([reset("by peer"), "pong"])
    >>> def ping():
    ...     answer = next(answers)
    ...     if isinstance(answer, Exception):
    ...         raise answer
    ...     return answer
    >>> guard(ping)
    'pong'
    """

    def __init__(
        self,
        name: str,
        *,
        unreachable: tuple[type[Exception], ...],
        broken: tuple[type[Exception], ...],
        refused: tuple[type[Exception], ...],
        rest: float = REST,
        clock: Callable[[], float] = time.monotonic,
        renew: Callable[[], object] = lambda: None,
    ) -> None:
        self.renew = renew
        self.name, self.unreachable, self.broken, self.refused = name, unreachable, broken, refused
        self.breaker = Breaker(threshold=1, reset=rest, clock=clock)

    def __call__(self, operation: Callable[[], T]) -> T:
        """Run *operation*; raise StoreError for whatever the client raises."""
        try:
            return self.breaker.call(lambda: self._reach(operation))
        except self.refused as error:
            raise StoreError(f"{self.name} refused: {_first_line(error)}") from error

    def _reach(self, operation: Callable[[], T]) -> T:
        began = time.monotonic()
        try:
            for _ in range(_MORE_TRIES):
                try:
                    return operation()
                except self.broken as error:
                    if _is_timeout(error) or time.monotonic() - began > _AT_ONCE:
                        raise
                    self.renew()
            return operation()
        except self.unreachable as error:
            raise StoreError(f"{self.name} cannot be reached: {_first_line(error)}") from error


def _is_timeout(error: Exception) -> bool:
    return isinstance(error, TimeoutError) or "timeout" in type(error).__name__.lower()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
