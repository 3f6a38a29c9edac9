"""Write down what was recorded of one request: plain data, secrets hidden, bounded in size.

Nothing of the request itself is kept: no environ, no object, no body.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tropea.core.keys import ROUTE, ROUTING_ARGS, TRACE
from tropea.core.probing import Trace, Visit, changes
from tropea.inspector.hiding import Hider
from tropea.inspector.reasons import put, reasons
from tropea.inspector.sessions import compare
from tropea.inspector.tracing import Recording

Record = dict[str, Any]
_TEXT, _VISITS, _PAIRS, _SPANS = 300, 100, 120, 500


def make_record(trace: Recording, number: int, wrapping: frozenset[int] = frozenset()) -> Record:
    """Turn a trace whose request is over into plain data that JSON can hold.

    wrapping: places of the applications that wrap another one.
    Times are milliseconds since the request came; ``at`` is seconds since the epoch.
    """
    visits = trace.visits[:_VISITS]
    seen = [(i, t) for i, t in reasons(trace, wrapping)[:_PAIRS] if i < len(visits)]
    first = visits[0]
    hider = Hider(first.before, [visit.headers for visit in visits])
    last = max((v.finished for v in visits), default=first.entered)
    error = next((visit.error for visit in visits if visit.error), "")
    return {
        "id": number,
        "at": trace.at,
        **_asked(first.before, hider),
        "status": _said(first.status),
        "milliseconds": _ms(last - trace.began),
        "size": first.size,
        "error": hider.scrub(error),
        **_routed(visits, hider),
        "visits": [_visit(trace, index, hider) for index in range(len(visits))],
        "notes": [
            [layer[:_TEXT], hider.scrub(text)[:_TEXT]] for layer, text in trace.notes[:_PAIRS]
        ],
        "note_visits": trace.note_visits[:_PAIRS],
        "seen": [[index, hider.scrub(text)[:_TEXT]] for index, text in seen],
        "spans": [_span(trace, span, hider) for span in trace.spans[:_SPANS]],
        "session": compare(trace.session_before, trace.session_now()),
        "environ": _short(hider.items({k: v for k, v in first.before.items() if k != TRACE})),
        "answer": [[name, hider.show(value, name, _TEXT)] for name, value in first.headers],
    }


def summary(record: Record) -> Record:
    """Keep what the list of requests shows."""
    names = ("id", "at", "method", "path", "query", "status", "milliseconds", "size", "error")
    return {
        **{name: record[name] for name in names},
        "route": record["route"],
        "why": [text for _, text in (record["notes"] or record["seen"])[:3]],
    }


def _said(status: object) -> str:
    """Return a status, or what a broken application sent as one."""
    return status if isinstance(status, str) else repr(status)[:_TEXT]


def _ms(seconds: float) -> float:
    return round(max(seconds, 0.0) * 1000, 4)


def _asked(environ: Mapping[str, Any], hider: Hider) -> Record:
    def text(key: str) -> str:
        return hider.scrub(str(environ.get(key, "")))[:_TEXT]

    return {
        "method": text("REQUEST_METHOD"),
        "path": text("SCRIPT_NAME") + text("PATH_INFO"),
        "query": text("QUERY_STRING"),
        "peer": text("REMOTE_ADDR"),
    }


def _routed(visits: Iterable[Visit], hider: Hider) -> Record:
    """Find the route that matched: ours, or what the WSGI convention tells."""
    route, arguments = "", ""
    for visit in visits:
        for environ in (visit.after, visit.before):
            found = environ.get(ROUTE)
            if found is not None and not route:
                route = str(getattr(found, "pattern", found))
            if environ.get(ROUTING_ARGS) and not arguments:
                arguments = hider.show(environ[ROUTING_ARGS], limit=_TEXT)
    return {"route": hider.scrub(route)[:_TEXT], "arguments": arguments}


def _visit(trace: Recording, index: int, hider: Hider) -> Record:
    visit = trace.visits[index]
    return {
        "place": visit.place,
        "name": visit.name,
        "parent": visit.parent,
        "entered": _ms(visit.entered - trace.began),
        "started": _ms(visit.started - trace.began) if visit.started else None,
        "returned": _ms(visit.returned - trace.began),
        "finished": _ms(visit.finished - trace.began),
        "own": _ms(trace.own_seconds(index)),
        **_in_and_out(trace, index),
        "status": _said(visit.status),
        "error": hider.scrub(visit.error),
        "blocks": visit.blocks,
        "size": visit.size,
        "changes": _changes(trace, index, hider),
    }


def _in_and_out(trace: Trace, index: int) -> Record:
    """Tell how long a layer took before its inner one was called, and after that returned."""
    visit = trace.visits[index]
    inner = [v for v in trace.visits if v.parent == index]
    if not inner:
        return {"in": _ms(visit.seconds), "out": 0.0}
    return {
        "in": _ms(inner[0].entered - visit.entered),
        "out": _ms(visit.returned - inner[-1].returned),
    }


def _changes(trace: Trace, index: int, hider: Hider) -> Record:
    found = changes(trace, index)
    innermost = not any(visit.parent == index for visit in trace.visits)
    environ = put(trace.visits[index]) if innermost else found.environ
    return {
        "environ": [_change(n, *pair, hider) for n, pair in list(environ.items())[:_PAIRS]],
        "headers": [_change(n, *pair, hider) for n, pair in list(found.headers.items())[:_PAIRS]],
        "status": [_said(status) for status in found.status] if found.status else None,
    }


def _change(name: str, before: object, after: object, hider: Hider) -> Record:
    how = "added" if before is None else "removed" if after is None else "changed"
    told: Record = {"name": str(name)[:_TEXT], "how": how}
    if before is not None:
        told["before"] = hider.show(before, name, _TEXT)
    if after is not None:
        told["after"] = hider.show(after, name, _TEXT)
    return told


def _span(trace: Recording, span: tuple[str, float, float], hider: Hider) -> Record:
    name, began, ended = span
    return {
        "name": hider.scrub(name)[:_TEXT],
        "began": _ms(began - trace.began),
        "ended": _ms(ended - trace.began),
    }


def _short(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [[name[:_TEXT], value[:_TEXT]] for name, value in list(pairs)[:_PAIRS]]
