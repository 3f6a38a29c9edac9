"""One RewriteRule: its parts, and how it is applied to a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tropea.rewrite.apache.state import State, Value
from tropea.rewrite.apache.substitutions import Substitution
from tropea.rewrite.apache.tests import Condition
from tropea.rewrite.patterns import searcher


@dataclass(slots=True)
class ApacheRule:
    """A RewriteRule with its conditions.

    search: finds the pattern in a subject.  substitution: None for rules that change no path.
    status: of a forced answer or redirect, 0 for none.  plain, quick: see settle.
    quick_tests: its conditions where the environ alone decides them; None where more does.
    quick_vary: the environ's keys and the names of the headers that those look at.
    """

    text: str
    line: int
    regex: Any
    negated: bool
    substitution: Substitution | None
    conditions: tuple[Condition, ...]
    status: int = 0
    redirect: bool = False
    last: bool = False
    end: bool = False
    chain: bool = False
    follows: bool = False
    next_round: bool = False
    rounds: int = 0
    skip: int = 0
    not_in_subrequests: bool = False
    no_escape: bool = False
    pass_through: bool = False
    proxy: bool = False
    append: bool = False
    discard: bool = False
    split_last: bool = False
    no_query: bool = False
    keep_slashes: bool = False
    discard_path_info: bool = False
    variables: tuple[Value, ...] = ()
    cookies: tuple[Value, ...] = ()
    type: Value | None = None
    handler: Value | None = None
    search: Any = field(init=False)
    plain: bool = field(init=False, default=False)
    quick: Any = field(init=False, default=None)
    quick_tests: Any = field(init=False, default=())
    quick_vary: tuple[tuple[str, str], ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        self.search = searcher(self.regex)

    def settle(self) -> None:
        """Note whether the rule only puts a path in another's place, and a short way to do it."""
        asks = (
            self.status, self.redirect, self.end, self.next_round, self.pass_through, self.proxy,
            self.discard, self.no_query, self.discard_path_info, self.type, self.handler,
        )  # fmt: skip
        self.plain = not any(asks) and not (self.substitution and self.substitution.full_path)
        if self.plain and self.last and self.substitution is not None:
            if not self.variables and not self.cookies:
                self.quick = self.substitution.quick(append=self.append)
        if any(condition.quick is None or condition.either for condition in self.conditions):
            self.quick_tests = None
            return
        self.quick_tests = tuple(condition.quick for condition in self.conditions)
        fields = [condition.field for condition in self.conditions if condition.field]
        self.quick_vary = tuple(dict.fromkeys(fields))

    def matches(self, state: State) -> bool:
        """Tell whether pattern and conditions hold; remember what they captured."""
        match = self.search(state.subject)
        return (match is None) is self.negated and self.holds(state, match)

    def holds(self, state: State, match: Any) -> bool:
        """Tell whether the conditions hold after the pattern did; remember what they captured."""
        state.rule, state.cond = match, None
        if not self.conditions:
            return True
        state.cond_is_host, state.vary_this = False, ()
        return self._conditions_hold(state)

    def _conditions_hold(self, state: State) -> bool:
        vary: list[str] = []
        met = False  # whether a condition joined to this one by OR held already
        for condition in self.conditions:
            if met:
                met = condition.either
                continue
            held = condition.holds(state)
            if condition.novary:
                state.vary_this = ()
            if condition.either:
                if not held:
                    state.vary_this = ()
                    continue
                met = True
            elif not held:
                return False
            if state.vary_this:
                vary += state.vary_this
                state.vary_this = ()
        if vary:
            state.vary = (*state.vary, *vary)
        return True

    def account(self, state: State) -> list[dict[str, Any]]:
        """Say which conditions hold, for ``explain``; the state is left as it was."""
        saved = state.rule, state.cond, state.cond_is_host, state.vary_this, state.vary
        state.rule, state.cond = self.regex.search(state.subject), None
        told = []
        for condition in self.conditions:
            entry: dict[str, Any] = {"condition": condition.text}
            if condition.subject is not None:
                entry["subject"] = condition.subject(state)
            entry["held"] = condition.holds(state)
            told.append(entry)
        state.rule, state.cond, state.cond_is_host, state.vary_this, state.vary = saved
        return told
