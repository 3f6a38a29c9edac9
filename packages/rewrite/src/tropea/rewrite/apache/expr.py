r"""Apache's expressions: ``RewriteCond expr "%{HTTP_HOST} == 'a' && %{TIME_HOUR} -lt 6"``.

Grammar, tightest last: ``||``, ``&&``, ``!``, parentheses, a comparison or a test.  Operands are
words joined by ``.``: quoted strings (with variables and ``$N`` inside), digits, variables,
``name(word)``.

>>> from tropea.rewrite.apache.state import State
>>> holds = compile_expr("%{REQUEST_METHOD} == 'GET' && !(%{HTTP:X-N} -gt 5)")
>>> holds(State(None, "/", None, {"REQUEST_METHOD": "GET", "HTTP_X_N": "3"}))
True
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import ipaddress
import os
import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from tropea.rewrite.apache.escapes import escape_uri, to_octets
from tropea.rewrite.apache.files import holds as file_holds
from tropea.rewrite.apache.maps import INTERNAL
from tropea.rewrite.apache.state import State, Value
from tropea.rewrite.apache.tests import Test, fold, number_of
from tropea.rewrite.apache.variables import FIELDS, variable
from tropea.rewrite.errors import PatternError
from tropea.rewrite.patterns import compile_pattern


class ExprError(ValueError):
    """An expression cannot be read; *at* is where, counted from 0."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


