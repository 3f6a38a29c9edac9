"""Record what an installed Apache makes of requests, and compare our answers with its."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from tropea.rewrite.apache import ApacheRules, apache_rules_file
from tropea.rewrite.explain import environ_of
from tropea.rewrite.httpd import Answer, Apache, RuleText

_HOST = "http://www.example.com"


def ours(
    rules: ApacheRules, target: str, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> Answer:
    """Return what our rules make of a request, in the form of Apache's answer."""
    path, _, query = target.partition("?")
    environ = environ_of(method, _HOST + target, headers or {})
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
    environ["QUERY_STRING"] = query
    verdict = rules.decide(environ["PATH_INFO"], query, environ)
    if verdict is None:
        return Answer(200, "", environ["PATH_INFO"], query)
    if verdict.status:
        location = verdict.location
        if location.startswith("/"):
            location = f"http://{environ['HTTP_HOST']}{location}"
        return Answer(verdict.status, location)
    return Answer(200, "", verdict.path, verdict.query)


def same(one: Answer, other: Answer) -> bool:
    """Tell whether two answers are the same to a client and to the application."""
    return (one.status, one.location, one.path, one.query) == (
        other.status, other.location, other.path, other.query
    )  # fmt: skip


def record(options: Any) -> dict[str, Any]:
    """Return what Apache makes of the URLs of a command line."""
    with _apache(options) as apache:
        answers = {url: apache.ask(0, url) for url in options.urls}
    return {
        url: {"status": a.status, "location": a.location, "path": a.path, "query": a.query}
        for url, a in answers.items()
    }


def compare(options: Any) -> list[str]:
    """List the URLs of a command line whose answers differ, and how.

    Both look into the same document root; without one, into an empty folder.
    """
    found = []
    with _apache(options) as apache:
        rules = apache_rules_file(
            options.rules,
            context=options.context,
            base=options.base,
            document_root=str(apache.root),
        )
        for url in options.urls:
            theirs, mine = apache.ask(0, url), ours(rules, url)
            if not same(theirs, mine):
                found.append(f"{url}: Apache {theirs}, ours {mine}")
    return found


def _apache(options: Any) -> Apache:
    text = Path(options.rules).read_text("utf-8")
    root = Path(options.document_root) if options.document_root else None
    return Apache([RuleText(text, options.context, options.base)], root=root)
