"""Run a list of RewriteRules once over a request's state.

Rules are tried in declared order, but only those that the index says the subject can match.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tropea.rewrite.apache.rule import ApacheRule
from tropea.rewrite.apache.state import State
from tropea.rewrite.apache.substitutions import Refused, has_no_query, scheme_length
from tropea.rewrite.conditions import host_name
from tropea.rewrite.rules import Note
from tropea.rewrite.segments import SegmentIndex

#: Longest path that rules may make, in characters.
LONGEST_PATH = 2 * 8190


#: A rule in the index: its place, its pattern's search, whether that is negated, and itself.
Entry = tuple[int, Any, bool, ApacheRule]


class Run:
    """What a run over the rules came to.

    changed: whether a rule changed the path.  no_escape: whether the last that did says NE.
    status: a status that a rule forces.  redirect: the status of a redirect that a rule asks for.
    proxy, passed, ended: whether the run was ended by P, PT or END.  script_path: whether the
    path starts where the server's paths start, not the application's.
    """

    # Defaults of the class: a plain run sets few of them.
    changed = no_escape = proxy = passed = ended = script_path = False
    status = redirect = 0


class Looping(Refused):
    """The rules go on for ever; the answer is 500."""

    def __init__(self, rule: ApacheRule, why: str) -> None:
        super().__init__(500)
        self.rule, self.why = rule, why


class Engine:
    """The rules of one context, filed for lookup.

    directory: the file prefix of a directory's context, with its slash; None for the server's.
    """

    def __init__(
        self, rules: Sequence[ApacheRule], index: SegmentIndex[Entry], directory: str | None
    ) -> None:
        self.rules, self.index, self.directory = rules, index, directory
        self._hosts = bool(index.hosts)

    def queue(self, state: State, note: Note | None) -> list[Entry]:
        """List the rules that the subject can match; all of them when somebody listens."""
        if note is not None:
            return self.index.entries
        host = host_name(state.environ) if self._hosts else ""
        return self.index.candidates(state.subject, (), host)

    def set_subject(self, state: State) -> None:
        """Set what patterns see: the path, in a directory's context without its prefix."""
        subject = state.filename
        if self.directory is not None:
            subject += state.path_info
            subject = subject.removeprefix(self.directory)
        state.subject = subject

    def run(self, state: State, note: Note | None = None) -> Run:
        """Apply the rules; raise Refused where the request ends here."""
        run = Run()
        rules, total = self.rules, len(self.rules)
        self.set_subject(state)
        queue, at, rounds, forced = self.queue(state, note), 0, 1, False
        while at < total:
            if not forced:
                at = self._next(queue, at, state, run, note)
                if at < 0:
                    break
            elif not self._applies(rules[at], state, run, note):
                while at < total and rules[at].chain:
                    at += 1
                at, forced = at + 1, False
                continue
            rule = rules[at]
            if (rule.last and rule.plain) or self._stops(rule, run):
                break
            if rule.next_round:
                rounds += 1
                if rounds >= rule.rounds:
                    raise Looping(rule, f"more than {rule.rounds} rounds")
                at, forced = 0, False
            else:
                at += 1 + rule.skip
                forced = rule.chain or rule.skip > 0
            queue = self.queue(state, note)
        return run

    def _next(self, queue: list[Entry], at: int, state: State, run: Run, note: Note | None) -> int:
        """Apply rules from the place *at* on until one matches; return its place, or -1.

        What is chained to a rule is no entry of the queue: where the rule fails, so does that.
        """
        if note is not None:
            for place, _, _, rule in queue:
                if place >= at and self._applies(rule, state, run, note):
                    return place
            return -1
        subject, depth = state.subject, state.depth
        for place, search, negated, rule in queue:
            match = search(subject)
            if (match is None) is not negated or place < at:
                continue
            if depth and (rule.not_in_subrequests or rule.redirect):
                continue
            if rule.holds(state, match):
                self._carry_out(rule, state, run)
                return place
        return -1

    def _stops(self, rule: ApacheRule, run: Run) -> bool:
        """Tell whether a rule that matched ends the run."""
        if run.status:
            return True
        if rule.pass_through:
            run.passed, run.no_escape = True, False
            return True
        if rule.end:
            run.ended = True
            return True
        return rule.last or rule.proxy

    def _applies(self, rule: ApacheRule, state: State, run: Run, note: Note | None) -> bool:
        """Apply one rule; tell whether it matched."""
        if state.depth and (rule.not_in_subrequests or rule.redirect):
            return False
        if note is None:
            if not rule.matches(state):
                return False
            self._carry_out(rule, state, run)
            return True
        step: dict[str, Any] = {
            "rule": rule.line,
            "text": rule.text,
            "subject": state.subject,
            "matched": (rule.regex.search(state.subject) is None) is rule.negated,
        }
        step["conditions"] = rule.account(state) if step["matched"] else []
        matched = rule.matches(state)
        try:
            if matched:
                self._carry_out(rule, state, run)
            step["result"] = _told(rule, state, run) if matched else ""
        except Refused as refused:
            step["result"] = str(refused.status)
            raise
        finally:
            note(step)
        return matched

    def _carry_out(self, rule: ApacheRule, state: State, run: Run) -> None:
        made = rule.substitution.expand(state) if rule.substitution is not None else None
        for variable in rule.variables:
            set_variable(state, variable(state))
        for cookie in rule.cookies:
            state.engine.set_cookie(state, cookie(state))
        if made is None:
            _force_type(rule, state)
            if rule.status:
                run.status = rule.status
            return
        run.changed, run.no_escape = True, rule.no_escape
        if rule.plain and made[:1] == "/" and made[:2] != "//" and "?" not in made:
            state.filename = made
            run.script_path = False
        else:
            self._set_path(rule, made, state, run)
        if len(state.filename) > LONGEST_PATH:
            raise Looping(rule, "the path grows without bound")
        if not rule.last:
            self.set_subject(state)

    def _set_path(self, rule: ApacheRule, made: str, state: State, run: Run) -> None:
        prefixed = False
        substitution = rule.substitution
        assert substitution is not None
        run.script_path = substitution.full_path
        if made[:1] != "/" and not scheme_length(made):
            if self.directory is not None:
                made, prefixed = self.directory + made, True
            elif not (rule.proxy or rule.redirect):
                made, prefixed = f"/{made}", True
        if rule.discard_path_info and self.directory is not None:
            state.path_info = ""
        state.filename = made
        split_query(rule, state)
        if rule.proxy or rule.redirect:
            if not scheme_length(state.filename):
                slash = "" if state.filename[:1] == "/" else "/"
                state.filename = f"{state.origin()}{slash}{state.filename}"
                state.own = state.origin()
            run.proxy = rule.proxy
            run.redirect = rule.status if rule.redirect else run.redirect
            return
        reduce_to_path(state)
        if scheme_length(state.filename):
            run.redirect = rule.status or 302
            return
        if not (rule.keep_slashes or prefixed) and substitution.text[:2] != "//":
            while state.filename[:2] == "//":
                state.filename = state.filename[1:]
        _force_type(rule, state)


