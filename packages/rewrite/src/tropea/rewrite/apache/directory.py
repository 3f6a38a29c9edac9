"""Rules of a directory's own file: they see files, and run again until nothing changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from tropea.rewrite.apache.engine import Engine, Looping
from tropea.rewrite.apache.files import Files, split_path_info
from tropea.rewrite.apache.outcomes import (
    answered,
    finished,
    going_on,
    unchanged,
    without_script,
)
from tropea.rewrite.apache.state import State
from tropea.rewrite.apache.substitutions import Refused
from tropea.rewrite.rules import Note
from tropea.rewrite.verdicts import Verdict

#: How often a directory's rules may send a request round again.
MOST_REDIRECTS = 10


class DirectoryContext:
    """Decides in a directory's context.

    base: the directory's URL, with its slash.  rewrite_base: what RewriteBase says, or None.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        base: str,
        rewrite_base: str | None,
        document_root: str | None,
        files: Files,
    ) -> None:
        self.engine, self.files = engine, files
        self.base, self.rewrite_base, self.document_root = base, rewrite_base, document_root
        self.directory = f"{document_root or ''}{base}"

    def decide(self, state: State, path: str, note: Note | None) -> Verdict | None:
        """Return what the rules make of a request; *path* is as the client asked for it.

        Raises Looping.
        """
        made: Verdict | None = None
        given: dict[str, str | None] = {}
        for _ in range(MOST_REDIRECTS + 1):
            try:
                verdict, again = self._once(state, path, note)
            except Looping:
                raise
            except Refused as refused:
                return finished(state, refused.status)
            if verdict is None:
                return made
            # The application finds each variable by the name that it was given, too.
            given |= state.env
            if not again:
                verdict.variables = {**given, **verdict.variables}
                return verdict
            renamed = _redirected(state.env)
            verdict.variables = {**given, **renamed}
            made, path = verdict, verdict.path
            state = _next_round(state, verdict)
            state.env = renamed
        raise Looping(self.engine.rules[0], f"more than {MOST_REDIRECTS} internal redirects")

    def _once(self, state: State, path: str, note: Note | None) -> tuple[Verdict | None, bool]:
        """Run the rules once; return what came out and whether they must run again."""
        args, directory = state.args, self.directory
        full = f"{self.document_root or ''}{state.uri}"
        if not full.startswith(directory):
            return None, False
        state.filename, state.path_info = self._split_path_info(full)
        if len(state.filename) < len(directory):
            state.filename = f"{state.filename}/"
        original = state.filename
        run = self.engine.run(state, note)
        done = answered(state, run, args, self._to_url)
        if done is not None:
            return done, False
        if not run.changed:
            return unchanged(state, path), False
        name = state.filename
        if name[:1] != "/":
            return finished(state, 400), False
        if name == original:
            return going_on(state, state.uri), False
        name = self._to_url(name)
        if run.script_path:
            name = without_script(name, state)
        if not state.captured_marks and "#" not in (args or ""):
            name = _read_again(state, name)
        return going_on(state, name, above=400), not run.ended

    def _split_path_info(self, full: str) -> tuple[str, str]:
        """Split a path at the first part below the rules' own directory that is no directory."""
        if self.document_root is None:
            return full, ""
        return split_path_info(self.files, full, len(self.directory) - 1)

    def _to_url(self, name: str) -> str:
        """Make a URL's path of a file's: RewriteBase stands for the directory."""
        if name.startswith(self.directory):
            base = self.rewrite_base if self.rewrite_base is not None else self.base
            return (base if base.endswith("/") else f"{base}/") + name[len(self.directory) :]
        root = self.document_root
        if root and self.rewrite_base is None and name.startswith(f"{root}/"):
            return name[len(root) :]
        return name


def _read_again(state: State, name: str) -> str:
    """Return the path of what the rules' own text made, read as a URL once more.

    So Apache does with everything; here, what came out of an expansion is decoded once only.
    """
    if not re.search("[%?#]", name) and "#" not in (state.args or ""):
        return name
    url = name if state.args is None else f"{name}?{state.args}"
    path, mark, query = url.partition("#")[0].partition("?")
    state.args = query if mark else None
    return unquote_to_bytes(path.encode("latin-1")).decode("latin-1")


def _next_round(before: State, made: Verdict) -> State:
    """Begin the round after an internal redirect, with what was decided besides the path."""
    state = State(before.engine, made.path, made.query or None, before.environ)
    state.vary = made.vary
    state.cookies = {cookie.partition("=")[0]: cookie for cookie in made.cookies}
    state.type, state.handler = made.content_type, made.handler
    return state


def _redirected(variables: Mapping[str, str | None]) -> dict[str, str | None]:
    """Give variables the names that they have after an internal redirect."""
    renamed = {f"REDIRECT_{name}": text for name, text in variables.items() if text is not None}
    return {**renamed, "REDIRECT_STATUS": "200"}
