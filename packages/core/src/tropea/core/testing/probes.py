"""Call an application as the strictest server would, and watch what an application is asked.

Source: PEP 3333.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.fields import get_all

Fields = list[tuple[str, str]]


@dataclass
class Answer:
    """What a server got from an application.

    body: what was written and yielded, in order; blocks: the same, block by block.
    iterable: the very object that the application returned.
    """

    status: str = ""
    headers: Fields = field(default_factory=list)
    blocks: list[bytes] = field(default_factory=list)
    iterable: Any = None
    starts: int = 0

    @property
    def body(self) -> bytes:
        return b"".join(self.blocks)

    @property
    def code(self) -> int:
        return int(self.status[:3])

    def get_all(self, name: str) -> list[str]:
        """Return every value of a field."""
        return get_all(self.headers, name)


class Server:
    """A server in the small: ``start_response`` and ``write`` by the letter of PEP 3333."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.sent = False

    def start_response(
        self, status: str, headers: Fields, exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        answer = self.answer
        assert type(headers) is list, "headers are a list"
        if exc_info:
            try:
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        else:
            assert not answer.starts, "start_response was called twice without exc_info"
        answer.starts += 1
        answer.status, answer.headers = status, list(headers)
        return self.write

    def write(self, block: bytes) -> None:
        assert self.answer.starts, "write before start_response"
        assert type(block) is bytes, f"blocks are bytes: {block!r}"
        self.sent = self.sent or bool(block)
        self.answer.blocks.append(block)

    def run(self, app: WSGIApplication, environ: WSGIEnvironment) -> Answer:
        answer = self.answer
        answer.iterable = body = app(environ, self.start_response)
        try:
            for block in body:
                assert answer.starts, "a block before start_response"
                self.write(block)
            assert answer.starts, "start_response was never called"
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
        return answer


def call(app: WSGIApplication, environ: WSGIEnvironment) -> Answer:
    """Call *app* once, take its whole body, close it; exceptions of the application propagate.

    >>> from tropea.core import Response
    >>> from tropea.core.testing import make_environ
    >>> call(Response("hello"), make_environ()).body
    b'hello'
    """
    return Server().run(app, environ)


class Probe:
    """An application that does as it is told and remembers what it was asked.

    blocks: its body, one block a step.
    start: ``call`` starts the response when called, ``late`` at the body's first step.
    """

    def __init__(
        self,
        blocks: Iterable[bytes] = (b"body",),
        status: str = "200 OK",
        headers: Fields | None = None,
        *,
        start: str = "call",
    ) -> None:
        self.blocks, self.status, self.start = list(blocks), status, start
        self.headers = [("Content-Type", "text/plain")] if headers is None else headers
        self.calls = self.asked = self.closed = 0
        self.environ: WSGIEnvironment = {}
        self.given: Fields = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.calls += 1
        self.environ = environ
        self.given = list(self.headers)
        if self.start == "call":
            start_response(self.status, self.given)
        return _Body(self, start_response)


class _Body:
    """An iterable without a length, which counts its steps and its ``close`` calls."""

    def __init__(self, probe: Probe, start_response: StartResponse) -> None:
        self._probe, self._start = probe, start_response
        self._steps = self._walk()
        self._closed = False

    def _walk(self) -> Iterator[bytes]:
        probe = self._probe
        if probe.start == "late":
            self._start(probe.status, probe.given)
        for block in probe.blocks:
            probe.asked += 1
            yield block

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        assert not self._closed, "a body was read after close()"
        return next(self._steps)

    def close(self) -> None:
        self._closed = True
        self._probe.closed += 1
