"""Bodies that are items one after the other: JSON Lines, JSON text sequences, event streams.

Source: OpenAPI 3.2.0, "Sequential Media Types"; RFC 7464; HTML Living Standard section 9.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tropea.core.closing import close
from tropea.core.jsonvalues import parse_json
from tropea.openapi.errors import Problem
from tropea.openapi.schemas import Schema

EVENTS = "text/event-stream"
_MARKS = {"application/jsonl": b"\n", "application/x-ndjson": b"\n", "application/ndjson": b"\n",
          "application/json-seq": b"\x1e", EVENTS: b"\n"}  # fmt: skip
#: Bytes of one item, and how deep it may be.
LONGEST, DEEPEST = 1024 * 1024, 32


def is_sequence(kind: str) -> bool:
    """Tell whether bodies of a media type are sequences of items that are read here.

    >>> is_sequence("application/jsonl"), is_sequence("application/json")
    (True, False)
    """
    return kind in _MARKS


class Splitter:
    r"""Cuts what comes in blocks into items; linear in their bytes.

    most: bytes that an item may have.

    >>> splitter = Splitter("application/jsonl")
    >>> splitter.feed(b'{"a": 1}\n{"a"'), splitter.feed(b": 2}\n\n"), splitter.finish()
    ([b'{"a": 1}'], [b'{"a": 2}'], [])
    """

    def __init__(self, kind: str, most: int = LONGEST) -> None:
        self._mark, self._events, self._most = _MARKS[kind], kind == EVENTS, most
        self._held = bytearray()
        self._lines: list[bytes] = []  # of an event that is not over
        self._size = 0
        self._carriage = b""

    def feed(self, block: bytes) -> list[bytes]:
        """Return the items that are whole now; raise ValueError where one is too long."""
        if self._events:
            block = self._carriage + block
            self._carriage = b"\r" if block.endswith(b"\r") else b""
            block = block.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        looked, start = len(self._held), 0
        self._held += block
        found: list[bytes] = []
        while (end := self._held.find(self._mark, max(looked, start))) >= 0:
            found += self._piece(bytes(self._held[start:end]))
            start = end + 1
        del self._held[:start]
        if len(self._held) + self._size > self._most:
            raise ValueError(f"has an item of more than {self._most} bytes")
        return found

    def finish(self) -> list[bytes]:
        """Return what is left; an event that no empty line ends is none."""
        if not self._events:
            return self._piece(bytes(self._held))
        left, self._carriage = self._carriage, b""
        return self.feed(b"\n") if left else []

    def _piece(self, piece: bytes) -> list[bytes]:
        if not self._events:
            piece = piece.strip(b" \t\r\n")
            return [piece] if piece else []
        if piece:
            self._lines.append(piece)
            self._size += len(piece) + 1
            return []
        item = b"\n".join(self._lines)
        self._lines.clear()
        self._size = 0
        return [item] if item else []


def read_item(kind: str, raw: bytes) -> Any:
    """Return the value of an item; None for an event that says nothing; raise ValueError."""
    return _event(raw) if kind == EVENTS else parse_json(raw, charset=None, max_depth=DEEPEST)


def _event(raw: bytes) -> dict[str, Any] | None:
    data: list[str] = []
    found: dict[str, Any] = {}
    for line in raw.decode().split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name in {"event", "id"}:
            found[name] = value
        elif name == "retry" and value.isascii() and value.isdigit() and len(value) < 16:
            found[name] = int(value)
    if data:
        found["data"] = "\n".join(data)
    return found or None


class Items:
    """Checks the items of one body as they come.

    status: of the problems that are found.
    """

    def __init__(self, kind: str, schema: Schema, status: int, most: int = LONGEST) -> None:
        self._kind, self._schema, self._status = kind, schema, status
        self._splitter = Splitter(kind, most)
        self._number = 0
        self.values: list[Any] = []

    def feed(self, block: bytes, *, keep: bool = False) -> list[Problem]:
        """Check what is whole now; keep: remember the values, too."""
        try:
            return self._check(self._splitter.feed(block), keep=keep)
        except ValueError as error:
            return [Problem(self._status, "body", "", str(error))]

    def finish(self, *, keep: bool = False) -> list[Problem]:
        """Check what is left at the end."""
        return self._check(self._splitter.finish(), keep=keep)

    def _check(self, items: Iterable[bytes], *, keep: bool) -> list[Problem]:
        problems: list[Problem] = []
        for raw in items:
            place = f"/{self._number}"
            self._number += 1
            try:
                value = read_item(self._kind, raw)
            except (ValueError, RecursionError) as error:
                text = f"cannot be read: {error}"
                problems.append(Problem(400 if self._status < 500 else 500, "body", place, text))
                continue
            if value is None and self._kind == EVENTS:
                continue
            errors = self._schema.errors(value)
            problems += [Problem(self._status, "body", place + p, text) for p, text in errors]
            if keep and not errors:
                self.values.append(self._schema.convert(value))
        return problems


class WatchedItems:
    """A streaming body whose items are checked on their way; no block waits for another.

    told: called with the problems of the first item that has some; nothing is checked after it.
    """

    def __init__(
        self, body: Iterable[bytes], items: Items, told: Callable[[list[Problem]], object]
    ) -> None:
        self._body, self._items, self._told = body, items, told

    def __iter__(self) -> Iterator[bytes]:
        watching = True
        for block in self._body:
            if watching:
                problems = self._items.feed(block)
                watching = not problems
                if problems:
                    self._told(problems)
            yield block
        problems = self._items.finish() if watching else []
        if problems:
            self._told(problems)

    def close(self) -> None:
        close(self._body)
