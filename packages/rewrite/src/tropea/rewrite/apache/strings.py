r"""Test strings and substitutions: text with ``$N``, ``%N``, ``%{NAME}`` and ``${map:key}``.

They are read once, into pieces; what a request put into a piece is never read again.

>>> [piece.text for piece in read_string(r"/a\$b/$1/%{HTTP_HOST}", {})]
['/a$b/', '$1', '/', '%{HTTP_HOST}']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tropea.rewrite.apache.escapes import to_octets
from tropea.rewrite.apache.maps import Lookup
from tropea.rewrite.apache.state import State, Value
from tropea.rewrite.apache.variables import HOST_VARIABLES, variable


class StringError(ValueError):
    """A string cannot be read; *at* is where in it, counted from 0."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a string.

    text: as written, or the literal itself.  value: what computes it; None for a literal.
    kind: ``literal``, ``rule`` ($N), ``cond`` (%N), ``variable`` or ``map``.
    plain: whether a back reference is taken as it is, not escaped.
    """

    text: str
    value: Value | None = None
    kind: str = "literal"
    plain: bool = True

    @property
    def is_host(self) -> bool:
        """Whether it can hold nothing but the host that the client asked for."""
        return self.kind == "variable" and self.text[2:-1].upper() in HOST_VARIABLES


Escape = Callable[[str], str]


def read_string(text: str, maps: Mapping[str, Lookup], escape: Escape | None = None) -> list[Piece]:
    """Split *text* into pieces; raise StringError for a map that is not there.

    escape: applied to back references.
    """
    pieces: list[Piece] = []
    literal = ""
    at = 0
    while at < len(text):
        letter = text[at]
        if letter == "\\":
            literal += text[at + 1 : at + 2] or "\\"
            at += 2
            continue
        piece, end = _special(text, at, maps, escape) if letter in "$%" else (None, at + 1)
        if end < 0 or piece is None:
            end = abs(end)
            literal += text[at:end]
        else:
            if literal:
                pieces.append(Piece(to_octets(literal)))
            literal = ""
            pieces.append(piece)
        at = end
    if literal:
        pieces.append(Piece(to_octets(literal)))
    return pieces


def _special(
    text: str, at: int, maps: Mapping[str, Lookup], escape: Escape | None
) -> tuple[Piece | None, int]:
    """Read what starts with ``$`` or ``%``; no piece where it is plain text after all."""
    mark, following = text[at], text[at + 1 : at + 2]
    if following == "{":
        end = _closing(text, at + 2)
        if end < 0:
            return None, at + 2
        inner = text[at + 2 : end]
        if mark == "%":
            return Piece(text[at : end + 1], variable(inner), "variable"), end + 1
        colon = _find(inner, ":")
        if colon < 0:
            return None, at + 2
        value = _map_lookup(inner, colon, at + 2, maps, escape)
        return Piece(text[at : end + 1], value, "map"), end + 1
    if following and following in "0123456789":
        kind = "rule" if mark == "$" else "cond"
        value = back_reference(kind, int(following), escape)
        return Piece(text[at : at + 2], value, kind, escape is None), at + 2
    return None, at + 1


def back_reference(kind: str, number: int, escape: Escape | None) -> Value:
    """Return what gives group *number* of the rule's or the condition's match."""

    def value(state: State) -> str:
        match = state.rule if kind == "rule" else state.cond
        if match is None or number > match.re.groups:
            return ""
        text: str = match[number] or ""
        return escape(text) if escape and text else text

    return value


def _map_lookup(
    inner: str, colon: int, at: int, maps: Mapping[str, Lookup], escape: Escape | None
) -> Value:
    name, key = inner[:colon], inner[colon + 1 :]
    lookup = maps.get(name)
    if lookup is None:
        from tropea.rewrite.apache.flags import nearest

        near = nearest(name, {n.lower(): n for n in maps}) if maps else ""
        raise StringError(f"no RewriteMap is called {name!r}{near}", at)
    bar = _find(key, "|")
    default = key[bar + 1 :] if bar >= 0 else ""
    key = key[:bar] if bar >= 0 else key
    expand_key = compile_pieces(read_string(key, maps, escape))
    expand_default = compile_pieces(read_string(default, maps, escape))

    def value(state: State) -> str:
        found = lookup(expand_key(state))
        return expand_default(state) if found is None else found

    return value


def _closing(text: str, at: int) -> int:
    """Find the brace that closes one opened before *at*, or -1."""
    depth = 1
    for place in range(at, len(text)):
        if text[place] == "}":
            depth -= 1
            if not depth:
                return place
        elif text[place] == "{":
            depth += 1
    return -1


def _find(text: str, mark: str) -> int:
    """Find *mark* outside of inner braces, or -1."""
    depth = 0
    for place, letter in enumerate(text):
        if letter == mark and not depth:
            return place
        depth += (letter == "{") - (letter == "}")
        if depth < 0:
            return -1
    return -1


def compile_pieces(pieces: list[Piece]) -> Value:
    """Join the pieces for a request."""
    if not pieces:
        return lambda _state: ""
    if len(pieces) == 1:
        value, text = pieces[0].value, pieces[0].text
        return value if value is not None else lambda _state: text
    parts = [(piece.text, piece.value) for piece in pieces]

    def expand(state: State) -> str:
        return "".join([text if value is None else value(state) for text, value in parts])

    return expand


def expand_string(text: str, maps: Mapping[str, Lookup]) -> Value:
    """Compile *text* whole."""
    return compile_pieces(read_string(text, maps))
