"""What can go wrong: a description that cannot be used, and answers that do not keep it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tropea.core.errors import OptionError, TropeaError


class OpenAPIError(TropeaError):
    """The base of this package's errors."""


class SpecificationError(OpenAPIError, OptionError):
    """A description that cannot be read, or that is no OpenAPI 3.0, 3.1 or 3.2."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a request or a response.

    status: of the answer that it calls for.
    place: ``path``, ``query``, ``header``, ``cookie``, ``body``, ``security`` or ``status``.
    name: of the parameter, or a JSON pointer into the body; may be empty.
    """

    status: int
    place: str
    name: str
    message: str

    def __str__(self) -> str:
        return f"{self.place} {self.name}: {self.message}" if self.name else self.message


class InvalidResponse(OpenAPIError):
    """An application's answer does not keep its description."""

    def __init__(self, operation: str, problems: Sequence[Problem]) -> None:
        self.operation, self.problems = operation, tuple(problems)
        super().__init__(f"{operation}: {'; '.join(map(str, self.problems))}")
