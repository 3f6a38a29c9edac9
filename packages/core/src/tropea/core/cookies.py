"""Cookies: one writer of Set-Cookie, one reader of Cookie.

The writer refuses what would break out of its place, and what browsers would drop in silence.
The reader is linear and never raises on a client's bytes.

Source: RFC 6265 section 4.1.1 (writing) and 5.4; RFC 6265bis section 4.1.3 (name prefixes).
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from tropea.core.dates import LAST_SECOND, format_date, parse_date
from tropea.core.errors import TropeaError

#: Bytes of name and value together that browsers keep.
MAX_BYTES = 4096
#: Cookies read of one field; browsers keep fewer for a site.
MAX_COOKIES = 512
#: What an expired cookie says, for clients that know no Max-Age.
LONG_AGO = "Tue, 01 Jan 1980 00:00:00 GMT"

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
# cookie-octet without "%", which starts what is encoded.
_PLAIN = re.compile(r"[!#$&-+\--:<-\[\]-~]*").fullmatch
_SAFE = "!#$&'()*+-./:<=>?@[]^_`{|}~"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]").search
_PATH = re.compile(r"/[\x20-:<-~]*").fullmatch
_DOMAIN = re.compile(r"\.?[0-9A-Za-z](?:[0-9A-Za-z.\-]*[0-9A-Za-z])?").fullmatch
_SAMESITE = {"lax": "Lax", "strict": "Strict", "none": "None"}


class CookieError(TropeaError, ValueError):
    """A cookie that must not be sent, or that no browser would keep."""


@dataclass(frozen=True)
class Cookie:
    """A cookie; ``str(cookie)`` is the value of its Set-Cookie field.

    value: any text without controls; what a cookie cannot hold is percent-encoded.
    maxage: seconds, or a timedelta; 0 expires it; None makes it last for the browser's session.
    expires: a datetime (UTC where it names no zone), an HTTP date, or seconds since the epoch;
        follows from maxage when None.
    samesite: Lax, Strict or None (the word); None (the value) leaves the choice to the browser.
    Raises CookieError where the parts contradict each other or would break out of the field.

    >>> str(Cookie("a", "1", path="/", http_only=True, samesite="lax"))
    'a=1;Path=/;HttpOnly;SameSite=Lax'
    >>> Cookie("__Host-id", "1", path="/")
    Traceback (most recent call last):
    ...
    tropea.core.cookies.CookieError: __Host-id: this prefix needs secure=True
    """

    name: str
    value: str = ""
    path: str | None = None
    domain: str | None = None
    maxage: float | timedelta | None = None
    expires: float | str | datetime | None = None
    secure: bool = False
    http_only: bool = False
    samesite: str | None = None
    partitioned: bool = False

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and _TOKEN(self.name)):
            raise CookieError(f"not a cookie name: {self.name!r}")
        if not isinstance(self.value, str):
            object.__setattr__(self, "value", _as_text(self.value))
        if _CONTROL(self.value):
            raise CookieError(f"{self.name}: a cookie cannot hold controls: {self.value!r}")
        if self.path is not None and not _PATH(self.path):
            raise CookieError(f"{self.name}: not a cookie path: {self.path!r}")
        if self.domain is not None and not _DOMAIN(self.domain):
            raise CookieError(f"{self.name}: not a cookie domain: {self.domain!r}")
        if self.samesite is not None:
            canonical = _SAMESITE.get(str(self.samesite).lower())
            if canonical is None:
                raise CookieError(f"{self.name}: samesite is Lax, Strict or None")
            object.__setattr__(self, "samesite", canonical)
        _seconds(self.name, self.maxage)
        _moment(self.name, self.expires)
        self._check_rules()
        if len(self.name) + len(self.encoded) > MAX_BYTES:
            raise CookieError(f"{self.name}: browsers drop a cookie over {MAX_BYTES} bytes")

    def _check_rules(self) -> None:
        """Refuse what browsers drop (RFC 6265bis section 5.7)."""
        prefix = self.name[:9].lower()
        hosted = prefix.startswith("__host-")
        if (hosted or prefix == "__secure-") and not self.secure:
            raise CookieError(f"{self.name}: this prefix needs secure=True")
        if hosted and (self.path != "/" or self.domain is not None):
            raise CookieError(f"{self.name}: this prefix needs path='/' and no domain")
        if self.samesite == "None" and not self.secure:
            raise CookieError(f"{self.name}: samesite None needs secure=True")
        if self.partitioned and not self.secure:
            raise CookieError(f"{self.name}: partitioned needs secure=True")

    @property
    def encoded(self) -> str:
        """The value as it is sent."""
        return self.value if _PLAIN(self.value) else quote(self.value, _SAFE, errors="replace")

    def set_cookie(self, now: float | None = None) -> str:
        """Return the value of the Set-Cookie field.

        now: seconds since the epoch, from which ``maxage`` counts; the clock's when None.
        """
        parts = [f"{self.name}={self.encoded}"]
        maxage, expires = _seconds(self.name, self.maxage), _moment(self.name, self.expires)
        if expires is not None:
            parts.append(f"Expires={format_date(expires)}")
        elif maxage is not None:
            later = min((time.time() if now is None else now) + maxage, LAST_SECOND)
            parts.append(f"Expires={format_date(later) if maxage > 0 else LONG_AGO}")
        if maxage is not None:
            parts.append(f"Max-Age={max(int(maxage), 0)}")
        if self.path is not None:
            parts.append(f"Path={self.path}")
        if self.domain is not None:
            parts.append(f"Domain={self.domain}")
        flags = ((self.secure, "Secure"), (self.http_only, "HttpOnly"))
        parts += [name for wanted, name in flags if wanted]
        if self.samesite is not None:
            parts.append(f"SameSite={self.samesite}")
        if self.partitioned:
            parts.append("Partitioned")
        return ";".join(parts)

    def __str__(self) -> str:
        return self.set_cookie()


def expire_cookie(
    cookie: Cookie | str, path: str | None = "/", domain: str | None = None
) -> Cookie:
    """Return the cookie that makes a client forget *cookie*.

    A cookie is forgotten only under the path and domain that it was set with; those of a Cookie
    are kept, together with what its name demands.

    >>> str(expire_cookie("Customer"))
    'Customer=;Expires=Tue, 01 Jan 1980 00:00:00 GMT;Max-Age=0;Path=/'
    """
    if isinstance(cookie, Cookie):
        return replace(cookie, value="", maxage=0, expires=None)
    secure = cookie.lower().startswith(("__host-", "__secure-"))
    return Cookie(cookie, "", path=path, domain=domain, maxage=0, secure=secure)


def as_cookie(name: Any, value: str | bytes | None = "", **attributes: Any) -> Cookie:
    """Make a Cookie of Pesto's arguments or webob's (``max_age``, ``httponly``).

    A Cookie is returned as it is; None as the value expires the cookie.
    """
    if isinstance(name, Cookie):
        return name
    name = name.decode("ascii") if isinstance(name, bytes) else name
    text = value.decode("utf-8") if isinstance(value, bytes) else value
    for theirs, ours in (("max_age", "maxage"), ("httponly", "http_only")):
        if theirs in attributes:
            attributes[ours] = attributes.pop(theirs)
    attributes.pop("comment", None)  # nobody ever read it
    if isinstance(attributes.get("expires"), timedelta):
        attributes["maxage"] = attributes.pop("expires")
    if isinstance(same := attributes.get("samesite"), bytes):
        attributes["samesite"] = same.decode("ascii")
    made = Cookie(name, text or "", **{"path": "/", **attributes})
    return expire_cookie(made) if text is None else made


def cookie_pairs(header: str | None) -> list[tuple[str, str]]:
    """Read a Cookie field into names and values as they were sent, in order.

    A pair without ``=``, without a name that is a token, or with a control in its value is left
    out; quotes around a value are taken off.  Linear; cookies after the 512th are not read.

    >>> cookie_pairs('a=1; b="q q"; c; d=e=f; =x; a=2')
    [('a', '1'), ('b', 'q q'), ('d', 'e=f'), ('a', '2')]
    """
    if not header:
        return []
    clean = header.isprintable()  # then no value has a control, and none is looked at
    found: list[tuple[str, str]] = []
    for piece in header.split(";", MAX_COOKIES)[:MAX_COOKIES]:
        name, equals, value = piece.partition("=")
        name, value = name.strip(" \t"), value.strip(" \t")
        usual = name.isidentifier() and name.isascii()  # sooner told than a token
        if not equals or not (usual or _TOKEN(name)) or not (clean or not _CONTROL(value)):
            continue
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        found.append((name, value))
    return found


def parse_cookie_header(header: str | None) -> list[Cookie]:
    """Read a Cookie field into cookies whose values are decoded.

    Percent-encoding and UTF-8 are undone; what is neither stays as it is.

    >>> [(c.name, c.value) for c in parse_cookie_header("x=a%20b; $Version=1; bad; y=")]
    [('x', 'a b'), ('$Version', '1'), ('y', '')]
    """
    return [_received(name, decode_value(value)) for name, value in cookie_pairs(header)]


def decode_value(value: str) -> str:
    """Undo what a cookie's value was encoded with; never raises."""
    if not value.isascii():
        try:
            value = value.encode("latin-1").decode()
        except UnicodeError:
            pass  # neither latin-1 nor UTF-8: shown as the server gave it
    return unquote(value, errors="replace") if "%" in value else value


