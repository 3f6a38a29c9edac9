"""Draw an assembled application: as a tree of text, as rings in SVG, as plain data."""

from __future__ import annotations

import os
import re
import textwrap
from html import escape
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from tropea.cli.problems import CommandError
from tropea.cli.terminal import paint, width
from tropea.core.anatomy import Node


def as_tree(
    node: Node, place: str = "", prefix: str = "", branch: str = "", stream: TextIO | None = None
) -> list[str]:
    """Write a node and what is inside it, outermost first, branches with their place.

    stream: where it will be written (standard output): options are folded to its width.
    """
    where = f"{place} " if place else ""
    name, told = short_name(node.name), told_of(node)
    below = prefix + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
    options = ", ".join(f"{option}={_nearby(shown(value))}" for option, value in node.options)
    room = width(stream)
    plain = len(prefix + branch + where + name + told)
    if options and room and plain + 2 + len(options) > room:
        bar = "│  " if node.inner else "   "
        indent = f"{below}{bar}"
        folded = textwrap.wrap(
            options, max(room - len(indent), 20), break_long_words=True, break_on_hyphens=False
        )
        tail = "".join(f"\n{indent}{line}" for line in folded)
    else:
        tail = f"  {options}" if options else ""
    place = paint(where, "magenta", stream) if where else ""
    told = paint(told, "faint", stream) if told else ""
    lines = [f"{prefix}{branch}{place}{paint(name, 'bold', stream)}{told}{tail}"]
    last = len(node.inner) - 1
    for number, (inner_place, inner) in enumerate(node.inner):
        mark = "└─ " if number == last else "├─ "
        lines += as_tree(inner, inner_place, below, mark, stream)
    return lines


_ADDRESS = re.compile(r"<(?:\w+\.)*(\w+) object at 0x[0-9a-fA-F]+>")


def shown(value: str) -> str:
    """Leave out of an object's text where it lies in memory, which is another at every start.

    >>> shown("<tropea.sessions.stores.memory.MemoryStore object at 0x7f92>")
    '<MemoryStore>'
    """
    return _ADDRESS.sub(r"<\1>", value)


def _nearby(value: str) -> str:
    """Spell paths below the current folder from there."""
    here = str(Path.cwd())
    return value.replace(f"{here}{os.sep}", f".{os.sep}") if len(here) > 3 else value


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
        "options": {option: shown(value) for option, value in node.options},
        "inner": [{"place": place, **as_data(inner)} for place, inner in node.inner],
    }


_STEP, _CORE, _FONT, _SMALLEST = 38, 66, 17, 12
_OUTSIDE, _INSIDE = (142, 36, 83), (243, 210, 222)
_LETTER = 0.56
"""The width of a letter, in font sizes."""


def as_svg(chain: list[Node]) -> str:
    """Draw layers as the rings of an onion, outermost first, the application in the middle.

    Rings touch at the bottom, so that each has its room for a name at the top, however many
    they are.
    """
    return _document([_onion(chain)], " > ".join(short_name(node.name) for node in chain))


def tree_as_svg(node: Node) -> str:
    """Draw a whole application: its onion, and below it one for each branch of a composite."""
    onions = list(_onions(node, ""))
    return _document(onions, short_name(node.name))


class _Onion(NamedTuple):
    radius: float
    parts: list[str]
    caption: str


def _onions(node: Node, place: str) -> list[_Onion]:
    chain = [node]
    while len(chain[-1].inner) == 1 and not chain[-1].inner[0][0]:
        chain.append(chain[-1].inner[0][1])
    found = [_onion(chain, place)]
    for inner_place, inner in chain[-1].inner:
        found += _onions(inner, f"{place} {inner_place}".strip())
    return found


def _onion(chain: list[Node], caption: str = "") -> _Onion:
    """Draw one onion whose outermost ring touches the left and the top."""
    outer = _CORE + _STEP / 2 * (len(chain) - 1)
    parts = []
    for number, node in enumerate(chain):
        radius = outer - _STEP / 2 * number
        top = 2 * (outer - radius)
        is_core = number == len(chain) - 1
        height = top + (radius if is_core else _STEP / 2) + _FONT / 3
        room = 2 * radius if is_core else 2 * (2 * radius * _STEP / 2 - (_STEP / 2) ** 2) ** 0.5
        parts.append(
            _ring(node, outer, (top, radius), height, (room, number / max(len(chain) - 1, 1)))
        )
    return _Onion(outer, parts, caption)


def _ring(
    node: Node, middle: float, circle: tuple[float, float], height: float, look: tuple[float, float]
) -> str:
    (top, radius), (room, depth) = circle, look
    colour = tuple(round(a + (b - a) * depth) for a, b in zip(_OUTSIDE, _INSIDE, strict=True))
    ink = "#ffffff" if depth < 0.4 else "#3a0d22"
    label = label_of(node)
    size = max(min(_FONT, room * 0.92 / (len(label) * _LETTER)), _SMALLEST)
    tip = "\n".join([node.name + told_of(node), *(f"{k} = {shown(v)}" for k, v in node.options)])
    return (
        f'<g><title>{escape(tip)}</title><circle cx="{middle:g}" cy="{top + radius:g}" '
        f'r="{radius:g}" fill="#{bytes(colour).hex()}" stroke="#ffffff" stroke-width="1.5"/>'
        f'<text x="{middle:g}" y="{height:.1f}" font-size="{size:.1f}" fill="{ink}">'
        f"{escape(label)}</text></g>"
    )


def label_of(node: Node) -> str:
    """Name a ring: what every layer is called at its end says nothing.

    >>> label_of(Node(None, "tropea.sessions.middleware.SessionMiddleware", "", "", (), ()))
    'Session'
    """
    name = label_text(node.name)
    return name.removesuffix("Middleware") or name


def label_text(name: str) -> str:
    """Take the last part of a dotted name that says something.

    >>> label_text("shop.make_app.<locals>.app"), label_text("shop.<lambda>")
    ('app', 'shop')
    """
    parts = [part for part in name.split(".") if part[:1] != "<"]
    return parts[-1] if parts else name


def write_drawing(path: Path, text: str) -> None:
    """Write a drawing into a file; raise CommandError where it cannot be."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from None


def _document(onions: list[_Onion], title: str) -> str:
    """Put onions below each other, each with its place above it."""
    wide = max(2 * onion.radius for onion in onions) + 8
    top, placed = 4.0, []
    for onion in onions:
        if onion.caption:
            placed.append(
                f'<text x="{wide / 2:g}" y="{top + 26:g}" font-size="{_FONT}" fill="#8e2453">'
                f"{escape(onion.caption)}</text>"
            )
            top += 36
        left = wide / 2 - onion.radius
        placed += [f'<g transform="translate({left:g} {top:g})">', *onion.parts, "</g>"]
        top += 2 * onion.radius + 12
    high = top - 8
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" width="{wide:g}" '
        f'height="{high:g}" font-family="system-ui, sans-serif" text-anchor="middle" role="img">'
    )
    return "\n".join([head, f"<title>{escape(title)}</title>", *placed, "</svg>", ""])
