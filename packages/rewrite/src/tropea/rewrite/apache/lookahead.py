"""What rules may ask beforehand: where the present path would end (LA-U), and whether it would."""

from __future__ import annotations

from tropea.rewrite.apache.engine import Engine
from tropea.rewrite.apache.state import State
from tropea.rewrite.apache.substitutions import Refused

#: How deep look-ups of look-ups go.
MOST_LOOK_AHEADS = 10


def look_ahead(
    engine: Engine, state: State, *, by_file: bool, base: str, document_root: str | None
) -> State:
    """Return the state that a look-up of the present path would end in (LA-U and LA-F).

    base: in a directory's context, its URL.
    """
    path = state.subject
    if engine.directory is not None and path[:1] != "/":
        path = f"{base}{path}"
    inner = _inner(state, path, state.args)
    inner.env = state.env
    if by_file and engine.directory is None:
        return inner
    if state.depth < MOST_LOOK_AHEADS and engine.directory is None:
        try:
            engine.run(inner)
        except Refused:
            pass
    root = document_root
    if root and inner.filename[:1] == "/" and not inner.filename.startswith(f"{root}/"):
        inner.filename = root + inner.filename
    return inner


def would_answer(engine: Engine, state: State, url: str) -> bool:
    """Tell whether a request for *url* would be answered, for all the rules know (-U)."""
    if url[:1] != "/" or state.depth >= MOST_LOOK_AHEADS:
        return False
    path, _, query = url.partition("?")
    try:
        return engine.run(_inner(state, path, query or None)).status < 400
    except Refused:
        return False


def _inner(state: State, path: str, args: str | None) -> State:
    inner = State(state.engine, path, args, state.environ)
    inner.depth = state.depth + 1
    return inner
