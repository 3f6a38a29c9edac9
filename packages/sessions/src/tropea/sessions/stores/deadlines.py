"""Give up on a database that does not answer, whatever its driver would wait for.

A server that is stopped or cut off acknowledges nothing, or acknowledges and says nothing; drivers
wait for minutes, or for ever.  What a thread waits for here is a socket, and a socket can be shut
down from outside: the driver then sees a connection that was closed.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import Any, TypeVar

T = TypeVar("T")

_IDLE = 5.0  # seconds without work after which the watching thread sleeps until there is some


class Call:
    """One operation that must end in time, and the socket it is waiting for by now."""

    __slots__ = ("deadline", "expired", "line")

    def __init__(self, deadline: float) -> None:
        self.deadline, self.expired = deadline, False
        self.line: socket.socket | None = None


class Deadlines:
    """End operations that take longer than *timeout* seconds, for one process.

    ``watched`` opens an operation, ``attach`` says which connection it uses, ``connect`` opens one
    in the time that is left.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._here = threading.local()
        self._calls: set[Call] = set()
        self._lock = threading.Lock()
        self._runs = False

    @contextmanager
    def watched(self) -> Iterator[Call]:
        """Watch what this thread does in the block; ``expired`` says whether it was cut off."""
        call = self._here.call = Call(monotonic() + self.timeout)
        try:
            yield call
        finally:
            self._here.call = None
            with self._lock:
                self._calls.discard(call)
                line, call.line = call.line, None
            if line is not None:
                line.close()

    def attach(self, connection: Any) -> None:
        """Let this thread's operation depend on a driver's *connection*, if it has a socket."""
        call: Call | None = getattr(self._here, "call", None)
        line = None if call is None else _line_of(connection)
        if call is None or line is None:
            return
        with self._lock:
            held, call.line = call.line, line
            self._calls.add(call)
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._watch, name="tropea-deadlines", daemon=True).start()
        if held is not None:
            held.close()

    def connect(self, make: Callable[[], T]) -> T:
        """Return ``make()``, a connection; raise TimeoutError where it takes too long.

        Some drivers take whole seconds at least: a thread of its own does the waiting.
        """
        call: Call | None = getattr(self._here, "call", None)
        left = self.timeout if call is None else call.deadline - monotonic()
        attempt = _Attempt(make)
        made: T = attempt.result(max(left, 0.0))
        self.attach(made)
        return made

    def _watch(self) -> None:
        tick, idle_since = self.timeout / 10, monotonic()
        while True:
            with self._lock:
                now = monotonic()
                if self._calls:
                    idle_since = now
                elif now - idle_since > _IDLE:
                    self._runs = False
                    return
                for call in self._calls:
                    if call.deadline - tick <= now and not call.expired:
                        self._end(call)
            sleep(tick)

    def _end(self, call: Call) -> None:
        if call.line is not None:
            call.expired = True
            with suppress(OSError):  # it may have been closed by the other side just now
                call.line.shutdown(socket.SHUT_RDWR)


class _Attempt:
    """A connection that is being made in a thread; one that comes too late is closed."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._done, self._lock = make, threading.Event(), threading.Lock()
        self._made: Any = None
        self._error: BaseException | None = None
        self._given_up = False
        threading.Thread(target=self._run, name="tropea-connect", daemon=True).start()

    def _run(self) -> None:
        try:
            made = self._make()
        except BaseException as error:  # raised again where it is waited for
            self._error = error
        else:
            with self._lock:
                if self._given_up:
                    made.close()
                self._made = made
        self._done.set()

    def result(self, seconds: float) -> Any:
        """Wait for it; raise what making it raised, or TimeoutError."""
        if not self._done.wait(seconds):
            with self._lock:
                if self._made is None and self._error is None:
                    self._given_up = True
                    raise TimeoutError(f"no connection within {seconds:.1f} s")
        if self._error is not None:
            raise self._error
        return self._made


def _line_of(connection: Any) -> socket.socket | None:
    """Return a second handle on the socket of a driver's connection; None where it shows none."""
    try:
        number = connection.fileno()
        return socket.fromfd(number, socket.AF_INET, socket.SOCK_STREAM)
    except Exception:  # each driver has its own way to say that there is none
        return None
