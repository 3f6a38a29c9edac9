"""Show what was recorded of a request, layer by layer."""

from __future__ import annotations

from typing import TextIO

from tropea.cli.drawing import short_name
from tropea.cli.terminal import table
from tropea.core.probing import Trace, changes
from tropea.core.redaction import Redactor


def trace_table(trace: Trace, stream: TextIO | None = None) -> str:
    """Lay out a row a layer: its own time, its status, what it changed.

    stream: where it will be written (standard output).
    """
    return table(("layer", "own µs", "status", "changes"), rows(trace), stream)


def rows(trace: Trace) -> list[tuple[str, str, str, str]]:
    """Return the rows, outermost first, indented by depth."""
    found = []
    for index, visit in enumerate(trace.visits):
        name = "  " * depth(trace, index) + short_name(visit.name)
        own = f"{trace.own_seconds(index) * 1e6:.0f}"
        found.append((name, own, visit.error or visit.status, told_changes(trace, index)))
    return found


def depth(trace: Trace, index: int) -> int:
    """Count the visits around a visit."""
    parent = trace.visits[index].parent
    return 0 if parent is None else depth(trace, parent) + 1


def told_changes(trace: Trace, index: int) -> str:
    """Say what a layer changed: ``+Name: value``, ``-Name``, ``environ +key``; secrets hidden."""
    found, redactor = changes(trace, index), Redactor(trace.visits[0].before)
    parts = [f"{found.status[0]} → {found.status[1]}"] if found.status else []
    for name, (old, new) in found.headers.items():
        shown = redactor.show(new, name, limit=60).strip("'")
        parts.append(f"-{name}" if new is None else f"{'+' if old is None else '~'}{name}: {shown}")
    for name, (old, new) in found.environ.items():
        sign = "+" if old is None else "-" if new is None else "~"
        parts.append(f"environ {sign}{name}")
    return "; ".join(parts)
