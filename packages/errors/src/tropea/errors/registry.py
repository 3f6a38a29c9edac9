"""Which exception gets which answer: pure policy.

>>> registry = Registry({LookupError: 404})
>>> registry.find(KeyError("x"))
(404, KeyError('x'))
>>> registry.find(ValueError("x")) is None
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tropea.core.errors import OptionError

#: A status code, or ``(request, error)`` to anything that a handler may return.
Answer = int | Callable[[Any, BaseException], Any]


class Registry:
    """Exception classes and what answers them; the most specific class wins.

    Of an exception group, the first leaf that is mapped decides, unless the group's own class is.
    """

    def __init__(self, answers: Mapping[type[BaseException], Answer] | None = None) -> None:
        self._answers: dict[type[BaseException], Answer] = {}
        for kind, answer in (answers or {}).items():
            self.register(kind, answer)

    def register(self, kind: type[BaseException], answer: Answer) -> None:
        """Answer exceptions of *kind*, and of classes derived from it, with *answer*.

        answer: a status code from 400 to 599, or a callable that gets the request and the
            exception and returns what a handler may return.
        Raises OptionError for anything else, and for a *kind* that must never be caught.
        """
        if not isinstance(kind, type) or not issubclass(kind, Exception):
            raise OptionError(
                f"expected a class of exceptions derived from Exception, got {kind!r}"
            )
        is_status = isinstance(answer, int) and not isinstance(answer, bool)
        if is_status and not 400 <= answer <= 599:  # type: ignore[operator]
            raise OptionError(
                f"expected a status from 400 to 599 for {kind.__name__}, got {answer}"
            )
        if not is_status and not callable(answer):
            raise OptionError(
                f"expected a status or a callable for {kind.__name__}, got {answer!r}"
            )
        self._answers[kind] = answer

    def find(self, error: BaseException) -> tuple[Answer, BaseException] | None:
        """Return what answers *error*, and the exception (a leaf of a group) that it is for."""
        for candidate in _with_leaves(error):
            for kind in type(candidate).__mro__:
                answer = self._answers.get(kind)
                if answer is not None:
                    return answer, candidate
        return None


def _with_leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield *error*, then, of a group, its leaves in order."""
    pending = [error]
    while pending:
        error = pending.pop()
        yield error
        if isinstance(error, BaseExceptionGroup):
            pending.extend(reversed(error.exceptions))
