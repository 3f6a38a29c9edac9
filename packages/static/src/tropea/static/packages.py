"""The data of a Python package as a source, wherever the package was imported from."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from importlib.resources import files as resource_files
from importlib.resources.abc import Traversable
from pathlib import Path

from tropea.core.errors import OptionError
from tropea.static.archives import ZipSource
from tropea.static.folders import FolderSource
from tropea.static.sources import Found, Source
from tropea.static.trees import NamedTree, Stream


class PackageSource(NamedTree):
    """Serve package data that is neither in a folder nor in a zip file.

    Such data has no time, so that its tags are made of its content alone.

    root: what ``importlib.resources.files`` gave.
    """

    def __init__(self, root: Traversable, *, dotfiles: bool = False) -> None:
        self.origin = root
        files = {path: _found(path, item) for path, item in _walk(root, "")}
        super().__init__(files, _open, dotfiles=dotfiles)

    def __repr__(self) -> str:
        return f"PackageSource({self.origin!r})"


def package_source(package: str, folder: str = "", *, dotfiles: bool = False) -> Source:
    """Make the source of a folder among a package's data.

    A package that lies in folders is served from there, links not followed; one in a zip file
    from that; another through its importer.
    Raises OptionError where there is no such package or folder.

    >>> package_source("tropea.static").find("paths.py").size > 1000
    True
    """
    try:
        root = resource_files(package)
    except (ImportError, TypeError) as error:
        raise OptionError(f"no package {package!r}: {error}") from None
    for name in folder.split("/"):
        root = root / name if name else root
    if not root.is_dir():
        raise OptionError(f"package {package!r} has no folder {folder!r}")
    if isinstance(root, Path):
        return FolderSource(root, links="none", dotfiles=dotfiles)
    if isinstance(root, zipfile.Path) and root.root.filename:
        return ZipSource(root.root.filename, root.at, dotfiles=dotfiles)
    return PackageSource(root, dotfiles=dotfiles)


def _walk(folder: Traversable, above: str) -> Iterator[tuple[str, Traversable]]:
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        path = f"{above}/{item.name}" if above else item.name
        if item.is_dir():
            if item.name != "__pycache__":
                yield from _walk(item, path)
        elif item.is_file():
            yield path, item


def _found(path: str, item: Traversable) -> Found:
    size = len(item.read_bytes())  # a Traversable does not say how long it is
    return Found(path, size, None, (0, size), item)


def _open(item: Traversable) -> Stream:
    return item.open("rb")
