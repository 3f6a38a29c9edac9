"""Sources whose files are known by name in advance: archives and packages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from tropea.static.errors import Gone
from tropea.static.paths import may_serve
from tropea.static.sources import Child, Found, Stamp


class Stream(Protocol):
    """What is read of an open member."""

    def read(self, size: int = -1, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...
    def tell(self) -> int: ...
    def close(self) -> None: ...


class StreamFile:
    """One open member: read in order as a rule, by seeking where a range asks for it."""

    __slots__ = ("_stream", "stamp")

    def __init__(self, stream: Stream, stamp: Stamp) -> None:
        self._stream = stream
        self.stamp = stamp

    def read_at(self, offset: int, size: int) -> bytes:
        try:
            if self._stream.tell() != offset:
                self._stream.seek(offset)
            return self._stream.read(size)
        except Exception as error:  # an importer's stream or a damaged archive may raise anything
            raise Gone(f"cannot be read: {error}") from error

    def stamp_now(self) -> Stamp:
        return self.stamp

    def whole_file(self) -> None:
        return None

    def close(self) -> None:
        self._stream.close()


class NamedTree:
    """A source made of a fixed set of files.

    files: by path; those that the path rules refuse are left out.
    opener: opens the ``place`` of a file; whatever it raises means that there is none.
    """

    def __init__(
        self, files: Mapping[str, Found], opener: Callable[[Any], Stream], *, dotfiles: bool
    ) -> None:
        self._files = {
            path: found
            for path, found in files.items()
            if may_serve(tuple(path.split("/")), dotfiles=dotfiles)
        }
        self._folders: dict[str, dict[str, Child]] = {"": {}}
        self._opener = opener
        for found in self._files.values():
            self._list(found)

    def scan(self) -> Iterator[Found]:
        return iter(self._files.values())

    def find(self, path: str) -> Found | None:
        return self._files.get(path)

    def is_folder(self, path: str) -> bool:
        return path in self._folders

    def children(self, path: str) -> list[Child]:
        return list(self._folders.get(path, {}).values())

    def open(self, found: Found) -> StreamFile:
        try:
            return StreamFile(self._opener(found.place), found.stamp)
        except Exception as error:  # an importer or a damaged archive may raise anything
            raise Gone(f"cannot be opened: {error}") from error

    def restat(self, found: Found) -> Stamp | None:
        return found.stamp

    def _list(self, found: Found) -> None:
        folder, _, name = found.path.rpartition("/")
        child = Child(name, is_folder=False, size=found.size, modified=found.modified)
        self._folders.setdefault(folder, {})[name] = child
        while folder:
            above, _, name = folder.rpartition("/")
            self._folders.setdefault(above, {}).setdefault(name, Child(name, is_folder=True))
            folder = above
