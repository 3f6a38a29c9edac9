"""Tell a developer who listens why a path got the answer that it got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tropea.core.fields import Fields, get
from tropea.core.probing import note
from tropea.static.entries import Entry, FileEntry
from tropea.static.files import StaticFiles
from tropea.static.listings import FolderListing
from tropea.static.paths import read_path

#: What the notes are signed with.
LAYER = "static files"


def tell(
    files: StaticFiles, environ: dict[str, Any], entry: Entry | None, status: str, fields: Fields
) -> None:
    """Note what answered, and why in this way.

    entry: what the table has for the path; None where the answer was made without it.
    """
    note(environ, LAYER, f"{status[:3]}: {_reason(files, environ, entry, status[:3], fields)}")


def tell_passed_on(files: StaticFiles, environ: dict[str, Any], entry: Entry | None) -> None:
    """Note why a request is left to the application, where its path could have been a file's."""
    path = environ.get("PATH_INFO", "")
    if entry is not None:
        said = f"passed on: files answer GET and HEAD, not {environ.get('REQUEST_METHOD')}"
        note(environ, LAYER, said)
        return
    if any(path.startswith(mount.prefix) for mount in files.mounts):
        note(environ, LAYER, f"passed on: {_absence(files, path)}")


def _absence(files: StaticFiles, path: str) -> str:
    """Say why there is nothing for a path."""
    below = max((m.prefix for m in files.mounts if path.startswith(m.prefix)), key=len, default="/")
    if read_path(path[len(below) :], dotfiles=files.options.dotfiles) is None:
        return "a path that names nothing which may be served"
    if files.options.autorefresh or files.options.lazy:
        return "no such file"
    return "no such file when the files were looked at last"


def _reason(
    files: StaticFiles, environ: Mapping[str, Any], entry: Entry | None, status: str, fields: Fields
) -> str:
    asked = environ.get
    if status == "304":
        named = "If-None-Match" if "HTTP_IF_NONE_MATCH" in environ else "If-Modified-Since"
        return f"what the client holds is current ({named})"
    if status == "412":
        return "the state that the client asks about is another one"
    if status == "416":
        return f"{asked('HTTP_RANGE', '')} is not in it: {get(fields, 'Content-Range')}"
    if status == "206":
        part = get(fields, "Content-Range")
        return f"a part, as Range asks: {part}" if part else "several parts, as Range asks"
    if status == "406":
        return f"no coding of the file suits Accept-Encoding: {asked('HTTP_ACCEPT_ENCODING')}"
    if status == "301":
        return "a folder's own URL ends with a slash, a file's does not"
    if status == "404":
        return _absence(files, asked("PATH_INFO", ""))
    if status == "405":
        return f"files answer GET and HEAD, not {asked('REQUEST_METHOD')}"
    if status == "204":
        return "the methods that a file answers"
    if isinstance(entry, FolderListing):
        return "the listing of a folder without an index"
    if isinstance(entry, FileEntry):
        return _of_file(entry, environ, fields)
    return "the fallback page, for a request for HTML"


def _of_file(entry: FileEntry, environ: Mapping[str, Any], fields: Fields) -> str:
    """Say which file, in which coding, from where; and why not the part that was asked for."""
    coding = get(fields, "Content-Encoding") or "identity"
    variant = entry.variants.get(coding, entry.variants["identity"])
    place = "held in memory" if variant.data is not None else "opened for this answer"
    said = f"{entry.path}, {place}"
    if len(entry.variants) > 1:
        said += f"; {coding} of {', '.join(sorted(entry.variants))}"
    if "HTTP_RANGE" in environ and environ.get("REQUEST_METHOD") == "GET":
        told = "If-Range names another state" if "HTTP_IF_RANGE" in environ else "it cannot be read"
        said += f"; the whole, for Range does not count: {told}"
    return said