def split_query(rule: ApacheRule, state: State) -> None:
    """Split the query off what a rule made, and join it with the request's as the flags say."""
    if rule.no_query:
        state.args = None
        return
    skip = scheme_length(state.filename)
    if skip and has_no_query(state.filename):
        state.args = None
        return
    if rule.discard:
        state.args = None
    name = state.filename
    mark = name.rfind("?", skip) if rule.split_last else name.find("?", skip)
    if mark < 0:
        return
    query = name[mark + 1 :]
    state.filename = name[:mark]
    if not rule.append:
        state.args = query
    elif query:
        state.args = f"{query}&{state.args or ''}"
    if not state.args:
        state.args = None
    elif state.args.endswith("&"):
        state.args = state.args[:-1]


def reduce_to_path(state: State) -> None:
    """Make a path of a reference to this very server."""
    name = state.filename
    origin = f"{state.scheme}://"
    if name[: len(origin)].lower() != origin:
        return
    authority, slash, rest = name[len(origin) :].partition("/")
    host, colon, port = authority.partition(":")
    own_host, own_port = state.host_and_port()
    default = "443" if state.scheme == "https" else "80"
    if host.lower() == own_host.lower() and (port if colon else default) == own_port:
        state.filename = f"/{rest}" if slash else "/"


def set_variable(state: State, text: str) -> None:
    """Carry an E flag out: ``NAME:value``, ``NAME`` or ``!NAME``."""
    if text.startswith("!"):
        state.env = {**state.env, text[1:]: None}
        return
    name, _, value = text.partition(":")
    if name:
        state.env = {**state.env, name: value}


def _force_type(rule: ApacheRule, state: State) -> None:
    if rule.type is not None:
        state.type = rule.type(state).lower() or state.type
    if rule.handler is not None:
        state.handler = rule.handler(state).lower() or state.handler


def _told(rule: ApacheRule, state: State, run: Run) -> str:
    """Say what a rule made, for ``explain``."""
    if run.status:
        return str(run.status)
    if rule.substitution is None:
        return "the path stays"
    target = f"{state.filename}?{state.args}" if state.args else state.filename
    return f"{run.redirect} {target}" if run.redirect else target
