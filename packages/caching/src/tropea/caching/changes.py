"""Requests that are not answered from the cache: passed on, and what they change forgotten.

Source: RFC 9111 section 4.4; RFC 9110 section 9.3.3; RFC 9875 section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.caching.cachekeys import Key, key_of, key_of_uri
from tropea.caching.cachestatus import forwarded, say
from tropea.caching.exchange import Exchange
from tropea.caching.freshness import directives_of, explicit_lifetime
from tropea.caching.invalidation import SAFE, invalidated, invalidated_groups
from tropea.caching.reasons import CACHE_LAYER, of_member
from tropea.core.capturing import capture
from tropea.core.fields import Fields, get
from tropea.core.keys import TRACE
from tropea.core.probing import note as tell

if TYPE_CHECKING:
    from tropea.caching.httpcache import HTTPCacheMiddleware


def pass_on(
    cache: HTTPCacheMiddleware, environ: WSGIEnvironment, start_response: StartResponse, reason: str
) -> Iterable[bytes]:
    """Let the application answer, and say why the cache did not."""
    if TRACE in environ:
        tell(environ, CACHE_LAYER, of_member(forwarded(reason)))
    if cache.name is None:
        return cache.call_app(environ, start_response)
    name = cache.name

    def start(status: str, headers: Fields, exc_info: Any = None, /) -> Callable[[bytes], object]:
        headers = list(headers)
        say(headers, name, forwarded(reason))
        return start_response(status, headers, exc_info)

    return cache.call_app(environ, start)


def pass_change(
    cache: HTTPCacheMiddleware, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Let the application do what is asked, and forget what it made invalid."""
    method = environ["REQUEST_METHOD"]
    if method in SAFE:
        return pass_on(cache, environ, start_response, "method")
    key = key_of(environ)
    snapshot = dict(environ)
    requested = cache.options.clock()
    answer = capture(cache.app, environ)
    forget_changed(cache, key, int(answer.status[:3]), answer.headers)
    if method == "POST" and answers_get(key, answer.headers, cache.options.targeted):
        exchange = Exchange(cache, snapshot, start_response, key)
        exchange.requested, exchange.moment = requested, cache.invalidations.moment()
        return exchange.answer_new(answer, "method", after_change=True)
    fields = list(answer.headers)
    if TRACE in snapshot:
        tell(snapshot, CACHE_LAYER, of_member(forwarded("method")))
    if cache.name is not None:
        say(fields, cache.name, forwarded("method"))
    answer.hand_on(start_response, answer.status, fields)
    return answer.body


def forget_changed(cache: HTTPCacheMiddleware, key: Key, status: int, fields: Fields) -> None:
    """Forget what an unsafe request made invalid, before its client hears of the change."""
    for changed in invalidated(key, status, fields):
        cache.invalidations.note(changed)
        cache.guard.delete(changed)
    for tag in invalidated_groups(key, status, fields):
        cache.invalidations.note(None)
        cache.guard.delete_tag(tag)


def answers_get(key: Key, fields: Fields, targeted: tuple[str, ...]) -> bool:
    """Tell whether the answer to a POST is, by its own word, the one that a GET would have got."""
    location = get(fields, "Content-Location")
    if location is None or key_of_uri(location, key) != key:
        return False
    directives, is_targeted = directives_of(fields, targeted)
    return bool(explicit_lifetime(directives, fields, 0.0, is_targeted=is_targeted))
