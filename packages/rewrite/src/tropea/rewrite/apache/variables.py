"""The server variables that ``%{NAME}`` stands for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from tropea.rewrite.apache.state import State, Value, header_key

#: Variables that are request headers.
FIELDS = {
    "HTTP_ACCEPT": "Accept", "HTTP_COOKIE": "Cookie", "HTTP_FORWARDED": "Forwarded",
    "HTTP_HOST": "Host", "HTTP_PROXY_CONNECTION": "Proxy-Connection", "HTTP_REFERER": "Referer",
    "HTTP_USER_AGENT": "User-Agent",
}  # fmt: skip
_PLAIN = (
    "AUTH_TYPE", "REMOTE_ADDR", "REMOTE_IDENT", "REMOTE_PORT", "REMOTE_USER",
    "SERVER_ADDR", "SERVER_ADMIN", "SERVER_SOFTWARE",
)  # fmt: skip
_TIMES = {
    "TIME": "%Y%m%d%H%M%S", "TIME_YEAR": "%Y", "TIME_MON": "%m", "TIME_DAY": "%d",
    "TIME_HOUR": "%H", "TIME_MIN": "%M", "TIME_SEC": "%S", "TIME_WDAY": "%w",
}  # fmt: skip
#: Those that hold nothing but the host that the client asked for, checked before use.
HOST_VARIABLES = frozenset(("HTTP_HOST", "HTTP:HOST", "SERVER_NAME", "SERVER_ADDR", "SERVER_PORT"))


def _request_line(state: State) -> str:
    environ = state.environ
    target = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if not isinstance(target, str) or not target.startswith("/"):
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        target = quote(path.encode("latin-1"), "/:@!$&'()*+,;=~")
        if environ.get("QUERY_STRING"):
            target = f"{target}?{environ['QUERY_STRING']}"
    method = environ.get("REQUEST_METHOD", "GET")
    return f"{method} {target} {environ.get('SERVER_PROTOCOL', 'HTTP/1.1')}"


def _remote_host(state: State) -> str:
    """Return the client's name, or its address where the server looked no name up."""
    return state.variable("REMOTE_HOST") or state.variable("REMOTE_ADDR") or ""


def _document_root(state: State) -> str:
    return state.engine.document_root or ""


_OTHERS: dict[str, Callable[[State], str]] = {
    "QUERY_STRING": lambda state: state.args or "",
    "REQUEST_URI": lambda state: state.environ.get("SCRIPT_NAME", "") + state.uri,
    "REQUEST_FILENAME": lambda state: state.filename,
    "SCRIPT_FILENAME": lambda state: state.filename,
    "PATH_INFO": lambda state: state.path_info,
    "REMOTE_HOST": lambda state: (
        state.variable("REMOTE_HOST") or state.variable("REMOTE_ADDR") or ""
    ),
    "REQUEST_METHOD": lambda state: str(state.environ.get("REQUEST_METHOD", "GET")),
    "REQUEST_SCHEME": lambda state: state.scheme,
    "SERVER_PROTOCOL": lambda state: str(state.environ.get("SERVER_PROTOCOL", "HTTP/1.1")),
    "SERVER_NAME": lambda state: state.host_and_port()[0],
    "SERVER_PORT": lambda state: state.host_and_port()[1],
    "HTTPS": lambda state: "on" if state.scheme == "https" else "off",
    "IPV6": lambda state: "on" if ":" in str(state.environ.get("REMOTE_ADDR", "")) else "off",
    "IS_SUBREQ": lambda state: "true" if state.depth else "false",
    "THE_REQUEST": _request_line,
    "DOCUMENT_ROOT": _document_root,
    "CONTEXT_DOCUMENT_ROOT": _document_root,
    "CONTEXT_PREFIX": lambda _state: "",
    "CONN_REMOTE_ADDR": lambda state: str(state.environ.get("REMOTE_ADDR", "")),
    "API_VERSION": lambda _state: "20120211:142",
    "SCRIPT_USER": lambda _state: "<unknown>",
    "SCRIPT_GROUP": lambda _state: "<unknown>",
}
KNOWN = frozenset((*FIELDS, *_PLAIN, *_TIMES, *_OTHERS))


def variable(name: str) -> Value:
    """Return what looks ``%{name}`` up; a name that is not known is empty, as in Apache."""
    prefix, colon, rest = name.partition(":")
    if colon and rest:
        return _prefixed(prefix.upper(), rest)
    upper = name.upper()
    if upper in FIELDS:
        field = FIELDS[upper]
        return lambda state: state.header(field) or ""
    if upper in _TIMES:
        form = _TIMES[upper]
        return lambda state: time.strftime(form, time.localtime(state.engine.clock()))
    if upper in _PLAIN:
        return lambda state: state.variable(upper) or ""
    return _OTHERS.get(upper, lambda _state: "")


def _prefixed(prefix: str, rest: str) -> Value:
    if prefix == "HTTP":
        return lambda state: state.header(rest) or ""
    if prefix in {"ENV", "SSL"}:
        return lambda state: state.variable(rest) or ""
    if prefix in {"LA-U", "LA-F"}:
        inner = variable(rest)

        def ahead(state: State) -> str:
            found = state.engine.look_ahead(state, by_file=prefix == "LA-F")
            return "" if found is None else inner(found)

        return ahead
    return lambda _state: ""


def is_known(name: str) -> bool:
    """Tell whether Apache has a variable of that name."""
    prefix, colon, rest = name.partition(":")
    if colon and prefix.upper() in {"HTTP", "ENV", "SSL", "LA-U", "LA-F"}:
        return bool(rest)
    return name.upper() in KNOWN


class FromEnviron(NamedTuple):
    """A variable that the environ alone decides.

    read: takes it out.  field: the environ's key and the name of a header that Vary has to name.
    """

    read: Callable[[Mapping[str, Any]], str]
    field: tuple[str, str] | None = None


def from_environ(name: str) -> FromEnviron | None:
    """Return how ``%{name}`` is read where no rule has set anything, or None.

    >>> from_environ("HTTP:X-Robot").read({"HTTP_X_ROBOT": "yes"})
    'yes'
    """
    prefix, _, rest = name.partition(":")
    upper = name.upper()
    header = rest if prefix.upper() == "HTTP" else FIELDS.get(upper)
    if header:
        key = header_key(header)
        return FromEnviron(_text_at(key), None if key == "HTTP_HOST" else (key, header))
    if upper == "REQUEST_METHOD":
        return FromEnviron(_text_at(upper, "GET"))
    return FromEnviron(_text_at(upper)) if upper in _PLAIN else None


def _text_at(key: str, default: str = "") -> Callable[[Mapping[str, Any]], str]:
    def read(environ: Mapping[str, Any]) -> str:
        value = environ.get(key, default)
        return value if isinstance(value, str) else default

    return read
