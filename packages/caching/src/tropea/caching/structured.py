"""Read the Structured Fields that a cache meets: dictionaries, and lists of strings.

Strict, as RFC 8941 asks: one error and the whole field counts for nothing.

Source: RFC 8941 sections 3.1, 3.2 and 4.2.
"""

from __future__ import annotations

import re

Bare = int | float | str | bool | bytes

_KEY = re.compile(r"[a-z*][a-z0-9_\-.*]*").match
_NUMBER = re.compile(r"-?(?:[0-9]{1,12}\.[0-9]{1,3}|[0-9]{1,15})(?![0-9.])").match
_STRING = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*+)"').match
_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*").match
_BYTES = re.compile(r":([A-Za-z0-9+/=]*):").match
_BOOLEAN = re.compile(r"\?([01])").match
_BLANKS = re.compile(r"[ \t]*").match
_SPACES = re.compile(r" *").match
#: The most members of a field, as many as RFC 8941 asks for, and the most characters.
MAX_MEMBERS, MAX_LENGTH = 1024, 16384


class _Malformed(Exception):
    """The field is no Structured Field of its type."""


class Token(str):
    """A bare word, which is told from a string."""

    __slots__ = ()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text.strip(" "), 0

    def take(self, pattern: object) -> re.Match[str] | None:
        match: re.Match[str] | None = pattern(self.text, self.at)  # type: ignore[operator]
        if match is not None:
            self.at = match.end()
        return match

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def bare_item(self) -> Bare:
        if match := self.take(_NUMBER):
            return float(match[0]) if "." in match[0] else int(match[0])
        if match := self.take(_STRING):
            return re.sub(r"\\(.)", r"\1", match[1])
        if match := self.take(_TOKEN):
            return Token(match[0])
        if match := self.take(_BOOLEAN):
            return match[1] == "1"
        if match := self.take(_BYTES):
            return match[1].encode()
        raise _Malformed

    def parameters(self) -> None:
        """Read past parameters: none of them means anything to a cache."""
        while self.peek() == ";":
            self.at += 1
            self.take(_SPACES)
            if not self.take(_KEY):
                raise _Malformed
            if self.peek() == "=":
                self.at += 1
                self.bare_item()

    def value(self) -> Bare | list[Bare]:
        if self.peek() != "(":
            item: Bare | list[Bare] = self.bare_item()
        else:
            self.at += 1
            item = self.inner_list()
        self.parameters()
        return item

    def inner_list(self) -> list[Bare]:
        items: list[Bare] = []
        while True:
            self.take(_SPACES)
            if self.peek() == ")":
                self.at += 1
                return items
            items.append(self.bare_item())
            self.parameters()
            if self.peek() not in {" ", ")"}:
                raise _Malformed

    def next_member(self) -> bool:
        """Step over the comma before another member; tell whether there is one."""
        self.take(_BLANKS)
        if self.at == len(self.text):
            return False
        if self.peek() != ",":
            raise _Malformed
        self.at += 1
        self.take(_BLANKS)
        if self.at == len(self.text):
            raise _Malformed
        return True


def parse_dictionary(field: str) -> dict[str, Bare | list[Bare]] | None:
    """Read a dictionary; None for what is none.  A key without a value is True.

    >>> parse_dictionary("max-age=60, must-revalidate")
    {'max-age': 60, 'must-revalidate': True}
    >>> parse_dictionary("max-age=60, &&&") is None
    True
    """
    if len(field) > MAX_LENGTH:
        return None
    reader = _Reader(field)
    found: dict[str, Bare | list[Bare]] = {}
    try:
        more = bool(reader.text)
        while more:
            key = reader.take(_KEY)
            if key is None or len(found) >= MAX_MEMBERS:
                return None
            found.pop(key[0], None)  # of duplicates the last counts, where it stands
            if reader.peek() == "=":
                reader.at += 1
                found[key[0]] = reader.value()
            else:
                found[key[0]] = True
                reader.parameters()
            more = reader.next_member()
    except _Malformed:
        return None
    return found


def parse_strings(field: str) -> tuple[str, ...]:
    """Read a list of strings, as Cache-Groups is one; () for what is none.

    >>> parse_strings('"articles", "home"')
    ('articles', 'home')
    """
    if len(field) > MAX_LENGTH:
        return ()
    reader = _Reader(field)
    found: list[str] = []
    try:
        more = bool(reader.text)
        while more:
            item = reader.value()
            if type(item) is not str or len(found) >= MAX_MEMBERS:
                return ()
            found.append(item)
            more = reader.next_member()
    except _Malformed:
        return ()
    return tuple(found)
