"""Find what outer layers provide for a request, whoever made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tropea.core.errors import TropeaError
from tropea.core.keys import SESSION


class NoSession(TropeaError, LookupError):
    """No session layer stands around the application that asked for a session."""


def session(environ: Mapping[str, Any]) -> Any:
    """Return the session of the request that *environ* describes: the same in every framework.

    Raises NoSession where no session layer is there.

    >>> session({})
    Traceback (most recent call last):
    ...
    tropea.core.provided.NoSession: this request has no session: put a session layer...
    """
    found = environ.get(SESSION)
    if found is None:
        raise NoSession(
            "this request has no session: put a session layer "
            "(tropea.sessions.SessionMiddleware) around the application"
        )
    return found
