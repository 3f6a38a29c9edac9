"""Record what each layer of an assembled application does to a request, and how long it takes.

Probes stand between the layers only while somebody asks for them: they are put where the layers
keep the application that they wrap, and taken out again.  A stack without them pays nothing.

>>> from tropea.core.layer import Layer
>>> def hello(environ, start_response):
...     start_response("200 OK", [("Content-Type", "text/plain")])
...     return [b"hello"]
>>> app, probes = instrument(Layer(hello))
>>> environ = {"REQUEST_METHOD": "GET"}
>>> trace = Trace.begin(environ)
>>> b"".join(app(environ, lambda status, headers, exc_info=None: None))
b'hello'
>>> [(visit.name.rpartition(".")[2], visit.status) for visit in trace.visits]
[('Layer', '200 OK'), ('hello', '200 OK')]
>>> probes.remove()
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.anatomy import dotted_name, slots_of, unwrapped
from tropea.core.closing import close
from tropea.core.fields import Fields
from tropea.core.keys import TRACE

_DEEPEST = 100


@dataclass
class Visit:
    """One call of one application of a stack.

    place: of the application, counted as the probes were put, 0 outermost.
    parent: index in ``Trace.visits`` of the visit during which this one began; None outermost.
    entered, started, returned, finished: seconds of ``time.perf_counter``: when it was called,
        sent its head, returned its body, and when its body was closed or read to the end; 0.0
        for what did not happen.
    before: its environ when it was called, a shallow copy; after: when its body was done.
    """

    place: int
    name: str
    parent: int | None
    entered: float
    before: dict[str, Any]
    after: dict[str, Any] = field(default_factory=dict)
    started: float = 0.0
    returned: float = 0.0
    finished: float = 0.0
    status: str = ""
    headers: Fields = field(default_factory=list)
    error: str = ""
    blocks: int = 0
    size: int = 0

    @property
    def seconds(self) -> float:
        """How long the call took, without its body."""
        return max(self.returned - self.entered, 0.0)


@dataclass
class Trace:
    """What was recorded of one request; in ``environ["tropea.trace"]`` while somebody listens."""

    visits: list[Visit] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    spans: list[tuple[str, float, float]] = field(default_factory=list)
    _open: list[int] = field(default_factory=list, repr=False)

    @classmethod
    def begin(cls, environ: WSGIEnvironment) -> Trace:
        """Listen to the request that *environ* describes."""
        trace = environ[TRACE] = cls()
        return trace

    def note(self, layer: str, text: str) -> None:
        """Remember why a layer did what it did."""
        self.notes.append((layer, text))

    def span(self, name: str, began: float, ended: float) -> None:
        """Remember a stretch of time (``perf_counter``) inside the application, such as a query."""
        self.spans.append((name, began, ended))

    def own_seconds(self, index: int) -> float:
        """Return the seconds that a visit took itself, without the visits inside it."""
        inner = sum(v.seconds for v in self.visits if v.parent == index)
        return max(self.visits[index].seconds - inner, 0.0)

    def open(self, visit: Visit) -> int:
        """Begin a visit; return its index."""
        visit.parent = self._open[-1] if self._open else None
        self.visits.append(visit)
        self._open.append(len(self.visits) - 1)
        return self._open[-1]

    def leave(self) -> None:
        """End the call of the visit that began last."""
        self._open.pop()


def note(environ: WSGIEnvironment, layer: str, text: str) -> None:
    """Say why a layer does what it does, to whoever listens; costs one look-up when nobody does."""
    trace = environ.get(TRACE)
    if trace is not None:
        trace.note(layer, text)


@dataclass
class Changes:
    """What one layer changed: names to (before, after); None for absent."""

    environ: dict[str, tuple[Any, Any]]
    headers: dict[str, tuple[str | None, str | None]]
    status: tuple[str, str] | None


def changes(trace: Trace, index: int) -> Changes:
    """Compare what went into and came out of the layer of a visit with what its inner one saw."""
    outer = trace.visits[index]
    inner = next((v for v in trace.visits if v.parent == index), None)
    if inner is None:
        return Changes({}, {}, None)
    status = None if inner.status == outer.status else (inner.status, outer.status)
    return Changes(
        _differences(outer.before, inner.before),
        _differences(_joined(inner.headers), _joined(outer.headers)),
        status if outer.status and inner.status else None,
    )


def _differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = [*before, *(name for name in after if name not in before)]
    pairs = ((name, before.get(name), after.get(name)) for name in names if name != TRACE)
    return {name: (old, new) for name, old, new in pairs if not _same(old, new)}


def _same(old: Any, new: Any) -> bool:
    if old is new:
        return True
    try:
        return type(old) is type(new) and bool(old == new)
    except Exception:  # somebody's __eq__
        return False


def _joined(headers: Fields) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.title()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


@dataclass
class Probes:
    """The probes that stand in a stack, to be taken out again.

    names: of what they stand before, by place.
    """

    names: list[str]
    _undo: list[Callable[[], None]]

    def remove(self) -> None:
        """Put everything back as it was."""
        while self._undo:
            self._undo.pop()()


def instrument(app: WSGIApplication) -> tuple[WSGIApplication, Probes]:
    """Put a probe before *app* and before everything inside it that can be entered.

    Returns the application to call instead, and the probes.
    """
    probes = Probes([], [])
    return _probe(app, probes, frozenset()), probes


def _probe(app: Any, probes: Probes, seen: frozenset[int]) -> Probe:
    probe = Probe(app, len(probes.names))
    probes.names.append(probe.name)
    target = unwrapped(app)
    if id(target) not in seen and len(seen) < _DEEPEST:
        for slot in list(slots_of(target)):
            if isinstance(slot.app, Probe):
                continue
            inner = _probe(slot.app, probes, seen | {id(target)})
            try:
                slot.put(inner)
            except (AttributeError, TypeError):  # read only: what is inside stays unseen
                continue
            probes._undo.append(lambda slot=slot: slot.put(slot.app))  # type: ignore[misc]  # noqa: SLF001
    return probe


class Probe:
    """Stands before an application and records its visits, where the request has a Trace."""

    __slots__ = ("app", "name", "place")

    def __init__(self, app: WSGIApplication, place: int) -> None:
        self.app, self.place = app, place
        self.name = dotted_name(unwrapped(app))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        trace = environ.get(TRACE)
        if trace is None:
            return self.app(environ, start_response)
        visit = Visit(self.place, self.name, None, time.perf_counter(), dict(environ))
        trace.open(visit)

        def start(
            status: str, headers: Fields, exc_info: Any = None, /
        ) -> Callable[[bytes], object]:
            visit.started = time.perf_counter()
            visit.status, visit.headers = status, list(headers)
            if exc_info is None:
                return start_response(status, headers)
            return start_response(status, headers, exc_info)

        try:
            body = self.app(environ, start)
        except BaseException as error:
            visit.error = f"{type(error).__name__}: {error}"[:500]
            raise
        finally:
            visit.returned = visit.finished = time.perf_counter()
            visit.after = dict(environ)
            trace.leave()
        if isinstance(body, (list, tuple)):
            visit.blocks, visit.size = len(body), sum(map(len, body))
            return body
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(body, wrapper):
            return body
        return _Counted(body, visit, environ)


class _Counted:
    """A body whose blocks and whose end are recorded."""

    __slots__ = ("_body", "_environ", "_visit")

    def __init__(self, body: Iterable[bytes], visit: Visit, environ: WSGIEnvironment) -> None:
        self._body, self._visit, self._environ = body, visit, environ

    def __iter__(self) -> Iterator[bytes]:
        visit = self._visit
        try:
            for block in self._body:
                visit.blocks += 1
                visit.size += len(block)
                yield block
        except Exception as error:
            visit.error = f"{type(error).__name__}: {error}"[:500]
            raise
        finally:
            self._end()

    def close(self) -> None:
        try:
            close(self._body)
        finally:
            self._end()

    def _end(self) -> None:
        self._visit.finished = time.perf_counter()
        self._visit.after = dict(self._environ)
