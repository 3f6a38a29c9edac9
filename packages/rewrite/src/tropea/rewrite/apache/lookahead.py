"""What rules may ask beforehand: where the present path would end (LA-U), and whether it would.

Apache sends itself a request for that, without a query; such a request may look ahead again, but
not for what the one before it asks for already.
"""

from __future__ import annotations

from tropea.rewrite.apache.engine import Engine
from tropea.rewrite.apache.files import split_path_info
from tropea.rewrite.apache.paths import normalise
from tropea.rewrite.apache.state import State
from tropea.rewrite.apache.substitutions import Refused

#: How deep look-ups of look-ups go.
MOST_LOOK_AHEADS = 10


def look_ahead(
    engine: Engine, state: State, *, by_file: bool, base: str, document_root: str | None
) -> State | None:
    """Return the state that a look-up of the present path would end in (LA-U and LA-F).

    base: in a directory's context, its URL.  None where the request is such a look-up already.
    """
    if not _may_ask(state):
        return None
    path = state.subject
    in_directory = engine.directory is not None
    if in_directory and path[:1] != "/":
        path = f"{base}{path}"
    inner = _inner(state, path, None)
    inner.env = state.env
    if by_file and not in_directory:
        inner.filename, inner.path_info = split_path_info(state.engine.files, path, 0)
        return inner
    if not in_directory:
        try:
            engine.run(inner)
        except Refused:
            pass
    root = document_root
    if root and inner.filename[:1] == "/" and not inner.filename.startswith(f"{root}/"):
        inner.filename = root + inner.filename
    if root is not None and inner.filename.startswith(f"{root}/"):
        name = inner.filename
        inner.filename, inner.path_info = split_path_info(state.engine.files, name, len(root))
    return inner


def would_answer(engine: Engine, state: State, url: str) -> bool:
    """Tell whether a request for *url* would be answered, for all the rules know (-U).

    A relative reference is one from the path that was asked for.
    """
    if not url or not _may_ask(state):
        return False
    if url[:1] != "/":
        url = f"{state.uri.rpartition('/')[0]}/{url}"
    path, _, query = url.partition("?")
    clean = normalise(path)
    if clean is None:
        return False
    try:
        return engine.run(_inner(state, clean, query or None)).status < 400
    except Refused:
        return False


def _may_ask(state: State) -> bool:
    outer = state.outer
    return outer is None or (
        state.depth < MOST_LOOK_AHEADS
        and outer.uri != state.uri
        and outer.filename != state.filename
    )


def _inner(state: State, path: str, args: str | None) -> State:
    inner = State(state.engine, path, args, state.environ)
    inner.depth, inner.outer = state.depth + 1, state
    return inner
