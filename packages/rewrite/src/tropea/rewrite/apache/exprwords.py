"""The operands of Apache's expressions: quoted text, variables, captures and functions."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from tropea.rewrite.apache.escapes import escape_uri
from tropea.rewrite.apache.flags import nearest
from tropea.rewrite.apache.maps import INTERNAL
from tropea.rewrite.apache.state import State, Value
from tropea.rewrite.apache.variables import FIELDS, KNOWN, variable


class ExprError(ValueError):
    """An expression cannot be read; *at* is where, counted from 0."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("latin-1")).decode("ascii")


def _from_base64(text: str) -> str:
    """Decode up to the first character that is none of base64's; the padding may be missing."""
    whole = re.match(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3})?", text)
    assert whole is not None  # it matches nothing at all as well
    return base64.b64decode(whole[0] + "=" * (-len(whole[0]) % 4)).decode("latin-1")


def _unescape(text: str) -> str:
    """Decode percent-encodings but slashes; nothing comes of text that has one that is none."""
    if re.search("%(?![0-9A-Fa-f]{2})|%00", text):
        return ""
    kept = re.sub("(?i)%(2f)", r"%25\1", text)
    return unquote_to_bytes(kept.encode("latin-1")).decode("latin-1")


def _digest(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode("latin-1"), usedforsecurity=False).hexdigest()


def _for_ldap(text: str) -> str:
    return re.sub(r"[*()\\\x00]", lambda found: f"\\{ord(found[0]):02x}", text)


_TEXT_FUNCTIONS: dict[str, Callable[[str], str]] = {
    "tolower": INTERNAL["tolower"], "toupper": INTERNAL["toupper"], "escape": escape_uri,
    "unescape": _unescape, "base64": _base64, "unbase64": _from_base64, "md5": _digest("md5"),
    "sha1": _digest("sha1"), "ldap": _for_ldap,
    "osenv": lambda text: os.environ.get(text, ""),
}  # fmt: skip


def _field(state: State, name: str) -> str:
    """Return a request header; expressions name it in Vary whether it is there or not."""
    value = _quiet_field(state, name)
    if name.lower() != "host":
        state.vary = (*state.vary, name)
    return value


def _quiet_field(state: State, name: str) -> str:
    return str(state.environ.get(f"HTTP_{name.upper().replace('-', '_')}", ""))


def _file_size(state: State, path: str) -> str:
    found = state.engine.files.status(path)
    return str(found.st_size) if found is not None and stat.S_ISREG(found.st_mode) else "0"


_STATE_FUNCTIONS: dict[str, Callable[[State, str], str]] = {
    "http": _field,
    "req": _field,
    "req_novary": _quiet_field,
    "env": lambda state, name: state.variable(name) or "",
    "reqenv": lambda state, name: state.variable(name) or "",
    "note": lambda _state, _name: "",
    "resp": lambda _state, _name: "",
    "filesize": _file_size,
    "file": lambda state, path: state.engine.files.content(path),
}
#: Variables that expressions have besides those of test strings, or see otherwise.
_VARIABLES: dict[str, Value] = {
    "DOCUMENT_URI": lambda state: state.environ.get("SCRIPT_NAME", "") + state.uri,
    "HTTP2": lambda state: "on" if state.environ.get("SERVER_PROTOCOL") == "HTTP/2" else "off",
    "REQUEST_STATUS": lambda _state: "200",
    "CONTENT_TYPE": lambda _state: "",  # of the response, which there is none of
    "HANDLER": lambda state: state.handler,
    "LAST_MODIFIED": lambda _state: "19700101000000",
    "REQUEST_LOG_ID": lambda _state: "",
    "CONN_LOG_ID": lambda _state: "",
    "SCRIPT_USER": lambda _state: "",
    "SCRIPT_GROUP": lambda _state: "",
    "API_VERSION": lambda _state: "20120211",
}
#: In quotes: a character's octal code, a character after a backslash, a group, a variable.
_SPECIAL = re.compile(r"\\(?:([0-7]{1,3})|(.))|\$([0-9])|%\{((?:[^{}]|%\{[^{}]*\})*)\}", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def captured(number: int) -> Value:
    """Return what gives a group of the last match, in the expression or before it."""

    def value(state: State) -> str:
        match = state.cond
        return (match[number] or "") if match is not None and number <= match.re.groups else ""

    return value


def quoted(text: str, at: int = 0) -> Value:
    """Compile the inside of quotes: ``$N`` in an expression is its own last match's group.

    at: where the text stands in the expression, for messages.
    """
    pieces: list[Value] = []
    literal, place = "", 0
    while found := _SPECIAL.search(text, place):
        literal += text[place : found.start()]
        place = found.end()
        octal, escaped, number, name = found.groups()
        if octal or escaped:
            literal += chr(int(octal, 8) & 0xFF) if octal else _ESCAPED.get(escaped, escaped)
            continue
        if literal:
            pieces.append(Constant(literal))
            literal = ""
        value = captured(int(number)) if number else variable_of(name, at + found.start())
        pieces.append(value)
    literal += text[place:]
    if literal or not pieces:
        pieces.append(Constant(literal))
    if len(pieces) == 1:
        return pieces[0]
    return lambda state: "".join([piece(state) for piece in pieces])


class Constant:
    """A word that is the same for every request."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __call__(self, state: State) -> str:
        return self.text


def variable_of(name: str, at: int) -> Value:
    """Return what looks ``%{name}`` up; a prefix is a function's name.

    Raises ExprError for a name that there is not.
    """
    prefix, colon, argument = name.partition(":")
    if colon:
        return function(prefix, quoted(argument, at + len(prefix) + 3), at)
    upper = name.upper()
    header = FIELDS.get(upper)
    if header is not None:
        return lambda state: _field(state, header)
    if upper in _VARIABLES:
        return _VARIABLES[upper]
    if upper in KNOWN:
        return variable(name)
    if upper.startswith("SSL_"):
        return lambda state: state.variable(upper) or ""
    every = {each.lower(): each for each in (*KNOWN, *_VARIABLES)}
    raise ExprError(f"no variable is called {name!r}{nearest(name, every)}", at)


def function(name: str, argument: Value, at: int) -> Value:
    """Return what calls ``name(argument)``; raise ExprError for a name that there is not."""
    low = name.lower()
    if low in _TEXT_FUNCTIONS:
        of_text = _TEXT_FUNCTIONS[low]
        return lambda state: of_text(argument(state))
    if low in _STATE_FUNCTIONS:
        of_state = _STATE_FUNCTIONS[low]
        return lambda state: of_state(state, argument(state))
    every = {each: each for each in (*_TEXT_FUNCTIONS, *_STATE_FUNCTIONS)}
    raise ExprError(f"unknown function {name!r}{nearest(name, every)}", at)
