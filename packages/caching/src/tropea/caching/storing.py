"""Whether a response may be stored, and what of it.

Source: RFC 9111 sections 3, 3.1, 3.5 and 5.2.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tropea.caching.cachecontrol import Directives, named_fields
from tropea.caching.cachekeys import CODINGS
from tropea.caching.freshness import HEURISTIC, explicit_lifetime
from tropea.core.directives import parse_names
from tropea.core.fields import HOP_BY_HOP, Fields, combined, get, get_all

#: Final statuses whose meaning we know; asked for by ``must-understand``.
UNDERSTOOD = HEURISTIC | frozenset(
    (201, 202, 205, 302, 303, 307, 400, 401, 402, 403, 406, 407, 408, 409, 411, 412, 413, 415, 416,
     417, 421, 422, 426, 428, 429, 431, 451, 500, 502, 503, 504, 505)
)  # fmt: skip
#: Answers that mean something only together with what the client holds.
_NEVER_ALONE = frozenset((226, 304))
#: Fields that are never stored besides those that ``Connection`` names.
_NEVER_STORED = HOP_BY_HOP | {
    "age", "proxy-connection", "proxy-authentication-info", "proxy-authorization",
}  # fmt: skip
#: Codings that the normal form of Accept-Encoding tells apart.
_KNOWN_CODINGS = frozenset((*CODINGS, "identity", "x-gzip"))
#: Fields of one user's request: a response made for them is shared on the application's word only.
#: A server that checks credentials itself may tell the user alone, as Apache's mod_wsgi does.
_PERSONAL = (
    ("HTTP_AUTHORIZATION", "authorization"),
    ("REMOTE_USER", "authorization"),
    ("HTTP_COOKIE", "cookie"),
)


def refusal(
    environ: Mapping[str, Any],
    status: int,
    fields: Fields,
    directives: Directives,
    *,
    vary: tuple[str, ...] | None,
    guessed: float = 0.0,
    store_cookies: bool = False,
    share_cookie_requests: bool = False,
    targeted: bool = False,
) -> str | None:
    """Say why a shared cache may not store the answer to a GET; None where it may.

    vary: as ``vary_of`` reads it; None means that it matches no other request.
    guessed: the lifetime that heuristics would give it, in seconds.
    targeted: whether *directives* are of a targeted field, which silences Expires.
    """
    understood = status in UNDERSTOOD
    if status in _NEVER_ALONE or not 200 <= status < 600:
        return "status"
    if status == 206 and not get(fields, "Content-Range"):
        return "status"
    if "must-understand" in directives:
        if not understood:
            return "must-understand"
    elif "no-store" in directives:
        return "no-store"
    if "private" in directives and named_fields(directives["private"]) is None:
        return "private"
    if vary is None:
        return "vary"
    if "accept-encoding" in vary and not _has_known_coding(fields):
        return "coding"
    if not store_cookies and (get_all(fields, "Set-Cookie") or get_all(fields, "Set-Cookie2")):
        return "set-cookie"
    personal = made_for_somebody(environ, directives, vary, share_cookie_requests)
    if personal:
        return personal
    return None if _may_be_kept(fields, directives, guessed, targeted) else "no-freshness"


def _has_known_coding(fields: Fields) -> bool:
    """Tell whether requests that may get this coding are told from those that may not."""
    return parse_names(combined(fields, "Content-Encoding")) <= _KNOWN_CODINGS


def made_for_somebody(
    environ: Mapping[str, Any], directives: Directives, vary: tuple[str, ...], share: bool
) -> str | None:
    """Name the personal field of the request that bars sharing (section 3.5, and our own rule)."""
    declared = not directives.keys().isdisjoint(("public", "s-maxage", "must-revalidate"))
    for key, name in _PERSONAL:
        value = environ.get(key)
        if declared or value is None or (key == "REMOTE_USER" and not value):
            continue
        if name == "cookie" and (share or "cookie" in vary):
            continue
        return name
    return None


def _may_be_kept(fields: Fields, directives: Directives, guessed: float, targeted: bool) -> bool:
    """Tell whether the application said that the response may be kept, or heuristics do."""
    if explicit_lifetime(directives, fields, 0.0, is_targeted=targeted) is not None:
        return True
    if "no-cache" in directives or "public" in directives:
        return guessed > 0 or any(get(fields, name) for name in ("ETag", "Last-Modified"))
    return guessed > 0


def stored_fields(fields: Fields, directives: Directives) -> Fields:
    """Return what is kept of the fields of a response.

    Left out: fields of the connection and those it names, Age, which is computed, and those
    that ``private="…"`` and ``no-cache="…"`` name: nobody else gets them without asking.
    """
    gone = set(_NEVER_STORED) | parse_names(combined(fields, "Connection"))
    for name in ("private", "no-cache"):
        if name in directives:
            gone |= named_fields(directives[name]) or frozenset()
    return [pair for pair in fields if pair[0].lower() not in gone]
