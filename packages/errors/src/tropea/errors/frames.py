"""Turn a chain of exceptions into plain data that a page can show; secrets hidden on the way."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

from tropea.core.redaction import Redactor

#: Lines of source shown before and after the one that raised.
AROUND = 5
MOST_FRAMES, MOST_LOCALS, MOST_LINKS = 100, 60, 20
#: Characters of the traceback as text.
MOST_TEXT = 200_000


@dataclass(frozen=True)
class Frame:
    """One step of a traceback.

    lines: pairs of number and text around the line that was running; empty where the source is
        not here.
    variables: pairs of text, sorted by name.
    """

    file: str
    line: int
    function: str
    lines: tuple[tuple[int, str], ...]
    variables: tuple[tuple[str, str], ...]

    @property
    def is_library(self) -> bool:
        """Whether the code is somebody else's: a page shows it folded."""
        return "site-packages" in self.file or "/lib/python3" in self.file or self.file[:1] == "<"


@dataclass(frozen=True)
class Link:
    """One exception of a chain.

    relation: how it came about: ``""`` for the one that escaped, else a phrase.
    """

    name: str
    message: str
    notes: tuple[str, ...]
    relation: str
    frames: tuple[Frame, ...]


def chain(error: BaseException, redactor: Redactor) -> tuple[Link, ...]:
    """List *error* and what it came from (causes, contexts, leaves of groups), newest first."""
    links: list[Link] = []
    seen: set[int] = set()
    pending: list[tuple[BaseException, str]] = [(error, "")]
    while pending and len(links) < MOST_LINKS:
        current, relation = pending.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        links.append(_link(current, relation, redactor))
        if isinstance(current, BaseExceptionGroup):
            pending += [(leaf, "which is a group that holds") for leaf in current.exceptions]
        if current.__cause__ is not None:
            pending.append((current.__cause__, "which was raised from"))
        elif current.__context__ is not None and not current.__suppress_context__:
            pending.append((current.__context__, "which was raised while handling"))
    return tuple(links)


def as_text(error: BaseException, redactor: Redactor) -> str:
    """Write the traceback as Python would, secrets hidden: what a developer copies."""
    return redactor.say("".join(traceback.format_exception(error)), MOST_TEXT)


def _link(error: BaseException, relation: str, redactor: Redactor) -> Link:
    kind = type(error)
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    held = getattr(error, "__notes__", None)
    notes = tuple(redactor.say(_text(note)) for note in held) if isinstance(held, list) else ()
    steps = list(_steps(error.__traceback__))[-MOST_FRAMES:]
    frames = tuple(_frame(step, redactor) for step in steps)
    return Link(name, redactor.say(_text(error)), notes, relation, frames)


def _text(told: object) -> str:
    """Return what an exception or a note says; it may fail to say anything."""
    try:
        return str(told)
    except Exception as error:  # the page must show the rest
        return f"(its str raised {type(error).__name__})"


def _steps(step: TracebackType | None) -> Iterator[TracebackType]:
    while step is not None:
        yield step
        step = step.tb_next


def _frame(step: TracebackType, redactor: Redactor) -> Frame:
    code, number = step.tb_frame.f_code, step.tb_lineno
    source = linecache.getlines(code.co_filename, step.tb_frame.f_globals)
    first = max(number - 1 - AROUND, 0)
    lines = source[first : number + AROUND] if 0 < number <= len(source) else []
    variables = redactor.items(dict(list(step.tb_frame.f_locals.items())[:MOST_LOCALS]))
    return Frame(
        code.co_filename,
        number,
        code.co_qualname if hasattr(code, "co_qualname") else code.co_name,
        tuple((first + 1 + n, redactor.scrub(text.rstrip("\n"))) for n, text in enumerate(lines)),
        tuple(variables),
    )
