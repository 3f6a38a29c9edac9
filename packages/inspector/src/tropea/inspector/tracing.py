"""Listen to one request: a Trace that knows when it came and what its session held."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import WSGIEnvironment

from tropea.core.keys import TRACE
from tropea.core.probing import Trace, Visit
from tropea.inspector.sessions import Told, session_of, told

log = logging.getLogger("tropea.inspector")


@dataclass
class Recording(Trace):
    """What is recorded of one request.

    at: seconds since the epoch; began: of ``perf_counter``.
    note_visits: for each note, the index of the visit during which it was said.
    """

    at: float = field(default_factory=time.time)
    began: float = field(default_factory=time.perf_counter)
    note_visits: list[int | None] = field(default_factory=list)
    session_before: Told | None = None
    _session: Any = None

    def open(self, visit: Visit) -> int:
        if self._session is None:
            try:
                self._session = session_of(visit.before)
                if self._session is not None:
                    self._watch()
            except Exception:
                log.exception("the session cannot be shown")
        return super().open(visit)

    def note(self, layer: str, text: str) -> None:
        self.note_visits.append(self._speaker())
        super().note(layer, text)

    def _speaker(self) -> int | None:
        """Find the visit that is at work: while a head goes out, the first that has not sent it."""
        waiting = [index for index in self._open if not self.visits[index].started]
        found = waiting or self._open
        return found[-1] if found else None

    def session_now(self) -> Told | None:
        """Describe the session as it is now; None where nobody touched it."""
        if self._session is None:  # an innermost application may have brought its own
            found = (session_of(visit.after) for visit in self.visits)
            self._session = next((one for one in found if one is not None), None)
        return None if self._session is None else told(self._session)

    def _watch(self) -> None:
        """Remember what the session holds, at the moment when the application loads it."""
        session = self._session
        self.session_before = told(session)
        load = getattr(session, "open", None)
        if self.session_before is not None or not callable(load):
            return

        def load_and_look(*args: Any) -> Any:
            result = load(*args)
            if self.session_before is None:
                self.session_before = told(session)
            return result

        try:
            session.open = load_and_look
        except AttributeError:  # it has no room: its difference is then told from nothing
            return


@contextmanager
def span(environ: WSGIEnvironment, name: str) -> Iterator[None]:
    """Record how long a part of the application takes, such as a query, when somebody listens.

    Secrets in *name* are hidden where they are told by name or by the request; do not put the
    values of a query into it.

    >>> with span({}, "SELECT 1"):
    ...     pass
    """
    trace = environ.get(TRACE)
    if trace is None:
        yield
        return
    began = time.perf_counter()
    try:
        yield
    finally:
        trace.span(name, began, time.perf_counter())
