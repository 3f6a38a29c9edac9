"""Time a request, layer by layer."""

from __future__ import annotations

import argparse
import statistics
import time
from html import escape
from pathlib import Path
from typing import Any

from tropea.cli.asking import ask, make_environ
from tropea.cli.commands._target import add_target, target_of
from tropea.cli.drawing import short_name
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
    add_target(parser)
    parser.add_argument("url")
    parser.add_argument("variables", nargs="*", metavar="name=value", help="variables for the ini")
    parser.add_argument("-n", "--number", type=int, default=1000, help="requests to run (1000)")
    parser.add_argument("-H", "--header", action="append", default=[], metavar="'Name: value'")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="draw the shares into FILE")


def run(options: argparse.Namespace) -> int:
    """Measure."""
    if options.number < 1:
        raise CommandError(f"-n: expected 1 or more, got {options.number}")
    app = target_of(options).load()

    def environ() -> dict[str, Any]:
        return make_environ(options.url, "GET", options.header)

    first = ask(app, environ())
    plain = _plain_times(app, environ, options.number)
    layers = _layer_times(app, environ, options.number)
    say(f"{first.status}, {len(first.body)} bytes, {options.number} requests")
    say(f"whole request without probes: {_spread(plain)}\n")
    rows = [
        ("  " * level + short_name(name), f"{statistics.median(t):.1f}", _bar(t, layers))
        for name, level, t in layers
    ]
    say(table(("layer", "own µs", ""), rows))
    if options.svg:
        options.svg.write_text(_draw(layers), "utf-8")
        say(f"\nwrote {options.svg}")
    return 0


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


def _draw(layers: Layers) -> str:
    height, room = 26, 520
    rows = []
    for number, (name, level, times) in enumerate(layers):
        top, long = number * height, max(_share(times, layers) * room, 1)
        middle = statistics.median(times)
        text = escape(f"{short_name(name).rpartition('.')[2]}  {middle:.1f} µs")
        rows.append(
            f'<rect x="250" y="{top + 4}" width="{long:.1f}" height="18" fill="#a13a66"/>'
            f'<text x="{8 + 12 * level}" y="{top + 18}" font-size="13">{text}</text>'
        )
    size = len(layers) * height + 8
    head = _HEAD.format(size=size)
    return head + "\n".join(rows) + "</svg>\n"


_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 790 {size}" width="790" height="{size}" '
    'font-family="system-ui, sans-serif"><rect width="790" height="{size}" fill="#ffffff"/>'
)
