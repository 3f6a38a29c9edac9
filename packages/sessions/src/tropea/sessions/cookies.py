"""The one place that names, finds and writes the session's cookie.

A request reads and writes exactly one name.  Which one depends on what the request allows: on
https at the root ``__Host-session``, which no other host and no plain connection can set; on
https below a mount or for a domain ``__Secure-session``; on http plain ``session``.

Source: RFC 6265 sections 4.1 and 5.4; the name prefixes and SameSite: RFC 6265bis section 4.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

from tropea.core.errors import OptionError
from tropea.core.fields import Fields
from tropea.sessions.ids import ID_PATTERN

BASE_NAME = "session"

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_PATH = re.compile(r"/[\x21-\x3a\x3c-\x7e]*").fullmatch
_DOMAIN = re.compile(r"\.?[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?").fullmatch
_MOUNTS = 64  #: writers kept ready; a stack has few mounts, and a client cannot make more stick


@dataclass(frozen=True)
class CookieRules:
    """What the session's cookie looks like.

    name: None chooses by the request, see the module.  path: None takes SCRIPT_NAME.
    domain: None leaves the cookie to the host that set it.
    secure: ``auto`` follows the scheme of the request.
    max_age: seconds that the browser keeps it; None until the browser is closed.

    Raises OptionError for combinations that browsers refuse.
    """

    name: str | None = None
    path: str | None = None
    domain: str | None = None
    secure: bool | Literal["auto"] = "auto"
    httponly: bool = True
    samesite: Literal["Lax", "Strict", "None"] = "Lax"
    partitioned: bool = False
    max_age: float | None = None
    value: str = ID_PATTERN  #: what a value looks like; others are not seen
    _ready: dict[tuple[str, str], CookieWriter] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if self.name is not None and _TOKEN(self.name) is None:
            raise OptionError(f"name: expected a cookie's name, got {self.name!r}")
        if self.path is not None and _PATH(self.path) is None:
            raise OptionError(f"path: expected a path that begins with '/', got {self.path!r}")
        if self.domain is not None and _DOMAIN(self.domain) is None:
            raise OptionError(f"domain: expected a host name, got {self.domain!r}")
        if self.samesite not in {"Lax", "Strict", "None"}:
            raise OptionError(f"samesite: expected Lax, Strict or None, got {self.samesite!r}")
        if self.secure is False and (self.partitioned or self.samesite == "None"):
            raise OptionError("secure: browsers want it for partitioned and for samesite=None")
        name = (self.name or "").lower()
        if name.startswith(("__host-", "__secure-", "__http-")) and self.secure is not True:
            raise OptionError(f"name: browsers take {self.name!r} with secure=True only")
        if name.startswith(("__http-", "__host-http-")) and not self.httponly:
            raise OptionError(f"name: browsers take {self.name!r} with httponly only")
        if name.startswith("__host-") and (self.domain or self.path not in (None, "/")):
            raise OptionError(f"name: browsers take {self.name!r} without domain, on path / only")

    def writer(self, scheme: str, mount: str) -> CookieWriter:
        """Return what reads and writes the cookie of a request.

        scheme: of the request's URL.  mount: its SCRIPT_NAME.

        >>> CookieRules().writer("https", "").set("x", None)
        [('Set-Cookie', '__Host-session=x; Path=/; HttpOnly; SameSite=Lax; Secure')]
        >>> CookieRules().writer("https", "/shop").name, CookieRules().writer("http", "").name
        ('__Secure-session', 'session')
        """
        found = self._ready.get((scheme, mount))
        if found is None:
            if len(self._ready) >= _MOUNTS:
                self._ready.clear()
            found = self._ready[scheme, mount] = self._make(scheme, mount)
        return found

    def _make(self, scheme: str, mount: str) -> CookieWriter:
        secure = scheme == "https" if self.secure == "auto" else self.secure
        path = self.path or mount_path(mount)
        name = self.name or _name(secure=secure, host_only=path == "/" and self.domain is None)
        if name.lower().startswith("__host-"):
            path = "/"
        parts = [f"; Path={path}"]
        if self.domain is not None:
            parts.append(f"; Domain={self.domain}")
        if self.httponly:
            parts.append("; HttpOnly")
        # Browsers drop SameSite=None and Partitioned cookies that are not Secure.
        lax = self.samesite == "None" and not secure
        parts.append(f"; SameSite={'Lax' if lax else self.samesite}")
        if secure:
            parts.append("; Secure")
            if self.partitioned:
                parts.append("; Partitioned")
        return CookieWriter(name, "".join(parts), self.max_age, self.value, plain=not secure)


class CookieWriter:
    """Reads and writes one cookie name with one set of attributes."""

    __slots__ = ("_attributes", "_kept", "_search", "_value", "name", "plain")

    def __init__(
        self, name: str, attributes: str, max_age: float | None, value: str, *, plain: bool
    ) -> None:
        self.name = name
        self.plain = plain  #: whether it is sent over http
        self._attributes, self._value = attributes, value
        self._kept = None if max_age is None else int(max_age)
        # The value must reach to the next semicolon, so half an id is no id.  The pattern begins
        # with plain text, which is searched for twenty times as fast as "a semicolon or the start".
        pattern = rf"{re.escape(name)}=({value})[ \t]*(?=;|\Z)"
        self._search = re.compile(pattern, re.ASCII).search

    @property
    def overhead(self) -> int:
        """Bytes that the name and the attributes take, at most."""
        return len(self.name) + len(self._attributes) + 32

    def numbered(self, number: int) -> CookieWriter:
        """Return the writer of ``name.number``, for what does not fit into one cookie."""
        name = f"{self.name}.{number}"
        return CookieWriter(name, self._attributes, self._kept, self._value, plain=self.plain)

    def find(self, header: str) -> str | None:
        """Return the value in a Cookie field; None when it is absent or malformed.

        Of duplicates the first well-formed one counts: browsers send the longest path first.

        >>> CookieRules().writer("http", "").find("a=1; session=" + "x" * 43)[:3]
        'xxx'
        """
        match = self._search(header)
        while match is not None:
            before = match.start() - 1
            while before >= 0 and header[before] in " \t":
                before -= 1
            if before < 0 or header[before] == ";":  # never inside another cookie's value
                return match[1]
            match = self._search(header, match.end())
        return None

    def set(self, value: str, lifetime: float | None) -> Fields:
        """Write the field that stores *value*, for *lifetime* seconds at most."""
        kept = self._kept
        if kept is None:
            return [("Set-Cookie", f"{self.name}={value}{self._attributes}")]
        if lifetime is not None:
            kept = min(kept, max(int(lifetime), 0))
        return [("Set-Cookie", f"{self.name}={value}{self._attributes}; Max-Age={kept}")]

    def clear(self) -> Fields:
        """Write the field that removes it: same name, path and domain."""
        over = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        return [("Set-Cookie", f"{self.name}={self._attributes}; {over}")]


def mount_path(mount: str) -> str:
    """Write SCRIPT_NAME as the Path of a cookie.

    >>> mount_path(""), mount_path("/shop"), mount_path("/a;b/")
    ('/', '/shop', '/a%3Bb')
    """
    path = quote(mount.rstrip("/"), safe="/!$&'()*+,:=@~", encoding="latin-1", errors="replace")
    return path if path.startswith("/") and not path.startswith("//") else "/"


def _name(*, secure: bool, host_only: bool) -> str:
    if not secure:
        return BASE_NAME
    return f"__Host-{BASE_NAME}" if host_only else f"__Secure-{BASE_NAME}"
