"""A rule file that decides about requests, in the server's context or a directory's."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tropea.rewrite.apache.cookies import cookie_of
from tropea.rewrite.apache.directory import DirectoryContext
from tropea.rewrite.apache.engine import Engine, Entry, Looping
from tropea.rewrite.apache.files import Files, NoFiles, RealFiles
from tropea.rewrite.apache.lookahead import look_ahead, would_answer
from tropea.rewrite.apache.outcomes import vary_of
from tropea.rewrite.apache.paths import merge_slashes, normalise
from tropea.rewrite.apache.rule import ApacheRule
from tropea.rewrite.apache.server import ServerContext
from tropea.rewrite.apache.state import State
from tropea.rewrite.apache.substitutions import Refused
from tropea.rewrite.patterns import LONGEST_SUBJECT
from tropea.rewrite.rules import Note
from tropea.rewrite.segments import Keys, SegmentIndex, keys_of
from tropea.rewrite.verdicts import Verdict

log = logging.getLogger("tropea.rewrite")

#: What _quick says where it does not decide.
_SLOW = object()


class ApacheRules:
    """Rules read from Apache's language; made by :func:`apache_rules`.

    context: ``server`` or ``dir``.  base: in a directory's context, its URL, with its slash.
    rewrite_base: what RewriteBase says, or None.
    ignored: lines that were left out: directives of other modules, and rules for servers that
        have other modules.
    notes: what looked odd when the rules were read.
    """

    def __init__(
        self,
        rules: Sequence[ApacheRule],
        *,
        context: str = "server",
        base: str = "/",
        rewrite_base: str | None = None,
        document_root: str | None = None,
        options: frozenset[str] = frozenset(),
        enabled: bool = True,
        ignored: Sequence[str] = (),
        notes: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
        files: Files | None = None,
    ) -> None:
        self.rules = tuple(rules) if enabled else ()
        self.context, self.base, self.rewrite_base = context, base, rewrite_base
        self.options, self.clock = options, clock
        self.ignored, self.notes = tuple(ignored), tuple(notes)
        self.document_root = document_root.rstrip("/") if document_root is not None else None
        self.in_directory = in_directory = context == "dir"
        no_files = in_directory and document_root is None
        self.files: Files = files or (NoFiles() if no_files else RealFiles())
        directory = f"{self.document_root or ''}{base}" if in_directory else None
        heads = [(place, rule) for place, rule in enumerate(self.rules) if not rule.follows]
        index: SegmentIndex[Entry] = SegmentIndex(
            [((at, rule.search, rule.negated, rule), _keys(rule)) for at, rule in heads]
        )
        self.engine = Engine(self.rules, index, directory)
        self._decide = self._in_context()
        self._known = index.segments.keys()
        self._simple = index.plain

    def _in_context(self) -> Callable[[State, str, Note | None], Verdict | None]:
        """Return what decides in this context."""
        if self.engine.directory is None:
            return ServerContext(self.engine, self.document_root).decide
        return DirectoryContext(
            self.engine,
            base=self.base,
            rewrite_base=self.rewrite_base,
            document_root=self.document_root,
            files=self.files,
        ).decide

    def decide(
        self, path: str, query: str, environ: Mapping[str, Any], note: Note | None = None
    ) -> Verdict | None:
        """Return what the rules make of a request, or None when none is for it.

        path: as PATH_INFO has it.  query: raw.
        """
        if not self.rules:
            return None
        if len(path) > LONGEST_SUBJECT:
            return Verdict(path, query, 414)
        if note is None and self._simple:
            hits = self._known & path.split("/")
            if not hits and not self.engine.index.always:
                return None
            quick: Verdict | None = self._quick(path, query, environ, hits)
            if quick is not _SLOW:
                return quick
        if path[:1] != "/" and "allowanyuri" not in self.options:
            return None
        uri, has_dots = path, False
        if "//" in path or "/." in path:
            clean = normalise(path)
            if clean is None:
                return Verdict(path, query, 400)
            uri, has_dots = clean, clean != merge_slashes(path)
        try:
            verdict = self._decide(State(self, uri, query or None, environ), path, note)
        except Looping as looping:
            if note is None:
                self._log_loop(looping, uri, query, environ)
            return Verdict(path, query, 500)
        if has_dots and (verdict is None or (verdict.path == path and not verdict.status)):
            # The rules have judged another path than the application would see.
            return Verdict(path, query, 400)
        return verdict

    def _quick(self, path: str, query: str, environ: Mapping[str, Any], hits: set[str]) -> Any:
        """Decide where the first rule that applies is plain and the last; else say _SLOW."""
        if "//" in path or "/." in path or path[:1] != "/" or self.engine.directory is not None:
            return _SLOW
        index = self.engine.index
        single = len(hits) == 1 and not index.always
        for _, search, negated, rule in (
            index.segments[hits.pop()] if single else index.candidates(path)
        ):
            match = search(path)
            if (match is None) is not negated:
                continue
            quick = rule.quick
            if quick is None or negated:
                return _SLOW
            vary: tuple[str, ...] = ()
            if rule.conditions:
                held = self._quick_vary(rule, match, path, query, environ)
                if held is None:
                    continue
                vary = held
            made = quick(match, query)
            if made is None or (self.document_root and made[0].startswith(self.document_root)):
                return _SLOW
            return Verdict(made[0], made[1], vary=vary)
        return None

    def _quick_vary(
        self, rule: ApacheRule, match: Any, path: str, query: str, environ: Mapping[str, Any]
    ) -> tuple[str, ...] | None:
        """Return what a rule's conditions add to Vary, or None where they do not hold."""
        tests = rule.quick_tests
        if tests is None:
            state = State(self, path, query or None, environ)
            return vary_of(state) if rule.holds(state, match) else None
        for test in tests:
            if not test(environ):
                return None
        return tuple([name for key, name in rule.quick_vary if key in environ])

    def _log_loop(self, looping: Looping, uri: str, query: str, environ: Mapping[str, Any]) -> None:
        steps: list[dict[str, Any]] = []

        def keep(step: dict[str, Any]) -> None:
            if step["result"]:
                steps.append(step)
            if len(steps) == 20:  # enough to see the circle
                raise Refused(500)

        try:
            self.decide(uri, query, environ, keep)
        except Refused:
            pass
        trace = "; ".join(f"{s['subject']!r} -> {s['result']!r} by line {s['rule']}" for s in steps)
        log.error("rules loop at %r (line %d: %s): %s", uri, looping.rule.line, looping.why, trace)

    # --- what rules may ask of their engine -----------------------------------------------------

    def set_cookie(self, state: State, text: str) -> None:
        """Carry a CO flag out; the first cookie of a name counts."""
        made = cookie_of(text, self.clock())
        if made is not None:
            state.cookies = {made[0]: made[1], **state.cookies}

    def look_ahead(self, state: State, *, by_file: bool) -> State | None:
        """Return the state that a look-up of the present path would end in (LA-U and LA-F)."""
        root = self.document_root
        return look_ahead(self.engine, state, by_file=by_file, base=self.base, document_root=root)

    def would_answer(self, state: State, url: str) -> bool:
        """Tell whether a request for *url* would be answered, for all the rules know (-U)."""
        return would_answer(self.engine, state, url)


def _keys(rule: ApacheRule) -> Keys:
    host = next((c.pinned for c in rule.conditions if c.pinned and not c.either), "")
    if any(condition.either for condition in rule.conditions):
        host = ""
    if rule.negated:
        return Keys(host=host)
    return keys_of(rule.regex.pattern, rule.regex.flags, host=host)
