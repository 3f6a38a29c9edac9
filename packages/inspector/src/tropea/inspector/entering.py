"""Tell which parts of a stack could not be entered."""

from __future__ import annotations

from typing import Any

from tropea.core.anatomy import Node
from tropea.core.layer import Layer


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
