"""The layer: its gate, its probes, and the answers of its page."""

from __future__ import annotations

import json
import logging
import secrets
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.anatomy import Node, anatomy
from tropea.core.closing import ClosingIterator
from tropea.core.development import KNOWN_HOSTS, Admission, Gate
from tropea.core.errors import OptionError
from tropea.core.fields import Fields
from tropea.core.keys import TRACE
from tropea.core.layer import Layer
from tropea.core.ordering import Finding, lint
from tropea.core.probing import Probes, instrument
from tropea.inspector.entering import wrapping_places
from tropea.inspector.markup import resource
from tropea.inspector.memory import MemoryWatch
from tropea.inspector.records import make_record
from tropea.inspector.shelf import Shelf
from tropea.inspector.timing import timed
from tropea.inspector.tracing import Recording
from tropea.inspector.views import View, as_data, as_file, as_page

log = logging.getLogger("tropea.inspector")

_POLICY = (
    "default-src 'none'; style-src 'nonce-NONCE'; script-src 'nonce-NONCE'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_METHODS = ("GET", "HEAD", "POST")
_FILES = {"onion.css": "text/css; charset=UTF-8", "onion.js": "text/javascript; charset=UTF-8"}


@dataclass(frozen=True)
class InspectorOptions:
    """The options of InspectorMiddleware.

    enabled: must be said: this layer is for development and refuses to start without it.
    key: what opens the page; a random one, printed at start, when None.
    hosts: host names under which the page may be seen.
    path: where the page is.
    keep: requests that are remembered.  room: bytes that they may take, packed.
    always: record from the start, and not only once somebody opened the page.
    announce: tell the address with the key at start.
    """

    enabled: bool = False
    key: str | None = None
    hosts: tuple[str, ...] = KNOWN_HOSTS
    path: str = "/__onion__/"
    keep: int = 1000
    room: int = 16 * 1024 * 1024
    always: bool = False
    announce: bool = True


class InspectorMiddleware(Layer):
    """Show the assembled onion, and what each layer does to each request, to its developer.

    Probes are put between the layers when the page is first opened with its key, and taken out
    again when the developer says so; until then a request costs two look-ups.
    """

    Options: ClassVar[type] = InspectorOptions
    options: InspectorOptions

    def prepare(self) -> None:
        options = self.options
        if not options.enabled:
            raise OptionError(
                "InspectorMiddleware: shows how the application works inside; it is for "
                "development only: say enabled=True to start it"
            )
        if not (
            options.path.startswith("/") and options.path.endswith("/") and len(options.path) > 2
        ):
            raise OptionError(f"InspectorMiddleware: path: expected /name/, got {options.path!r}")
        try:
            self.gate = Gate(options.path, options.key, options.hosts)
        except OptionError as error:
            raise OptionError(f"InspectorMiddleware: {error}") from None
        self.shelf = Shelf(options.keep, options.room)
        self.memory = MemoryWatch()
        self._probes: Probes | None = None
        self._lock = threading.Lock()
        self.tree: Node = anatomy(self.app)
        self.findings: list[Finding] = lint(self.app)
        self._wrapping: frozenset[int] = frozenset()
        if options.always:
            self.listen()
        if options.announce:
            print(f"The onion of this application: {self.gate.address}", file=sys.stderr)  # noqa: T201

    # -- listening

    @property
    def listening(self) -> bool:
        """Whether probes stand between the layers."""
        return self._probes is not None

    def listen(self) -> None:
        """Put probes between the layers, once."""
        with self._lock:
            if self._probes is None:
                self.tree, self.findings = anatomy(self.app), lint(self.app)
                self._bare = self.app
                self.app, self._probes = instrument(self.app)
                self._wrapping = wrapping_places(self.tree, self._probes.names)

    def stop(self) -> None:
        """Take the probes out again."""
        with self._lock:
            if self._probes is not None:
                self._probes.remove()
                self.app, self._probes = self._bare, None

    # -- requests

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(self.options.path) or path == self.options.path[:-1]:
            return self._answer(environ, start_response, path[len(self.options.path) :])
        if self._probes is None or TRACE in environ:
            return self.call_app(environ, start_response)
        return self._record(environ, start_response)

    def _record(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        trace = environ[TRACE] = Recording()
        number = self.shelf.next_number()
        start = start_response
        if self.gate.judge(environ) is Admission.ADMITTED:
            start = timed(trace, start_response)

        def keep() -> None:
            self._keep(trace, number)

        try:
            body = self.call_app(environ, start)
        except BaseException:
            keep()
            raise
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(body, (list, tuple)) or (
            isinstance(wrapper, type) and isinstance(body, wrapper)
        ):
            keep()
            return body
        return ClosingIterator(body, keep)

    def _keep(self, trace: Recording, number: int) -> None:
        """Write a request down; what cannot be shown is nothing that the request suffers from."""
        if not trace.visits:
            return
        try:
            self.shelf.add(make_record(trace, number, self._wrapping))
        except Exception:
            log.exception("request %d cannot be shown", number)

    # -- the page

    def _answer(
        self, environ: WSGIEnvironment, start: StartResponse, place: str
    ) -> Iterable[bytes]:
        admission = self.gate.judge(environ)
        if admission is Admission.REFUSED:
            return _send(environ, start, "404 Not Found", b"", [])
        if environ.get("REQUEST_METHOD", "GET") not in _METHODS:
            fields = [("Allow", ", ".join(_METHODS))]
            return _send(environ, start, "405 Method Not Allowed", b"", fields)
        base = "/" + quote(environ.get("SCRIPT_NAME", ""), encoding="latin-1").lstrip("/")
        base = base.rstrip("/") + self.options.path
        if environ.get("REQUEST_METHOD") != "POST" and not place.startswith("data/"):
            self.listen()  # an open page that asks for news does not begin again what was stopped
        if admission is Admission.ENTERING:
            fields = [("Location", base), ("Set-Cookie", self.gate.set_cookie)]
            return _send(environ, start, "303 See Other", b"", fields)
        if environ.get("PATH_INFO", "") == self.options.path[:-1]:
            return _send(environ, start, "303 See Other", b"", [("Location", base)])
        if environ.get("REQUEST_METHOD") == "POST":
            return self._command(environ, start, place, base)
        if place in _FILES:
            return _send(
                environ,
                start,
                "200 OK",
                resource(place).encode(),
                [("Content-Type", _FILES[place])],
            )
        return self._show(environ, start, place, base)

    def _show(
        self, environ: WSGIEnvironment, start: StartResponse, place: str, base: str
    ) -> Iterable[bytes]:
        view = View(self, base, environ, secrets.token_urlsafe(16))
        file = as_file(view, place)
        if file is not None:
            name = place.rpartition("/")[2]
            fields = [
                ("Content-Type", "application/octet-stream"),
                ("Content-Disposition", f'attachment; filename="{name}"'),
            ]
            return _send(environ, start, "200 OK", file, fields)
        if place == "data" or place.startswith("data/"):
            found = as_data(view, place[5:], _after(environ))
            kind, text = "application/json", None if found is None else json.dumps(found)
        else:
            kind, text = "text/html; charset=UTF-8", as_page(view, place)
        if text is None:
            return _send(environ, start, "404 Not Found", b"", [])
        fields = [
            ("Content-Type", kind),
            ("Content-Security-Policy", _POLICY.replace("NONCE", view.nonce)),
        ]
        return _send(environ, start, "200 OK", text.encode("utf-8", "replace"), fields)

    def _command(
        self, environ: WSGIEnvironment, start: StartResponse, place: str, base: str
    ) -> Iterable[bytes]:
        """Do what a button says: only for a form of this very page."""
        origin = f"{environ.get('wsgi.url_scheme', 'http')}://{environ.get('HTTP_HOST', '')}"
        if environ.get("HTTP_ORIGIN") != origin:
            return _send(environ, start, "403 Forbidden", b"", [])
        command = {
            "stop": self.stop,
            "listen": self.listen,
            "clear": self.shelf.clear,
            "memory/start": self.memory.start,
            "memory/mark": self.memory.mark,
            "memory/stop": self.memory.stop,
        }.get(place)
        if command is None:
            return _send(environ, start, "404 Not Found", b"", [])
        command()
        base += "memory" if place.startswith("memory/") else ""
        if place == "stop":
            text = b"The probes are out. Open the page again to put them back.\n"
            return _send(environ, start, "200 OK", text, [("Content-Type", "text/plain")])
        return _send(environ, start, "303 See Other", b"", [("Location", base)])


def inspect(app: WSGIApplication, key: str | None = None, **options: Any) -> InspectorMiddleware:
    """Make the onion around *app* visible at ``/__onion__/``; for development only.

    key: what opens the page, 16 characters or more; a random one is made and printed when None.
    Raises OptionError where an option is wrong.
    """
    return InspectorMiddleware(app, key=key, **{"enabled": True, **options})


def _after(environ: WSGIEnvironment) -> int:
    text = parse_qs(environ.get("QUERY_STRING", "")[:200]).get("after", ["0"])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _send(
    environ: WSGIEnvironment, start: StartResponse, status: str, body: bytes, fields: Fields
) -> Iterable[bytes]:
    given = {name for name, _ in fields}
    kind = [] if "Content-Type" in given else [("Content-Type", "text/plain")]
    start(
        status,
        [
            *kind,
            *fields,
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ],
    )
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]
