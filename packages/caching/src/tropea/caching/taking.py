"""Take a copy of a body while it passes to the client; keep it only if it was whole.

Source: RFC 9111 sections 3.3 and 3.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol
from wsgiref.types import StartResponse

from tropea.core.closing import close
from tropea.core.fields import Fields


class Sink(Protocol):
    """Where the copy goes."""

    def write(self, block: bytes) -> bool:
        """Take a block; False when no more is wanted."""

    def keep(self) -> None:
        """Keep what was taken: it is complete."""

    def forget(self) -> None:
        """Forget what was taken, once; harmless after ``keep``."""

    def recall(self) -> None:
        """Take back what was kept: it was not what it seemed."""


class Taken:
    """A body of which a copy is taken.

    length: bytes that the head declares; None where it declares none.
    """

    def __init__(self, body: Iterable[bytes], sink: Sink, length: int | None) -> None:
        self._body, self._length = body, length
        self._sink: Sink | None = sink
        self._kept: Sink | None = None
        self._size = 0

    def __iter__(self) -> Iterator[bytes]:
        try:
            for block in self._body:
                self._take(block)
                if self._size == self._length:
                    # Whoever has the last block, and comes again, finds what he got.
                    self._finish(complete=True)
                yield block
        except GeneratorExit:
            raise  # the client left; close() decides
        except BaseException:
            self.spoil()
            raise
        self._finish(self._length is None or self._size == self._length)

    def _take(self, block: bytes) -> None:
        sink = self._sink
        self._size += len(block)
        if sink is None:
            if block:
                self.spoil()  # more than was declared
        elif not sink.write(block):
            self.spoil()

    def take_all(self, blocks: Iterable[bytes]) -> None:
        """Take a body that is complete already."""
        for block in blocks:
            self._take(block)
        self._finish(self._length is None or self._size == self._length)

    def _finish(self, complete: bool) -> None:
        sink, self._sink = self._sink, None
        if sink is None:
            return
        if complete:
            self._kept = sink
            sink.keep()
        else:
            sink.forget()

    def spoil(self) -> None:
        """Keep nothing: what was taken is not what the client got, or not all of it."""
        self._finish(complete=False)
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.recall()

    def close(self) -> None:
        # A server may stop asking once it has the declared bytes: then there is no more to come.
        self._finish(self._length is not None and self._size == self._length)
        close(self._body)


def spoiling(start_response: StartResponse, taken: Taken) -> StartResponse:
    """Return *start_response* such that what goes around the body spoils the copy."""
    calls: list[str] = []

    def start(status: str, headers: Fields, exc_info: Any = None, /) -> Callable[[bytes], object]:
        if calls:
            taken.spoil()  # a second head means that the first answer failed
        calls.append(status)
        write = start_response(status, headers, exc_info)

        def write_around(block: bytes) -> object:
            taken.spoil()
            return write(block)

        return write_around

    return start
