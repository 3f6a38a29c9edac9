"""Static files as an application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tropea.core.keys import TRACE
from tropea.core.options import read_options
from tropea.static.answers import Answer, short
from tropea.static.files import StaticFiles
from tropea.static.options import StaticOptions
from tropea.static.paths import path_key
from tropea.static.singlefile import as_response

_ALLOW = ("Allow", "GET, HEAD, OPTIONS")


class StaticServer:
    """An application that serves files and nothing else.

    It is a WSGI application, and a handler for a route that ends in ``<path:path>``.
    """

    def __init__(self, options: StaticOptions) -> None:
        self.options = options
        self.files = StaticFiles(options)
        if self.files.manifest:
            from tropea.static.assets import register

            register(self.files)

    def rescan(self) -> None:
        """Look at all files again."""
        self.files.rescan()

    def static_url(self, name: str, script_name: str = "") -> str:
        """Write the URL of a file, by its hashed name where the manifest has one."""
        return self.files.url(name, script_name)

    def answer(self, environ: dict[str, Any]) -> Answer:
        """Answer any request, whatever its method and its path."""
        answer = self._answer(environ)
        if TRACE in environ:
            from tropea.static.telling import tell

            tell(
                self.files, environ, self.files.table.get(environ.get("PATH_INFO", "")), *answer[:2]
            )
        return answer

    def _answer(self, environ: Mapping[str, Any]) -> Answer:
        method = environ.get("REQUEST_METHOD", "GET")
        if method == "GET" or method == "HEAD":  # noqa: PLR1714  faster than a set here
            return (
                self.files.answer(environ, method)
                or self.files.without_slash(environ, method)
                or self.files.fallback(environ, method)
                or short("404 Not Found", method)
            )
        path_info = environ.get("PATH_INFO", "")
        if self.files.table.get(path_info) is None:
            return short("404 Not Found", method)
        if method == "OPTIONS":
            return "204 No Content", [_ALLOW], []
        return short("405 Method Not Allowed", method, _ALLOW)

    def __call__(self, request: Any, start_response: Any = None, /, **groups: Any) -> Any:
        """Answer a WSGI call, or a handler's: a request, and what the route found as the path."""
        if callable(start_response):
            status, headers, body = self.answer(request)
            start_response(status, headers)
            return body
        found = [group for group in (start_response, *groups.values()) if isinstance(group, str)]
        return as_response(self.answer(self._routed(request.environ, found[0] if found else None)))

    def _routed(self, environ: Mapping[str, Any], path: str | None) -> dict[str, Any]:
        """Describe the request as if the route's own part of the path were mounted away."""
        routed = dict(environ)
        if path is not None:
            asked, rest = environ.get("PATH_INFO", ""), path_key(path.lstrip("/"))
            if asked.endswith("/" + rest):
                above = asked[: len(asked) - len(rest) - 1]
                routed["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + above
            routed["PATH_INFO"] = "/" + rest
        return routed


def static_server(root: Any = "", *args: Any, **kwargs: Any) -> StaticServer:
    r"""Make an application of the files below *root*; see StaticOptions for the options.

    A file answers GET and HEAD, and 405 to other methods; what is not there answers 404.
    Raises OptionError for a wrong option, or where *root* is not there.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as root:
    ...     app = static_server(root)
    >>> app({"REQUEST_METHOD": "GET", "PATH_INFO": "/a"}, lambda status, headers: print(status))
    404 Not Found
    [b'Not Found\n']
    """
    if type(root) is StaticOptions and not args and not kwargs:
        return StaticServer(root)
    options = read_options(StaticOptions, (root, *args), kwargs, where="static_server")
    return StaticServer(options)
