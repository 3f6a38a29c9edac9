"""Rules of a server's configuration: they see the whole path, and run once."""

from __future__ import annotations

from tropea.rewrite.apache.engine import Engine, Looping, Run
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


class ServerContext:
    """Decides in the server's context.

    document_root: what it stands for is taken off the front of a path that rules made.
    """

    def __init__(self, engine: Engine, document_root: str | None) -> None:
        self.engine, self.document_root = engine, document_root

    def decide(self, state: State, path: str, note: Note | None) -> Verdict | None:
        """Return what the rules make of a request; *path* is as the client asked for it.

        Raises Looping.
        """
        args = state.args
        try:
            run = self.engine.run(state, note)
            return self._verdict(state, run, args, path)
        except Looping:
            raise
        except Refused as refused:
            return finished(state, refused.status)

    def _verdict(self, state: State, run: Run, args: str | None, path: str) -> Verdict | None:
        name = state.filename
        if not run.changed or run.status or run.redirect or name[:1] != "/" or state.args:
            done = answered(state, run, args, str)
            if done is not None:
                return done
            if not run.changed:
                return unchanged(state, path)
            if name[:1] != "/":
                return finished(state, 400)
        root = self.document_root
        if root and not run.passed and name.startswith(f"{root}/"):
            name = name[len(root) :]
        if run.script_path:
            name = without_script(name, state)
        return going_on(state, name)
