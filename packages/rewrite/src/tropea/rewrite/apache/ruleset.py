"""A rule file that decides about requests, in the server's context or a directory's."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tropea.rewrite.apache.cookies import cookie_of
from tropea.rewrite.apache.engine import Engine, Entry, Looping, Run
from tropea.rewrite.apache.escapes import RAW, escape_controls, escape_uri
from tropea.rewrite.apache.files import Files, NoFiles, RealFiles
from tropea.rewrite.apache.rule import ApacheRule
from tropea.rewrite.apache.state import State
from tropea.rewrite.apache.substitutions import Refused, scheme_length
from tropea.rewrite.patterns import LONGEST_SUBJECT
from tropea.rewrite.rules import Note
from tropea.rewrite.segments import Keys, SegmentIndex, keys_of
from tropea.rewrite.verdicts import Verdict

log = logging.getLogger("tropea.rewrite")

#: How often a directory's rules may send a request round again.
MOST_REDIRECTS = 10
_MOST_LOOK_AHEADS = 10
#: What _quick says where it does not decide.
_SLOW = object()
_HIGHER = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")


class ApacheRules:
    """Rules read from Apache's language; made by :func:`apache_rules`.

    context: ``server`` or ``dir``.  base: in a directory's context, its URL, with its slash.
    rewrite_base: what RewriteBase says, or None.  ignored: directives of other modules that were
    left out.  notes: what looked odd when the rules were read.
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
        self._in_directory = context == "dir"
        no_files = self._in_directory and document_root is None
        self.files: Files = files or (NoFiles() if no_files else RealFiles())
        root = self.document_root or ""
        self.directory = f"{root}{base}" if self._in_directory else None
        heads = [(place, rule) for place, rule in enumerate(self.rules) if not rule.follows]
        index: SegmentIndex[Entry] = SegmentIndex(
            [((at, rule.search, rule.negated, rule), _keys(rule)) for at, rule in heads]
        )
        self.engine = Engine(self.rules, index, self.directory)
        self._known = index.segments.keys()
        self._simple = index.plain

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
        uri = path
        if "//" in path or "/." in path:
            clean = normalise(path)
            if clean is None:
                return Verdict(path, query, 400)
            uri = clean
        run = self._decide_in_directory if self._in_directory else self._decide_in_server
        try:
            return run(uri, path, query or None, environ, note)
        except Looping as looping:
            self._log_loop(looping, uri, query, environ, note)
            return Verdict(path, query, 500)

    def _quick(self, path: str, query: str, environ: Mapping[str, Any], hits: set[str]) -> Any:
        """Decide where the first rule that applies is plain and the last; else say _SLOW."""
        if "//" in path or "/." in path or path[:1] != "/" or self.directory is not None:
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
                state = State(self, path, query or None, environ)
                if not rule.holds(state, match):
                    if state.vary:
                        return _SLOW
                    continue
                vary = _vary(state)
            made = quick(match, query)
            if made is None or (self.document_root and made[0].startswith(self.document_root)):
                return _SLOW
            return Verdict(made[0], made[1], vary=vary)
        return None

    def _log_loop(
        self, looping: Looping, uri: str, query: str, environ: Mapping[str, Any], note: Any
    ) -> None:
        if note is not None:
            return
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

    # --- the server's context -------------------------------------------------------------------

    def _decide_in_server(
        self, uri: str, path: str, args: str | None, environ: Mapping[str, Any], note: Note | None
    ) -> Verdict | None:
        state = State(self, uri, args, environ)
        try:
            run = self.engine.run(state, note)
            return self._server_verdict(state, run, args, path)
        except Looping:
            raise
        except Refused as refused:
            return _finished(state, refused.status)

    def _server_verdict(
        self, state: State, run: Run, args: str | None, path: str
    ) -> Verdict | None:
        name = state.filename
        if not run.changed or run.status or run.redirect or name[:1] != "/" or state.args:
            done = self._answered(state, run, args)
            if done is not None:
                return done
            if not run.changed:
                return _unchanged(state, path)
            if name[:1] != "/":
                return _finished(state, 400)
        root = self.document_root
        if root and not run.passed and name.startswith(f"{root}/"):
            name = name[len(root) :]
        if run.script_path:
            name = _without_script(name, state)
        return _going_on(state, name)

    def _answered(self, state: State, run: Run, args: str | None) -> Verdict | None:
        """Return the answer that a run asks for: a status, a hand-over or a redirect."""
        if not run.changed and not run.status:
            return None
        absolute = run.changed and scheme_length(state.filename)
        will_escape = absolute and not run.no_escape
        if state.args and not will_escape and RAW.search(state.args):
            return _finished(state, 403)
        if run.status:
            return _finished(state, run.status)
        if run.proxy:
            return _handed_over(state)
        if absolute:
            return _finished(state, run.redirect or 302, self._location(state, run, args))
        if run.redirect:  # a later rule made a path of it again
            state.own = state.origin()
            state.filename = state.own + state.filename
            return _finished(state, run.redirect, self._location(state, run, args))
        return None

    def _location(self, state: State, run: Run, args: str | None) -> str:
        """Make the reference of a redirect; on this site it is a path."""
        name = state.filename
        own = bool(state.own) and name.startswith(f"{state.own}/")
        if own:
            path = "/" + self._to_url(name[len(state.own) :]).lstrip("/\\")
            if not run.script_path:
                path = "/" + f"{state.environ.get('SCRIPT_NAME', '')}{path}".lstrip("/\\")
            head, name = "", path
        else:
            length = scheme_length(name)
            end = name.find("/", length) if name[length - 1] == "/" else length
            end = len(name) if end < 0 else end
            head, name = name[:end], name[end:]
        if not run.no_escape:
            name = escape_uri(name)
        if state.args:
            plain = run.no_escape or state.args == args
            name = f"{name}?{state.args if plain else escape_uri(state.args)}"
        return escape_controls(head + name).strip(" ")

    # --- a directory's context ------------------------------------------------------------------

    def _decide_in_directory(
        self, uri: str, path: str, args: str | None, environ: Mapping[str, Any], note: Note | None
    ) -> Verdict | None:
        made: Verdict | None = None
        carried: Mapping[str, str | None] = {}
        for _ in range(MOST_REDIRECTS + 1):
            state = State(self, uri, args, environ)
            state.env = carried
            if made is not None:
                _carry(state, made)
            try:
                verdict, again = self._once_in_directory(state, args, path, note)
            except Looping:
                raise
            except Refused as refused:
                return _finished(state, refused.status)
            if not again or verdict is None:
                return verdict if verdict is not None or made is None else made
            made, carried = verdict, state.env
            carried = {**carried, **_redirected(state.env)}
            uri, args, path = made.path, made.query or None, made.path
            made = _with_variables(made, carried)
        raise Looping(self.rules[0], f"more than {MOST_REDIRECTS} internal redirects")

    def _once_in_directory(
        self, state: State, args: str | None, path: str, note: Note | None
    ) -> tuple[Verdict | None, bool]:
        """Run the rules once; return what came out and whether it must run again."""
        directory = self.directory
        assert directory is not None
        full = f"{self.document_root or ''}{state.uri}"
        if not full.startswith(directory):
            return None, False
        state.filename, state.path_info = self._split_path_info(full)
        if len(state.filename) < len(directory):
            state.filename = f"{state.filename}/"
        original = state.filename
        run = self.engine.run(state, note)
        done = self._answered(state, run, args)
        if done is not None:
            return done, False
        if not run.changed:
            return _unchanged(state, path), False
        name = state.filename
        if name[:1] != "/":
            return _finished(state, 400), False
        if name == original:
            return _going_on(state, state.uri), False
        name = self._to_url(name)
        if run.script_path:
            name = _without_script(name, state)
        return _going_on(state, name), not run.ended

    def _split_path_info(self, full: str) -> tuple[str, str]:
        """Split a path at the first part below the document root that is no directory."""
        root = self.document_root
        if root is None:
            return full, ""
        at = len(root)
        while True:
            end = full.find("/", at + 1)
            part = full if end < 0 else full[:end]
            found = self.files.status(part)
            if found is None or not _is_directory(found) or end < 0:
                return part, "" if end < 0 else full[end:]
            at = end

    def _to_url(self, name: str) -> str:
        """Make a URL's path of a file's: RewriteBase stands for the directory."""
        directory = self.directory
        if directory is None:
            return name
        if name.startswith(directory):
            if self.rewrite_base is not None:
                base = self.rewrite_base
                return (base if base.endswith("/") else f"{base}/") + name[len(directory) :]
            return self.base + name[len(directory) :]
        root = self.document_root
        if root and self.rewrite_base is None and name.startswith(f"{root}/"):
            return name[len(root) :]
        return name

    # --- what rules may ask of their engine -----------------------------------------------------

    def set_cookie(self, state: State, text: str) -> None:
        """Carry a CO flag out; the first cookie of a name counts."""
        made = cookie_of(text, self.clock())
        if made is not None:
            state.cookies = {made[0]: made[1], **state.cookies}

    def look_ahead(self, state: State, *, by_file: bool) -> State:
        """Return the state that a look-up of the present path would end in (LA-U and LA-F)."""
        path = state.subject
        if self.directory is not None and path[:1] != "/":
            path = f"{self.base}{path}"
        inner = State(self, path, state.args, state.environ)
        inner.depth, inner.env = state.depth + 1, state.env
        if by_file and self.directory is None:
            return inner
        if state.depth < _MOST_LOOK_AHEADS and self.directory is None:
            try:
                self.engine.run(inner)
            except Refused:
                pass
        root = self.document_root
        if root and inner.filename[:1] == "/" and not inner.filename.startswith(f"{root}/"):
            inner.filename = root + inner.filename
        return inner

    def would_answer(self, state: State, url: str) -> bool:
        """Tell whether a request for *url* would be answered, for all the rules know (-U)."""
        if url[:1] != "/" or state.depth >= _MOST_LOOK_AHEADS:
            return False
        path, _, query = url.partition("?")
        inner = State(self, path, query or None, state.environ)
        inner.depth = state.depth + 1
        try:
            return self.engine.run(inner).status < 400
        except Refused:
            return False


