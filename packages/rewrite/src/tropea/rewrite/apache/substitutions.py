"""The second argument of RewriteRule, and what it may make of a request.

A substitution names the host of a redirect only by its own text: ``https://www.example.com/$1``,
``https://%{HTTP_HOST}%{REQUEST_URI}`` (a host that the client asked for and that is sound), or what
a RewriteMap holds.  What looks like a scheme or a host but came out of a capture is a path.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tropea.rewrite.apache.escapes import RAW
from tropea.rewrite.apache.paths import dot_segments
from tropea.rewrite.apache.state import State
from tropea.rewrite.apache.strings import Piece
from tropea.rewrite.locations import ends_in_domain, is_host
from tropea.rewrite.templates import cut

_SCHEME = re.compile(
    r"(?i)(?:ajp|balancer|ftp|fcgi|gopher|https?|h2c?|ldap|nntp|scgi|wss?)://|mailto:|news:|unix:"
)
#: Schemes whose references have no query that could be split off.
_NO_QUERY = re.compile(r"(?i)(?:ftp|gopher|ldap|nntp)://|news:")
_HOST_TEXT = re.compile(r"[A-Za-z0-9._:\[\]-]+").fullmatch
_LONG = 8190


class Refused(Exception):
    """The request cannot be let on; *status* is the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def scheme_length(reference: str) -> int:
    """Return how long a known scheme at the start is, its slashes included; 0 without one.

    >>> scheme_length("http://a/"), scheme_length("/a"), scheme_length("mailto:a@b")
    (7, 0, 7)
    """
    if reference[:1] == "/" or len(reference) <= 5:
        return 0
    found = _SCHEME.match(reference)
    return found.end() if found else 0


def has_no_query(reference: str) -> bool:
    """Tell whether the reference's scheme knows no query."""
    return _NO_QUERY.match(reference) is not None


