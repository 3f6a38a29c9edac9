"""What Apache's rules know of a request while they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tropea.rewrite.locations import is_host


def header_key(name: str) -> str:
    """Return the environ's key of a request header."""
    key = name.upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"


class State:
    """One request on its way through a list of rules; all text is one character a byte.

    uri: the path asked for.  filename: what the rules have made of it so far.
    path_info: in a directory's context, what the request has after the file.
    args: the query, or None.  env: variables set by E, None where unset.
    rule: the last rule's match, for ``$N``.  cond: the last positive condition's, for ``%N``, and
    whether its subject was made of the request's host alone.
    captured_dots: whether a dot segment of filename came out of an expansion.
    captured_marks: whether a ``%``, ``?`` or ``#`` of it did.
    depth, outer: how many look-aheads led here, and the request that looks ahead.
    """

    # Defaults of the class: a request that matches one plain rule sets few of them.
    path_info = type = handler = own = ""
    env: Mapping[str, str | None] = MappingProxyType({})
    cookies: Mapping[str, str] = MappingProxyType({})
    vary: tuple[str, ...] = ()
    vary_this: tuple[str, ...] = ()
    rule: Any = None
    cond: Any = None
    cond_is_host = captured_dots = captured_marks = False
    depth = 0
    outer: State | None = None

    def __init__(self, engine: Any, uri: str, args: str | None, environ: Mapping[str, Any]) -> None:
        self.engine = engine
        self.uri = self.filename = self.subject = uri
        self.args = args
        self.environ = environ

    def header(self, name: str) -> str | None:
        """Return a request header, and remember it for Vary when it is there."""
        key = header_key(name)
        value = self.environ.get(key)
        if value is not None and key != "HTTP_HOST":
            self.vary_this = (*self.vary_this, name)
        return value if isinstance(value, str) else None

    def variable(self, name: str) -> str | None:
        """Return a variable of E or of the environ, where it is text."""
        if name in self.env:
            return self.env[name]
        value = self.environ.get(name)
        return value if isinstance(value, str) else None

    def host_and_port(self) -> tuple[str, str]:
        """Return the server's name and port as the client spelled them, where that is sound."""
        field = self.environ.get("HTTP_HOST") or ""
        default = "443" if self.scheme == "https" else "80"
        if not is_host(field):
            return self.environ.get("SERVER_NAME", ""), self.environ.get("SERVER_PORT", default)
        host, colon, port = field.rpartition(":")
        return (host, port) if colon and port.isdigit() else (field, default)

    @property
    def scheme(self) -> str:
        return str(self.environ.get("wsgi.url_scheme", "http"))

    def origin(self) -> str:
        """Return this server's own ``scheme://host``."""
        host, port = self.host_and_port()
        default = "443" if self.scheme == "https" else "80"
        return f"{self.scheme}://{host}" if port == default else f"{self.scheme}://{host}:{port}"


Value = Callable[[State], str]
