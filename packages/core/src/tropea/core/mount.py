"""Several applications as one: side by side under paths, or one over the other.

An inner application gets a copy of the environ, because a body may still read it when the outer
one is long done; what it sets, other than its path, is handed back when its response starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core import keys
from tropea.core.capturing import capture
from tropea.core.closing import close
from tropea.core.errors import OptionError
from tropea.core.inputs import open_input, spool
from tropea.core.request_options import DEFAULTS, OPTIONS_KEY

#: What an inner application sees for itself alone.
_PRIVATE = frozenset(("SCRIPT_NAME", "PATH_INFO", keys.REQUEST))
#: Bytes of a body that overlay keeps in memory.
_IN_MEMORY = 1 << 16


def mount_app(apps: Mapping[str, WSGIApplication]) -> MountedApps:
    """Return an application that hands each request to the one mounted on its path.

    Paths match by whole segments, the longest first; ``/`` takes what no other does, and 404
    answers what nothing takes.

    >>> def names(environ, start_response):
    ...     start_response("200 OK", [("Content-Type", "text/plain")])
    ...     return [f"{environ['SCRIPT_NAME']}|{environ['PATH_INFO']}".encode()]
    >>> app = mount_app({"/": names, "/shop": names})
    >>> app({"SCRIPT_NAME": "", "PATH_INFO": "/shop/pies"}, lambda *head: None)
    [b'/shop|/pies']
    >>> app({"SCRIPT_NAME": "", "PATH_INFO": "/shopping"}, lambda *head: None)
    [b'|/shopping']
    """
    return MountedApps(apps)


class MountedApps:
    """What :func:`mount_app` returns; ``mounts`` has the applications by path."""

    def __init__(self, apps: Mapping[str, WSGIApplication]) -> None:
        self.mounts: dict[str, WSGIApplication] = {}
        for path, app in apps.items():
            if path and not path.startswith("/"):
                raise OptionError(f"mount_app: {path!r} does not start with a slash")
            clean = path.rstrip("/").encode().decode("latin-1")
            if clean in self.mounts:
                raise OptionError(f"mount_app: {path!r} is mounted twice")
            if not callable(app):
                raise OptionError(f"mount_app: {path!r}: {app!r} is no application")
            self.mounts[clean] = app
        self._depth = max((path.count("/") for path in self.mounts), default=0)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        segments = path.split("/", self._depth + 1)[: self._depth + 1]
        for count in range(len(segments), 0, -1):
            mount = "/".join(segments[:count])
            app = self.mounts.get(mount)
            if app is not None:
                inner = {
                    **environ,
                    "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + mount,
                    "PATH_INFO": path[len(mount) :],
                }
                return call_inside(app, inner, environ, start_response)
        from tropea.core.exceptions import NotFound

        return NotFound()(environ, start_response)


def call_inside(
    app: WSGIApplication,
    inner: WSGIEnvironment,
    environ: WSGIEnvironment,
    start_response: StartResponse,
) -> Iterable[bytes]:
    """Call *app* with *inner*, and hand what it sets there back to *environ*."""
    before = dict(inner)

    def start(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
        _hand_back(inner, before, environ)
        return start_response(status, headers, exc_info)

    body = app(inner, start)
    _hand_back(inner, before, environ)
    return body


def _hand_back(inner: WSGIEnvironment, before: WSGIEnvironment, environ: WSGIEnvironment) -> None:
    for key, value in inner.items():
        if key not in _PRIVATE and (key not in before or before[key] is not value):
            before[key] = environ[key] = value


def overlay(*apps: WSGIApplication) -> WSGIApplication:
    """Return an application that asks each of *apps* until one does not answer 404.

    The last one's answer counts whatever it is.  A request's body is kept for the next one.

    >>> def missing(environ, start_response):
    ...     start_response("404 Not Found", [])
    ...     return [b"no"]
    >>> def found(environ, start_response):
    ...     start_response("200 OK", [])
    ...     return [b"yes"]
    >>> overlay(missing, found)({}, lambda *head: None)
    [b'yes']
    """
    if not apps:
        raise OptionError("overlay: needs an application")
    *first, last = apps

    def overlaid(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if first and (refusal := _keep_body(environ)) is not None:
            return refusal(environ, start_response)
        for app in first:
            inner = dict(environ)
            before = dict(inner)
            answer = capture(app, inner)
            if not answer.status.startswith("404"):
                _hand_back(inner, before, environ)
                answer.hand_on(start_response, answer.status, answer.headers)
                return answer.body
            close(answer.body)
            if "wsgi.input" in environ and environ.get("webob.is_body_seekable"):
                environ["wsgi.input"].seek(0)
        return last(environ, start_response)

    return overlaid


def _keep_body(environ: WSGIEnvironment) -> WSGIApplication | None:
    """Make the body one that can be read again; return the refusal of one that cannot be read."""
    if environ.get("webob.is_body_seekable"):
        environ["wsgi.input"].seek(0)
        return None
    stated = environ.get("CONTENT_LENGTH", "") not in {"", "0"}
    if not stated and not environ.get("wsgi.input_terminated"):
        return None
    from tropea.core.raising import HTTPException

    try:
        options = environ.get(OPTIONS_KEY) or DEFAULTS
        copy, size = spool(open_input(environ, options.max_body), _IN_MEMORY)
    except HTTPException as refusal:
        return refusal
    environ["wsgi.input"] = copy
    environ["CONTENT_LENGTH"] = str(size)
    environ["webob.is_body_seekable"] = True
    return None


def use_redirect_url(
    app: WSGIApplication | None = None, *, use_redirect_querystring: bool = True
) -> Any:
    """Give the application the URL that was asked for before the server rewrote it.

    Apache names it in ``REDIRECT_URL`` and ``REDIRECT_QUERY_STRING`` when a rule led the request
    to a CGI script.  Without *app* a layer is returned.

    >>> seen = []
    >>> app = use_redirect_url(lambda environ, start_response: seen.append(environ) or [])
    >>> app({"SCRIPT_NAME": "/app.cgi", "PATH_INFO": "", "REDIRECT_URL": "/pies"}, None)
    []
    >>> seen[0]["SCRIPT_NAME"], seen[0]["PATH_INFO"]
    ('', '/pies')
    """

    def layer(app: WSGIApplication) -> WSGIApplication:
        def redirected(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            url = environ.get("REDIRECT_URL")
            if url:
                if not url.startswith("/"):
                    from tropea.core.exceptions import BadRequest

                    return BadRequest("The path is malformed.")(environ, start_response)
                environ["SCRIPT_NAME"], environ["PATH_INFO"] = "", url
                if use_redirect_querystring:
                    query = environ.get("REDIRECT_QUERY_STRING", environ.get("QUERY_STRING", ""))
                    environ["QUERY_STRING"] = query
            return app(environ, start_response)

        return redirected

    return layer if app is None else layer(app)
