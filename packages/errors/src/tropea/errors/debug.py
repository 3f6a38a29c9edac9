"""Show a developer what went wrong; show nobody else anything."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.anatomy import chain_of
from tropea.core.development import KNOWN_HOSTS, Admission, Gate
from tropea.core.errors import OptionError
from tropea.core.layer import Layer
from tropea.errors.answering import with_first_step
from tropea.errors.debugpage import debug_page
from tropea.errors.reporters import log_error
from tropea.errors.reports import make_report

_POLICY = (
    "default-src 'none'; style-src 'nonce-NONCE'; script-src 'nonce-NONCE'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_ANNOUNCED = (
    "Errors are shown to a browser on this machine that opened {} "
    "(behind a proxy every client looks like this machine: keep the key to yourself)"
)


@dataclass(frozen=True)
class DebugOptions:
    """The options of DebugMiddleware.

    enabled: must be said: this layer is for development and refuses to start without it.
    key: what opens the page; a random one, printed at start, when None.
    hosts: host names under which the page may be seen.
    path: where the key is given.
    editor: an address with ``{file}`` and ``{line}``, such as ``vscode://file{file}:{line}``.
    announce: write the address with the key to standard error at start.
    """

    enabled: bool = False
    key: str | None = None
    hosts: tuple[str, ...] = KNOWN_HOSTS
    path: str = "/__debug__/"
    editor: str = "vscode://file{file}:{line}"
    announce: bool = True


class DebugMiddleware(Layer):
    """Answer an escaped exception with its traceback, to a developer who showed the key.

    Only loopback peers, under a known host name, with the key's cookie, see anything: for
    everybody else the exception goes on to the error layer or the server.  Nothing is evaluated,
    there is no console, and what reads as a secret is hidden.
    """

    Options: ClassVar[type] = DebugOptions
    kind = "errors"
    inside = ("errors", "status")
    options: DebugOptions

    def prepare(self) -> None:
        if not self.options.enabled:
            raise OptionError(
                "DebugMiddleware: shows source code and variables; it is for development only: "
                "say enabled=True to start it"
            )
        try:
            self.gate = Gate(self.options.path, self.options.key, self.options.hosts)
        except OptionError as error:
            raise OptionError(f"DebugMiddleware: {error}") from None
        if self.options.announce:
            print(_ANNOUNCED.format(self.gate.address), file=sys.stderr)  # noqa: T201

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(self.options.path):
            return self._enter(environ, start_response)
        if self.gate.judge(environ) is not Admission.ADMITTED:
            return self.call_app(environ, start_response)
        body: Iterable[bytes] = ()
        try:
            body = self.call_app(environ, start_response)
            return with_first_step(body)
        except Exception as error:
            return self._show(error, environ, start_response)

    def _enter(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        admission = self.gate.judge(environ)
        if admission is Admission.REFUSED:
            start_response(
                "404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")]
            )
            return []
        fields = [("Content-Type", "text/plain; charset=UTF-8"), ("Cache-Control", "no-store")]
        if admission is Admission.ENTERING:
            fields.append(("Set-Cookie", self.gate.set_cookie))
        text = b"Errors of this application are now shown to this browser.\n"
        start_response("200 OK", [*fields, ("Content-Length", str(len(text)))])
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [text]

    def _show(
        self, error: Exception, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        log_error(make_report(error, environ, "before"))
        nonce = secrets.token_urlsafe(16)
        layers = chain_of(self.app)
        page = debug_page(error, environ, layers, self.options.editor, nonce).encode(
            "utf-8", "replace"
        )
        fields = [
            ("Content-Type", "text/html; charset=UTF-8"),
            ("Content-Length", str(len(page))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Content-Security-Policy", _POLICY.replace("NONCE", nonce)),
        ]
        exc_info: Any = sys.exc_info()
        try:
            start_response("500 Internal Server Error", fields, exc_info)
        finally:
            exc_info = None
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [page]
