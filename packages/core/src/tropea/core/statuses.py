"""Status codes and their reason phrases.

Source: RFC 9110 section 15, and the IANA registry as Python's ``http.HTTPStatus`` has it.
"""

from __future__ import annotations

from http import HTTPStatus

from tropea.core.fields import FieldError, check_status

#: Code -> phrase.  A few differ from one Python to the next; here they are always the same.
PHRASES: dict[int, str] = {status.value: status.phrase for status in HTTPStatus} | {
    413: "Request Entity Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Content",
}
_GENERIC = {1: "Continue", 2: "Success", 3: "Redirection", 4: "Client Error", 5: "Server Error"}
_LINES: dict[int, str] = {code: f"{code} {phrase}" for code, phrase in PHRASES.items()}

#: Codes whose responses never have a body, beside those of the 1xx class.
_BODILESS = frozenset(("204", "205", "304"))


def status_line(status: int | str) -> str:
    """Return ``NNN phrase`` for a code, or a status line as it is, checked.

    Raises FieldError for a code outside 100 to 599 and for text that is no status line.

    >>> status_line(418)
    "418 I'm a teapot"
    >>> status_line(299), status_line("404"), status_line("404 Gone fishing")
    ('299 Success', '404 Not Found', '404 Gone fishing')
    """
    known = _LINES.get(status) if type(status) is int else None
    if known is not None:
        return known
    if type(status) is str and not (len(status) == 3 and status.isascii() and status.isdigit()):
        line = check_status(status)
        code = int(line[:3])
    else:
        code = int(status)
        line = _LINES.get(code) or f"{code} {_GENERIC.get(code // 100, '')}"
    if not 100 <= code <= 599:
        raise FieldError(f"a status code is between 100 and 599: {status!r}")
    return line


def is_bodiless(status: str) -> bool:
    """Tell whether responses of this status never have a body.

    >>> is_bodiless("204 No Content"), is_bodiless("200 OK")
    (True, False)
    """
    return status[0] == "1" or status[:3] in _BODILESS
