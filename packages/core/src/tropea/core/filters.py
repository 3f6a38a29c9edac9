"""Change bodies on their way out, block by block: the base of output filters.

>>> class Shout(OutputFilter):
...     def begin(self, environ, head):
...         return Each(bytes.upper) if head.is_text() else None

A block that comes in leaves as one block; nothing is gathered unless a filter gathers it.

Source: PEP 3333, "Middleware Handling of Block Boundaries"; RFC 9110 section 7.7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.capturing import NotStarted
from tropea.core.closing import close
from tropea.core.fields import Fields, drop, get, set_field
from tropea.core.layer import Layer
from tropea.core.statuses import is_bodiless


class BlockFilter(Protocol):
    """What changes one body: it is fed each block, then asked for the rest."""

    def feed(self, block: bytes) -> bytes:
        """Return what to send for *block*; nothing yet is ``b""``."""

    def finish(self) -> bytes:
        """Return what is left when the body has ended."""


@dataclass
class Each:
    """Change every block on its own.

    >>> Each(bytes.upper).feed(b"a")
    b'A'
    """

    change: Callable[[bytes], bytes]

    def feed(self, block: bytes) -> bytes:
        return self.change(block)

    def finish(self) -> bytes:
        return b""


@dataclass
class Head:
    """The head of a response, for a filter to look at and to edit."""

    status: str
    fields: Fields

    def get(self, name: str) -> str | None:
        """Return the first value of a field."""
        return get(self.fields, name)

    def is_text(self) -> bool:
        """Tell whether the content is text."""
        return (self.get("Content-Type") or "").lower().startswith("text/")


class OutputFilter(Layer):
    """Base of layers that change bodies: override ``begin``.

    Bodies that are a part of something (206), coded (Content-Encoding) or empty by definition
    pass as they are, and so do the heads of HEAD requests, but for what a GET would lose.  Where a
    body changes, Content-Length and Accept-Ranges go, and a strong ETag becomes weak.
    """

    def begin(self, environ: WSGIEnvironment, head: Head) -> BlockFilter | None:
        """Return a fresh filter for this response, or None to leave it alone.

        The head may be edited where a filter is returned.
        """
        return None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        state, method = _State(), environ["REQUEST_METHOD"]  # the application may clear its environ

        def start(status: str, fields: Fields, exc_info: Any = None) -> Callable[[bytes], object]:
            try:
                head = Head(status, fields[:])
                state.started = True
                # An error that replaces the response starts a filter of its own.
                state.filter = self._choose(environ, head)
                if method == "HEAD":
                    state.filter = None
                write = start_response(head.status, head.fields, exc_info)
            finally:
                exc_info = None  # PEP 3333: no reference cycle through the traceback
            return state.writer(write)

        body = self.call_app(environ, start)
        if state.started and state.filter is None:
            return body
        return _Filtered(body, state)

    def _choose(self, environ: WSGIEnvironment, head: Head) -> BlockFilter | None:
        coding = (head.get("Content-Encoding") or "identity").lower()
        if is_bodiless(head.status) or head.status[:3] == "206" or coding != "identity":
            return None
        chosen = self.begin(environ, head)
        if chosen is None:
            return None
        drop(head.fields, "Content-Length", "Accept-Ranges")
        tag = head.get("ETag")
        if tag is not None and tag[:2] != "W/":
            set_field(head.fields, "ETag", "W/" + tag)
        return chosen


class _State:
    """What one response is filtered with, once its head is known."""

    __slots__ = ("filter", "started")

    def __init__(self) -> None:
        self.filter: BlockFilter | None = None
        self.started = False

    def writer(self, write: Callable[[bytes], object]) -> Callable[[bytes], object]:
        chosen = self.filter
        if chosen is None:
            return write
        return lambda block: write(chosen.feed(block))


class _Filtered:
    """A body whose blocks pass through the filter, one for one."""

    __slots__ = ("_body", "_state")

    def __init__(self, body: Iterable[bytes], state: _State) -> None:
        self._body, self._state = body, state

    def __iter__(self) -> Iterator[bytes]:
        state = self._state
        for block in self._body:
            yield block if state.filter is None else state.filter.feed(block)
        if not state.started:
            raise NotStarted("the application did not call start_response")
        if state.filter is not None and (rest := state.filter.finish()):
            yield rest

    def close(self) -> None:
        body, self._body = self._body, ()
        close(body)
