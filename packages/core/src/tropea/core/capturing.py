"""Know a response's head before a byte of it is sent.

What a cache or a session needs: the head may be changed, replaced or kept back.  A layer that
only edits the head wraps ``start_response`` in a closure instead, which costs less.

Source: PEP 3333, "The start_response() Callable" and "Middleware Handling of Block Boundaries".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.closing import Chained, close
from tropea.core.errors import TropeaError
from tropea.core.fields import Fields

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class NotStarted(TropeaError, RuntimeError):
    """An application ended without calling ``start_response``."""


class Captured(NamedTuple):
    """A response whose head nobody has sent yet.

    status, headers: as the application gave them; the list is the caller's own copy.
    restarted: whether the application replaced a first head because of an exception.  The
        exception itself is not kept: nobody has sent the first head, so no server needs it.
    body: the application's own object where nothing had to be taken from it already.
    hand_on: call it with the server's ``start_response`` once the head is decided: it starts the
        response, and lets what the application does later (an error with exc_info, ``write``)
        reach the server as it would have without us.  Where a part of the body was read before,
        and the application replaced its head meanwhile, that head is sent and not the given one.
    """

    status: str
    headers: Fields
    restarted: bool
    body: Iterable[bytes]
    hand_on: Callable[[StartResponse, str, Fields], None]


def capture(app: WSGIApplication, environ: WSGIEnvironment) -> Captured:
    """Call *app* so that status and fields are known before a byte is sent.

    A lazy application is advanced to the step that starts its response, and what it yielded on
    the way is put back in front, as is what it passed to ``write``; a list, tuple or
    ``wsgi.file_wrapper`` comes back untouched.
    Raises NotStarted where the application never calls ``start_response``; exceptions of the
    application propagate after its body was closed.

    >>> def hello(environ, start_response):
    ...     start_response("200 OK", [("ETag", '"1"')])
    ...     yield b"hello"
    >>> answer = capture(hello, {})
    >>> answer.status, answer.headers, b"".join(answer.body)
    ('200 OK', [('ETag', '"1"')], b'hello')
    """
    started: list[Any] = []
    written: list[bytes] = []
    server: list[Any] = []  # start_response and write of the server, once handed on

    def write(block: bytes) -> object:
        if server:
            return server[1](block)
        written.append(block)
        return None

    def start_response(
        status: str, headers: Fields, exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        try:
            if server:  # too late to edit: the server decides, as it would without us
                server[1] = server[0](status, list(headers), exc_info)
            elif started and exc_info is None:
                raise AssertionError("start_response was called twice without exc_info")
            else:  # nobody was sent what it wrote until it failed
                written.clear()
                started[:] = status, list(headers), exc_info is not None
        finally:
            exc_info = None  # PEP 3333: no reference cycle through the traceback
        return write

    def hand_on(outer: StartResponse, status: str, headers: Fields) -> None:
        if started[1] is not captured:  # it failed after all: what was decided is of no use
            status, headers = started[0], started[1]
        server[:] = outer, outer(status, headers)

    body = app(environ, start_response)
    if not started or written:
        body = _advance(body, started, written)
    captured: Fields = started[1]
    return Captured(started[0], captured, started[2], body, hand_on)


def _advance(body: Iterable[bytes], started: list[Any], written: list[bytes]) -> Iterable[bytes]:
    """Take steps of *body* until the response has started; return a body that lost nothing."""
    taken: list[bytes] = []
    try:
        steps: Iterator[bytes] = iter(body)
        while not started:
            taken.append(next(steps))
    except StopIteration:
        if not started:
            close(body)
            raise NotStarted("the application did not call start_response") from None
    except BaseException:
        close(body)  # the server will never see this body, so it is ours to close
        raise
    return Chained(written + taken, steps, body)