def _received(name: str, value: str) -> Cookie:
    """Make a Cookie of what a client sent: the rules are for what we send."""
    cookie = Cookie.__new__(Cookie)
    cookie.__dict__.update(
        name=name, value=value, path=None, domain=None, maxage=None, expires=None,
        secure=False, http_only=False, samesite=None, partitioned=False,
    )  # fmt: skip
    return cookie


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def _seconds(name: str, maxage: Any) -> float | None:
    """Return the seconds that a Max-Age means; raise CookieError for what is no number."""
    if maxage is None:
        return None
    try:
        seconds = maxage.total_seconds() if isinstance(maxage, timedelta) else float(maxage)
        int(seconds)  # which neither infinity nor NaN is
    except (TypeError, ValueError, OverflowError):
        raise CookieError(f"{name}: maxage is a number of seconds, not {maxage!r}") from None
    return seconds


def _moment(name: str, expires: Any) -> float | None:
    """Return the seconds since the epoch that Expires means; raise CookieError for no moment."""
    if expires is None:
        return None
    try:
        if isinstance(expires, datetime):
            aware = expires if expires.tzinfo else expires.replace(tzinfo=UTC)
            seconds: float | None = aware.timestamp()
        else:
            seconds = parse_date(expires) if isinstance(expires, str) else float(expires)
        if seconds is not None:
            format_date(seconds)
            return seconds
    except (TypeError, ValueError, OverflowError):
        pass  # the message below says all there is to say
    raise CookieError(f"{name}: expires is a date, not {expires!r}")
