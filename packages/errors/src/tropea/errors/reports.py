"""What is known of an error when it is reported, and how it is written down.

Nothing of the request but its method, path and peer is reported: no header field, no query, no
body, because those hold the secrets.  Where an exception repeats a credential, it is hidden.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tropea.core.redaction import SECRET_FIELDS
from tropea.errors.keys import REQUEST_ID
from tropea.errors.logs import readable_traceback

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}").fullmatch
_LONGEST = 200


@dataclass(frozen=True)
class Report:
    """One error, as a reporter gets it.

    request_id: also on the page that the client sees, so that the two can be brought together.
    path: with everything that is not printable escaped; at most 200 characters.
    when: where the answer was: ``"before"`` its head was sent, ``"during"`` its body, or when it
        was being ``"closed"``.
    suppressed: how many like it were not reported since the last one.
    """

    error: BaseException
    request_id: str
    method: str
    path: str
    peer: str
    when: str
    suppressed: int = 0
    #: What the request carried as credentials: not to be reported, but to be hidden.
    carried: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def traceback(self) -> str:
        """Return the traceback as text without the credentials of the request and without controls.

        What exceptions say is else as they said it.
        """
        return readable_traceback(self.error, self.carried)

    def __str__(self) -> str:
        name = type(self.error).__name__
        more = f" (and {self.suppressed} like it unreported)" if self.suppressed else ""
        return (
            f"{name} {_PLACE[self.when]}: {self.method} {self.path} from {self.peer} "
            f"[{self.request_id}]{more}"
        )


_PLACE = {
    "before": "before the answer",
    "during": "in the middle of the answer",
    "closed": "while the answer was closed",
}


def make_report(error: BaseException, environ: Mapping[str, Any], when: str) -> Report:
    """Collect what may be told of the request that *error* ended."""
    return Report(
        error,
        request_id_of(environ),
        printable(environ.get("REQUEST_METHOD", "")),
        printable(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")),
        printable(environ.get("REMOTE_ADDR") or "-"),
        when,
        carried={key: environ[key] for key in SECRET_FIELDS if key in environ},
    )


def request_id_of(environ: Mapping[str, Any]) -> str:
    """Return the request's id: made once, or a sane one that a proxy gave in ``X-Request-Id``."""
    known = environ.get(REQUEST_ID)
    if known is not None:
        return str(known)
    given = environ.get("HTTP_X_REQUEST_ID", "")
    made = given if _ID(given) else uuid.uuid4().hex
    if isinstance(environ, dict):
        environ[REQUEST_ID] = made
    return made


def printable(text: str, longest: int = _LONGEST) -> str:
    r"""Escape what a terminal could obey and what a log line could be forged with.

    >>> printable("/a\x1b]0;pwn\r\n")
    '/a\\x1b]0;pwn\\r\\n'
    """
    return text[:longest].encode("unicode_escape").decode("ascii")
