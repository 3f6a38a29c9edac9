"""Write any value as text, for a developer: short whatever it is, and without its secrets.

What is shown may be huge, may hold itself, and may lie about what it is: the work is bounded by
what is written, and nothing that a value does ends the page that shows it.

>>> held = {"user": "ann", "password": "hunter2"}
>>> held["itself"] = held
>>> Writer().write(held)
"{'user': 'ann', 'password': …, 'itself': …}"
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from dataclasses import fields, is_dataclass
from types import SimpleNamespace
from typing import Any

from tropea.core.secret_names import HIDDEN, hide_named, is_secret_name

#: Values within each other, members of one value, characters of one text, characters in all.
DEPTH, ITEMS, TEXT, IN_ALL = 4, 40, 2000, 4000
#: Characters beyond TEXT that are searched for secrets, so that none is cut in two and half shown.
BEYOND = 8192
_SERIES = (list, tuple, set, frozenset, deque, KeysView, ValuesView, ItemsView)
_BRACKETS: dict[type, str] = {list: "[]", tuple: "()", set: "{}"}


def _as_it_is(text: str) -> str:
    return text


class Writer:
    """Writes one value, once.

    scrub: hides what is secret in any text, whatever its name.
    """

    def __init__(self, scrub: Callable[[str], str] = _as_it_is) -> None:
        self._scrub = scrub
        self._left = IN_ALL
        self._around: list[object] = []

    def write(self, value: object, depth: int = DEPTH) -> str:
        """Write *value* much as ``repr`` would.

        Never raises; a value whose ``repr`` fails is named by its type.
        """
        if any(value is outer for outer in self._around):
            return self._leaf(HIDDEN)
        self._around.append(value)
        try:
            text = self._write_known(value, depth)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a development page must show the rest
            text = f"<{type(value).__qualname__}: its repr raised {type(error).__name__}>"
        finally:
            self._around.pop()
        return text

    def _write_known(self, value: object, depth: int) -> str:
        if isinstance(value, (str, bytes, bytearray)):
            return self._leaf(_start_of(value, self._scrub), len(value) > TEXT)
        if depth == 0:
            return self._leaf(HIDDEN)
        kind = type(value)
        if isinstance(value, Mapping):
            inner = ", ".join(
                f"{self.write(key, 1)}: {self._named(key, held, depth)}"
                for key, held in self._first(value.items())
            )
            return f"{{{inner}}}" if kind is dict else f"{kind.__qualname__}({{{inner}}})"
        members = _members_of(value)
        if members is not None:
            inner = ", ".join(
                f"{name}={self._named(name, held, depth)}" for name, held in self._first(members)
            )
            return f"{kind.__qualname__}({inner})"
        if isinstance(value, _SERIES):
            inner = ", ".join(self._member(member, depth) for member in self._first(value))
            brackets = _BRACKETS.get(kind)
            return f"{kind.__qualname__}([{inner}])" if brackets is None else inner.join(brackets)
        written = repr(value)
        text = hide_named(self._scrub(written[: TEXT + BEYOND]))
        return self._leaf(text[:TEXT], len(written) > TEXT)

    def _leaf(self, text: str, cut: bool = False) -> str:
        self._left -= len(text) + 2
        return text + HIDDEN if cut else text

    def _named(self, name: object, value: object, depth: int) -> str:
        hidden = is_secret_name(name) or value is HIDDEN
        return self._leaf(HIDDEN) if hidden else self.write(value, depth - 1)

    def _member(self, member: object, depth: int) -> str:
        """Write a member of a series; a pair reads as name and value, as header fields are kept."""
        if isinstance(member, (tuple, list)) and len(member) == 2 and is_secret_name(member[0]):
            return self._leaf(f"({member[0]!r}, {HIDDEN})")
        return self.write(member, depth - 1)

    def _first(self, values: Iterable[Any]) -> Iterator[Any]:
        """Yield as many of *values* as there is room for."""
        for count, value in enumerate(values):
            if count == ITEMS or self._left <= 0:
                return
            yield value


def _start_of(value: str | bytes | bytearray, scrub: Callable[[str], str]) -> str:
    start = value[: TEXT + BEYOND]
    text = start if isinstance(start, str) else start.decode("latin-1")
    shown = hide_named(scrub(text))[:TEXT]
    if isinstance(value, str):
        return repr(shown)
    if HIDDEN in shown:  # no byte stands for the mark, so it is put in afterwards
        return "b" + repr(shown)
    octets = shown.encode("latin-1")
    return repr(octets if isinstance(value, bytes) else bytearray(octets))


def _members_of(value: Any) -> Iterable[tuple[str, Any]] | None:
    """Return names and values of what is made of named members; None for anything else."""
    if isinstance(value, type):
        return None
    if isinstance(value, tuple) and (names := getattr(type(value), "_fields", None)):
        return zip(names, value, strict=False)
    if type(value) is SimpleNamespace:
        return vars(value).items()
    if is_dataclass(value) and _repr_is_made(type(value)):
        # What a dataclass leaves out of its repr is not for anybody to see.
        return (
            (field.name, getattr(value, field.name) if field.repr else HIDDEN)
            for field in fields(value)
        )
    return None


def _repr_is_made(kind: type) -> bool:
    """Tell whether the ``repr`` of a dataclass is the one that its decorator makes."""
    made = getattr(kind.__repr__, "__wrapped__", None)
    return made is not None and made.__code__.co_filename == "<string>"
