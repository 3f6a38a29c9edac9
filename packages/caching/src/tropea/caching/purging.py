"""PURGE: forget by request what is stored.

``PURGE /page`` with ``Authorization: Bearer <token>`` forgets that URL; with ``Cache-Tag: a, b``
what carries one of these tags; with ``Cache-Purge: prefix`` every URL that begins with this one.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.caching.cachekeys import key_of
from tropea.core.directives import split_list

if TYPE_CHECKING:
    from tropea.caching.httpcache import HTTPCacheMiddleware, HTTPCacheOptions


def is_purge(options: HTTPCacheOptions, method: str) -> bool:
    """Tell whether the request is for us; without a token PURGE is a method like any other."""
    return method == "PURGE" and options.purge_token is not None


def purge_request(
    cache: HTTPCacheMiddleware, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Answer a PURGE: 200, 401 without the token, 503 where the store failed."""
    expected = f"bearer {cache.options.purge_token}".encode()
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    given = f"{scheme.lower()} {token.strip()}".encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(given, expected):
        return _say(start_response, "401 Unauthorized", [("WWW-Authenticate", "Bearer")])
    done = _purge(cache, environ)
    return _say(start_response, "200 OK" if done else "503 Service Unavailable", [])


def _purge(cache: HTTPCacheMiddleware, environ: WSGIEnvironment) -> bool:
    tags = environ.get("HTTP_CACHE_TAG")
    if tags is not None:
        done = [
            cache.purge_tag(tag) for tag in split_list(tags)
        ]  # each, whatever became of another
        return all(done)
    key = key_of(environ)
    if environ.get("HTTP_CACHE_PURGE", "").strip().lower() == "prefix":
        return cache.purge_prefix(key.uri)
    cache.invalidations.note(key)
    return cache.guard.delete(key)


def _say(
    start_response: StartResponse, status: str, more: list[tuple[str, str]]
) -> Iterable[bytes]:
    body = f"{status}\n".encode()
    fields = [
        ("Content-Type", "text/plain"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    start_response(status, fields + more)
    return [body]
