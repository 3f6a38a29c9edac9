r"""Targets with places for what a pattern captured, compiled ahead.

Two spellings: ``{name}`` and ``{1}`` in a Rule's target, ``\1`` and ``\g<name>`` in addrewrite's.

>>> import re
>>> pattern = re.compile(r"/(?P<year>\d{4})/(\w+)")
>>> compile_template(read_braces("/post/{2}/{year}", pattern))(pattern.match("/2026/hello"))
'/post/hello/2026'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tropea.rewrite.errors import RuleError

#: Literal text, or the number of a group.
Piece = str | int
Match = Any  # re's or a compatible engine's match object
Expand = Callable[[Match], str]

_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_BACKSLASH = re.compile(r"\\(?:g<(\w+)>|([0-9]{1,2})|(.?))", re.DOTALL)


def read_braces(text: str, pattern: Any) -> list[Piece]:
    """Split a target at its ``{name}`` places; ``{{`` and ``}}`` are plain braces."""

    def piece(match: re.Match[str]) -> Piece:
        if match[0] in {"{{", "}}"}:
            return match[0][0]
        if match[1] is None:
            raise RuleError(f"target {text!r}: a lone {match[0]!r}; write it twice")
        return _group(match[1], pattern, text)

    return _split(text, _BRACES, piece)


def read_backslashes(text: str, pattern: Any) -> list[Piece]:
    r"""Split a replacement at its ``\1`` and ``\g<name>`` places; ``\\`` is a backslash."""

    def piece(match: re.Match[str]) -> Piece:
        if match[3] is not None:
            if not match[3] or match[3].isalnum():
                raise RuleError(f"target {text!r}: unknown escape {match[0]!r}")
            return match[3]
        return _group(match[1] or match[2], pattern, text)

    return _split(text, _BACKSLASH, piece)


def _group(name: str, pattern: Any, text: str) -> int:
    if name.isdecimal() and name.isascii():
        number = int(name)
        if number <= pattern.groups:
            return number
    elif name in pattern.groupindex:
        return int(pattern.groupindex[name])
    raise RuleError(
        f"target {text!r} uses {name!r}, but the pattern names {list(pattern.groupindex)} "
        f"and has {pattern.groups} groups"
    )


def _split(
    text: str, marks: re.Pattern[str], piece: Callable[[re.Match[str]], Piece]
) -> list[Piece]:
    pieces: list[Piece] = []
    end = 0
    for match in marks.finditer(text):
        pieces += [text[end : match.start()], piece(match)]
        end = match.end()
    pieces.append(text[end:])
    return merge(pieces)


def merge(pieces: list[Piece]) -> list[Piece]:
    """Join neighbouring literals and drop empty ones."""
    merged: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        elif piece != "":
            merged.append(piece)
    return merged


def cut(pieces: list[Piece], mark: str) -> tuple[list[Piece], list[Piece] | None]:
    """Split at the first *mark* in a literal: what is before, and what is after or None."""
    for index, piece in enumerate(pieces):
        if isinstance(piece, str) and mark in piece:
            before, _, after = piece.partition(mark)
            return merge([*pieces[:index], before]), merge([after, *pieces[index + 1 :]])
    return pieces, None


def compile_template(pieces: list[Piece], encode: Callable[[str], str] | None = None) -> Expand:
    """Return what fills the places from a match; groups that took no part give nothing.

    encode: applied to what was captured, not to the literals.
    """
    groups = [piece for piece in pieces if isinstance(piece, int)]
    if not groups:
        literal = "".join(str(piece) for piece in pieces)
        return lambda _match: literal
    form = "".join("%s" if isinstance(p, int) else p.replace("%", "%%") for p in pieces)
    if encode is not None:
        quoting = encode
        return lambda match: form % tuple([quoting(match[g] or "") for g in groups])
    if len(groups) == 1:
        (group,) = groups
        return lambda match: form % (match[group] or "",)
    return lambda match: form % tuple([match[g] or "" for g in groups])
