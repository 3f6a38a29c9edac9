"""Describe an application to its developer: routes, handlers, hooks, filters, configuration.

Read by the names of attributes, from whatever stands in the stack: dispatchers and applications
of ours, Flask and others with a ``url_map``.  Nothing is called but what lists something.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tropea.core.anatomy import Node
from tropea.inspector.hiding import Hider

Pairs = list[tuple[str, str]]
_MOST = 2000
_REQUEST = (
    "REQUEST_METHOD",
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "REMOTE_ADDR",
    "SERVER_PROTOCOL",
    "wsgi.url_scheme",
)


def describe(tree: Node, environ: Mapping[str, Any]) -> list[tuple[str, Pairs]]:
    """Return titles with pairs of text, secrets hidden."""
    hider = Hider(environ)
    found: dict[str, Pairs] = {
        title: []
        for title in (
            "Routes",
            "Default handlers",
            "State handlers",
            "Error handlers",
            "Before each response",
            "After each response",
            "Filters",
            "Configuration",
        )
    }
    for app in _apps(tree):
        for title, pairs in _told(app, hider):
            found[title] += [p for p in pairs if p not in found[title]][: _MOST - len(found[title])]
    told = list(found.items())
    given = {**environ, **os.environ}
    variables = {key[4:]: value for key, value in given.items() if key.startswith("app_")}
    fields = {key: environ[key] for key in environ if key in _REQUEST or key.startswith("HTTP_")}
    for title, mapping in (
        ("Variables app_", variables),
        ("Request", fields),
        ("Environ", environ),
    ):
        told.append((title, [(hider.scrub(n), v) for n, v in hider.items(mapping)]))
    return told


def _apps(node: Node) -> Iterator[Any]:
    yield node.app
    inner = getattr(node.app, "__dict__", {}).get("dispatcher")
    if inner is not None:
        yield inner
    for _, found in node.inner:
        yield from _apps(found)


def _told(app: Any, hider: Hider) -> Iterator[tuple[str, Pairs]]:
    own = getattr(app, "__dict__", {})
    yield "Routes", [*_routes(app), *_rules(own.get("url_map"))]
    hooks = own.get("hooks")
    for title, name in (
        ("Default handlers", "defaults"),
        ("State handlers", "states"),
        ("Error handlers", "errors"),
    ):
        yield title, _handlers(getattr(hooks, name, None))
    yield "Before each response", _functions(getattr(hooks, "before", None))
    yield "After each response", _functions(getattr(hooks, "after", None))
    for name, title in (
        ("before_request_funcs", "Before each response"),
        ("after_request_funcs", "After each response"),
    ):
        for functions in _values(own.get(name)):
            yield title, _functions(functions)
    if hooks is not None or "get_options" in dir(type(app)):
        yield "Filters", _filters(app)
    config = own.get("config")
    if isinstance(config, Mapping):
        yield "Configuration", hider.items(config)
    if hooks is not None:
        plain = {
            k: v for k, v in own.items() if k[:1] != "_" and isinstance(v, (str, int, float, bool))
        }
        yield "Configuration", hider.items(plain)


def _routes(app: Any) -> Pairs:
    """Read the routes of a dispatcher of ours."""
    listed = getattr(app, "routes", None)
    if not callable(listed):
        return []
    try:
        routes = list(listed())[:_MOST]
    except Exception:  # somebody else's method of that name
        return []
    return [
        (
            f"{' '.join(route.methods) or '*'} {route.pattern}",
            " ".join(filter(None, (_name(route.handler), getattr(route, "origin", "")))),
        )
        for route in routes
        if hasattr(route, "pattern") and hasattr(route, "handler")
    ]


def _rules(url_map: Any) -> Pairs:
    """Read the rules of werkzeug's map."""
    rules = url_map.iter_rules() if hasattr(url_map, "iter_rules") else ()
    return [
        (f"{' '.join(sorted(rule.methods or ('*',)))} {rule.rule}", str(rule.endpoint))
        for rule in list(rules)[:_MOST]
    ]


def _filters(app: Any) -> Pairs:
    """Read the filters of patterns, the built-in ones too."""
    filters = getattr(app, "filters", None)
    if not isinstance(filters, Mapping):
        known = getattr(app, "_known", None)
        filters = known() if callable(known) else getattr(app, "converters", None)
    if not isinstance(filters, Mapping):
        return []
    return [(str(name), _filter(found)) for name, found in filters.items()]


def _filter(found: Any) -> str:
    """Tell what a filter matches and what reads it, of a pair, a class, or a function's own."""
    if isinstance(found, tuple):
        return " ".join(map(_name, found))
    cells = getattr(found, "__closure__", None) or ()
    held = next((c.cell_contents for c in cells if hasattr(c.cell_contents, "pattern")), None)
    if held is None:
        return _name(found)
    read = getattr(held, "_from_string", None)
    return " ".join(filter(None, (str(held.pattern), _name(read) if read else "")))


def _handlers(found: Any) -> Pairs:
    return (
        [(_key(key), _name(handler)) for key, handler in found.items()]
        if isinstance(found, Mapping)
        else []
    )


def _functions(found: Any) -> Pairs:
    return (
        [(str(place), _name(f)) for place, f in enumerate(found)]
        if isinstance(found, (list, tuple))
        else []
    )


def _values(found: Any) -> Iterable[Any]:
    return found.values() if isinstance(found, Mapping) else ()


def _key(key: Any) -> str:
    if isinstance(key, tuple):
        return " ".join(str(part) for part in key if part is not None)
    return _name(key)


def _name(thing: Any) -> str:
    if isinstance(thing, (str, int)):
        return str(thing)
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    module = getattr(named, "__module__", None)  # a method of a built-in type has none
    return f"{module}.{named.__qualname__}" if module else str(named.__qualname__)
