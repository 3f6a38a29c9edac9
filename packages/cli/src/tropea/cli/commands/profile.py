"""Time a request, layer by layer."""

from __future__ import annotations

import argparse
import statistics
import time
from html import escape
from pathlib import Path
from typing import Any

from tropea.cli.asking import ask
from tropea.cli.commands._asking import add_request, maker_of
from tropea.cli.commands._target import target_of
from tropea.cli.drawing import label_text, short_name, write_drawing
from tropea.cli.problems import CommandError
from tropea.cli.terminal import say, table
from tropea.cli.tracing import depth
from tropea.core.probing import Trace, instrument

SUMMARY = "Run a request many times; print the time of each layer (medians) as table, or draw it."
EXAMPLES = """\
  tropea profile app.ini /recipes/toast -n 1000
  tropea profile app.ini / --svg profile.svg
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_request(parser)
    parser.add_argument("-n", "--number", type=int, default=1000, help="requests to run (1000)")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="draw the shares into FILE")


def run(options: argparse.Namespace) -> int:
    """Measure."""
    if options.number < 1:
        raise CommandError(f"-n: expected 1 or more, got {options.number}")
    environ = maker_of(options)
    app = target_of(options).load()
    first = ask(app, environ())
    plain = _plain_times(app, environ, options.number)
    layers = _layer_times(app, environ, options.number)
    say(f"{first.status}, {len(first.body)} bytes, {_times(options.number)}")
    say(f"whole request without probes: {_spread(plain)}\n")
    rows = [
        ("  " * level + short_name(name), f"{statistics.median(t):.1f}", _bar(t, layers))
        for name, level, t in layers
    ]
    say(table(("layer", "own µs", ""), rows))
    if options.svg:
        write_drawing(options.svg, _draw(layers))
        say(f"\nwrote {options.svg}")
    return 0


def _times(number: int) -> str:
    return "1 request" if number == 1 else f"{number} requests"


Layers = list[tuple[str, int, list[float]]]


def _plain_times(app: Any, environ: Any, number: int) -> list[float]:
    times = []
    for _ in range(number):
        request = environ()
        began = time.perf_counter()
        ask(app, request)
        times.append((time.perf_counter() - began) * 1e6)
    return times


def _layer_times(app: Any, environ: Any, number: int) -> Layers:
    probed, probes = instrument(app)
    layers: Layers = []
    try:
        for _ in range(number):
            request = environ()
            trace = Trace.begin(request)
            ask(probed, request)
            for index, visit in enumerate(trace.visits):
                if index == len(layers):
                    layers.append((visit.name, depth(trace, index), []))
                layers[index][2].append(trace.own_seconds(index) * 1e6)
    finally:
        probes.remove()
    return layers


def _spread(times: list[float]) -> str:
    ordered = sorted(times)
    low, high = ordered[len(ordered) // 10], ordered[len(ordered) * 9 // 10]
    return f"median {statistics.median(times):.1f} µs, 10 to 90 %: {low:.1f} to {high:.1f} µs"


def _share(times: list[float], layers: Layers) -> float:
    whole = sum(statistics.median(t) for _, _, t in layers)
    return statistics.median(times) / whole if whole else 0.0


def _bar(times: list[float], layers: Layers) -> str:
    return "█" * round(30 * _share(times, layers))


_ROW, _ROOM, _LETTER = 26, 420, 7.6


def _draw(layers: Layers) -> str:
    """Draw a row a layer: its name indented by depth, its share of the time, its time."""
    names = [(8 + 12 * level, label_text(name)) for name, level, _ in layers]
    left = max(indent + len(name) * _LETTER for indent, name in names) + 12
    rows = []
    for number, ((indent, name), (_, _, times)) in enumerate(zip(names, layers, strict=True)):
        top, long = number * _ROW, max(_share(times, layers) * _ROOM, 1)
        after, told = left + long + 8, f"{statistics.median(times):.1f} µs"
        rows.append(
            f'<text x="{indent}" y="{top + 18}">{escape(name)}</text>'
            f'<rect x="{left:.0f}" y="{top + 4}" width="{long:.1f}" height="18" fill="#a13a66"/>'
            f'<text x="{after:.0f}" y="{top + 18}">{told}</text>'
        )
    wide, high = round(left + _ROOM + 90), len(layers) * _ROW + 8
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" '
        f'height="{high}" font-family="system-ui, sans-serif" font-size="13" fill="#3a0d22" '
        f'role="img"><title>time of each layer</title>'
        f'<rect width="{wide}" height="{high}" fill="#ffffff"/>'
    )
    return "\n".join([head, *rows, "</svg>", ""])
