"""Answer with a page where the application has none: single-page applications."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.capturing import capture
from tropea.core.closing import close
from tropea.core.keys import TRACE
from tropea.static.files import StaticFiles


def with_fallback(
    app: WSGIApplication,
    files: StaticFiles,
    environ: WSGIEnvironment,
    start_response: StartResponse,
) -> Iterable[bytes]:
    """Ask the application first; put the fallback page in the place of its 404.

    Only a request for HTML gets the page: what a script or a picture asks for in vain stays a
    404.
    """
    method = environ["REQUEST_METHOD"]
    asked = {
        key: environ[key] for key in environ if key.startswith(("HTTP_", "PATH_INFO", "wsgi."))
    }
    captured = capture(app, environ)
    try:
        page = files.fallback(asked, method) if captured.status[:3] == "404" else None
        if page is not None:
            close(captured.body)
            if TRACE in environ:
                from tropea.static.telling import tell

                tell(files, environ, None, page[0], page[1])
            start_response(page[0], page[1])
            return page[2]
        captured.hand_on(start_response, captured.status, captured.headers)
        return captured.body
    finally:
        del captured  # it may hold an exception, whose traceback holds this frame
