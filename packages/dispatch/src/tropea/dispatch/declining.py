"""Declining a request, so that the next application of a cascade gets it."""

from __future__ import annotations

from typing import Final, NoReturn
from wsgiref.types import WSGIEnvironment

from .errors import DispatchError

#: The environ key of the list that a cascade puts there, to be told that the answer was none.
#: A list, because layers and mounts within may work on copies of the environ.
DECLINED: Final = "tropea.dispatch.declined"


class Declined(DispatchError):
    """The handler does not want this request.

    Within a cascade the next application is asked; elsewhere the answer is 404.
    """


def declined() -> NoReturn:
    """Stop the handler and pass the request on to the next application of a cascade."""
    raise Declined("declined")


def note_declined(environ: WSGIEnvironment) -> None:
    """Tell the cascade around, where there is one, that the request was declined."""
    told = environ.get(DECLINED)
    if told is not None:
        told.append(True)
