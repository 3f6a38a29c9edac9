"""RewriteMap: text files, random choice, Apache's internal functions, dbm files, Python's own.

A map is a function from a key to a value, or to None where the key is unknown.
"""

from __future__ import annotations

import dbm
import random
import string
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from tropea.rewrite.apache.escapes import escape_uri, to_octets

Lookup = Callable[[str], str | None]

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)

#: What ``int:`` names.
INTERNAL: dict[str, Callable[[str], str]] = {
    "tolower": lambda key: key.translate(_LOWER),
    "toupper": lambda key: key.translate(_UPPER),
    "escape": escape_uri,
    "unescape": lambda key: unquote_to_bytes(key.encode("latin-1")).decode("latin-1"),
}


class TextMap:
    r"""A text file: a key, blanks and a value on each line; read again when it changes.

    What comes after the value's first word, lines that start with ``#`` or a blank, and keys
    without a value are left out; the first of two equal keys counts.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._table: dict[str, str] = {}
        self._refresh()  # a file that is missing is said at start-up

    def __call__(self, key: str) -> str | None:
        self._refresh()
        return self._table.get(key)

    def _refresh(self) -> None:
        try:
            status = self.path.stat()
        except OSError:
            if self._seen is None:
                raise
            return  # it is being replaced: what was read last still holds
        seen = status.st_mtime_ns, status.st_size
        if seen == self._seen:
            return
        with self._lock:
            table: dict[str, str] = {}
            for line in self.path.read_bytes().decode("latin-1").split("\n"):
                words = line.split()
                if len(words) > 1 and line[0] != "#" and not line[0].isspace():
                    table.setdefault(words[0], words[1])
            self._table, self._seen = table, seen


class RandomMap:
    """A text map whose values are choices separated by ``|``."""

    def __init__(self, path: str | Path, choose: Callable[[list[str]], str] | None = None) -> None:
        self._table = TextMap(path)
        self._choose = choose or random.choice

    def __call__(self, key: str) -> str | None:
        value = self._table(key)
        return None if value is None else self._choose(value.split("|"))


class DbmMap:
    """A dbm file of any kind that Python's dbm reads; opened for each lookup."""

    def __init__(self, path: str) -> None:
        self.path = path
        with dbm.open(path, "r"):
            pass

    def __call__(self, key: str) -> str | None:
        with dbm.open(self.path, "r") as table:
            value = table.get(key.encode("latin-1"))
        return None if value is None else value.decode("latin-1")


def from_python(value: Any) -> Lookup:
    """Make a map of a mapping or a function; raise TypeError for anything else."""
    if isinstance(value, Mapping):
        get: Callable[[str], Any] = value.get
    elif callable(value):
        get = value
    else:
        raise TypeError(f"expected a mapping or a function, got {value!r}")

    def lookup(key: str) -> str | None:
        found = get(_as_text(key))
        return None if found is None else to_octets(str(found))

    return lookup


def _as_text(key: str) -> str:
    return key if key.isascii() else key.encode("latin-1").decode("utf-8", "surrogateescape")


def open_map(kind: str, argument: str, base: Path) -> Lookup:
    """Open what a RewriteMap line names.

    Raises ValueError for a kind that there is not, OSError for a file that is not there.
    """
    if kind == "int":
        if argument not in INTERNAL:
            raise ValueError(f"no internal map {argument!r}; there are {', '.join(INTERNAL)}")
        return INTERNAL[argument]
    path = base / argument
    if kind == "txt":
        return TextMap(path)
    if kind == "rnd":
        return RandomMap(path)
    if kind.partition("=")[0] == "dbm":
        try:
            return DbmMap(str(path))
        except dbm.error as error:
            raise OSError(str(error)) from None
    raise ValueError(
        f"maps of the kind {kind!r} are not run here; a mapping or a function that is given under "
        "its name in maps= takes this line's place"
    )
