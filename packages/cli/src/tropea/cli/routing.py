"""Find the route table of an application, whoever made it.

Ours says it itself: anything inside the application with a method ``routes()`` whose rows have a
pattern, methods, a name and a handler.  Flask's and other werkzeug maps and Bottle's are read too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIEnvironment

from tropea.core.anatomy import Node, anatomy, dotted_name


@dataclass(frozen=True)
class Route:
    """One row of a table."""

    pattern: str
    methods: tuple[str, ...]
    name: str
    handler: str


def routes_of(app: Any) -> list[Route]:
    """List the routes of everything in the application that has some."""
    return [route for node in _every(anatomy(app)) for route in _read(node.app)]


@dataclass(frozen=True)
class Judgement:
    """What a route has to do with a request; answers: whether it is the one that answers."""

    route: Route
    reason: str
    answers: bool


def judged(app: Any, environ: WSGIEnvironment) -> Iterator[Judgement]:
    """Judge every route of the tables whose routes can be asked, in order."""
    found = False
    for row in (row for node in _every(anatomy(app)) for row in _rows(node.app)):
        reason, values = _reason(row, environ)
        answers = reason == "" and not found
        if answers:
            found = True
            reason = "answers" + (f" with {values}" if values else "")
        yield Judgement(_ours(row), reason or "an earlier route answers", answers)


def _reason(row: Any, environ: WSGIEnvironment) -> tuple[str, Any]:
    """Say why a route does not answer, or "" and the values that it reads from the path."""
    tested = row.compiled.test(environ["PATH_INFO"])
    if tested is None:
        return "another path", None
    method = "GET" if environ["REQUEST_METHOD"] == "HEAD" else environ["REQUEST_METHOD"]
    if row.methods and method not in row.methods:
        return f"not for {environ['REQUEST_METHOD']}", None
    if not row.accepts(environ):
        return "its host, scheme or predicate does not hold", None
    positional, named = tested
    return "", named or positional or None


def _rows(app: Any) -> list[Any]:
    """Return the rows of a table of ours, whose routes can be asked."""
    for candidate in (app, getattr(app, "dispatcher", None)):
        table = getattr(candidate, "routes", None)
        if table is not None and type(candidate).__module__.partition(".")[0] == "tropea":
            rows = list(table() if callable(table) else table)
            return [row for row in rows if hasattr(getattr(row, "compiled", None), "test")]
    return []


def _every(node: Node) -> Iterator[Node]:
    yield node
    for _, inner in node.inner:
        yield from _every(inner)


def _read(app: Any) -> Iterator[Route]:
    rows = _rows(app)
    if rows:
        yield from map(_ours, rows)
    elif hasattr(app, "url_map"):
        for rule in app.url_map.iter_rules():
            yield Route(rule.rule, tuple(sorted(rule.methods or ())), rule.endpoint, rule.endpoint)
    elif type(app).__module__.partition(".")[0] == "bottle":
        for route in app.routes:
            yield Route(route.rule, (route.method,), route.name or "", dotted_name(route.callback))


def _ours(row: Any) -> Route:
    methods = getattr(row, "methods", ())
    handler = getattr(row, "handler", None)
    text = handler if isinstance(handler, str) else dotted_name(handler) if handler else ""
    return Route(str(row.pattern), tuple(sorted(methods)), getattr(row, "name", None) or "", text)
