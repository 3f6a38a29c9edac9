"""Tell which parts of a stack wrap others, and which could not be entered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tropea.core.anatomy import Node
from tropea.core.layer import Layer
from tropea.core.redaction import Redactor


def closed(node: Node) -> str:
    """Say why nothing is known of what a node wraps; empty where it seems to wrap nothing.

    >>> from tropea.core.anatomy import anatomy
    >>> def middleware(app):
    ...     def call(environ, start_response):
    ...         return app(environ, start_response)
    ...     return call
    >>> def hello(environ, start_response): ...
    >>> closed(anatomy(middleware(hello))), closed(anatomy(hello))
    ('it keeps an application in a closure', '')
    """
    if node.inner:
        return ""
    cells = getattr(node.app, "__closure__", None) or ()
    if any(_is_application(_content(cell)) for cell in cells):
        return "it keeps an application in a closure"
    held = getattr(node.app, "__dict__", {})
    name = next((name for name, value in held.items() if _is_application(value)), "")
    return f"it keeps an application as {name}" if name else ""


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing is in it yet
        return None


def _is_application(value: Any) -> bool:
    if isinstance(value, Layer):
        return True
    call = value if hasattr(value, "__code__") else vars(type(value)).get("__call__")
    names = getattr(getattr(call, "__code__", None), "co_varnames", ())
    return "start_response" in names[:3]


def options_shown(node: Node, most: int = 30) -> list[tuple[str, str]]:
    """Return a layer's options; of somebody else's the plain values that it keeps.

    >>> from types import SimpleNamespace
    >>> from tropea.core.anatomy import anatomy
    >>> options_shown(anatomy(SimpleNamespace(level=6, secret="abc", _own=1, app=print)))
    [('level', '6'), ('secret', '…')]
    """
    if node.options or isinstance(node.app, (Layer, type)) or hasattr(node.app, "__code__"):
        return list(node.options)
    plain = {
        name: value
        for name, value in getattr(node.app, "__dict__", {}).items()
        if name[:1] != "_" and isinstance(value, (str, bytes, int, float))
    }
    redactor = Redactor()
    return [(name, redactor.show(value, name, 200)) for name, value in list(plain.items())[:most]]


def wrapping_places(tree: Node, names: Sequence[str]) -> frozenset[int]:
    """Return the places, as probes are counted, of what wraps something else.

    names: of the probes; nothing is told where they are not the tree's.
    """
    nodes = list(_nodes(tree))
    if [node.name for node in nodes] != list(names):
        return frozenset()
    return frozenset(place for place, node in enumerate(nodes) if node.inner)


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for _, inner in node.inner:
        yield from _nodes(inner)
