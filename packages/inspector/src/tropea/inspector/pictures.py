"""Draw rings, bars and flames as SVG: plain numbers in, markup out, no style inline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tropea.inspector.markup import Markup, tag

_SHADES = 7
_ROW, _WIDTH = 20, 1000
_DEEPEST, _MOST = 60, 1500


@dataclass
class Box:
    """A part of a flame picture; start and width are in any unit, the same for all."""

    name: str
    start: float
    width: float
    kind: str = ""
    inner: list[Box] = field(default_factory=list)


def shade(place: int, of: int) -> str:
    """Return the class of a ring's colour: dark skin outside, light inside."""
    return f"r{round(place * (_SHADES - 1) / max(of - 1, 1))}"


def rings(names: Sequence[str], branches: int = 0) -> Markup:
    """Draw an onion, the outermost ring first; branches: small hearts within the innermost."""
    of, middle = len(names), 180
    step = (middle - 34) / max(of, 1)
    drawn = []
    for place, name in enumerate(names):
        radius = middle - 4 - place * step
        kind = shade(place, of)
        number = tag(
            "text",
            place,
            x=middle,
            y=f"{_label(radius, step, place == of - 1, middle, branches):.1f}",
            class_="light" if kind < "r4" else "dark",
        )
        ring = tag(
            "circle",
            tag("title", f"{place}: {name}"),
            cx=middle,
            cy=middle,
            r=f"{radius:.1f}",
            class_=kind,
        )
        drawn.append(tag("g", ring, number))
    drawn += [
        tag(
            "circle",
            cx=middle + (n - (min(branches, 5) - 1) / 2) * 13,
            cy=middle + 4,
            r=5,
            class_="r2",
        )
        for n in range(min(branches, 5) if branches > 1 else 0)
    ]
    return tag(
        "svg",
        tag("title", "The layers, outermost first"),
        *drawn,
        viewBox="0 0 360 360",
        class_="rings",
        role="img",
    )


def _label(radius: float, step: float, innermost: bool, middle: int, branches: int) -> float:
    if innermost and branches < 2:
        return middle + 4
    return middle - radius + min(step, 24) / 2 + 4


def bar(parts: Iterable[tuple[str, float, float]], whole: float) -> Markup:
    """Draw stretches of time on one line: (class, from, to) of *whole*."""
    drawn = [
        tag(
            "rect",
            x=f"{start / whole * _WIDTH:.1f}",
            y=0,
            height=16,
            class_=kind,
            width=f"{max((end - start) / whole * _WIDTH, 1.5):.1f}",
        )
        for kind, start, end in parts
        if whole > 0 and end >= start
    ]
    return tag(
        "svg",
        *drawn,
        viewBox=f"0 0 {_WIDTH} 16",
        preserveAspectRatio="none",
        class_="bar",
        aria_hidden="true",
    )


def flame(boxes: Sequence[Box], unit: str = "ms") -> Markup:
    """Draw boxes and what is inside them, the outermost on top."""
    start = min((b.start for b in boxes), default=0.0)
    whole = max((b.start + b.width for b in boxes), default=0.0) - start
    if whole <= 0:
        return tag("p", "nothing was measured", class_="faint")
    drawn: list[Markup] = []
    deepest = 0
    waiting = [(box, 0) for box in boxes]
    while waiting and len(drawn) < _MOST:
        box, depth = waiting.pop(0)
        share = box.width / whole
        if share * _WIDTH < 0.5 or depth > _DEEPEST:
            continue
        deepest = max(deepest, depth)
        drawn.append(_box(box, depth, (box.start - start) / whole * _WIDTH, share, unit))
        waiting += [(inner, depth + 1) for inner in box.inner]
    return tag(
        "svg", *drawn, viewBox=f"0 0 {_WIDTH} {(deepest + 1) * _ROW}", class_="flame", role="img"
    )


def _box(box: Box, depth: int, x: float, share: float, unit: str) -> Markup:
    width, kind = share * _WIDTH, box.kind or f"r{1 + depth % 5}"
    title = tag("title", f"{box.name}: {box.width:.3f} {unit} ({share:.0%})")
    drawn = tag(
        "rect",
        title,
        x=f"{x:.1f}",
        y=depth * _ROW,
        width=f"{width:.1f}",
        height=_ROW - 1,
        rx=2,
        class_=kind,
    )
    room = int(width / 6.6) - 1
    if room < 3:
        return tag("g", drawn)
    name = box.name if len(box.name) <= room else f"{box.name[: room - 1]}…"
    ink = "light" if kind in {"r0", "r1", "r2", "span"} else "dark"
    return tag("g", drawn, tag("text", name, x=f"{x + 5:.1f}", y=depth * _ROW + 14, class_=ink))
