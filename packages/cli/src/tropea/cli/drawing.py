"""Draw an assembled application: as a tree of text, as rings in SVG, as plain data."""

from __future__ import annotations

from html import escape
from typing import Any

from tropea.cli.terminal import paint
from tropea.core.anatomy import Node


def as_tree(node: Node, place: str = "", prefix: str = "", branch: str = "") -> list[str]:
    """Write a node and what is inside it, outermost first, branches with their place."""
    where = f"{paint(place, 'magenta')} " if place else ""
    told = paint(told_of(node), "faint")
    options = (
        "  " + ", ".join(f"{name}={value}" for name, value in node.options) if node.options else ""
    )
    lines = [f"{prefix}{branch}{where}{paint(short_name(node.name), 'bold')}{told}{options}"]
    below = prefix + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
    last = len(node.inner) - 1
    for number, (inner_place, inner) in enumerate(node.inner):
        lines += as_tree(inner, inner_place, below, "└─ " if number == last else "├─ ")
    return lines


def told_of(node: Node) -> str:
    """Say what a node comes from."""
    return f"  ({node.distribution} {node.version})" if node.version else ""


def short_name(name: str) -> str:
    """Shorten a dotted name to what a reader needs: the top package and the last part.

    >>> short_name("tropea.sessions.middleware.SessionMiddleware")
    'SessionMiddleware'
    """
    return name.rpartition(".")[2] if name.startswith("tropea.") else name


def as_data(node: Node) -> dict[str, Any]:
    """Return a node as JSON has it."""
    return {
        "name": node.name,
        "distribution": node.distribution,
        "version": node.version,
        "options": dict(node.options),
        "inner": [{"place": place, **as_data(inner)} for place, inner in node.inner],
    }


_RING, _CORE = 34, 70
_COLOURS = ("#8e2453", "#a13a66", "#b4517a", "#c4698e", "#d283a2", "#de9db6", "#e9b7ca", "#f3d2de")


def as_svg(chain: list[Node]) -> str:
    """Draw layers as the rings of an onion, outermost first, the application in the middle."""
    count = len(chain)
    outer = _CORE + _RING * (count - 1)
    size = 2 * outer + 20
    middle = size / 2
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" width="{size}" '
        f'height="{size}" font-family="system-ui, sans-serif" text-anchor="middle" role="img">'
    )
    names = " > ".join(short_name(node.name) for node in chain)
    parts = [head, f"<title>{escape(names)}</title>"]
    for number, node in enumerate(chain):
        radius = outer - _RING * number
        colour = _COLOURS[min(number, len(_COLOURS) - 1)]
        tip = "\n".join([node.name + told_of(node), *(f"{k} = {v}" for k, v in node.options)])
        is_core = number == count - 1
        height = middle if is_core else middle - radius + _RING / 2 + 5
        ink = "#ffffff" if number < 5 else "#3a0d22"
        parts.append(
            f'<g><title>{escape(tip)}</title><circle cx="{middle}" cy="{middle}" r="{radius}" '
            f'fill="{colour}" stroke="#ffffff" stroke-width="2"/>'
            f'<text x="{middle}" y="{height}" font-size="13" fill="{ink}">'
            f"{escape(short_name(node.name).rpartition('.')[2])}</text></g>"
        )
    return "\n".join([*parts, "</svg>", ""])
