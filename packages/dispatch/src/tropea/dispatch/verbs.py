"""Request methods: the ones that everybody knows, as names or as PoorWSGI's bits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tropea.core.methods import METHOD_NUMBERS

from .errors import RouteError

#: Methods of RFC 9110 section 9.3 and RFC 5789: refused with 405, never with 501.
STANDARD = frozenset(METHOD_NUMBERS)
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def read_methods(given: Any) -> tuple[str, ...]:
    """Return method names from names, bits, or an iterable of either; in order, once each.

    Raises RouteError for what is no method.

    >>> read_methods(("GET", "post")), read_methods(6)
    (('GET', 'POST'), ('GET', 'POST'))
    """
    if isinstance(given, int):
        if isinstance(given, bool) or given <= 0 or given & ~sum(METHOD_NUMBERS.values()):
            raise RouteError(f"not request methods: {given!r}")
        return tuple(name for name, bit in METHOD_NUMBERS.items() if given & bit)
    if isinstance(given, str):
        if not given or not _TOKEN.issuperset(given):
            raise RouteError(f"not a request method: {given!r}")
        # Methods are case-sensitive; lower-case spellings of the standard ones are a slip.
        return (given.upper() if given.upper() in STANDARD else given,)
    if not isinstance(given, Iterable):
        raise RouteError(f"not a request method: {given!r}")
    return tuple(dict.fromkeys(name for one in given for name in read_methods(one)))


def allow(methods: Iterable[str]) -> str:
    """Return the value of Allow: sorted, with HEAD wherever GET is.

    Source: RFC 9110 section 10.2.1.

    >>> allow({"POST", "GET"})
    'GET, HEAD, POST'
    """
    found = set(methods)
    return ", ".join(sorted(found | ({"HEAD"} if "GET" in found else set())))
