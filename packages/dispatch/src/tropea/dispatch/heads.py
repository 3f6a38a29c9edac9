"""Answers to HEAD of applications that do not know it, and environs of mounted applications."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.closing import close


class Bodiless:
    """Call an application for its head alone; its body is closed and never sent.

    Source: RFC 9110 section 9.3.2.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = False

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            nonlocal started
            started = True
            start_response(status, headers, exc_info)
            return _discard

        body = self.app(environ, start)
        if not started:  # an application that begins with its first block
            try:
                steps: Iterator[bytes] = iter(body)
                while not started and next(steps, None) is not None:
                    pass
            except BaseException:
                close(body)
                raise
        close(body)
        return []


def _discard(_block: bytes) -> None:
    """Stand in for ``write`` where nothing may be sent."""


def shift_path(environ: WSGIEnvironment, prefix: str) -> WSGIEnvironment:
    """Return the environ as an application mounted at *prefix* sees it.

    >>> inner = shift_path({"SCRIPT_NAME": "/a", "PATH_INFO": "/b/c"}, "/b")
    >>> inner["SCRIPT_NAME"], inner["PATH_INFO"]
    ('/a/b', '/c')
    """
    raw = prefix.encode("utf-8").decode("latin-1")
    inner = dict(environ)
    inner["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + raw
    inner["PATH_INFO"] = environ.get("PATH_INFO", "")[len(raw) :]
    return inner