def _keys(rule: ApacheRule) -> Keys:
    host = next((c.pinned for c in rule.conditions if c.pinned and not c.either), "")
    if any(condition.either for condition in rule.conditions):
        host = ""
    if rule.negated:
        return Keys(host=host)
    return keys_of(rule.regex.pattern, rule.regex.flags, host=host)


def normalise(path: str) -> str | None:
    """Merge slashes and take dot segments out, as Apache does first; None if it leads above.

    >>> normalise("//a/./b/../c"), normalise("/a/../../b")
    ('/a/c', None)
    """
    if "//" in path:
        path = re.sub(r"/{2,}", "/", path)
    if not _HIGHER.search(path):
        return path
    parts: list[str] = []
    segments = path.split("/")[1:]
    for place, segment in enumerate(segments):
        if segment == "..":
            if not parts:
                return None
            parts.pop()
        elif segment != ".":
            parts.append(segment)
            continue
        if place == len(segments) - 1:
            parts.append("")
    return "/" + "/".join(parts)


def _is_directory(found: Any) -> bool:
    return bool(found.st_mode & 0o170000 == 0o040000)


def _without_script(name: str, state: State) -> str:
    script = state.environ.get("SCRIPT_NAME", "")
    return name[len(script) :] if script and name.startswith(f"{script}/") else name


