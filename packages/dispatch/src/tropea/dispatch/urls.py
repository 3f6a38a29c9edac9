"""From a route and its values back to a URL.

A path of the request's own site by default: a client chooses the Host field, so no URL is made of
it unless that is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote
from wsgiref.types import WSGIEnvironment

from tropea.core.keys import ROUTE

from .errors import PatternError, URLGenerationError
from .routes import Route

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*").fullmatch
_PORTS = {"http": ":80", "https": ":443"}
#: What stays in a query that is given as text: all but what would end it, or a URL.
_ENCODED = "/?!$&'()*+,;=:@%[]{}|^`\\"
#: The environ key of the dispatcher that the request is with, where it has no route.
URLFOR = "tropea.dispatch.urlfor"


def encode_path(path: str) -> str:
    r"""Return *path* percent-encoded; it can never begin with two slashes, nor hold dot segments.

    >>> encode_path("/caf\xe9/a b"), encode_path("//evil.example/")
    ('/caf%C3%A9/a%20b', '/%2Fevil.example/')
    """
    if any(part in {".", ".."} for part in path.split("/")):
        raise URLGenerationError(f"{path!r} has a dot segment, which clients would resolve")
    try:
        quoted = quote(path)
    except UnicodeEncodeError:
        raise URLGenerationError(f"{path!r} is not text that UTF-8 can write") from None
    # "//name" would be another host; the second slash is data, and servers decode it.
    return "/%2F" + quoted[2:] if quoted.startswith("//") else quoted


def make_url(
    route: Route,
    args: Sequence[Any],
    values: dict[str, Any],
    *,
    environ: WSGIEnvironment | None = None,
    scheme: str | None = None,
    netloc: str | None = None,
    script_name: str | None = None,
    absolute: bool = False,
    query: Any = None,
    fragment: str | None = None,
) -> str:
    """Return the URL of *route* with these values.

    environ: of the request, whose SCRIPT_NAME is the path's beginning.
    query: a mapping, pairs, or text that is encoded already.
    Raises URLGenerationError, which names the route, for values that do not fit.
    """
    try:
        path = encode_path(route.compiled.pathfor(*args, **values))
    except (URLGenerationError, PatternError) as error:
        raise URLGenerationError(f"route {route.name or route.pattern!r}: {error}") from None
    url = _script(environ, script_name) + path + _tail(query, fragment)
    if absolute or scheme is not None or netloc is not None:
        return _site(environ, scheme, netloc) + url
    return url


def _tail(query: Any, fragment: str | None) -> str:
    tail = ""
    if query:
        from tropea.core.uris import make_query

        tail = "?" + quote(make_query(query), _ENCODED)
    return tail + ("#" + quote(fragment, "/?!$&'()*+,;=:@") if fragment else "")


def _script(environ: WSGIEnvironment | None, given: str | None) -> str:
    if given is not None:
        script = quote(given)
    else:
        raw = environ.get("SCRIPT_NAME", "") if environ else ""
        script = quote(raw.encode("latin-1", "replace"))
    return "/" + script.strip("/") if script.strip("/") else ""


def _site(environ: WSGIEnvironment | None, scheme: str | None, netloc: str | None) -> str:
    if environ is None and netloc is None:
        raise URLGenerationError("an absolute URL needs a request, or netloc=")
    scheme = scheme or (environ or {}).get("wsgi.url_scheme", "http")
    if not _SCHEME(scheme):
        raise URLGenerationError(f"not a scheme: {scheme!r}")
    if netloc is None:
        from tropea.core.uris import host_url

        assert environ is not None
        netloc = host_url(environ).partition("://")[2]  # without the port of its own scheme
        netloc = netloc.removesuffix(_PORTS.get(scheme, "://"))
    elif not netloc or not netloc.isprintable() or set(netloc) & set("/\\?#@ "):
        raise URLGenerationError(f"not a host: {netloc!r}")
    return f"{scheme}://{netloc}"


class HandlerURL:
    """The ``url`` attribute of a handler: call it with the values of the handler's route.

    Where a handler has several routes, the first that the values fit is taken; ``name=`` chooses
    one of them, unless it is the name of a group.
    """

    def __init__(self, dispatcher: Any, handler: Any) -> None:
        self._dispatcher = dispatcher
        self._handler = handler

    def __call__(self, request: Any = None, /, *args: Any, **kwargs: Any) -> str:
        if request is not None and not hasattr(request, "environ"):
            args, request = (request, *args), None
        environ = request.environ if request is not None else current_environ()
        owner: Any = self._dispatcher
        current = current_dispatcher(environ)
        if current is not None and current.routes_of(self._handler):
            owner = current
        url: str = owner.root_of(self._handler).build(self._handler, args, kwargs, environ)
        return url

    def __repr__(self) -> str:
        return f"<URLs of {self._handler!r}>"


def current_environ() -> WSGIEnvironment | None:
    """Return the environ of the request at hand, or None outside of one."""
    from tropea.core.context import currentrequest

    request = currentrequest()
    return None if request is None else request.environ


def current_dispatcher(environ: WSGIEnvironment | None) -> Any:
    """Return the dispatcher that the request is with, or None."""
    if environ is None:
        return None
    return environ.get(URLFOR) or getattr(environ.get(ROUTE), "dispatcher", None)


def urlfor(target: str | Callable[..., Any], /, *args: Any, **kwargs: Any) -> str:
    """Return a URL of the dispatcher that the request at hand is with.

    target: the name of a route, a handler, or the dotted path of one.
    Raises URLGenerationError outside a request, and for values that do not fit.
    """
    environ = current_environ()
    dispatcher = current_dispatcher(environ)
    if dispatcher is None:
        raise URLGenerationError("urlfor() needs a request; outside of one ask the dispatcher")
    url: str = dispatcher.urlfor(target, *args, **kwargs)
    return url
