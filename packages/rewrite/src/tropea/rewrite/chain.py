"""Rules of both kinds, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from tropea.rewrite.errors import RuleError
from tropea.rewrite.rules import Note, Rule, RuleList, flatten
from tropea.rewrite.verdicts import Verdict


class Decides(Protocol):
    """What a chain is made of: a list of rules that decides about a request."""

    def decide(
        self, path: str, query: str, environ: Mapping[str, Any], note: Note | None = None
    ) -> Verdict | None: ...


class RuleChain:
    """Runs of Python rules and rule files in declared order.

    Each link sees the path and query that the links before it made; the first that answers,
    redirects or hands over ends the chain.
    """

    def __init__(self, rules: Any = ()) -> None:
        self._given: list[Any] = []
        self.links: list[Decides] = []
        self.add(rules)

    def add(self, rules: Any) -> None:
        """Put rules at the end; raise RuleError for what is none."""
        if hasattr(rules, "decide") or isinstance(rules, Rule):
            rules = [rules]
        if isinstance(rules, str) or not isinstance(rules, Iterable):
            raise RuleError(f"expected rules, got {rules!r}")
        self._given += flatten(rules)
        self.links = list(_links(self._given))
        #: With a single link, nothing has to be put together.
        self.decide = self.links[0].decide if len(self.links) == 1 else self._decide

    def _decide(
        self, path: str, query: str, environ: Mapping[str, Any], note: Note | None = None
    ) -> Verdict | None:
        made: Verdict | None = None
        for link in self.links:
            verdict = link.decide(path, query, environ, note)
            if verdict is None:
                continue
            made = verdict if made is None else _joined(made, verdict)
            if made.status or made.app is not None:
                return made
            path, query = made.path, made.query
            if made.variables:
                environ = {**environ, **made.variables}
        return made

    def url(self, name: str, /, **values: Any) -> str:
        """Build the outer URL of the Python rule called *name*; raise RuleError without one."""
        for link in self.links:
            if isinstance(link, RuleList) and link.knows(name):
                return link.url(name, **values)
        return RuleList([]).url(name, **values)


def _links(given: list[Any]) -> Iterable[Decides]:
    run: list[Rule] = []
    for rule in given:
        if isinstance(rule, Rule):
            run.append(rule)
        elif hasattr(rule, "decide"):
            if run:
                yield RuleList(run)
                run = []
            yield rule
        else:
            raise RuleError(f"expected a rule, got {rule!r}")
    if run:
        yield RuleList(run)


def _joined(first: Verdict, then: Verdict) -> Verdict:
    """Let what *first* decided besides the path hold on under *then*."""
    then.variables = {**first.variables, **then.variables}
    then.cookies = (*first.cookies, *then.cookies)
    then.vary = tuple(dict.fromkeys((*first.vary, *then.vary)))
    then.content_type = then.content_type or first.content_type
    then.handler = then.handler or first.handler
    return then
