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

import fnmatch
import ipaddress
import re
from collections.abc import Callable

from tropea.rewrite.apache.escapes import to_octets
from tropea.rewrite.apache.exprwords import ExprError, captured, function, quoted, variable_of
from tropea.rewrite.apache.files import holds as file_holds
from tropea.rewrite.apache.state import State, Value
from tropea.rewrite.apache.tests import Test, fold, number_of
from tropea.rewrite.errors import PatternError
from tropea.rewrite.patterns import compile_pattern

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
            return quoted(text[1:-1])
        if kind == "var":
            self.step()
            return variable_of(text[2:-1], at)
        if kind == "back":
            self.step()
            return captured(int(text[1]))
        if kind == "name":
            self.step()
            if not self.take("("):
                raise ExprError(f"{text!r} is no word here; quote it", at)
            argument = self.word()
            if not self.take(")"):
                raise self.fail("')'")
            return function(text, argument, at)
        raise self.fail("a word")


def _unary(name: str, value: Value) -> Test | None:
    if name == "n":
        return lambda state: bool(value(state))
    if name == "z":
        return lambda state: not value(state)
    if name == "T":
        return lambda state: value(state).lower() not in {"", "0", "off", "false", "no"}
    if name == "R":
        return lambda state: _in_network(str(state.environ.get("REMOTE_ADDR", "")), value(state))
    if name in {"e", "d", "f", "s", "x", "L", "h", "F"}:
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
