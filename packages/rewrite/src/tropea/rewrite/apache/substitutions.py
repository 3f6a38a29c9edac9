"""The second argument of RewriteRule, and what it may make of a request.

A substitution names the host of a redirect only by its own text: ``https://www.example.com/$1``,
``https://%{HTTP_HOST}%{REQUEST_URI}`` (a host that the client asked for and that is sound), or what
a RewriteMap holds.  What looks like a scheme or a host but came out of a capture is a path.
"""

from __future__ import annotations

import re

from tropea.rewrite.apache.state import State
from tropea.rewrite.apache.strings import Piece
from tropea.rewrite.locations import is_host

_SCHEME = re.compile(
    r"(?i)(?:ajp|balancer|ftp|fcgi|gopher|https?|h2c?|ldap|nntp|scgi|wss?)://|mailto:|news:|unix:"
)
#: Schemes whose references have no query that could be split off.
_NO_QUERY = re.compile(r"(?i)(?:ftp|gopher|ldap|nntp)://|news:")
_HOST_TEXT = re.compile(r"[A-Za-z0-9._:\[\]-]+").fullmatch
_LITERAL_END = re.compile(r"(?i)\.[a-z0-9-]+(?::[0-9]+)?$")


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
    """

    __slots__ = ("_before", "_from_map", "_parts", "_safe_marks", "full_path", "last_mark", "text")

    def __init__(self, text: str, pieces: list[Piece], *, any_mark: bool, last_mark: bool) -> None:
        self.text = text
        self._parts = pieces
        self._before = _places_before_authority(pieces)
        self._from_map = bool(pieces) and pieces[0].kind == "map"
        self._safe_marks = any_mark or all(piece.value is None for piece in pieces)
        self.last_mark = last_mark
        self.full_path = bool(pieces) and pieces[0].text.upper() == "%{REQUEST_URI}"

    def expand(self, state: State) -> str:
        """Return what the substitution makes.

        Raises Refused: 403 where a ``?`` came out of an expansion, 400 where a host would.
        """
        values = [p.text if p.value is None else p.value(state) for p in self._parts]
        if not self._safe_marks:
            self._check_marks(values)
        text = "".join(values)
        if not scheme_length(text):
            return text
        if self._before is None:
            literal = self._parts[0].value is None and scheme_length(self._parts[0].text)
            # The slash keeps a capture from naming scheme and host.
            return text if literal or self._from_map else f"/{text}"
        self._check_authority(values, state)
        return text

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
            if piece.value is not None and value and not (cut and cut.start() == 0):
                if not _HOST_TEXT(value) and not _is_trusted(piece, state):
                    raise Refused(400)
                dynamic = True
                loose = loose or not _is_trusted(piece, state)
            head = value[: cut.start()] if cut else value
            authority += head
            if head:
                last = head if piece.value is None else ""
            if cut:
                break
        if loose and not _LITERAL_END.search(last):
            raise Refused(400)
        rest_is_dynamic = any(piece.value is not None for piece in self._parts[index:])
        if (dynamic or (not authority and rest_is_dynamic)) and not is_host(authority):
            raise Refused(400)


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


def _is_trusted(piece: Piece, state: State) -> bool:
    return piece.is_host or piece.kind == "map" or (piece.kind == "cond" and state.cond_is_host)
