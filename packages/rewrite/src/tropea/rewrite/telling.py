"""Tell a developer who listens why the rules did what they did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tropea.core.probing import note
from tropea.rewrite.chain import Decides
from tropea.rewrite.verdicts import Verdict

#: What the notes are signed with.
LAYER = "rewrite"
#: How many rules are told of one request: enough to see a circle.
MOST = 20


def tell(rules: Decides, environ: dict[str, Any], verdict: Verdict | None) -> None:
    """Note each rule whose pattern matches the request, and what came of it.

    The rules are run once more for it: what they decided stands already.

    >>> from tropea.core.probing import Trace
    >>> from tropea.rewrite.rules import Rule, RuleList
    >>> environ = {"PATH_INFO": "/old/a"}
    >>> trace, rules = Trace.begin(environ), RuleList([Rule("/old/(.*)", "/new/{1}")])
    >>> tell(rules, environ, rules.decide("/old/a", "", environ))
    >>> trace.notes
    [('rewrite', 'rule 1: /old/(.*) -> /new/{1} [rewrite]: made /new/a')]
    """
    steps: list[dict[str, Any]] = []

    def keep(step: dict[str, Any]) -> None:
        if step["matched"] and len(steps) < MOST:
            steps.append(step)

    path, query = environ.get("PATH_INFO") or "/", environ.get("QUERY_STRING") or ""
    rules.decide(path, query, environ, keep)
    for step in steps:
        note(environ, LAYER, sentence(step))
    if verdict is not None and verdict.status and not any(step["result"] for step in steps):
        note(environ, LAYER, f"{verdict.status}: the path is refused before any rule sees it")


def sentence(step: Mapping[str, Any]) -> str:
    """Say in a line what a rule whose pattern matched came to."""
    rule = f"rule {step['rule']}: {step['text']}"
    if step["result"]:
        return f"{rule}: made {step['result']}"
    failed = [_failure(told) for told in step["conditions"] if not told["held"]]
    return f"{rule}: not applied, for {' and '.join(failed)}" if failed else f"{rule}: passed over"


def _failure(told: Mapping[str, Any]) -> str:
    subject = f" with {told['subject']!r}" if "subject" in told else ""
    return f"{told['condition']} fails{subject}"
