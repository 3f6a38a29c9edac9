"""Server-Timing: how long each layer took, for the browser's own tools.

Source: W3C Server Timing section 3.
"""

from __future__ import annotations

from typing import Any
from wsgiref.types import StartResponse

from tropea.core.fields import Fields
from tropea.core.probing import Trace

_MOST = 50


def timed(trace: Trace, start_response: StartResponse) -> StartResponse:
    """Add Server-Timing: how long each layer took until the head came back through it."""

    def start(status: str, headers: Fields, exc_info: Any = None, /) -> Any:
        told = ", ".join(_entries(trace))
        fields = [*headers, ("Server-Timing", told)] if told else headers
        if exc_info is None:
            return start_response(status, fields)
        return start_response(status, fields, exc_info)

    return start


def _entries(trace: Trace) -> list[str]:
    return [
        f'l{index};desc="{_word(visit.name)}";dur={_own(trace, index) * 1000:.3f}'
        for index, visit in enumerate(trace.visits[:_MOST])
    ]


def _own(trace: Trace, index: int) -> float:
    """Return the seconds of a visit until its head, without those of the visits inside it."""
    visit = trace.visits[index]
    inner = sum(v.started - v.entered for v in trace.visits if v.parent == index and v.started)
    return max(visit.started - visit.entered - inner, 0.0) if visit.started else 0.0


def _word(name: str) -> str:
    """Return what of a dotted name may stand in a quoted string."""
    last = name.rpartition(".")[2]
    return "".join(c for c in last if c.isascii() and (c.isalnum() or c == "_"))
