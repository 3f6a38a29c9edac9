"""Find the route tables of an application, whoever made them, and judge a request by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from wsgiref.types import WSGIEnvironment

from tropea.cli.foreign_routing import READERS, Route, Row
from tropea.core.anatomy import Node, anatomy, dotted_name

__all__ = ["Judgement", "Route", "judged", "routes_of"]

ELSEWHERE = "another path"


class Judgement(NamedTuple):
    """What a route has to do with a request; answers: whether it is the one that answers."""

    route: Route
    reason: str
    answers: bool


class _Table(NamedTuple):
    """The routes of one application of a stack, and where it stands.

    enter: makes the environ that the application gets of that of the stack; None where the
        request never comes there.
    """

    place: str
    rows: list[Row]
    enter: Callable[[WSGIEnvironment], WSGIEnvironment | None]


def routes_of(app: Any) -> list[Route]:
    """List the routes of everything in the application that has some, mounts before patterns."""
    return [_placed(row.route, table.place) for table in _tables(app) for row in table.rows]


def judged(app: Any, environ: WSGIEnvironment) -> Iterator[Judgement]:
    """Judge every route of every table, in the order in which they are tried."""
    found = False
    for table in _tables(app):
        inner = table.enter(dict(environ))
        for row in table.rows:
            reason, values = row.judge(inner) if inner is not None else ("mounted elsewhere", None)
            answers = reason == "" and not found
            if answers:
                found = True
                reason = "answers" + (f" with {values}" if values else "")
            yield Judgement(
                _placed(row.route, table.place), reason or "an earlier route answers", answers
            )


def _placed(route: Route, place: str) -> Route:
    return route._replace(pattern=place + route.pattern) if place else route


def _tables(app: Any) -> Iterator[_Table]:
    for place, node, enter in _every(anatomy(app), "", lambda environ: environ):
        rows = _read(node.app)
        if rows:
            yield _Table(place, rows, enter)


def _every(node: Node, place: str, enter: Any) -> Iterator[tuple[str, Node, Any]]:
    """Yield each application with the path it is mounted at, and the way of a request to it."""
    yield place, node, enter
    mounts = [inner_place for inner_place, _ in node.inner if inner_place]
    is_map = any("/" in mount for mount in mounts)
    for inner_place, inner in node.inner:
        if is_map:
            way = _way(enter, inner_place, mounts)
            yield from _every(inner, place + inner_place.rstrip("/"), way)
        else:
            yield from _every(inner, place, enter)


def _way(enter: Any, mount: str, mounts: list[str]) -> Any:
    """Return what a composite does to a request: the longest mount that fits gets it."""

    def inside(environ: WSGIEnvironment) -> WSGIEnvironment | None:
        outer = enter(environ)
        if outer is None:
            return None
        fitting = [one for one in {*mounts, mount} if _fits(one, outer)]
        if mount not in fitting or max(fitting, key=len) != mount:
            return None
        prefix = _path_of(mount)
        return {
            **outer,
            "SCRIPT_NAME": outer["SCRIPT_NAME"] + prefix,
            "PATH_INFO": outer["PATH_INFO"][len(prefix) :],
        }

    return inside


def _path_of(mount: str) -> str:
    slash = mount.find("/")
    return mount[slash:].rstrip("/") if slash >= 0 else ""


def _fits(mount: str, environ: WSGIEnvironment) -> bool:
    host, prefix = mount.partition("/")[0], _path_of(mount)
    if host and host != environ["HTTP_HOST"].partition(":")[0]:
        return False
    return not prefix or f"{environ['PATH_INFO']}/".startswith(f"{prefix}/")


def _read(app: Any) -> list[Row]:
    rows = [_row(route) for route in _own(app)]
    if rows:
        return rows
    top = type(app).__module__.partition(".")[0]
    reader = READERS.get(top) or (READERS["werkzeug"] if hasattr(app, "url_map") else None)
    return list(reader(app)) if reader else []


def _own(app: Any) -> list[Any]:
    """Return the routes of a table of the family, each of which can be asked itself."""
    for candidate in (app, getattr(app, "dispatcher", None)):
        table = getattr(candidate, "routes", None)
        if table is not None and type(candidate).__module__.partition(".")[0] == "tropea":
            rows = list(table() if callable(table) else table)
            return [row for row in rows if hasattr(getattr(row, "compiled", None), "test")]
    return []


def _row(route: Any) -> Row:
    handler = getattr(route, "handler", None)
    told = handler if isinstance(handler, str) else dotted_name(handler) if handler else ""
    methods = tuple(sorted(getattr(route, "methods", ())))
    name = getattr(route, "name", None) or ""

    def judge(environ: WSGIEnvironment) -> tuple[str, Any]:
        tested = route.compiled.test(environ["PATH_INFO"])
        if tested is None:
            return ELSEWHERE, None
        method = "GET" if environ["REQUEST_METHOD"] == "HEAD" else environ["REQUEST_METHOD"]
        if route.methods and method not in route.methods:
            return f"not for {environ['REQUEST_METHOD']}", None
        if not route.accepts(environ):
            return "its host, scheme or predicate does not hold", None
        positional, named = tested
        return "", named or positional or None

    return Row(Route(str(route.pattern), methods, name, told), judge)