class Substitution:
    """A substitution read into pieces.

    text: as written.  full_path: whether it starts with the whole path that was asked for.
    encodes: whether its back references come with their ``%`` encoded, as B does.
    """

    __slots__ = (
        "_before", "_encodes", "_from_map", "_own_dots", "_parts", "_safe_marks", "full_path",
        "last_mark", "text",
    )  # fmt: skip

    def __init__(
        self,
        text: str,
        pieces: list[Piece],
        *,
        any_mark: bool,
        last_mark: bool,
        encodes: bool = False,
    ) -> None:
        self.text, self._encodes = text, encodes
        self._parts = pieces
        self._before = _places_before_authority(pieces)
        self._from_map = bool(pieces) and pieces[0].kind == "map"
        self._safe_marks = any_mark or all(piece.value is None for piece in pieces)
        self.last_mark = last_mark
        literal = "".join(["x" if piece.value else piece.text for piece in pieces])
        self._own_dots = dot_segments(literal.partition("?")[0])
        self.full_path = bool(pieces) and pieces[0].text.upper() == "%{REQUEST_URI}"

    def quick(self, *, append: bool) -> Callable[[Any, str], tuple[str, str] | None] | None:
        """Return what makes path and query of a match and a query, where that needs no more.

        None where the substitution has more in it than text and ``$N``.  The function returns
        None for what needs a closer look.
        """
        pieces: list[str | int] = []
        for piece in self._parts:
            if piece.value is None:
                pieces.append(piece.text)
            elif piece.kind == "rule" and piece.plain:
                pieces.append(int(piece.text[1:]))
            else:
                return None
        first = pieces[0] if pieces else ""
        if not isinstance(first, str) or first[:1] != "/" or self.last_mark:
            return None
        head, tail = cut(pieces, "?")
        path_of = _filler(head)
        query_of = _filler(tail) if tail is not None else None

        def quick(match: Any, query: str) -> tuple[str, str] | None:
            path = path_of(match)
            if "?" in path or "//" in path or "/." in path or len(path) > _LONG:
                return None
            if query_of is not None:
                made = query_of(match)
                if append and made and query:
                    made = f"{made}&{query}"
                elif append:
                    made = made or query
                query = made
                if query.endswith("&"):
                    return None
            return None if query and RAW.search(query) else (path, query)

        return quick

    def expand(self, state: State) -> str:
        """Return what the substitution makes.

        Raises Refused: 403 where a ``?`` came out of an expansion, 400 where a host would.
        """
        values = [p.text if p.value is None else p.value(state) for p in self._parts]
        if not self._safe_marks:
            self._check_marks(values)
        text = "".join(values)
        if "." in text and dot_segments(text.partition("?")[0]) > self._own_dots:
            state.captured_dots = True
        if state.engine.in_directory and not state.captured_marks:
            state.captured_marks = self._brings_marks(values)
        if not scheme_length(text):
            return text
        if self._before is None:
            literal = self._parts[0].value is None and scheme_length(self._parts[0].text)
            # The slash keeps a capture from naming scheme and host.
            return text if literal or self._from_map else f"/{text}"
        self._check_authority(values, state)
        return text

    def _brings_marks(self, values: list[str]) -> bool:
        """Tell whether an expansion brought a character that reading once more would take apart."""
        return any(
            "#" in value or "?" in value or ("%" in value and (piece.plain or not self._encodes))
            for piece, value in zip(self._parts, values, strict=True)
            if piece.value is not None
        )

    def _check_marks(self, values: list[str]) -> None:
        pairs = list(zip(self._parts, values, strict=True))
        for piece, value in reversed(pairs) if self.last_mark else pairs:
            if "?" in value:
                if piece.value is not None:
                    raise Refused(403)
                return

    def _check_authority(self, values: list[str], state: State) -> None:
        """Raise Refused(400) unless the text names the host, or the client's sound Host does."""
        assert self._before is not None
        index, offset = self._before
        authority = ""
        loose = dynamic = False
        last = ""
        for place in range(index, len(values)):
            piece = self._parts[place]
            value = values[place][offset:] if place == index else values[place]
            cut = re.search(r"[/?#\\]", value)
            if piece.value is not None and value:
                trusted = _is_trusted(piece, state)
                begins_path = cut is not None and cut.start() == 0 and not _is_host(piece, state)
                if not begins_path:
                    if piece.kind != "map" and not _HOST_TEXT(value):
                        raise Refused(400)
                    dynamic, loose = True, loose or not trusted
            head = value[: cut.start()] if cut else value
            authority += head
            if head:
                last = head if piece.value is None else ""
            if cut:
                break
        if loose and not ends_in_domain(last):
            raise Refused(400)
        rest_is_dynamic = any(piece.value is not None for piece in self._parts[index:])
        if (dynamic or (not authority and rest_is_dynamic)) and not is_host(authority):
            raise Refused(400)


def _filler(pieces: list[str | int]) -> Callable[[Any], str]:
    """Compile literals and groups; a group that the pattern does not have gives nothing."""

    def group(match: Any, number: int) -> str:
        return (match[number] or "") if number <= match.re.groups else ""

    if any(isinstance(piece, int) for piece in pieces):
        form = "".join("%s" if isinstance(p, int) else p.replace("%", "%%") for p in pieces)
        numbers = [piece for piece in pieces if isinstance(piece, int)]
        most = max(numbers)

        def fill(match: Any) -> str:
            if most > match.re.groups:
                return form % tuple([group(match, number) for number in numbers])
            return form % tuple([match[number] or "" for number in numbers])

        return fill
    literal = "".join(str(piece) for piece in pieces)
    return lambda _match: literal


def _places_before_authority(pieces: list[Piece]) -> tuple[int, int] | None:
    """Find the piece, and the place in it, where the host that the text names begins."""
    for index, piece in enumerate(pieces):
        if piece.value is not None:
            continue
        colon = piece.text.find("://")
        slash = piece.text.find("/")
        if colon >= 0 and slash == colon + 1 and "?" not in piece.text[:colon]:
            return index, colon + 3
        if slash >= 0 or "?" in piece.text:
            return None
    return None


def _is_host(piece: Piece, state: State) -> bool:
    """Tell whether a piece holds the host that the client asked for, or a part of it."""
    return piece.is_host or (piece.kind == "cond" and state.cond_is_host)


def _is_trusted(piece: Piece, state: State) -> bool:
    return piece.kind == "map" or _is_host(piece, state)
