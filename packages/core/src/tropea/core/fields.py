"""Check header fields where they are made, and edit lists of them.

CR, LF and NUL never leave us: a field is checked by the layer that adds it, once; fields that
only pass through are not looked at again.

Source: RFC 9110 sections 5.1, 5.5 and 15; PEP 3333, "The start_response() Callable".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tropea.core.errors import TropeaError

Fields = list[tuple[str, str]]

#: Fields of one connection, which a WSGI application may not send (PEP 3333).
HOP_BY_HOP = frozenset(
    (
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te",
        "trailer", "trailers", "transfer-encoding", "upgrade",
    )
)  # fmt: skip

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
# field-content: visible characters and obs-text; blanks and tabs only between them.
_VALUE = re.compile(
    r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?"
).fullmatch
_STATUS = re.compile(r"[1-9][0-9]{2} [\t\x20-\x7e\x80-\xff]*").fullmatch


class FieldError(TropeaError, ValueError):
    """A header name, a header value or a status line that must not be sent."""


def check_name(name: str) -> str:
    """Return *name* when it is a token; raise FieldError otherwise.

    >>> check_name("ETag")
    'ETag'
    >>> check_name("E Tag")
    Traceback (most recent call last):
    ...
    tropea.core.fields.FieldError: not a header name: 'E Tag'
    """
    if type(name) is str and _NAME(name):
        return name
    raise FieldError(f"not a header name: {name!r}")


def check_value(value: str) -> str:
    r"""Return *value* when a field may hold it; raise FieldError otherwise.

    No control but tab, nothing beyond Latin-1, no blank at either end (an empty value is fine).

    >>> check_value("a\r\nSet-Cookie: x=1")
    Traceback (most recent call last):
    ...
    tropea.core.fields.FieldError: not a header value: 'a\r\nSet-Cookie: x=1'
    """
    if type(value) is str and _VALUE(value):
        return value
    raise FieldError(f"not a header value: {value!r}")


def check_status(status: str) -> str:
    """Return *status* when it reads ``NNN reason``; raise FieldError otherwise.

    >>> check_status("200 OK")
    '200 OK'
    """
    if type(status) is str and _STATUS(status) and not status.endswith("\t"):
        return status
    raise FieldError(f"not a status line: {status!r}")


def check_fields(fields: Iterable[tuple[str, str]]) -> Fields:
    """Return *fields* as a fresh list, each name and value checked; raise FieldError otherwise.

    Hop-by-hop fields are refused: they belong to the server's connection (PEP 3333).
    """
    checked = [(check_name(name), check_value(value)) for name, value in fields]
    for name, _ in checked:
        if name.lower() in HOP_BY_HOP:
            raise FieldError(f"a hop-by-hop field belongs to the server: {name!r}")
    return checked


def get(fields: Sequence[tuple[str, str]], name: str) -> str | None:
    """Return the first value of *name* (compared without case), or None."""
    name = name.lower()
    for key, value in fields:
        if key.lower() == name:
            return value
    return None


def get_all(fields: Sequence[tuple[str, str]], name: str) -> list[str]:
    """Return every value of *name*, in the order sent."""
    name = name.lower()
    return [value for key, value in fields if key.lower() == name]


def combined(fields: Sequence[tuple[str, str]], name: str) -> str | None:
    """Return all values of *name* joined by commas, or None when there is none.

    Source: RFC 9110 section 5.2.
    """
    values = get_all(fields, name)
    return ", ".join(values) if values else None


def drop(fields: Fields, *names: str) -> None:
    """Remove every field called one of *names*, in place."""
    gone = {name.lower() for name in names}
    fields[:] = [field for field in fields if field[0].lower() not in gone]


def set_field(fields: Fields, name: str, value: str) -> None:
    """Make *value* the only value of *name*, in place; the first one's position is kept.

    >>> fields = [("Vary", "Cookie"), ("X", "1"), ("vary", "Accept")]
    >>> set_field(fields, "Vary", "*"); fields
    [('Vary', '*'), ('X', '1')]
    """
    low = name.lower()
    for index, (key, _) in enumerate(fields):
        if key.lower() == low:
            fields[index] = (name, value)
            fields[index + 1 :] = [f for f in fields[index + 1 :] if f[0].lower() != low]
            return
    fields.append((name, value))


def add_vary(fields: Fields, *names: str) -> None:
    """Name *names* in Vary, in place, each once and in one field; ``*`` swallows everything.

    Source: RFC 9110 section 12.5.5.

    >>> fields = [("Vary", "accept-encoding")]
    >>> add_vary(fields, "Accept-Encoding", "Cookie"); fields
    [('Vary', 'accept-encoding, Cookie')]
    """
    held = combined(fields, "Vary")
    listed = [word for word in (part.strip(" \t") for part in (held or "").split(",")) if word]
    known = {word.lower() for word in listed}
    new = ["*"] if "*" in known else listed + [n for n in names if n.lower() not in known]
    if new != listed:
        set_field(fields, "Vary", ", ".join(new))
