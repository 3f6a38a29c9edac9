"""Conditions of a route beside path and method: the hosts and the schemes that it is for.

Source: RFC 9110 section 4.2 (schemes and hosts are compared without regard to case).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import RouteError

_HOST = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]").fullmatch
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*").fullmatch


def words(given: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return words from a tuple, a list, or one text with spaces."""
    try:
        found = tuple(given.split()) if isinstance(given, str) else tuple(given or ())
    except TypeError:
        found = (given,)  # type: ignore[assignment] # told of below
    if not all(isinstance(word, str) for word in found):
        raise RouteError(f"expected words, got {given!r}")
    return found


def read_hosts(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the hosts of a declaration as requests name them.

    >>> read_hosts({"hosts": "WWW.Example.org. *.b\u00fccher.example"})
    ('www.example.org', '*.xn--bcher-kva.example')
    """
    return tuple(map(_host, words(options.get("hosts"))))


def _host(given: str) -> str:
    host = given.lower().rstrip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            pass
    if not _HOST(host):
        raise RouteError(
            f"hosts: expected names such as 'www.example.org' or '*.example.org', without scheme "
            f"and port, got {given!r}"
        )
    return host


def read_schemes(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the schemes of a declaration in lower case."""
    schemes = tuple(scheme.lower() for scheme in words(options.get("schemes")))
    for scheme in schemes:
        if not _SCHEME(scheme):
            raise RouteError(f"schemes: expected 'http' or 'https', got {scheme!r}")
    return schemes


def is_host(host: str, pattern: str) -> bool:
    """Whether *host* is the host that *pattern* names; ``*.name`` takes every host below it.

    >>> is_host("www.example.org", "*.example.org"), is_host("example.org.evil", "example.org")
    (True, False)
    """
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return host == pattern


def both_hosts(outer: tuple[str, ...], inner: tuple[str, ...]) -> tuple[str, ...]:
    """Return the hosts that two conditions have in common; RouteError where there are none.

    >>> both_hosts(("*.example.org", "b.example"), ("a.example.org", "c.example"))
    ('a.example.org',)
    """
    if not outer or not inner:
        return outer or inner
    found = [narrow for one in outer for two in inner if (narrow := _narrower(one, two))]
    if not found:
        raise RouteError(f"no host is one of {' '.join(outer)} and one of {' '.join(inner)}")
    return tuple(dict.fromkeys(found))


def _narrower(one: str, two: str) -> str | None:
    if one == two or is_host(two, one):
        return two
    return one if is_host(one, two) else None


def both_schemes(outer: tuple[str, ...], inner: tuple[str, ...]) -> tuple[str, ...]:
    """Return the schemes that two conditions have in common; RouteError where there are none."""
    if not outer or not inner:
        return outer or inner
    found = tuple(scheme for scheme in inner if scheme in outer)
    if not found:
        raise RouteError(f"no scheme is one of {' '.join(outer)} and one of {' '.join(inner)}")
    return found
