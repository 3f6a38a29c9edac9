"""The answer for an application whose session cannot be had: a 503 instead of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.closing import close
from tropea.core.stores import StoreError

if TYPE_CHECKING:
    from tropea.sessions.mapping import Session

_PAGE = b"The service is busy. Please try again in a moment.\n"


def refuse(
    error: Exception, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Answer with 503, also where the application has started another response already.

    Raises *error* where the head of that one has left.
    """
    fields = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(_PAGE))),
        ("Retry-After", "1"),
        ("Cache-Control", "no-store"),
    ]
    raised: Any = (type(error), error, error.__traceback__)
    start_response("503 Service Unavailable", fields, raised)
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [_PAGE]


class Unstarted:
    """A body that starts its response when it is asked for its first block, as generators do.

    answer: what answers instead where the session cannot be had until then.
    """

    __slots__ = ("_answer", "_body", "_session")

    def __init__(
        self,
        body: Iterable[bytes],
        session: Session,
        answer: Callable[[Exception], Iterable[bytes]],
    ) -> None:
        self._body, self._session, self._answer = body, session, answer

    def __iter__(self) -> Iterator[bytes]:
        blocks = iter(self._body)
        try:
            first = next(blocks)
        except StopIteration:
            return
        except StoreError as error:
            if error is not self._session.failure:
                raise
            yield from self._answer(error)
            return
        yield first
        yield from blocks

    def close(self) -> None:
        close(self._body)
