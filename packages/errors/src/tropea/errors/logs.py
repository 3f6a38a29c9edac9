r"""Write exceptions to the log, so that what a client sent neither commands a terminal nor leaks.

An exception often says what it was given: a path with an escape sequence, a cookie that could not
be read.  The traceback is written before a formatter does, without the credentials of the request
and with its controls escaped; the exception itself stays with the record for other handlers.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping
from typing import Any

from tropea.core.redaction import Redactor

log = logging.getLogger("tropea.errors")

#: Controls but for tab and line feed, which a traceback has of its own.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
#: Characters of one traceback.
_LONGEST = 100_000


def log_exception(
    error: BaseException, environ: Mapping[str, Any], message: str, *arguments: object
) -> None:
    """Log *message* with the traceback of *error*.

    environ: of the request, or those of its keys that hold credentials.
    """
    if not log.isEnabledFor(logging.ERROR):
        return
    file, line, function, _ = log.findCaller(stacklevel=2)
    exc_info = (type(error), error, error.__traceback__)
    record = log.makeRecord(
        log.name, logging.ERROR, file, line, message, arguments, exc_info, function
    )
    record.exc_text = readable_traceback(error, environ)  # a formatter writes none where one is
    log.handle(record)


def readable_traceback(error: BaseException, environ: Mapping[str, Any]) -> str:
    r"""Return the traceback of *error* as text.

    >>> error = ValueError("no session \x1b[2J0123456789")
    >>> readable_traceback(error, {"HTTP_COOKIE": "sid=0123456789"})
    'ValueError: no session \\x1b[2J…'
    """
    text = "".join(traceback.format_exception(error)).rstrip("\n")
    # The end says what happened, the beginning where; between them there may be a lot.
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}\n…\n{text[-_LONGEST // 2 :]}"
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", Redactor(environ).scrub(text))
