"""The session's id in the address, as Pesto had it: for clients without cookies.

Addresses end up in logs, histories, bookmarks and other sites' Referer fields, and whoever has
the address has the session.  It is off by default for these reasons.
"""

from __future__ import annotations

import re
from urllib.parse import quote
from wsgiref.types import WSGIEnvironment

from tropea.core.errors import OptionError
from tropea.core.fields import Fields
from tropea.sessions.ids import ID_PATTERN
from tropea.sessions.mapping import Session

_NAME = re.compile(r"[A-Za-z0-9_.-]+").fullmatch


class QueryRules:
    """What reads the id from the query; stands where ``CookieRules`` stands otherwise."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or "session"
        if _NAME(self.name) is None:
            raise OptionError(f"name: expected letters and digits, got {self.name!r}")
        self._writer = QueryWriter(self.name)

    def writer(self, _scheme: str, _mount: str) -> QueryWriter:
        return self._writer


class QueryWriter:
    """Finds an id in a query; there is nothing to write into the head."""

    def __init__(self, name: str) -> None:
        self.name = name
        pattern = rf"(?:^|&){re.escape(name)}=({ID_PATTERN})(?=&|\Z)"
        self._search = re.compile(pattern, re.ASCII).search

    def find(self, query: str) -> str | None:
        match = self._search(query)
        return None if match is None else match[1]

    def set(self, _value: str, _lifetime: float | None) -> Fields:
        return []

    def clear(self) -> Fields:
        return []


def redirect_with_id(environ: WSGIEnvironment, session: Session) -> Fields | None:
    """Begin a session for a GET that has none, and say where it goes on: here, with the id.

    Returns None where the request carries a live session, or is no GET.
    """
    if environ.get("REQUEST_METHOD") != "GET" or not session.is_new:
        return None
    session.save()
    name = session.writer.name
    pairs = [p for p in environ.get("QUERY_STRING", "").split("&") if p]
    pairs = [p for p in pairs if p.partition("=")[0] != name]
    query = quote("&".join([*pairs, f"{name}={session.id}"]), safe="=&%+/?:@!$'()*,;~")
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    path = "/" + quote(path.lstrip("/\\"), encoding="latin-1", errors="replace")
    return [
        ("Location", f"{path}?{query}"),
        ("Content-Length", "0"),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
    ]
