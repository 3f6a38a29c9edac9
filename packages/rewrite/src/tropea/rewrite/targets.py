"""What a rule's target becomes: a path and query inside, or a reference for a redirect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, unquote

from tropea.rewrite.errors import RuleError
from tropea.rewrite.locations import (
    is_host,
    is_host_part,
    local_reference,
    quote_path,
    quote_query,
)
from tropea.rewrite.templates import (
    Expand,
    Match,
    Piece,
    compile_template,
    cut,
    read_backslashes,
    read_braces,
)

if TYPE_CHECKING:
    from tropea.rewrite.rules import Rule

#: Stands for a decoded ``?`` of the path where a pattern sees path and query: no UTF-8 path has it.
HIDDEN_MARK = "\udc3f"

_ORIGIN = re.compile(r"(?i)(https?)://([^/?#]*)")
#: An authority whose last part is literal: what comes before it can only name a host below.
_ENDS_LITERALLY = re.compile(r"(?i)\.[a-z0-9-]+(?::[0-9]+)?$")


class UnsafeTarget(Exception):
    """A capture would have made a host of the redirect; the request gets 400."""


class Target:
    """A compiled target; *origin* is None or what expands to ``scheme://host``."""

    __slots__ = ("_fragment", "_host", "_keep", "_path", "_query", "_text", "_whole", "origin")

    def __init__(self, rule: Rule, text: str, pieces: list[Piece], regex: Any) -> None:
        self._text = text
        self._whole = rule.on == "path?query"
        self._keep = rule.keep_query and not self._whole
        self.origin: str | None = None
        self._host: Expand | None = None
        if found := _ORIGIN.match(text):
            pieces = self._take_origin(found, pieces)
        pieces, fragment = cut(pieces, "#")
        path, query = cut(pieces, "?")
        query = [p if isinstance(p, int) else _ascii(p) for p in query] if query else query
        self._fragment = compile_template(fragment, _fragment_of) if fragment else None
        if self._whole:
            self._path, self._query = _join(path, query), None
        else:
            self._path = compile_template(path)
            self._query = compile_template(query, _argument_of) if query is not None else None

    def _take_origin(self, found: re.Match[str], pieces: list[Piece]) -> list[Piece]:
        """Split off scheme and host; raise RuleError unless the text names a host."""
        before, after = cut(pieces, "://")
        authority, rest = cut(after or [], "/")
        if rest is not None:
            rest = ["/", *rest]
        else:
            authority, rest = cut(after or [], "?")
            rest = ["/?", *rest] if rest is not None else ["/"]
        if authority == ["{host}"]:
            self.origin = f"{found[1].lower()}://"
            return rest
        last = authority[-1] if authority else ""
        literal = len(authority) == 1 and isinstance(last, str) and is_host(last)
        if not literal and not (isinstance(last, str) and _ENDS_LITERALLY.search(last)):
            raise RuleError(f"target {self._text!r} leaves it to the request which host it names")
        self.origin = f"{found[1].lower()}://"
        self._host = compile_template(authority, _host_part_of)
        del before
        return rest

    def inside(self, match: Match, query: str) -> tuple[str, str]:
        """Return the new path, decoded, and the new query, raw."""
        path = self._path(match)
        if self._whole:
            return _split(path)
        if self._query is not None:
            made = self._query(match)
            query = f"{made}&{query}" if made and query and self._keep else made or (
                query if self._keep else "")  # fmt: skip
        elif not self._keep:
            query = ""
        if path[:1] != "/":
            path = f"/{path}"
        return path, query

    def location(self, match: Match, query: str, environ: Mapping[str, Any]) -> str:
        """Return the reference of a redirect; raise UnsafeTarget where a host would be forged."""
        path, query = self.inside(match, query)
        if self.origin is None:
            script = environ.get("SCRIPT_NAME", "")
            if script and not script.isascii():
                script = script.encode("latin-1").decode("utf-8", "surrogateescape")
            location = local_reference(script + path, query)
        else:
            host = self._host(match) if self._host else environ.get("HTTP_HOST", "")
            if not is_host(host):
                raise UnsafeTarget
            location = f"{self.origin}{host}{quote_path(path)}"
            if query:
                location = f"{location}?{quote_query(query)}"
        return f"{location}#{self._fragment(match)}" if self._fragment else location


