"""The flag CO: a cookie in Apache's notation, as a value of Set-Cookie."""

from __future__ import annotations

import re
from email.utils import formatdate

from tropea.rewrite.apache.escapes import escape_controls
from tropea.rewrite.apache.tests import number_of

_TRUE = ("true", "1")


def cookie_of(text: str, now: float) -> tuple[str, str] | None:
    """Read ``name:value:domain[:minutes[:path[:secure[:httponly[:samesite]]]]]``.

    A leading ``;`` makes that the separator.  Returns the cookie's name and the field's value, or
    None where a part that is needed is missing.

    >>> cookie_of("a:b:www.example.com:0:/p:secure", 0)
    ('a', 'a=b; path=/p; domain=www.example.com; secure')
    """
    separator = ":"
    if text.startswith(";"):
        separator, text = ";", text[1:]
    parts = [part for part in text.split(separator) if part]
    if len(parts) < 3:
        return None
    name, value, domain = (_clean(part) for part in parts[:3])
    minutes, path, secure, http_only, same_site = [*parts[3:8], *[""] * 5][:5]
    field = f"{name}={value}; path={_clean(path) or '/'}; domain={domain}"
    if number_of(minutes):
        field += f"; expires={formatdate(now + 60 * number_of(minutes), usegmt=True)}"
    if secure.lower() in {*_TRUE, "secure"}:
        field += "; secure"
    if http_only.lower() in {*_TRUE, "httponly"}:
        field += "; HttpOnly"
    if same_site and same_site.lower() not in {"0", "false"}:
        field += f"; SameSite={_clean(same_site)}"
    return name, field


def _clean(text: str) -> str:
    """Keep a capture from ending its attribute."""
    return escape_controls(re.sub(r";", "%3b", text)).strip(" ")
