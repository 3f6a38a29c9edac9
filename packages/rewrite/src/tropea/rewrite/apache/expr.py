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

import ipaddress
import re
from collections.abc import Callable

from tropea.rewrite.apache.escapes import to_octets
from tropea.rewrite.apache.exprwords import (
    Constant,
    ExprError,
    captured,
    function,
    quoted,
    variable_of,
)
from tropea.rewrite.apache.files import holds as file_holds
from tropea.rewrite.apache.globs import matches
from tropea.rewrite.apache.state import State, Value
from tropea.rewrite.apache.tests import Test, fold, is_file, number_of
from tropea.rewrite.errors import PatternError
from tropea.rewrite.patterns import compile_pattern

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_TOKEN = re.compile(
    r"""\s*(?:(?P<op>\|\||&&|==|!=|<=|>=|=~|!~|[!()=<>{},.])|(?P<dash>-[A-Za-z]+)"""
    r"""|(?P<digits>-?[0-9]+)|(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    r"""|(?P<var>%\{(?:[^{}]|%\{[^{}]*\})*\})|(?P<back>\$[0-9])|(?P<regex>m(?P<mark>[^\w\s]).*?(?P=mark)[a-z]*|/(?:[^/\\]|\\.)*/[a-z]*)"""
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
#: Operators that may be spelled as words.
_WORDS = {"or": "||", "and": "&&", "not": "!"}
_DASHED = ("eq", "ne", "lt", "le", "gt", "ge", "in")
_MOST_DEPTH = 100


def compile_expr(source: str, *, vary: bool = True) -> Test:
    """Compile an expression; raise ExprError that says where it is wrong.

    vary: whether the headers that it looks at are named in Vary.
    """
    parser = _Parser(to_octets(source))
    test = parser.either()
    parser.expect_end()

    def holds(state: State) -> bool:
        cond, named = (state.cond, state.cond_is_host), state.vary
        held = test(state)
        if not held:  # its groups are nobody's
            state.cond, state.cond_is_host = cond
        if not vary:
            state.vary = named
        return held

    return holds


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
        if self.kind == "name" and self.text in _WORDS:
            self.kind, self.text = "op", _WORDS[self.text]
        elif self.kind == "name" and self.text in _DASHED:
            self.kind, self.text = "dash", f"-{self.text}"

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
        if self.kind == "name" and self.text in {"true", "false"}:
            verdict = self.text == "true"
            self.step()
            return lambda _state: verdict
        if self.kind == "dash":
            return self.unary()
        return self.comparison()

    def unary(self) -> Test:
        name, at = self.text[1:], self.start
        self.step()
        start = self.start
        value = self.word()
        test = _unary(name, value, start)
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
            return self.binary(operator[1:], left, at)
        raise self.fail("an operator")

    def regular(self, left: Value, *, negated: bool) -> Test:
        if self.kind != "regex":
            raise self.fail("a regular expression such as m#…#")
        mark = 1 if self.text[0] == "m" else 0
        end = self.text.rindex(self.text[mark])
        source, flags = self.text[mark + 1 : end], self.text[end + 1 :]
        if flags not in {"", "i"}:
            raise ExprError(f"the only flag is i, found {flags!r}", self.start + end + 1)
        at = self.start + mark
        self.step()
        try:
            search = compile_pattern(source, ignore_case=flags == "i", octets=True).search
        except PatternError as error:
            raise ExprError(error.message, at + error.column) from None

        def test(state: State) -> bool:
            state.cond, state.cond_is_host = search(left(state)), False
            return (state.cond is None) is negated

        return test

    def binary(self, name: str, left: Value, at: int) -> Test:
        if name == "in":
            words = self.words()
            return lambda state: left(state) in [word(state) for word in words]
        start = self.start
        right = self.word()
        if name in _NUMBERS:
            compare = _NUMBERS[name]
            return lambda state: compare(number_of(left(state)), number_of(right(state)))
        if name == "ipmatch":
            return _in_network(left, right, start)
        if name in {"strmatch", "fnmatch"}:
            path = name == "fnmatch"
            return lambda state: matches(right(state), left(state), path=path)
        if name == "strcmatch":
            return lambda state: matches(fold(right(state)), fold(left(state)))
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
            return Constant(text)
        if kind == "string":
            self.step()
            return quoted(text[1:-1], at + 1)
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


def _unary(name: str, value: Value, at: int) -> Test | None:
    if name == "n":
        return lambda state: bool(value(state))
    if name == "z":
        return lambda state: not value(state)
    if name == "T":
        return lambda state: value(state).lower() not in {"", "0", "off", "false", "no"}
    if name == "R":
        return _in_network(lambda state: str(state.environ.get("REMOTE_ADDR", "")), value, at)
    if name == "F":
        return lambda state: is_file(state, value(state))
    if name in {"e", "d", "f", "s", "x", "L", "h"}:
        test = "l" if name in {"L", "h"} else name
        return lambda state: file_holds(state.engine.files, test, value(state))
    if name in {"U", "A"}:
        return lambda state: bool(state.engine.would_answer(state, value(state)))
    return None


def _in_network(address: Value, network: Value, at: int) -> Test:
    """Return a test of an address; raise ExprError where the text names no network."""
    if not isinstance(network, Constant):
        return lambda state: _is_in(address(state), network_of(network(state)))
    named = network_of(network.text)
    if named is None:
        raise ExprError(f"{network.text!r} is no address and no network", at)
    return lambda state: _is_in(address(state), named)


def _is_in(address: str, network: Network | None) -> bool:
    try:
        return network is not None and ipaddress.ip_address(address) in network
    except ValueError:
        return False


def network_of(text: str) -> Network | None:
    """Read an address, a network, or the first octets of one; None for anything else.

    >>> network_of("127"), network_of("10.1."), network_of("localhost")
    (IPv4Network('127.0.0.0/8'), IPv4Network('10.1.0.0/16'), None)
    """
    if re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}\.?", text):
        octets = text.rstrip(".").split(".")
        text = f"{'.'.join([*octets, *['0'] * (4 - len(octets))])}/{8 * len(octets)}"
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