class FunctionTarget(Target):
    """A target that a function makes from the match."""

    __slots__ = ("_function",)

    def __init__(self, rule: Rule, regex: Any) -> None:
        super().__init__(rule, "", [], regex)
        assert callable(rule.target)
        self._function = rule.target

    def inside(self, match: Match, query: str) -> tuple[str, str]:
        path = self._function(match)
        if not isinstance(path, str):
            raise TypeError(f"the target function returned {path!r}, not text")
        if self._whole:
            return _split(path)
        return (path if path[:1] == "/" else f"/{path}"), query if self._keep else ""


def compile_target(rule: Rule, regex: Any, *, redirect: bool) -> Target | None:
    """Compile a rule's target; raise RuleError where it cannot work."""
    if rule.target is None:
        return None
    if not isinstance(rule.target, str):
        if not callable(rule.target):
            raise RuleError(f"expected a target's text or a function, got {rule.target!r}")
        return FunctionTarget(rule, regex)
    if rule.style == "backslash":
        pieces = read_backslashes(rule.target, regex)
    else:
        text = rule.target
        if text.lower().startswith(("http://{host}", "https://{host}")) and (
            "host" not in regex.groupindex
        ):
            text = text.replace("{host}", "{{host}}", 1)
        pieces = read_braces(text, regex)
    if any(isinstance(piece, str) and not piece.isprintable() for piece in pieces):
        raise RuleError(f"target {rule.target!r} has a control character")
    return Target(rule, rule.target, pieces, regex)


def split_whole(path: str, query: str) -> list[str]:
    """List the segments of path and query together, as patterns on both see them."""
    if "?" in path:
        path = path.replace("?", HIDDEN_MARK)
    return f"{path}?{query}".replace("?", "/").split("/")


def _argument_of(text: str) -> str:
    return quote_plus(text, errors="surrogateescape")


def _ascii(text: str) -> str:
    """Encode what a text has beyond ASCII, as UTF-8; surrogate escapes stand for bytes."""
    if text.isascii():
        return text
    return "".join(c if c.isascii() else quote_plus(c, errors="surrogateescape") for c in text)


def _fragment_of(text: str) -> str:
    return quote_query(_ascii(text))


def _host_part_of(text: str) -> str:
    if not is_host_part(text):
        raise UnsafeTarget
    return text


def _join(path: list[Piece], query: list[Piece] | None) -> Expand:
    """Expand a target of a pattern that sees path and query.

    What was captured left of the ``?`` is decoded and what was captured right of it is raw:
    each is brought into the form of the place where it goes.
    """

    def expand(match: Match) -> str:
        subject = match.string
        mark = subject.find("?")
        if mark < 0:
            mark = len(subject)
        made = "".join([p if isinstance(p, str) else _into_path(match, p, mark) for p in path])
        if query is None:
            return made
        tail = [p if isinstance(p, str) else _into_query(match, p, mark) for p in query]
        return f"{made.replace('?', HIDDEN_MARK)}?{''.join(tail)}"

    return expand


def _into_path(match: Match, group: int, mark: int) -> str:
    text: str = match[group] or ""
    start, end = match.span(group)
    if start > mark:  # raw: this is its first decoding
        return unquote(text, errors="surrogateescape").replace("?", HIDDEN_MARK)
    if end > mark:  # it brings its own ``?`` along
        return text
    return text


def _into_query(match: Match, group: int, mark: int) -> str:
    text: str = match[group] or ""
    start, end = match.span(group)
    if start > mark:
        return text
    head, _, tail = text.partition("?") if end > mark else (text, "", "")
    head = _argument_of(head.replace(HIDDEN_MARK, "?"))
    return f"{head}&{tail}" if tail else head


def _split(whole: str) -> tuple[str, str]:
    path, _, query = whole.partition("?")
    path = path.replace(HIDDEN_MARK, "?")
    if HIDDEN_MARK in query:
        query = query.replace(HIDDEN_MARK, "%3F")
    return (path if path[:1] == "/" else f"/{path}"), query
