"""Spread a long value over several cookies, and put it together again.

Browsers keep 4096 bytes a cookie.  A value that fits goes into the cookie of that name; a longer
one begins with ``~``, the number of cookies and ``~``, and goes on in ``name.1``, ``name.2`` ….

Source: RFC 6265 section 6.1.
"""

from __future__ import annotations

import re

from tropea.core.fields import Fields
from tropea.sessions.cookies import CookieWriter
from tropea.sessions.errors import SessionTooLarge

BROWSER_LIMIT = 4096  #: bytes of a cookie with its name and attributes
LEAST = 1024  #: bytes of them that a value gets, or it does not come in parts
MOST = 8  #: cookies that one session may take; servers refuse longer header fields

VALUE_PATTERN = r"[A-Za-z0-9_.~\-]+"

_COUNT = re.compile(r"~([2-8])~").match


class Chunked:
    """The Writer of a session that lives in cookies: wraps the writer of one cookie."""

    def __init__(self, first: CookieWriter) -> None:
        self.name = first.name
        self._first = first
        self._rest = [first.numbered(number) for number in range(1, MOST)]
        self._room = BROWSER_LIMIT - first.overhead

    def find(self, header: str) -> str | None:
        """Return the whole value; None when a part is missing."""
        text = self._first.find(header)
        if text is None or text[0] != "~":
            return text
        match = _COUNT(text)
        if match is None:
            return None
        pieces = [text[match.end() :]]
        for writer in self._rest[: int(match[1]) - 1]:
            piece = writer.find(header)
            if piece is None:
                return None
            pieces.append(piece)
        return "".join(pieces)

    def set(self, value: str, lifetime: float | None) -> Fields:
        """Write the fields that store *value*; raise SessionTooLarge above eight cookies."""
        if len(value) <= self._room:
            return self._first.set(value, lifetime)
        if self._room < LEAST:
            raise SessionTooLarge(
                f"the cookie's name and path leave {self._room} of its {BROWSER_LIMIT} bytes: "
                "set path, or mount the application less deep"
            )
        room = self._room - 3  # the first one says how many there are
        pieces = [value[i : i + room] for i in range(0, len(value), room)]
        if len(pieces) > MOST:
            raise SessionTooLarge(
                f"the session takes {len(value)} bytes as a cookie; browsers and servers take "
                f"about {MOST * room} in {MOST} cookies: keep less, or use a server-side store"
            )
        fields = self._first.set(f"~{len(pieces)}~{pieces[0]}", lifetime)
        for writer, piece in zip(self._rest, pieces[1:], strict=False):
            fields += writer.set(piece, lifetime)
        return fields

    def clear_from(self, number: int, header: str) -> Fields:
        """Write the fields that remove the cookies of a request from this number on."""
        writers = (self._first, *self._rest)[number:]
        return [f for writer in writers if writer.find(header) is not None for f in writer.clear()]

    def clear(self) -> Fields:
        return self._first.clear()
