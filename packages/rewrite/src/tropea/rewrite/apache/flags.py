"""The flags of RewriteRule and RewriteCond."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from http import HTTPStatus

from tropea.rewrite.apache.lines import Directive, Word

#: Every spelling of a rule's flag, in lower case, and its short name.
RULE_FLAGS = {
    "b": "B", "backrefescaping": "B", "bctls": "BCTLS", "bne": "BNE",
    "bnp": "BNP", "backrefernoplus": "BNP", "c": "C", "chain": "C", "co": "CO", "cookie": "CO",
    "dpi": "DPI", "discardpath": "DPI", "e": "E", "env": "E", "end": "END", "f": "F",
    "forbidden": "F", "g": "G", "gone": "G", "h": "H", "handler": "H", "l": "L", "last": "L",
    "n": "N", "next": "N", "nc": "NC", "nocase": "NC", "ne": "NE", "noescape": "NE", "ns": "NS",
    "nosubreq": "NS", "p": "P", "proxy": "P", "pt": "PT", "passthrough": "PT", "qsa": "QSA",
    "qsappend": "QSA", "qsd": "QSD", "qsdiscard": "QSD", "qsl": "QSL", "qslast": "QSL", "r": "R",
    "redirect": "R", "s": "S", "skip": "S", "t": "T", "type": "T",
    "unsafeallow3f": "UnsafeAllow3F", "unsafeprefixstat": "UnsafePrefixStat", "unc": "UNC",
}  # fmt: skip
COND_FLAGS = {
    "nc": "NC", "nocase": "NC", "or": "OR", "ornext": "OR", "nv": "NV", "novary": "NV",
}  # fmt: skip
#: Flags that need a value.
_VALUED = ("CO", "E", "S", "T", "H", "BNE")
_STATUS_WORDS = {"permanent": 301, "temp": 302, "seeother": 303}
_KNOWN_STATUS = {status.value for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: its short name, its value ("" for none) and where it stands."""

    name: str
    value: str
    at: int


def read_flags(directive: Directive, word: Word, known: dict[str, str]) -> list[Flag]:
    """Read ``[A,B=x]``; raise RuleSyntaxError that points at what is wrong."""
    if word[:1] != "[":
        raise directive.error(
            f"flags must begin with '[', found {str(word)[:1]!r}: too many arguments, or a blank "
            "that should be quoted?", word.at,
        )  # fmt: skip
    if word[-1] != "]" or len(word) < 2:
        raise directive.error("flags must end with ']': a blank inside?", word.at + len(word) - 1)
    return list(_flags(directive, word, known))


def _flags(directive: Directive, word: Word, known: dict[str, str]) -> Iterator[Flag]:
    at = word.at + 1
    for part in str(word)[1:-1].split(","):
        text = part.strip()
        start = at + len(part) - len(part.lstrip())
        at += len(part) + 1
        if not text:
            continue
        key, _, value = text.partition("=")
        name = known.get(key.lower())
        if name is None:
            raise directive.error(f"unknown flag {key!r}{nearest(key, known)}", start)
        if name in _VALUED and not value:
            raise directive.error(f"the flag {key!r} needs a value: [{key}=…]", start)
        yield Flag(name, value, start)


def nearest(word: str, known: dict[str, str]) -> str:
    """Complete a message with the known word that is most like *word*."""
    near = get_close_matches(word.lower(), known, n=1, cutoff=0.1)
    if not near:
        return f"; there are {', '.join(dict.fromkeys(known.values()))}"
    short = known[near[0]]
    same = short.lower() == near[0]
    return f"; did you mean {short!r}?" if same else f"; did you mean {near[0]!r} ({short!r})?"


def read_status(directive: Directive, flag: Flag) -> int:
    """Read the value of R; raise RuleSyntaxError for a status that HTTP does not have."""
    if not flag.value:
        return 302
    word = _STATUS_WORDS.get(flag.value.lower())
    if word is not None:
        return word
    if flag.value.isascii() and flag.value.isdigit() and int(flag.value) in _KNOWN_STATUS:
        return int(flag.value)
    raise directive.error(
        f"{flag.value!r} is no status for R; it takes a number, 'permanent', 'temp' or 'seeother'",
        flag.at,
    )


def read_number(directive: Directive, flag: Flag) -> int:
    """Read the number of S or N; raise RuleSyntaxError where it is none."""
    if flag.value.isascii() and flag.value.isdigit() and len(flag.value) < 10:
        return int(flag.value)
    raise directive.error(f"{flag.name} takes a number, got {flag.value!r}", flag.at)
