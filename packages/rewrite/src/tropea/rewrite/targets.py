"""What a rule's target becomes: a path and query inside, or a reference for a redirect."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, unquote

from tropea.rewrite.errors import RuleError
from tropea.rewrite.locations import (
    ends_in_domain,
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

_ORIGIN = re.compile(r"(?i)(https?)://")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_NOT_OCTETS = re.compile(r"[^\x00-\xff]+")

#: Path, decoded, and query, raw.
Both = tuple[str, str]


class UnsafeTarget(Exception):
    """A capture would have made a host of the redirect; the request gets 400."""


class Target:
    """A compiled target; *origin* is None or what expands to ``scheme://host``."""

    __slots__ = ("_both", "_fragment", "_host", "_keep", "_path", "_query", "_text", "_whole",
                 "origin")  # fmt: skip

    def __init__(self, rule: Rule, text: str, pieces: list[Piece], regex: Any) -> None:
        self._text = text
        self._whole = rule.on == "path?query"
        self._keep = rule.keep_query
        self.origin: str | None = None
        self._host: Expand | None = None
        if found := _ORIGIN.match(text):
            pieces = self._take_origin(found[1], pieces)
        pieces, fragment = cut(pieces, "#")
        path, query = cut(pieces, "?")
        query = [p if isinstance(p, int) else _ascii(p) for p in query] if query else query
        self._fragment = _fragment(fragment, whole=self._whole) if fragment else None
        self._both = _join(path, query)
        self._path = compile_template(path)
        self._query = compile_template(query or [], _argument_of)

    def _take_origin(self, scheme: str, pieces: list[Piece]) -> list[Piece]:
        """Split off scheme and host; raise RuleError unless the text names a host.

        Source: RFC 3986 section 3.2.
        """
        authority, rest = cut(pieces, "://")[1] or [], list[Piece]()
        for mark in "/?#":
            authority, after = cut(authority, mark)
            if after is not None:
                rest = [mark, *after, *rest]
        self.origin = f"{scheme.lower()}://"
        if authority != ["{host}"]:
            self._check_host(authority)
            self._host = compile_template(authority, _host_part_of)
        return rest

    def _check_host(self, authority: list[Piece]) -> None:
        example = "".join(p if isinstance(p, str) else "x" for p in authority)
        if not is_host(example):
            raise RuleError(f"target {self._text!r} names no host")
        last = authority[-1]
        if authority != [example] and not (isinstance(last, str) and ends_in_domain(last)):
            raise RuleError(f"target {self._text!r} leaves it to the request which host it names")

    def inside(self, match: Match, query: str) -> Both:
        """Return the new path, decoded, and the new query, raw."""
        if self._whole:
            path, query = self._both(match)
        else:
            path, made = self._path(match), self._query(match)
            kept = query if self._keep else ""
            query = f"{made}&{kept}" if made and kept else made or kept
        return _rooted(path), query

    def location(self, match: Match, query: str, environ: Mapping[str, Any]) -> str:
        """Return the reference of a redirect; raise UnsafeTarget where a host would be forged."""
        path, query = self.inside(match, query)
        if self.origin is None:
            script = environ.get("SCRIPT_NAME", "")
            if not script.isascii():
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
            path, _, query = path.partition("?")
            query = _NOT_OCTETS.sub(_percent, query.replace(HIDDEN_MARK, "%3F"))
            return _rooted(path.replace(HIDDEN_MARK, "?")), query
        return _rooted(path), query if self._keep else ""


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


def _rooted(path: str) -> str:
    return path if path[:1] == "/" else f"/{path}"


def _percent(match: re.Match[str]) -> str:
    return quote_plus(match[0], errors="surrogateescape")


def _ascii(text: str) -> str:
    """Encode what a text has beyond ASCII, as UTF-8; surrogate escapes stand for bytes."""
    return _NOT_ASCII.sub(_percent, text)


def _argument_of(text: str) -> str:
    return quote_plus(text, errors="surrogateescape")


def _fragment_of(text: str) -> str:
    return quote_query(_ascii(text.replace("%", "%25")))


def _host_part_of(text: str) -> str:
    if not is_host_part(text):
        raise UnsafeTarget
    return text


def _join(path: list[Piece], query: list[Piece] | None) -> Callable[[Match], Both]:
    """Expand a target of a pattern that sees path and query.

    What was captured left of the ``?`` is decoded and what was captured right of it is raw:
    each is brought into the form of the place where it goes.  Where the target has no ``?``, the
    first capture with the subject's own brings it along: the query begins there.
    """
    later = [p if isinstance(p, int) else _ascii(p) for p in path]

    def expand(match: Match) -> Both:
        mark = len(match.string.partition("?")[0])
        made, tail = "", query or []
        for place, piece in enumerate(path):
            if isinstance(piece, str):
                made += piece
            elif match.end(piece) <= mark:
                made += match[piece] or ""
            elif query is None and match.start(piece) <= mark:
                left, right = _halves(match, piece, mark)
                made, tail = made + left, [right[1:], *later[place + 1 :]]
                break
            else:
                made += _into_path(match, piece, mark)
        asked = "".join([p if isinstance(p, str) else _into_query(match, p, mark) for p in tail])
        return made.replace(HIDDEN_MARK, "?"), asked

    return expand


def _halves(match: Match, group: int, mark: int) -> tuple[str, str]:
    """Return what a group has of the path, decoded, and of the query, raw."""
    text: str = match[group] or ""
    place = max(mark - match.start(group), 0)
    return text[:place].replace(HIDDEN_MARK, "?"), text[place:]


def _into_path(match: Match, group: int, mark: int) -> str:
    left, right = _halves(match, group, mark)
    return left + unquote(quote_query(right), errors="surrogateescape")  # its first decoding


def _into_query(match: Match, group: int, mark: int) -> str:
    if match.start(group) > mark:
        return match[group]  # type: ignore[no-any-return]
    left, right = _halves(match, group, mark)
    return f"{_argument_of(left)}&{right[1:]}" if right[1:] else _argument_of(left)


def _into_fragment(match: Match, group: int, mark: int) -> str:
    left, right = _halves(match, group, mark)
    return _fragment_of(left) + quote_query(right)


def _fragment(pieces: list[Piece], *, whole: bool) -> Expand:
    ready = [p if isinstance(p, int) else quote_query(_ascii(p)) for p in pieces]
    if not whole:
        return compile_template(ready, _fragment_of)

    def expand(match: Match) -> str:
        mark = len(match.string.partition("?")[0])
        return "".join(p if isinstance(p, str) else _into_fragment(match, p, mark) for p in ready)

    return expand
