"""Know what every path answers: from a scan at start-up, or as the paths are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from tropea.static.answers import Answer
from tropea.static.entries import Entry, FileEntry
from tropea.static.errors import Gone, Stale
from tropea.static.lookups import Lookup, Making, Mount, children_of
from tropea.static.options import CODINGS
from tropea.static.paths import path_key
from tropea.static.siblings import may_replace
from tropea.static.sources import Child, Found, Source
from tropea.static.variants import Content, load

#: How often a file that keeps changing is looked at again for one request.
ATTEMPTS = 8


class Table(Protocol):
    """Entries by ``PATH_INFO``."""

    def get(self, path_info: str, /) -> Entry | None:
        """Return what a path answers; None where there is nothing."""

    def renew(self, path_info: str, *, hashed: bool) -> Entry | None:
        """Look again at a path whose file changed."""


def answer(table: Table, environ: Mapping[str, Any], method: str) -> Answer | None:
    """Answer GET or HEAD from *table*; None where it has nothing for the path.

    A file that changed is looked up anew, so that head and body are always of one state.
    """
    path_info = environ.get("PATH_INFO", "")
    entry = table.get(path_info)
    for attempt in range(ATTEMPTS):
        if entry is None:
            return None
        try:
            return entry.answer(environ, method)
        except Stale:
            # A file that changes faster than it can be hashed gets a tag of size and time.
            entry = table.renew(path_info, hashed=attempt == 0)
    return None


class LiveTable:
    """Look at the sources at request time.

    bound: entries known at once, the oldest leaves first; they are checked against the file
        before every answer.
    always: look at the sources at each request (``autorefresh``), not only at the first.
    """

    def __init__(self, lookup: Lookup, *, bound: int, always: bool) -> None:
        self._lookup = lookup
        self._bound = bound
        self._always = always
        self._entries: dict[str, Entry] = {}

    def get(self, path_info: str, /) -> Entry | None:
        held = self._entries.get(path_info)
        if held is not None and not self._always:
            return held
        return self._look(path_info, held, hashed=True)

    def renew(self, path_info: str, *, hashed: bool) -> Entry | None:
        return self._look(path_info, None, hashed=hashed)

    def _look(self, path_info: str, held: Entry | None, *, hashed: bool) -> Entry | None:
        entry = self._lookup.entry(path_info, held, hashed=hashed)
        if entry is None:
            self._entries.pop(path_info, None)
        elif entry is not held and isinstance(entry, FileEntry):
            # Redirects and listings are made afresh: a folder may go at any time.
            while len(self._entries) >= self._bound:
                try:
                    self._entries.pop(next(iter(self._entries)), None)
                except (StopIteration, RuntimeError):
                    break  # another thread makes room as well
            self._entries[path_info] = entry
        return entry


class ScannedTable:
    """Every file of the sources, read once; a path it does not list costs no system call."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.entries: dict[str, Entry] = {}
        self.get = self.entries.get
        for mount in lookup.mounts:
            self._add(mount, lookup.making)

    def renew(self, path_info: str, *, hashed: bool) -> Entry | None:
        entry = self._lookup.entry(path_info, hashed=hashed)
        if entry is not None:
            self.entries[path_info] = entry
        return entry

    def _add(self, mount: Mount, making: Making) -> None:
        files = _overlaid(mount.sources)
        contents = _loaded(files, making)
        for path in contents:
            entry = making.file_entry(path, dict(_codings(path, contents, making)))
            self.entries.setdefault(mount.prefix + path_key(path), entry)
        self._add_folders(mount, making, contents)

    def _add_folders(self, mount: Mount, making: Making, paths: Mapping[str, Any]) -> None:
        index = making.options.index
        folders = {""}
        for path in paths:
            folder = path.rpartition("/")[0]
            while folder not in folders:
                folders.add(folder)
                folder = folder.rpartition("/")[0]
        for folder in folders:
            url = mount.prefix + path_key(f"{folder}/" if folder else "")
            entry = self.entries.get(url + path_key(index)) if index else None
            if entry is None and making.options.listing:
                from tropea.static.listings import FolderListing

                entry = FolderListing(self._listed(url, children_of(mount.sources, folder)))
            if entry is not None:
                self.entries.setdefault(url, entry)
                self.entries.setdefault(url[:-1], making.redirect(folder))

    def _listed(self, url: str, children: Callable[[], list[Child]]) -> Callable[[], list[Child]]:
        """Give a listing without what the scan did not see: its link would lead nowhere."""

        def listed() -> list[Child]:
            return [
                child
                for child in children()
                if url + path_key(child.name) + ("/" if child.is_folder else "") in self.entries
            ]

        return listed


def _overlaid(sources: Sequence[Source]) -> dict[str, tuple[Source, Found]]:
    files: dict[str, tuple[Source, Found]] = {}
    for source in sources:
        for found in source.scan():
            files.setdefault(found.path, (source, found))
    return files


def _loaded(files: Mapping[str, tuple[Source, Found]], making: Making) -> dict[str, Content]:
    """Read what is to be kept, the smallest files first, and hash what is to be hashed."""
    options = making.options
    left = -1 if making.front is not None else options.memory
    kept = set()
    for size, path in sorted((found.size, path) for path, (_, found) in files.items()):
        if size > min(options.keep, left):
            break
        left -= size
        kept.add(path)
    contents = {}
    for path, (source, found) in files.items():
        keep, hashed = path in kept, found.size <= options.hash_limit
        try:
            contents[path] = load(source, found, keep=keep, hashed=hashed)
        except (Stale, Gone) as error:
            again = source.find(path)
            if again is not None and again.stamp != found.stamp:
                contents[path] = Content(source, again)  # it changed since it was listed
            elif again is not None:
                _tell("not served: %r: %s", path, error)
        except OSError as error:
            _tell("not served: %r: %s", path, error.strerror or error)
    return contents


def _tell(text: str, *about: object) -> None:
    import logging

    logging.getLogger("tropea.static").warning(text, *about)


def _codings(
    path: str, contents: Mapping[str, Content], making: Making
) -> Iterator[tuple[str, Content]]:
    plain = contents[path]
    yield "identity", plain
    for extension in making.options.codings:
        packed = contents.get(f"{path}.{extension}")
        if packed is None or packed.source is not plain.source:
            continue
        if may_replace(packed.found, plain.found):
            yield CODINGS[extension], packed
        else:
            _tell("not sent packed: %r is older than its original, or empty", packed.found.path)
