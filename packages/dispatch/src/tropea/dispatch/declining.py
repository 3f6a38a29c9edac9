"""Declining a request, so that the next application of a cascade gets it."""

from __future__ import annotations

from typing import Final, NoReturn

from .errors import DispatchError

#: The environ key that tells a cascade that the answer was no answer.
DECLINED: Final = "tropea.dispatch.declined"


class Declined(DispatchError):
    """The handler does not want this request.

    Within a cascade the next application is asked; elsewhere the answer is 404.
    """


def declined() -> NoReturn:
    """Stop the handler and pass the request on to the next application of a cascade."""
    raise Declined("declined")
