"""Read the route tables of other frameworks through what they offer for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from wsgiref.types import WSGIEnvironment

from tropea.core.anatomy import dotted_name


class Route(NamedTuple):
    """One row of a table."""

    pattern: str
    methods: tuple[str, ...]
    name: str
    handler: str


class Row(NamedTuple):
    """A route and what judges a request by it: why not ("" where it takes it), and its values."""

    route: Route
    judge: Callable[[WSGIEnvironment], tuple[str, Any]]


ELSEWHERE, PREFERRED = "another path", "another route is preferred"


def _not_for(environ: WSGIEnvironment) -> tuple[str, Any]:
    return f"not for {environ['REQUEST_METHOD']}", None


def _path(environ: WSGIEnvironment) -> str:
    text: str = environ["PATH_INFO"]
    return text.encode("latin-1").decode("utf-8", "replace")


def of_werkzeug(app: Any) -> Iterator[Row]:
    """Read Flask's map, or any of werkzeug's."""
    from werkzeug.exceptions import HTTPException
    from werkzeug.routing import Map

    table = app.url_map

    def judge_by(rule: Any) -> Callable[[WSGIEnvironment], tuple[str, Any]]:
        alone = Map([rule.empty()], converters=table.converters, host_matching=table.host_matching)

        def judge(environ: WSGIEnvironment) -> tuple[str, Any]:
            try:
                any_method = next(iter(rule.methods or ("GET",)))
                alone.bind_to_environ(environ).match(_path(environ), any_method)
            except HTTPException as error:
                return ("only with its slash" if error.code == 308 else ELSEWHERE), None
            if rule.methods and environ["REQUEST_METHOD"] not in rule.methods:
                return _not_for(environ)
            found, values = table.bind_to_environ(environ).match(return_rule=True)
            return ("", values) if found is rule else (PREFERRED, None)

        return judge

    for rule in table.iter_rules():
        handler = getattr(app, "view_functions", {}).get(rule.endpoint)
        told = dotted_name(handler) if handler else str(rule.endpoint)
        route = Route(rule.rule, tuple(sorted(rule.methods or ())), str(rule.endpoint), told)
        yield Row(route, judge_by(rule))


def of_bottle(app: Any) -> Iterator[Row]:
    """Read Bottle's table."""
    import bottle  # type: ignore[import-untyped]  # it has no types

    def judge_by(route: Any) -> Callable[[WSGIEnvironment], tuple[str, Any]]:
        alone = bottle.Router()
        alone.add(route.rule, "ANY", route)

        def judge(environ: WSGIEnvironment) -> tuple[str, Any]:
            try:
                alone.match(environ)
            except bottle.HTTPError:
                return ELSEWHERE, None
            if route.method not in {environ["REQUEST_METHOD"], "ANY"}:
                return _not_for(environ)
            found, values = app.router.match(environ)
            return ("", values) if found is route else (PREFERRED, None)

        return judge

    for route in app.routes:
        told = dotted_name(route.callback)
        yield Row(Route(route.rule, (route.method,), route.name or "", told), judge_by(route))


def of_pyramid(app: Any) -> Iterator[Row]:
    """Read Pyramid's routes, with the methods and the name of each one's views."""
    views: dict[str, list[Any]] = {}
    limits = {}
    for entry in app.registry.introspector.get_category("routes", ()):
        limits[entry["introspectable"]["name"]] = entry["introspectable"]["request_methods"]
    for entry in app.registry.introspector.get_category("views", ()):
        view = entry["introspectable"]
        views.setdefault(view.get("route_name") or "", []).append(view)

    def judge_by(route: Any, methods: set[str]) -> Callable[[WSGIEnvironment], tuple[str, Any]]:
        def judge(environ: WSGIEnvironment) -> tuple[str, Any]:
            values = route.match(_path(environ))
            if values is None:
                return ELSEWHERE, None
            if methods and environ["REQUEST_METHOD"] not in methods:
                return _not_for(environ)
            request = app.request_factory(environ)
            info = {"match": values, "route": route}
            if not all(predicate(info, request) for predicate in route.predicates):
                return "its predicates do not hold", None
            return "", values

        return judge

    for route in app.routes_mapper.get_routes():
        own = views.get(route.name, [])
        by_view = {m for view in own for m in _methods(view.get("request_methods"))}
        methods = set(_methods(limits.get(route.name))) or by_view
        handlers = [view["callable"] for view in own if view.get("callable")]
        told = " ".join(dict.fromkeys(map(dotted_name, handlers)))
        row = Route(route.pattern, tuple(sorted(methods)), route.name, told)
        yield Row(row, judge_by(route, methods))


def _methods(value: Any) -> tuple[str, ...]:
    return () if not value else (value,) if isinstance(value, str) else tuple(value)


def of_falcon(app: Any) -> Iterator[Row]:
    """Read Falcon's table."""
    from falcon import inspect

    find = app._router.find  # noqa: SLF001  falcon offers no other way to ask

    def judge_by(info: Any, methods: set[str]) -> Callable[[WSGIEnvironment], tuple[str, Any]]:
        def judge(environ: WSGIEnvironment) -> tuple[str, Any]:
            found = find(_path(environ))
            if found is None or found[3] != info.path:
                return ELSEWHERE, None
            return ("", found[2]) if environ["REQUEST_METHOD"] in methods else _not_for(environ)

        return judge

    for info in inspect.inspect_routes(app):
        methods = {m.method for m in info.methods if not m.internal}
        row = Route(info.path, tuple(sorted(methods)), "", info.class_name)
        yield Row(row, judge_by(info, methods))


def of_django(_app: Any) -> Iterator[Row]:
    """Read Django's patterns: its views choose methods themselves."""
    from django.urls import Resolver404, get_resolver  # type: ignore[import-untyped]  # nor has it

    resolver = get_resolver()

    def walk(patterns: Any, prefix: str) -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            text = prefix + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                yield from walk(pattern.url_patterns, text)
            else:
                yield text, pattern

    def judge_by(text: str, pattern: Any) -> Callable[[WSGIEnvironment], tuple[str, Any]]:
        def judge(environ: WSGIEnvironment) -> tuple[str, Any]:
            try:
                found = resolver.resolve(_path(environ))
            except Resolver404:
                return ELSEWHERE, None
            is_it = found.route == text and found.func is pattern.callback
            return ("", found.kwargs or found.args) if is_it else (ELSEWHERE, None)

        return judge

    for text, pattern in walk(resolver.url_patterns, ""):
        told = dotted_name(pattern.callback)
        yield Row(Route(f"/{text}", (), pattern.name or "", told), judge_by(text, pattern))


#: The top package of an application -> what reads its routes.
READERS: dict[str, Callable[[Any], Iterator[Row]]] = {
    "werkzeug": of_werkzeug,
    "flask": of_werkzeug,
    "bottle": of_bottle,
    "pyramid": of_pyramid,
    "falcon": of_falcon,
    "django": of_django,
}