_TOKEN = re.compile(
    r"""\s*(?:(?P<op>\|\||&&|==|!=|<=|>=|=~|!~|[!()=<>{},.])|(?P<dash>-[A-Za-z]+)"""
    r"""|(?P<digits>[0-9]+)|(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    r"""|(?P<var>%\{[^{}]*\})|(?P<back>\$[0-9])|(?P<regex>m(?P<mark>[^\w\s]).*?(?P=mark)[a-z]*|/(?:[^/\\]|\\.)*/[a-z]*)"""
    r"""|(?P<name>[A-Za-z_][A-Za-z0-9_]*))""",
    re.DOTALL,
)
_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
}  # fmt: skip
_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "==": lambda a, b: a == b, "=": lambda a, b: a == b, "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}  # fmt: skip
_MOST_DEPTH = 100


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


def compile_expr(source: str, *, vary: bool = True) -> Test:
    """Compile an expression; raise ExprError that says where it is wrong.

    vary: whether the headers that it looks at are named in Vary.
    """
    parser = _Parser(to_octets(source))
    test = parser.either()
    parser.expect_end()
    if vary:
        return test

    def quiet(state: State) -> bool:
        saved = state.vary
        held = test(state)
        state.vary = saved
        return held

    return quiet


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, source: str) -> None:
        self.source, self.at, self.depth = source, 0, 0
        self.start, self.kind, self.text = 0, "", ""
        self.step()

    def step(self) -> None:
        """Read the next token; its kind is empty at the end."""
        if not self.source[self.at :].strip():
            self.start, self.kind, self.text = len(self.source), "", ""
            return
        found = _TOKEN.match(self.source, self.at)
        if found is None:
            at = len(self.source) - len(self.source[self.at :].lstrip())
            raise ExprError(f"cannot read {self.source[at : at + 10]!r}", at)
        self.kind = found.lastgroup if found.lastgroup != "mark" else "regex"  # type: ignore[assignment]
        if self.kind == "regex" or found["regex"]:
            self.kind = "regex"
        self.text = found[self.kind]
        self.start, self.at = found.start(self.kind), found.end()

    def fail(self, wanted: str) -> ExprError:
        return ExprError(f"expected {wanted}, found {self.text or 'the end'!r}", self.start)

    def take(self, text: str) -> bool:
        """Step over an operator when it is next."""
        if self.text == text and self.kind == "op":
            self.step()
            return True
        return False

    def expect_end(self) -> None:
        if self.kind:
            raise self.fail("the end")

    def either(self) -> Test:
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            raise ExprError("nested too deeply", self.start)
        tests = [self.both()]
        while self.take("||"):
            tests.append(self.both())
        self.depth -= 1
        return tests[0] if len(tests) == 1 else lambda state: any(test(state) for test in tests)

    def both(self) -> Test:
        tests = [self.negated()]
        while self.take("&&"):
            tests.append(self.negated())
        return tests[0] if len(tests) == 1 else lambda state: all(test(state) for test in tests)

    def negated(self) -> Test:
        if self.take("!"):
            self.depth += 1
            if self.depth > _MOST_DEPTH:
                raise ExprError("nested too deeply", self.start)
            test = self.negated()
            self.depth -= 1
            return lambda state: not test(state)
        if self.take("("):
            test = self.either()
            if not self.take(")"):
                raise self.fail("')'")
            return test
        if self.kind == "name" and self.text.lower() in {"true", "false"}:
            verdict = self.text.lower() == "true"
            self.step()
            return lambda _state: verdict
        if self.kind == "dash":
            return self.unary()
        return self.comparison()

    def unary(self) -> Test:
        name, at = self.text[1:], self.start
        self.step()
        value = self.word()
        test = _unary(name, value)
        if test is None:
            raise ExprError(f"unknown test '-{name}'", at)
        return test

    def comparison(self) -> Test:
        left = self.word()
        operator, at, kind = self.text, self.start, self.kind
        if kind == "op" and operator in _TEXTS:
            self.step()
            compare, right = _TEXTS[operator], self.word()
            return lambda state: compare(left(state), right(state))
        if kind == "op" and operator in {"=~", "!~"}:
            self.step()
            return self.regular(left, negated=operator == "!~")
        if kind == "dash":
            self.step()
            return self.binary(operator[1:].lower(), left, at)
        raise self.fail("an operator")

    def regular(self, left: Value, *, negated: bool) -> Test:
        if self.kind == "regex":
            mark = 1 if self.text[0] == "m" else 0
            end = self.text.rindex(self.text[mark])
            source, flags = self.text[mark + 1 : end], self.text[end + 1 :]
            if not mark:
                source = source.replace("\\/", "/")
        elif self.kind == "string":
            source, flags = self.text[1:-1], ""
        else:
            raise self.fail("a regular expression such as m#…#")
        at = self.start
        self.step()
        try:
            search = compile_pattern(source, ignore_case="i" in flags, octets=True).search
        except PatternError as error:
            raise ExprError(error.message, at + error.column) from None

        def test(state: State) -> bool:
            match = search(left(state))
            if match is not None and not negated:
                state.cond, state.cond_is_host = match, False
            return (match is None) is negated

        return test

    def binary(self, name: str, left: Value, at: int) -> Test:
        if name == "in":
            words = self.words()
            return lambda state: left(state) in [word(state) for word in words]
        right = self.word()
        if name in _NUMBERS:
            compare = _NUMBERS[name]
            return lambda state: compare(number_of(left(state)), number_of(right(state)))
        if name == "ipmatch":
            return lambda state: _in_network(left(state), right(state))
        if name in {"strmatch", "fnmatch"}:
            return lambda state: fnmatch.fnmatchcase(left(state), right(state))
        if name == "strcmatch":
            return lambda state: fnmatch.fnmatchcase(fold(left(state)), fold(right(state)))
        raise ExprError(f"unknown operator '-{name}'", at)

    def words(self) -> list[Value]:
        if not self.take("{"):
            raise self.fail("'{'")
        words = [self.word()]
        while self.take(","):
            words.append(self.word())
        if not self.take("}"):
            raise self.fail("'}'")
        return words

    def word(self) -> Value:
        parts = [self.simple_word()]
        while self.take("."):
            parts.append(self.simple_word())
        return parts[0] if len(parts) == 1 else lambda s: "".join([part(s) for part in parts])

    def simple_word(self) -> Value:
        text, kind, at = self.text, self.kind, self.start
        if kind == "digits":
            self.step()
            return lambda _state: text
        if kind == "string":
            self.step()
            return _quoted(text[1:-1])
        if kind == "var":
            self.step()
            return _variable(text[2:-1], at)
        if kind == "back":
            self.step()
            return _captured(int(text[1]))
        if kind == "name":
            self.step()
            if not self.take("("):
                raise ExprError(f"{text!r} is no word here; quote it", at)
            argument = self.word()
            if not self.take(")"):
                raise self.fail("')'")
            return _function(text, argument, at)
        raise self.fail("a word")


def _captured(number: int) -> Value:
    def value(state: State) -> str:
        match = state.cond
        return (match[number] or "") if match is not None and number <= match.re.groups else ""

    return value


def _quoted(text: str) -> Value:
    """Compile the inside of quotes: ``$N`` in an expression is its own last match's group."""
    pieces: list[Value] = []
    for part in re.split(r"((?<!\\)\$[0-9])", text):
        if re.fullmatch(r"\$[0-9]", part):
            pieces.append(_captured(int(part[1])))
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
            values.append(_variable(part[2:-1], 0))
        elif part:
            values.append(_constant(re.sub(r"\\(.)", r"\1", part)))
    return values


def _constant(text: str) -> Value:
    return lambda _state: text


def _variable(name: str, at: int) -> Value:
    function, colon, argument = name.partition(":")
    if colon and function.upper() not in {"ENV", "SSL", "LA-U", "LA-F"}:
        return _function(function, lambda _state: argument, at)
    header = FIELDS.get(name.upper())
    if header is not None:
        return lambda state: _field(state, header)
    return variable(name)


def _function(name: str, argument: Value, at: int) -> Value:
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


def _unary(name: str, value: Value) -> Test | None:
    if name == "n":
        return lambda state: bool(value(state))
    if name == "z":
        return lambda state: not value(state)
    if name == "T":
        return lambda state: value(state).lower() not in {"", "0", "off", "false", "no"}
    if name == "R":
        return lambda state: _in_network(str(state.environ.get("REMOTE_ADDR", "")), value(state))
    if name in "edfsx" or name in {"L", "h", "F"}:
        test = {"L": "l", "h": "l", "F": "e"}.get(name, name)
        return lambda state: file_holds(state.engine.files, test, value(state))
    if name in {"U", "A"}:
        return lambda state: bool(state.engine.would_answer(state, value(state)))
    return None


def _in_network(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
