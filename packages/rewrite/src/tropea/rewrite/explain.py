"""Tell what rules make of a request, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes, urlsplit

from tropea.rewrite.verdicts import Verdict


class _Rules(Protocol):
    def decide(
        self, path: str, query: str, environ: Mapping[str, Any], note: Any = None
    ) -> Verdict | None: ...


@dataclass(frozen=True)
class Explanation:
    """The steps of one decision and what came out.

    steps: one mapping a rule that was tried: rule, text, subject, matched, conditions, result.
    status: 0 where the request goes on, with *path* and *query*, to the application.
    """

    method: str
    url: str
    steps: tuple[Mapping[str, Any], ...]
    changed: bool
    status: int
    location: str
    path: str
    query: str
    vary: tuple[str, ...]
    variables: Mapping[str, str | None]

    def to_json(self) -> str:
        """Return everything as JSON."""
        data = {**self.__dict__, "steps": list(self.steps), "variables": dict(self.variables)}
        return json.dumps(data, indent=2, default=str)

    def __str__(self) -> str:
        return "\n".join([*_table(self.steps), "", self.outcome()])

    def outcome(self) -> str:
        """Say in a line what becomes of the request."""
        if not self.changed:
            return f"{self.method} {self.url}: no rule applies"
        if self.status:
            end = f"answered {self.status} {self.location}".rstrip()
        else:
            end = f"goes on as {self.path}" + (f"?{self.query}" if self.query else "")
        return f"{self.method} {self.url}: {end}"


def explain(rules: _Rules, method: str, url: str, headers: Mapping[str, str]) -> Explanation:
    """Run *rules* on a request that nobody sent, and keep an account."""
    environ = environ_of(method, url, headers)
    steps: list[dict[str, Any]] = []
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    verdict = rules.decide(path, query, environ, steps.append)
    changed = verdict is not None
    if verdict is None:
        verdict = Verdict(path, query)
    return Explanation(
        method, url, tuple(steps), changed, verdict.status, verdict.location,
        verdict.path, verdict.query, verdict.vary, verdict.variables,
    )  # fmt: skip


def environ_of(method: str, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Make the environ of a request for *url*, which may name scheme and host or not."""
    parts = urlsplit(url)
    scheme = parts.scheme or "http"
    port = parts.port or (443 if scheme == "https" else 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path or "/").decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc.rpartition("@")[2] or "localhost",
        "wsgi.url_scheme": scheme,
    }
    if scheme == "https":
        environ["HTTPS"] = "on"
    target = parts.path or "/"
    environ["REQUEST_URI"] = f"{target}?{parts.query}" if parts.query else target
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    return environ


def _table(steps: tuple[Mapping[str, Any], ...]) -> list[str]:
    """Lay the steps out in columns, with the conditions below their rule."""
    rows: list[tuple[str, str, str, str]] = [("rule", "subject", "match", "what it says or made")]
    for step in steps:
        mark = "yes" if step["matched"] else "no"
        rows.append((str(step["rule"]), step["subject"], mark, step["text"]))
        for condition in step["conditions"]:
            held = "held" if condition["held"] else "failed"
            rows.append(("", "", held, f"if {condition['condition']}"))
        if step["result"]:
            rows.append(("", "", "", f"=> {step['result']}"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[3]]).rstrip()
        for row in rows
    ]
