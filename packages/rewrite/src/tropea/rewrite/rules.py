r"""Rules in Python: a pattern, a target and what to do about it.

>>> blog = RuleList([Rule(r"/(?P<year>\d{4})/(?P<slug>[\w-]+)", "/post/{slug}?y={year}")])
>>> verdict = blog.decide("/2026/hello", "p=2", {})
>>> verdict.path, verdict.query
('/post/hello', 'y=2026&p=2')
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tropea.rewrite.conditions import Condition, host_name
from tropea.rewrite.errors import PatternError, RuleError
from tropea.rewrite.patterns import LONGEST_SUBJECT, compile_pattern, searcher
from tropea.rewrite.segments import Keys, SegmentIndex, keys_of
from tropea.rewrite.targets import (
    HIDDEN_MARK,
    Target,
    UnsafeTarget,
    compile_target,
)
from tropea.rewrite.verdicts import Verdict

#: The names of actions, and the status that each answers; 0 goes on with the new path.
ACTIONS: dict[str, int] = {
    "rewrite": 0,
    "redirect": 302,
    "redirect_temporary": 302,
    "redirect_permanent": 301,
    "forbidden": 403,
    "gone": 410,
    "not_found": 404,
}

Environ = Mapping[str, Any]
#: Called with a line for everything that is tried; for ``explain``.
Note = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Rule:
    r"""One pattern, and what becomes of the requests that it matches.

    pattern: a regular expression that must match the whole subject.
    target: the new path and query, with ``{name}`` and ``{1}`` for what was captured; or a
        function of the match that returns a path; None leaves both as they are.  A target that
        starts with ``http://`` or ``https://`` and names a host redirects there.
    action: ``rewrite``; ``redirect`` and ``redirect_temporary`` (302), ``redirect_permanent``
        (301) or a number from 300 to 399; ``forbidden``, ``gone``, ``not_found`` or another number
        up to 599; or a WSGI application, which is handed the request with the new path.
    when: conditions, all of which must hold.
    on: what the pattern sees: the decoded path, or the path, ``?`` and the raw query where there
        is one (an encoded ``?`` inside the path is then no ``?`` to the pattern).
    ignore_case: letters in the pattern match either case.
    last: whether a match of a rewriting rule ends the list.
    keep_query: add the request's query to the target's; for rules on the path.
    name: to build URLs by, see :meth:`RuleList.url`.
    search: the pattern may match anywhere in the subject; the target replaces all of it.
    style: how the target marks captures: ``braces``, or ``backslash`` as in ``re.sub``.

    Raises RuleError where it cannot work as written.

    >>> Rule("/(?P<n>x)", "/{nmae}")
    Traceback (most recent call last):
    ...
    tropea.rewrite.errors.RuleError: rule '/(?P<n>x)': target '/{nmae}' uses 'nmae', ...
    """

    pattern: str
    target: str | Callable[[Any], str] | None = None
    action: str | int | Callable[..., Any] = "rewrite"
    when: Condition | Sequence[Condition] = ()
    on: Literal["path", "path?query"] = "path"
    ignore_case: bool = False
    last: bool = True
    keep_query: bool = True
    name: str = ""
    search: bool = False
    style: Literal["braces", "backslash"] = "braces"

    def __post_init__(self) -> None:
        CompiledRule(self)  # whatever is wrong is said here, not when the list is built


class CompiledRule:
    """A rule with everything decided that can be decided without a request."""

    __slots__ = ("app", "keys", "location", "match", "regex", "rule", "status", "target", "tests",
                 "vary", "whole")  # fmt: skip

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        where = f"rule {rule.pattern!r}"
        if rule.on not in ("path", "path?query"):
            raise RuleError(f"{where}: a rule is on 'path' or 'path?query', not on {rule.on!r}")
        self.whole = rule.on == "path?query"
        try:
            self.regex = compile_pattern(
                rule.pattern, ignore_case=rule.ignore_case, anchored=not rule.search
            )
        except PatternError as error:
            raise RuleError(f"{where}: {error}") from None
        self.match = searcher(self.regex) if rule.search else self.regex.fullmatch
        self.tests = (rule.when,) if isinstance(rule.when, Condition) else tuple(rule.when)
        for test in self.tests:
            if not isinstance(test, Condition):
                raise RuleError(f"{where}: expected a condition, got {test!r}")
        self.vary = tuple(dict.fromkeys(name for test in self.tests for name in test.vary))
        self.app, self.status = _read_action(rule.action, where)
        try:
            self.target: Target | None = compile_target(rule, self.regex, redirect=self.redirects)
        except RuleError as error:
            raise RuleError(f"{where}: {error}") from None
        if self.target is None and self.redirects:
            raise RuleError(f"{where}: a redirect needs a target")
        if self.target is not None and self.target.origin is not None:
            if self.app is not None or not (self.status == 0 or self.redirects):
                raise RuleError(f"{where}: only a redirect can go to another host")
            self.status = self.status or 302
        self.keys = self._keys()

    @property
    def redirects(self) -> bool:
        return 300 <= self.status <= 399

    def _keys(self) -> Keys:
        host = next((test.only_host for test in self.tests if test.only_host), "")
        keys = keys_of(
            self.regex.pattern,
            self.regex.flags,
            delimiters="/?" if self.whole else "/",
            whole=not self.rule.search,
            host=host,
        )
        return keys._replace(extension="") if self.whole else keys

    def subject(self, path: str, query: str) -> str:
        """Return what the pattern sees."""
        if not self.whole:
            return path
        if "?" in path:
            path = path.replace("?", HIDDEN_MARK)
        return f"{path}?{query}" if query else path

    def account(self, path: str, query: str, environ: Environ) -> dict[str, Any]:
        """Say how far the rule gets with a request, for ``explain``."""
        subject = self.subject(path, query)
        matched = self.match(subject) is not None
        held = [{"condition": t.text, "held": t(environ)} for t in self.tests] if matched else []
        return {
            "text": f"{self.rule.pattern} -> {self.rule.target} [{self.rule.action}]",
            "subject": subject.replace(HIDDEN_MARK, "%3F"),
            "matched": matched,
            "conditions": held,
        }

    def apply(self, path: str, query: str, environ: Environ) -> Verdict | None:
        """Return what the rule makes of a request, or None when it is not for it.

        path: text, decoded.  query: raw.
        """
        match = self.match(self.subject(path, query) if self.whole else path)
        return None if match is None else self.carry_out(match, path, query, environ)

    def carry_out(self, match: Any, path: str, query: str, environ: Environ) -> Verdict | None:
        """Return what the rule makes of a request that it matches, if its conditions hold."""
        for test in self.tests:
            if not test(environ):
                return None
        if self.target is None:
            return Verdict(path, query, self.status, app=self.app, vary=self.vary)
        try:
            if self.redirects:
                location = self.target.location(match, query, environ)
                return Verdict(path, query, self.status, location, vary=self.vary)
            new_path, new_query = self.target.inside(match, query)
        except UnsafeTarget:
            return Verdict(path, query, 400, vary=self.vary)
        return Verdict(new_path, new_query, self.status, app=self.app, vary=self.vary)


def _read_action(action: Any, where: str) -> tuple[Any, int]:
    if isinstance(action, str):
        status = ACTIONS.get(action)
        if status is not None:
            return None, status
        raise RuleError(f"{where}: unknown action {action!r}; there are {', '.join(ACTIONS)}")
    if isinstance(action, int) and not isinstance(action, bool):
        if 300 <= action <= 599:
            return None, action
        raise RuleError(f"{where}: a status from 300 to 599 was expected, got {action}")
    if callable(action):
        return action, 0
    raise RuleError(f"{where}: expected an action, a status or an application, got {action!r}")


def flatten(rules: Iterable[Any]) -> list[Any]:
    """List rules out of lists of rules of any depth; tuples of text are read as a Rule's arguments.

    >>> [rule.pattern for rule in flatten([Rule("/a"), [[("/b", "/c")]]])]
    ['/a', '/b']
    """
    flat: list[Any] = []
    for rule in rules:
        if isinstance(rule, tuple) and rule and isinstance(rule[0], str):
            flat.append(Rule(*rule))
        elif isinstance(rule, (list, tuple)):
            flat += flatten(rule)
        else:
            flat.append(rule)
    return flat


class RuleList:
    """Rules in declared order, filed so that a request tries only those it can match."""

    def __init__(self, rules: Iterable[Any]) -> None:
        self.rules = [CompiledRule(rule) for rule in flatten(rules)]
        entries = [(order, rule.match, rule) for order, rule in enumerate(self.rules)]
        self.index = SegmentIndex(
            [(entry, rule.keys) for entry, rule in zip(entries, self.rules, strict=True)]
        )
        self._whole = any(rule.whole for rule in self.rules)
        self._hosts = bool(self.index.hosts)
        self._known, self._always = self.index.segments, self.index.always
        #: Tells whether none of the segments of a path is one that rules are filed under.
        self._unknown = self._known.keys().isdisjoint
        #: Whether patterns see nothing but the path and only segments are looked up.
        self._simple = self.index.plain and not self._whole
        self._names = {rule.rule.name: rule for rule in self.rules if rule.rule.name}

    def decide(
        self, path: str, query: str, environ: Environ, note: Note | None = None
    ) -> Verdict | None:
        """Return what the rules make of a request, or None when none is for it.

        path: as PATH_INFO has it.  query: raw.  A match of a rule that is not the last lets the
        rules after it see what it made.
        """
        if not self._simple or note is not None or not path.isascii():
            return self._run(path, query, environ, note)
        if len(path) > LONGEST_SUBJECT:
            return Verdict(path, query, 414)
        entries = self._always
        if self._known and not self._unknown(parts := path.split("/")):
            hits = self._known.keys() & parts
            single = len(hits) == 1 and not entries
            entries = self._known[hits.pop()] if single else self.index.candidates(path)
        elif not entries:
            return None  # most requests end here
        for order, match, rule in entries:
            found = match(path)
            if found is not None:
                verdict = rule.carry_out(found, path, query, environ)
                if verdict is not None:
                    if rule.rule.last and verdict.path.isascii():
                        return verdict
                    return self._run(path, query, environ, None, order)
        return None

    def _run(
        self, path: str, query: str, environ: Environ, note: Note | None, start: int = 0
    ) -> Verdict | None:
        """Decide in general, from the rule at the place *start* on."""
        text = path if path.isascii() else to_text(path)
        made: Verdict | None = None
        vary: tuple[str, ...] = ()
        while True:
            size = len(text) + len(query) if self._whole else len(text)
            if size > LONGEST_SUBJECT:
                return Verdict(path, query, 414)
            for order, _, rule in self._candidates(text, query, environ, note):
                if order < start:
                    continue
                verdict = rule.apply(text, query, environ)
                if note is not None:
                    result = "" if verdict is None else result_text(verdict)
                    note(
                        {"rule": order + 1, **rule.account(text, query, environ), "result": result}
                    )
                if verdict is not None:
                    break
            else:
                return made
            vary = tuple(dict.fromkeys((*vary, *verdict.vary)))
            text, query, start = verdict.path, verdict.query, order + 1
            made = _as_environ(verdict, vary)
            if rule.rule.last or verdict.status or verdict.app is not None:
                return made

    def _candidates(
        self, text: str, query: str, environ: Environ, note: Note | None
    ) -> Sequence[tuple[int, Any, CompiledRule]]:
        if note is not None:
            return self.index.entries
        more = query.replace("?", "/").split("/") if self._whole else ()
        return self.index.candidates(text, more, host_name(environ) if self._hosts else "")

    def knows(self, name: str) -> bool:
        """Tell whether a rule is called *name*."""
        return name in self._names

    def url(self, name: str, /, **values: Any) -> str:
        r"""Build the outer URL of the rule called *name* from what its pattern captures.

        Raises RuleError where there is no such rule, it cannot be reversed, or a value does not
        fit.

        >>> rules = RuleList([Rule(r"/(?P<year>\d{4})/", "/archive", name="year")])
        >>> rules.url("year", year=2026)
        '/2026/'
        """
        from tropea.rewrite.reverse import build

        if name not in self._names:
            raise RuleError(f"no rule is called {name!r}; there are {sorted(self._names)}")
        return build(self._names[name].regex, {key: str(value) for key, value in values.items()})


def to_text(path: str) -> str:
    """Decode what PATH_INFO holds: UTF-8, or single bytes as surrogates where it is not."""
    return path.encode("latin-1").decode("utf-8", "surrogateescape")


def _as_environ(verdict: Verdict, vary: tuple[str, ...]) -> Verdict:
    """Put a verdict's path back into the form that PATH_INFO has."""
    path = verdict.path
    if not path.isascii():
        path = path.encode("utf-8", "surrogateescape").decode("latin-1")
    elif vary == verdict.vary:
        return verdict
    return Verdict(path, verdict.query, verdict.status, verdict.location, verdict.app, vary=vary)


def result_text(verdict: Verdict) -> str:
    """Say in a few words what a verdict does."""
    target = verdict.location or f"{verdict.path}?{verdict.query}".rstrip("?")
    if verdict.app is not None:
        return f"handed over as {target}"
    if verdict.status:
        return f"{verdict.status} {verdict.location}".rstrip()
    return target
