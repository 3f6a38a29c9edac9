"""The response of another application, looked at before it is sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.capturing import Captured
from tropea.core.response import Response


class CapturedResponse(Response):
    """What ``Response.from_wsgi`` returns.

    When it is sent, its application's own ``write`` and late errors reach the server as they
    would have without us.
    """

    def __init__(self, captured: Captured, method: str) -> None:
        # The application's own fields pass through: they were checked where they were made.
        self._status = captured.status
        self._headerlist = captured.headers
        self._checked = captured.headers[:]
        self._app_iter = captured.body
        self._hand_on = captured.hand_on
        self._method = method

    def send(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, fields: Any, /) -> Any:
            self._hand_on(start_response, status, fields)

        if "REQUEST_METHOD" not in environ:  # its application has cleared it
            environ = {**environ, "REQUEST_METHOD": self._method}
        return super().send(environ, start)  # type: ignore[arg-type]  # the two arguments we use
