"""Several applications one after the other: the first that does not decline answers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.capturing import capture
from tropea.core.closing import ClosingIterator, close

from .declining import DECLINED
from .errors import RouteError

#: Bytes of a request body kept in memory for the next application; more goes to a file.
IN_MEMORY = 65536


class Cascade:
    """Ask applications in turn.

    catch: statuses that count as no answer.  A dispatcher's handler may also decline by itself.
    The last application's answer stands, whatever it is.  Each gets the same body.

    >>> def first(environ, start_response):
    ...     start_response("404 Not Found", [])
    ...     return []
    >>> def second(environ, start_response):
    ...     start_response("200 OK", [])
    ...     return [b"here"]
    >>> Cascade(first, second)({}, lambda status, headers: None)
    [b'here']
    """

    def __init__(self, *apps: WSGIApplication, catch: Iterable[int] = (404,)) -> None:
        if not apps:
            raise RouteError("a cascade needs at least one application")
        self.apps, self.catch = apps, frozenset(str(int(status)) for status in catch)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        *apps, last = self.apps
        replay = _Replay(environ["wsgi.input"]) if apps and _has_body(environ) else None
        try:
            for app in apps:
                own = _again(environ, replay)
                declined: list[bool] = []
                own[DECLINED] = declined
                answer = capture(app, own)
                if answer.status[:3] not in self.catch and not declined:
                    answer.hand_on(start_response, answer.status, answer.headers)
                    body = answer.body
                    break
                close(answer.body)
            else:
                body = last(_again(environ, replay), start_response)
        except BaseException:
            if replay is not None:
                replay.forget()
            raise
        return body if replay is None else ClosingIterator(body, replay.forget)


def _has_body(environ: WSGIEnvironment) -> bool:
    length = environ.get("CONTENT_LENGTH") or "0"
    return "wsgi.input" in environ and (length != "0" or "HTTP_TRANSFER_ENCODING" in environ)


def _again(environ: WSGIEnvironment, replay: _Replay | None) -> WSGIEnvironment:
    """Return a copy of the environ for the next application, with the body from its beginning."""
    own = dict(environ)
    if replay is not None:
        own["wsgi.input"] = replay.again()
    return own


class _Replay:
    """A request body that can be read from its beginning again, as far as it was read."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._seen: Any = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - see forget

    def again(self) -> _Replay:
        """Go back to the first byte."""
        self._seen.seek(0)
        return self

    def forget(self) -> None:
        """Close what was kept."""
        self._seen.close()

    def read(self, size: int | None = -1) -> bytes:
        """Read as a file does."""
        known: bytes = self._seen.read(-1 if size is None else size)
        if size is None or size < 0:
            return known + self._keep(self._source.read())
        if len(known) == size:
            return known
        return known + self._keep(self._source.read(size - len(known)))

    def readline(self, size: int | None = -1) -> bytes:
        """Read a line as a file does."""
        size = -1 if size is None else size
        known: bytes = self._seen.readline(size)
        if known.endswith(b"\n") or len(known) == size:
            return known
        left = size - len(known) if size >= 0 else -1
        return known + self._keep(self._source.readline(left))

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """Read all lines that are left."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _keep(self, block: bytes) -> bytes:
        self._seen.write(block)
        return block
