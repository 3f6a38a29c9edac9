"""The layer that answers for the files it has and passes everything else on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.keys import TRACE
from tropea.core.layer import Layer
from tropea.static.entries import Entry
from tropea.static.errors import Stale
from tropea.static.files import StaticFiles
from tropea.static.options import StaticOptions


class StaticMiddleware(Layer):
    """Answer GET and HEAD for the files below *root*; pass everything else to the application.

    The files are looked at when the layer is built; see StaticOptions for the options.
    Raises OptionError for a wrong one, or where *root* is not there.

    Source: RFC 9110 sections 13, 14 and 15.

    >>> import tempfile, pathlib
    >>> root = tempfile.TemporaryDirectory()
    >>> _ = pathlib.Path(root.name, "a.txt").write_text("hello")
    >>> layer = StaticMiddleware(None, root.name, prefix="/static/")
    >>> environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/static/a.txt"}
    >>> layer(environ, lambda status, headers: print(status, headers[0]))
    200 OK ('Content-Type', 'text/plain; charset=utf-8')
    [b'hello']
    >>> root.cleanup()
    """

    Options: ClassVar[type] = StaticOptions
    kind: ClassVar[str] = "static"
    inside: ClassVar[tuple[str, ...]] = ("proxy", "registry", "status", "errors", "rewrite")
    outside: ClassVar[tuple[str, ...]] = (
        "http-cache",
        "conditional",
        "session",
        "auth",
        "dispatch",
    )

    options: StaticOptions

    def prepare(self) -> None:
        self.files = StaticFiles(self.options)
        self._has_fallback = bool(self.options.fallback)
        if self.files.manifest:
            from tropea.static.assets import register

            register(self.files)

    def rescan(self) -> None:
        """Look at all files again."""
        self.files.rescan()

    def static_url(self, name: str, script_name: str = "") -> str:
        """Write the URL of a file, by its hashed name where the manifest has one."""
        return self.files.url(name, script_name)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        entry = self.files.table.get(environ.get("PATH_INFO", ""))
        if entry is None:
            if self._has_fallback or TRACE in environ:
                return self._missed(environ, start_response)
            return self.call_app(environ, start_response)
        method = environ["REQUEST_METHOD"]
        if method != "GET" and method != "HEAD":  # noqa: PLR1714  faster than a set here
            return self._missed(environ, start_response, entry)
        try:
            status, headers, body = entry.answer(environ, method)
        except Stale:
            answer = self.files.answer(environ, method)
            if answer is None:
                return self._missed(environ, start_response)
            status, headers, body = answer
        if TRACE in environ:
            from tropea.static.telling import tell

            tell(self.files, environ, entry, status, headers)
        start_response(status, headers)
        return body

    def _missed(
        self, environ: WSGIEnvironment, start_response: StartResponse, entry: Entry | None = None
    ) -> Iterable[bytes]:
        """Pass a request on; *entry* is what the path has for other methods."""
        if TRACE in environ:
            from tropea.static.telling import tell_passed_on

            tell_passed_on(self.files, environ, entry)
        if not self._has_fallback or environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return self.call_app(environ, start_response)
        from tropea.static.fallbacks import with_fallback

        return with_fallback(self.app, self.files, environ, start_response)
