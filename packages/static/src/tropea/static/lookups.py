"""Find what a path names in mounted sources, and make its entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tropea.static.entries import Entry, FileEntry, FolderRedirect
from tropea.static.errors import Gone, Stale
from tropea.static.fieldrules import FieldRules
from tropea.static.options import CODINGS, StaticOptions
from tropea.static.paths import read_path
from tropea.static.siblings import may_replace
from tropea.static.sources import Child, Found, Source
from tropea.static.variants import Content, Variant, load


class Mount(NamedTuple):
    """Sources below a prefix, the first that has a file counts."""

    prefix: str
    sources: tuple[Source, ...]


class Making(NamedTuple):
    """What entries are made with."""

    options: StaticOptions
    rules: FieldRules
    front: tuple[str, str] | None

    def file_entry(self, path: str, contents: dict[str, Content]) -> FileEntry:
        """Make the entry of a file from its codings' contents (``identity`` among them)."""
        fields = [self.rules.type_field(path), *self.rules.fields_for(path)]
        varies = len(contents) > 1
        variants = {
            coding: Variant(content, fields, None if coding == "identity" else coding,
                            varies=varies, recheck=self.options.recheck)
            for coding, content in contents.items()
        }  # fmt: skip
        source = contents["identity"].source
        front = self.front if self.front is not None and hasattr(source, "root") else None
        return FileEntry(path, variants, front)

    def redirect(self, path: str) -> FolderRedirect:
        """Make the entry of a folder without its slash."""
        return FolderRedirect(self.rules.cache_fields(path))


class Lookup:
    """Look paths up in the sources as they are now."""

    def __init__(self, mounts: Sequence[Mount], making: Making) -> None:
        self.mounts = mounts
        self.making = making

    def entry(self, path_info: str, held: Entry | None = None, *, hashed: bool) -> Entry | None:
        """Make the entry of a path, or give *held* back where it still is right.

        hashed: whether content hashes are worth their time; else tags are of size and time.
        """
        for mount in self.mounts:
            if not path_info.startswith(mount.prefix):
                entry = self._bare_prefix(mount, path_info)
            else:
                entry = self._below(mount, path_info[len(mount.prefix) :], held, hashed=hashed)
            if entry is not None:
                return entry
        return None

    def _bare_prefix(self, mount: Mount, path_info: str) -> Entry | None:
        if path_info + "/" == mount.prefix and self._opens(mount, ""):
            return self.making.redirect("")
        return None

    def _below(
        self, mount: Mount, path_info: str, held: Entry | None, *, hashed: bool
    ) -> Entry | None:
        options = self.making.options
        asked = read_path(path_info, dotfiles=options.dotfiles)
        if asked is None or path_info[:1] == "/":
            return None
        path = "/".join(asked.segments)
        if asked.is_folder:
            index = f"{path}/{options.index}" if path else options.index
            found = self._file(mount, index, held, hashed=hashed) if options.index else None
            return found or self._listing(mount, path)
        found = self._file(mount, path, held, hashed=hashed)
        if found is None and self._opens(mount, path):
            return self.making.redirect(path)
        return found

    def _opens(self, mount: Mount, path: str) -> bool:
        """Tell whether a folder has an index, or may be listed."""
        options = self.making.options
        folders = [source for source in mount.sources if source.is_folder(path)]
        if options.listing and folders:
            return True
        index = f"{path}/{options.index}" if path else options.index
        return bool(options.index) and any(source.find(index) for source in folders)

    def _listing(self, mount: Mount, path: str) -> Entry | None:
        if not self.making.options.listing:
            return None
        if not any(source.is_folder(path) for source in mount.sources):
            return None
        from tropea.static.listings import FolderListing

        return FolderListing(children_of(mount.sources, path))

    def _file(
        self, mount: Mount, path: str, held: Entry | None, *, hashed: bool
    ) -> FileEntry | None:
        for source in mount.sources:
            found = source.find(path)
            if found is not None:
                return self.file_of(source, found, held, hashed=hashed)
        return None

    def file_of(
        self, source: Source, found: Found, held: Entry | None = None, *, hashed: bool
    ) -> FileEntry | None:
        """Make the entry of a file that was found, with the packed variants beside it.

        None where the file cannot be read.
        """
        files = {"identity": found}
        for extension in self.making.options.codings:
            packed = source.find(f"{found.path}.{extension}")
            if packed is not None and may_replace(packed, found):
                files[CODINGS[extension]] = packed
        if isinstance(held, FileEntry) and held.path == found.path:
            known = {coding: variant.content for coding, variant in held.variants.items()}
            if all(c in known and known[c].source is source and known[c].found == f
                   for c, f in files.items()) and len(known) == len(files):  # fmt: skip
                return held
        limit = min(self.making.options.hash_limit, self.making.options.keep) if hashed else -1
        contents = {}
        for coding, one in files.items():
            try:
                contents[coding] = load(source, one, keep=False, hashed=one.size <= limit)
            except Stale:
                contents[coding] = Content(source, one)
            except Gone:
                continue
        return self.making.file_entry(found.path, contents) if "identity" in contents else None


def children_of(sources: Sequence[Source], path: str) -> Callable[[], list[Child]]:
    """Give the function that lists a folder of an overlay: of equal names the first counts."""

    def children() -> list[Child]:
        merged: dict[str, Any] = {}
        for source in sources:
            for child in source.children(path):
                merged.setdefault(child.name, child)
        return list(merged.values())

    return children
