"""The operands of Apache's expressions: quoted text, variables, captures and functions."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from tropea.rewrite.apache.escapes import escape_uri
from tropea.rewrite.apache.maps import INTERNAL
from tropea.rewrite.apache.state import State, Value
from tropea.rewrite.apache.variables import FIELDS, variable


class ExprError(ValueError):
    """An expression cannot be read; *at* is where, counted from 0."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("latin-1")).decode("ascii")


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode(text.encode("latin-1")).decode("latin-1")
    except binascii.Error:
        return ""


def _digest(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode("latin-1"), usedforsecurity=False).hexdigest()


_TEXT_FUNCTIONS: dict[str, Callable[[str], str]] = {
    "tolower": INTERNAL["tolower"], "toupper": INTERNAL["toupper"], "escape": escape_uri,
    "unescape": lambda text: unquote_to_bytes(text.encode("latin-1")).decode("latin-1"),
    "base64": _base64, "unbase64": _from_base64, "md5": _digest("md5"), "sha1": _digest("sha1"),
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


_STATE_FUNCTIONS: dict[str, Callable[[State, str], str]] = {
    "http": _field,
    "req": _field,
    "req_novary": _quiet_field,
    "env": lambda state, name: state.variable(name) or "",
    "reqenv": lambda state, name: state.variable(name) or "",
    "note": lambda _state, _name: "",
    "resp": lambda _state, _name: "",
}


def captured(number: int) -> Value:
    """Return what gives a group of the last match, in the expression or before it."""

    def value(state: State) -> str:
        match = state.cond
        return (match[number] or "") if match is not None and number <= match.re.groups else ""

    return value


def quoted(text: str) -> Value:
    """Compile the inside of quotes: ``$N`` in an expression is its own last match's group."""
    pieces: list[Value] = []
    for part in re.split(r"((?<!\\)\$[0-9])", text):
        if re.fullmatch(r"\$[0-9]", part):
            pieces.append(captured(int(part[1])))
        elif part:
            pieces += _with_variables(part)
    if len(pieces) == 1:
        return pieces[0]
    return lambda state: "".join([piece(state) for piece in pieces])


def _with_variables(text: str) -> list[Value]:
    """Compile text with ``%{NAME}`` in it."""
    values: list[Value] = []
    for part in re.split(r"((?<!\\)%\{[^{}]*\})", text):
        if part.startswith("%{"):
            values.append(variable_of(part[2:-1], 0))
        elif part:
            values.append(_constant(re.sub(r"\\(.)", r"\1", part)))
    return values


def _constant(text: str) -> Value:
    return lambda _state: text


def variable_of(name: str, at: int) -> Value:
    """Return what looks ``%{name}`` up; a prefix may be a function's name."""
    prefix, colon, argument = name.partition(":")
    if colon and prefix.upper() not in {"ENV", "SSL", "LA-U", "LA-F"}:
        return function(prefix, lambda _state: argument, at)
    header = FIELDS.get(name.upper())
    if header is not None:
        return lambda state: _field(state, header)
    return variable(name)


def function(name: str, argument: Value, at: int) -> Value:
    """Return what calls ``name(argument)``; raise ExprError for a name that there is not."""
    low = name.lower()
    if low in _TEXT_FUNCTIONS:
        of_text = _TEXT_FUNCTIONS[low]
        return lambda state: of_text(argument(state))
    if low in _STATE_FUNCTIONS:
        of_state = _STATE_FUNCTIONS[low]
        return lambda state: of_state(state, argument(state))
    if low == "filesize":

        def size(state: State) -> str:
            found = state.engine.files.status(argument(state))
            return str(found.st_size) if found is not None else "0"

        return size
    raise ExprError(f"unknown function {name!r}", at)
