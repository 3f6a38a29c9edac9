"""Let a handler make the page of one status, as PoorWSGI's state handlers did.

The status stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.capturing import Captured, capture
from tropea.core.closing import close
from tropea.core.layer import Layer
from tropea.errors.keys import ORIGINAL
from tropea.errors.logs import log_exception
from tropea.errors.redirecting import check_status, merged, original

#: What was asked for: an application may have shifted it.
_ASKED = frozenset(("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"))


@dataclass(frozen=True)
class HandlerOptions:
    """The options of StatusHandlerMiddleware.

    status: the code whose page the handler makes; any from 300 to 599 but 304, which has none.
    handler: gets the request, returns what a handler may return; its status does not count.
    """

    status: int
    handler: Callable[..., Any]

    def __post_init__(self) -> None:
        check_status(self.status, "status")


class StatusHandlerMiddleware(Layer):
    """Let a handler make the page of one status, which stays what it was."""

    Options: ClassVar[type] = HandlerOptions
    kind = "status"
    options: HandlerOptions

    def prepare(self) -> None:
        self.code = str(self.options.status)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        before = dict(environ)  # the application may change its environ, or clear it
        first = capture(self.app, environ)
        if first.status[:3] != self.code or ORIGINAL in environ:
            first.hand_on(start_response, first.status, first.headers)
            return first.body
        for key, value in before.items():
            if key in _ASKED or key not in environ:
                environ[key] = value
        page = self._page(environ, first)
        if page is None:
            first.hand_on(start_response, first.status, first.headers)
            return first.body
        page.hand_on(start_response, first.status, merged(first.headers, page.headers))
        close(first.body)
        if before.get("REQUEST_METHOD") == "HEAD":
            close(page.body)
            return []
        return page.body

    def _page(self, environ: WSGIEnvironment, first: Captured) -> Captured | None:
        from tropea.core.coercion import as_application
        from tropea.core.request import Request

        handler = self.options.handler
        environ[ORIGINAL] = original(environ, first)
        try:
            app = as_application(handler(Request.of(environ)), handler=handler)
            return capture(app, environ)
        except Exception as error:
            told = "the handler of %s raised; the first answer is sent"
            log_exception(error, environ, told, first.status)
            return None


def status_handler(
    status: int, handler: Callable[..., Any] | None = None
) -> Callable[[WSGIApplication], WSGIApplication] | Callable[..., Any]:
    """Return the layer that lets *handler* make the page of *status*; decorates without a handler.

    >>> from tropea.core import to_wsgi
    >>> layer = status_handler(404, lambda request: "<h1>Nothing here.</h1>")
    """
    if handler is None:
        return lambda handler: status_handler(status, handler)
    return StatusHandlerMiddleware.layer(status, handler)
