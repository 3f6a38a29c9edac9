"""What each directive of a rule file means."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tropea.rewrite.apache.escapes import escape_captured, to_octets
from tropea.rewrite.apache.expr import compile_expr
from tropea.rewrite.apache.exprwords import ExprError
from tropea.rewrite.apache.flags import (
    COND_FLAGS,
    RULE_FLAGS,
    Flag,
    read_flags,
    read_number,
    read_status,
)
from tropea.rewrite.apache.foreign import FOREIGN
from tropea.rewrite.apache.lines import Directive, Word, read_lines
from tropea.rewrite.apache.maps import Lookup, from_python, open_map
from tropea.rewrite.apache.rule import ApacheRule
from tropea.rewrite.apache.sections import Sections
from tropea.rewrite.apache.state import Value
from tropea.rewrite.apache.strings import StringError, compile_pieces, expand_string, read_string
from tropea.rewrite.apache.substitutions import Substitution
from tropea.rewrite.apache.tests import Condition, compile_test, quick_test
from tropea.rewrite.conditions import host_name
from tropea.rewrite.errors import PatternError, RuleError, RunawayPatternWarning
from tropea.rewrite.patterns import compile_pattern

#: Rounds that N may make where it says no number.
MOST_ROUNDS = 10_000
OPTIONS = (
    "Inherit", "InheritBefore", "InheritDown", "InheritDownBefore", "IgnoreInherit",
    "AllowNoSlash", "AllowAnyURI", "MergeBase", "IgnoreContextInfo", "LegacyPrefixDocRoot",
    "LongURLOptimization", "UnsafePrefixStat",
)  # fmt: skip
_HOST_FIELD = (["%{HTTP_HOST}"], ["%{HTTP:HOST}"])
_OWN = (
    "RewriteEngine", "RewriteOptions", "RewriteBase", "RewriteCond", "RewriteRule", "RewriteMap",
)  # fmt: skip


class Reader:
    """Collects what a rule file says; *rules*, *options* and the rest hold the outcome."""

    def __init__(self, file: str, *, context: str, maps: Mapping[str, Any]) -> None:
        self.file, self.context = file, context
        self.rules: list[ApacheRule] = []
        self.options: set[str] = set()
        self.enabled = True
        self.rewrite_base: str | None = None
        self.ignored: list[str] = []
        self.notes: list[str] = []
        self.maps: dict[str, Lookup] = {}
        for name, value in maps.items():
            try:
                self.maps[name] = from_python(value)
            except TypeError as error:
                raise RuleError(f"map {name!r}: {error}") from None
        self._given = frozenset(maps)
        self._conditions: list[Condition] = []
        self._condition_line: Directive | None = None
        self._sections = Sections()
        self._known: dict[str, Callable[[Directive], None]] = {
            "rewriteengine": self._engine, "rewriteoptions": self._options,
            "rewritebase": self._base, "rewritecond": self._cond, "rewriterule": self._rule,
            "rewritemap": self._map,
        }  # fmt: skip

    def read(self, text: str) -> None:
        """Read a whole file; raise RuleSyntaxError."""
        for directive in read_lines(text, self.file):
            self._directive(directive)
        self._sections.check_closed()
        if self._condition_line is not None:
            raise self._condition_line.error("a RewriteCond without a RewriteRule after it")

    def _directive(self, directive: Directive) -> None:
        name = directive.name
        if name.startswith("<"):
            self._sections.follow(directive)
            return
        known = self._known.get(name.lower())
        if known is None:
            self._foreign(directive, name)
        elif self._sections.count:
            known(directive)
        else:
            self._sections.check_left_out(directive)
            self.ignored.append(f"{directive.line}: {name} in {self._sections.left_out}")

    def _foreign(self, directive: Directive, name: str) -> None:
        """Leave out what belongs to other modules; raise for what no module has."""
        if name.lower() in FOREIGN or not self._sections.count:
            self.ignored.append(f"{directive.line}: {name}")
            return
        every = {word.lower(): word for word in FOREIGN.values()}
        every |= {word.lower(): word for word in _OWN}
        near = get_close_matches(name.lower(), every, n=1, cutoff=0.5)
        hint = f"; did you mean {every[near[0]]}?" if near else ""
        raise directive.error(f"unknown directive {name!r}{hint}")

    def _engine(self, directive: Directive) -> None:
        word = directive.rest.lower()
        if word not in {"on", "off"}:
            raise directive.error(
                f"RewriteEngine is On or Off, not {directive.rest!r}", _at(directive)
            )
        self.enabled = word == "on"

    def _options(self, directive: Directive) -> None:
        table = {name.lower(): name for name in OPTIONS}
        for word in directive.arguments():
            low = word.lower()
            if low.startswith("maxredirects="):
                self.notes.append(f"{directive.line}: MaxRedirects has no effect")
            elif low not in table:
                near = get_close_matches(low, table, n=1, cutoff=0.1)
                hint = f"; did you mean {table[near[0]]}?" if near else ""
                raise directive.error(f"unknown option {str(word)!r}{hint}", word.at)
            self.options.add(low)

    def _base(self, directive: Directive) -> None:
        if self.context != "dir":
            raise directive.error("RewriteBase is for a directory's context only")
        words = directive.arguments()
        if len(words) != 1 or not words[0].startswith("/"):
            raise directive.error(
                "RewriteBase takes one URL path that starts with a slash", _at(directive)
            )
        self.rewrite_base = to_octets(str(words[0]))

    def _map(self, directive: Directive) -> None:
        words = directive.arguments()
        if len(words) < 2:
            raise directive.error("RewriteMap takes a name and a type:source", _at(directive))
        name, source = str(words[0]), str(words[1])
        if name in self._given:
            self.notes.append(f"{directive.line}: RewriteMap {name} is the one that was given")
            return
        kind, colon, argument = source.partition(":")
        if not colon:
            kind, argument = "txt", source
        try:
            opened = open_map(kind.lower(), argument, Path(self.file).parent)
        except (ValueError, OSError) as error:
            raise directive.error(f"RewriteMap {name}: {error}", words[1].at) from None
        self.maps[name] = opened

    def _cond(self, directive: Directive) -> None:
        words = directive.arguments()
        if not 2 <= len(words) <= 3:
            raise directive.error(
                "RewriteCond takes a test string, a pattern and perhaps [flags]",
                words[3].at if len(words) > 3 else _at(directive),
            )
        names = set()
        if len(words) == 3:
            names = {flag.name for flag in read_flags(directive, words[2], COND_FLAGS)}
        self._conditions.append(self._condition(directive, words, names))
        self._condition_line = directive

    def _condition(self, directive: Directive, words: list[Word], names: set[str]) -> Condition:
        text = directive.rest
        either, novary = "OR" in names, "NV" in names
        if words[0].lower() == "expr":
            source = str(words[1])
            try:
                holds = compile_expr(source, vary=not novary)
            except ExprError as error:
                raise directive.error(f"expr: {error}", words[1].at + error.at) from None
            return Condition(text, None, holds, either, novary)
        try:
            pieces = read_string(str(words[0]), self.maps)
        except StringError as error:
            raise directive.error(str(error), words[0].at + error.at) from None
        about_host = (
            bool(pieces)
            and all(p.value is None or p.is_host for p in pieces)
            and any(p.is_host for p in pieces)
        )
        subject = compile_pieces(pieces)
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", RunawayPatternWarning)
                test = compile_test(
                    str(words[1]), subject, ignore_case="NC" in names, about_host=about_host
                )
        except PatternError as error:
            shift = error.column - 1 + words[1].startswith("!")
            raise directive.error(error.message, words[1].at + shift) from None
        self._report(directive, caught)
        # Only the field itself is what rules are filed under, and that without its port.
        asks_host = [piece.text.upper() for piece in pieces] in _HOST_FIELD
        pinned = host_name({"HTTP_HOST": test.pinned}) if asks_host else ""
        quick, field = quick_test(pieces, test.of_text)
        return Condition(
            text, subject, test.holds, either, novary, pinned, quick, None if novary else field
        )

    def _report(self, directive: Directive, caught: list[Any]) -> None:
        for warning in caught:
            message = f"{self.file}:{directive.line}: {warning.message}"
            self.notes.append(message)
            warnings.warn(message, RunawayPatternWarning, stacklevel=6)

    def _rule(self, directive: Directive) -> None:
        words = directive.arguments()
        if not 2 <= len(words) <= 3:
            raise directive.error(
                "RewriteRule takes a pattern, a substitution and perhaps [flags]",
                words[3].at if len(words) > 3 else _at(directive),
            )
        flags = read_flags(directive, words[2], RULE_FLAGS) if len(words) == 3 else []
        rule = self._pattern(directive, words[0], {flag.name for flag in flags})
        rule.follows = bool(self.rules) and self.rules[-1].chain
        rule.conditions = tuple(self._conditions)
        self._conditions, self._condition_line = [], None
        for flag in flags:
            self._flag(rule, flag, directive)
        self._substitution(rule, words[1], flags, directive)
        rule.settle()
        self.rules.append(rule)

    def _pattern(self, directive: Directive, word: Word, names: set[str]) -> ApacheRule:
        negated = word.startswith("!")
        source = str(word)[1:] if negated else str(word)
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", RunawayPatternWarning)
                regex = compile_pattern(to_octets(source), ignore_case="NC" in names, octets=True)
        except PatternError as error:
            at = word.at + negated + error.column - 1
            raise directive.error(error.message, at) from None
        self._report(directive, caught)
        return ApacheRule(directive.rest, directive.line, regex, negated, None, ())

    def _flag(self, rule: ApacheRule, flag: Flag, directive: Directive) -> None:
        plain = _PLAIN.get(flag.name)
        if plain is not None:
            setattr(rule, plain, True)
        elif flag.name in {"F", "G"}:
            rule.status = 403 if flag.name == "F" else 410
        elif flag.name == "R":
            if flag.value or not rule.status:  # a bare R leaves a status that stands before it
                rule.status = read_status(directive, flag)
            rule.redirect = True
        elif flag.name == "N":
            rule.next_round = True
            rule.rounds = read_number(directive, flag) if flag.value else MOST_ROUNDS
        elif flag.name == "S":
            rule.skip = read_number(directive, flag)
        elif flag.name == "E":
            rule.variables += (self._value(flag, directive),)
        elif flag.name == "CO":
            rule.cookies += (self._value(flag, directive),)
        elif flag.name == "T":
            rule.type = self._value(flag, directive)
        elif flag.name == "H":
            rule.handler = self._value(flag, directive)

    def _value(self, flag: Flag, directive: Directive) -> Value:
        try:
            return expand_string(flag.value, self.maps)
        except StringError as error:
            raise directive.error(str(error), flag.at + len(flag.name) + 1 + error.at) from None

    def _substitution(
        self, rule: ApacheRule, word: Word, flags: list[Flag], directive: Directive
    ) -> None:
        values: dict[str, str] = {}
        for flag in flags:  # a flag without a value leaves the one that stands before it
            values[flag.name] = flag.value or values.get(flag.name, "")
        fixed = bool({"F", "G"} & set(values)) or (rule.redirect and not 300 <= rule.status <= 399)
        if str(word) == "-" or fixed:
            if rule.redirect and not fixed:
                rule.redirect, rule.status = False, 0  # it redirects nowhere
                self.notes.append(f"{directive.line}: R without a substitution does nothing")
            return
        text = str(word)
        if text.endswith("?"):
            if rule.append:
                rule.split_last = True
            else:
                rule.no_query, text = True, text[:-1]
        elif rule.discard and "?" not in text:
            rule.no_query = True
        escape = _escape_of(values) if {"B", "BCTLS"} & set(values) else None
        try:
            pieces = read_string(text, self.maps, escape)
        except StringError as error:
            raise directive.error(str(error), word.at + error.at) from None
        any_mark = "UnsafeAllow3F" in values
        encodes = escape is not None and escape("%") != "%"
        rule.substitution = Substitution(
            text, pieces, any_mark=any_mark, last_mark=rule.split_last, encodes=encodes
        )


#: Flags that only set something, and what they set.
_PLAIN = {
    "L": "last", "END": "end", "C": "chain", "NS": "not_in_subrequests", "NE": "no_escape",
    "PT": "pass_through", "P": "proxy", "QSA": "append", "QSD": "discard", "QSL": "split_last",
    "UNC": "keep_slashes", "DPI": "discard_path_info",
}  # fmt: skip


def _escape_of(values: Mapping[str, str]) -> Callable[[str], str]:
    """Return what the flags B, BCTLS, BNE and BNP do to back references."""
    only, never = values.get("B", ""), values.get("BNE", "")
    plus, controls = "BNP" not in values, "BCTLS" in values
    return lambda text: escape_captured(text, only, never, plus=plus, controls_only=controls)


def _at(directive: Directive) -> int:
    """Where the arguments of a directive start."""
    return len(directive.text) - len(directive.text.split(None, 1)[-1])