def _finished(state: State, status: int, location: str = "") -> Verdict:
    return Verdict(
        state.uri, state.args or "", status, location,
        cookies=tuple(state.cookies.values()), vary=_vary(state),
    )  # fmt: skip


def _redirected(variables: Mapping[str, str | None]) -> dict[str, str]:
    """Give variables the names that they have after an internal redirect."""
    renamed = {
        f"REDIRECT_{name}": value
        for name, value in variables.items()
        if value is not None and not name.startswith("REDIRECT_")
    }
    return {**renamed, "REDIRECT_STATUS": "200"}


def _vary(state: State) -> tuple[str, ...]:
    return tuple(dict.fromkeys(state.vary)) if state.vary else ()


def _going_on(state: State, path: str) -> Verdict:
    if "//" in path:  # as when Apache turns it into a file's name
        path = re.sub(r"/{2,}", "/", path)
    return Verdict(
        path, state.args or "", variables=state.env, cookies=tuple(state.cookies.values()),
        vary=_vary(state), content_type=state.type, handler=state.handler,
    )  # fmt: skip


def _unchanged(state: State, path: str) -> Verdict | None:
    """Return what rules did that changed no path, or None when they did nothing."""
    if state.env or state.cookies or state.vary or state.type or state.handler:
        verdict = _going_on(state, "")
        verdict.path = path
        return verdict
    return None


def _handed_over(state: State) -> Verdict:
    """Hand a request over to the application that a P rule names by scheme and host."""
    name = state.filename
    length = scheme_length(name)
    slash = name.find("/", length)
    slash = len(name) if slash < 0 else slash
    verdict = _going_on(state, name[slash:] or "/")
    verdict.app = name[:slash]
    return verdict


def _carry(state: State, made: Verdict) -> None:
    """Take over what an earlier round decided besides the path."""
    state.vary = made.vary
    state.cookies = {cookie.partition("=")[0]: cookie for cookie in made.cookies}
    state.type, state.handler = made.content_type, made.handler


def _with_variables(made: Verdict, variables: Mapping[str, str | None]) -> Verdict:
    made.variables = variables
    return made
