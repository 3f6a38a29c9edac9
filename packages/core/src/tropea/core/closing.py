"""Bodies that must be closed exactly once, whatever ends the response.

Source: PEP 3333, "The Application/Framework Side" and "Handling the close() method".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator


def close(body: Iterable[bytes]) -> None:
    """Call the ``close`` that PEP 3333 lets a body have."""
    method = getattr(body, "close", None)
    if method is not None:
        method()


class ClosingIterator:
    """Run callbacks when the server closes a body.

    The inner iterator is handed out as it is, so a block costs nothing extra.  ``close`` closes
    the body first, then runs every callback once, in the order given, even when one of them
    raises; the first exception is raised again at the end.  A second ``close`` does nothing.

    >>> said = []
    >>> body = ClosingIterator([b"a", b"b"], lambda: said.append("closed"))
    >>> b"".join(body), said
    (b'ab', [])
    >>> body.close(); body.close(); said
    ['closed']
    """

    __slots__ = ("_body", "_callbacks")

    def __init__(self, body: Iterable[bytes], *callbacks: Callable[[], object]) -> None:
        self._body = body
        self._callbacks: tuple[Callable[[], object], ...] | None = callbacks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        callbacks, self._callbacks = self._callbacks, None
        if callbacks is None:
            return
        failure: BaseException | None = None
        for step in (lambda: close(self._body), *callbacks):
            try:
                step()
            except BaseException as error:  # every callback must have its turn
                failure = failure or error
        if failure is not None:
            raise failure


class Chained:
    """Blocks that were taken already, then the rest of the body they came from."""

    __slots__ = ("_blocks", "_body", "_rest")

    def __init__(
        self, blocks: Iterable[bytes], rest: Iterator[bytes], body: Iterable[bytes]
    ) -> None:
        self._blocks, self._rest, self._body = blocks, rest, body

    def __iter__(self) -> Iterator[bytes]:
        yield from self._blocks
        yield from self._rest

    def close(self) -> None:
        body, self._body = self._body, ()
        close(body)
