"""Where files come from: what the table asks of a folder, a package or an archive."""

from __future__ import annotations

from collections.abc import Iterator
from io import RawIOBase
from typing import Any, NamedTuple, Protocol

#: What tells one state of a file from another; compared, never interpreted.
Stamp = tuple[int, ...]


class Found(NamedTuple):
    """One file of a source, as it was when somebody looked.

    path: below the source's root, names joined by ``/``.
    size: bytes.
    modified: nanoseconds since the epoch, UTC; None where the source knows no time.
    stamp: changes when the content does.
    place: where the source finds it again; its own business.
    """

    path: str
    size: int
    modified: int | None
    stamp: Stamp
    place: Any


class Child(NamedTuple):
    """One line of a listing: a file's size in bytes and modification time in nanoseconds."""

    name: str
    is_folder: bool
    size: int = 0
    modified: int | None = None


class Opened(Protocol):
    """One open file.  ``stamp`` was taken from the open file itself, not from its name."""

    stamp: Stamp

    def read_at(self, offset: int, size: int) -> bytes:
        """Read up to *size* bytes from *offset*; fewer only at the end of the file."""

    def stamp_now(self) -> Stamp:
        """Take the stamp of the open file once more."""

    def whole_file(self) -> RawIOBase | None:
        """Hand the file over for ``wsgi.file_wrapper``; None where it is no real file."""

    def close(self) -> None:
        """Close the file; more than once does no harm."""


class Source(Protocol):
    """A tree of files that may be served.

    It may also have ``read(found, start, stop)``: the bytes of a range, read at once from a file
    that still bears its stamp after the reading, else Gone is raised.  Small files are then sent
    without an object for each.

    A source never yields, finds or opens anything but regular files below its root, and none
    that the path rules or its own options refuse.
    """

    def scan(self) -> Iterator[Found]:
        """Yield every file."""

    def find(self, path: str) -> Found | None:
        """Look one file up as it is now; None for anything that is not a servable file."""

    def is_folder(self, path: str) -> bool:
        """Tell whether *path* (``""`` for the root) is a folder now."""

    def children(self, path: str) -> list[Child]:
        """List a folder as it is now; empty where there is none."""

    def open(self, found: Found) -> Opened:
        """Open a file that was found; raise Gone where that is no longer possible."""

    def restat(self, found: Found) -> Stamp | None:
        """Take the stamp of a file that was found, without opening it; None when it is gone."""
