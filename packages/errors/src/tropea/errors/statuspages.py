"""Let a handler make the page of one status, as PoorWSGI's state handlers did.

The status stays what it was.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.capturing import Captured, capture
from tropea.core.closing import close
from tropea.core.errors import OptionError
from tropea.core.layer import Layer
from tropea.errors.keys import ORIGINAL
from tropea.errors.redirecting import merged, original

log = logging.getLogger("tropea.errors")


@dataclass(frozen=True)
class HandlerOptions:
    """The options of StatusHandlerMiddleware.

    status: the code whose page the handler makes.
    handler: gets the request, returns what a handler may return; its status does not count.
    """

    status: int
    handler: Callable[..., Any]

    def __post_init__(self) -> None:
        if not 300 <= self.status <= 599:
            raise OptionError(f"status: expected a code from 300 to 599, got {self.status}")


class StatusHandlerMiddleware(Layer):
    """Let a handler make the page of one status, which stays what it was."""

    Options: ClassVar[type] = HandlerOptions
    kind = "status"
    options: HandlerOptions

    def prepare(self) -> None:
        self.code = str(self.options.status)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        first = capture(self.app, environ)
        if first.status[:3] != self.code or ORIGINAL in environ:
            first.hand_on(start_response, first.status, first.headers)
            return first.body
        page = self._page(environ, first)
        if page is None:
            first.hand_on(start_response, first.status, first.headers)
            return first.body
        page.hand_on(start_response, first.status, merged(first.headers, page.headers))
        close(first.body)
        return page.body

    def _page(self, environ: WSGIEnvironment, first: Captured) -> Captured | None:
        from tropea.core.coercion import as_application
        from tropea.core.request import Request

        handler = self.options.handler
        environ[ORIGINAL] = original(environ, first)
        try:
            app = as_application(handler(Request.of(environ)), handler=handler)
            return capture(app, environ)
        except Exception:
            log.exception("the handler of %s raised; the first answer is sent", first.status)
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
