"""Copy a tree with content hashes in the names, so that its files may be kept for ever."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from tropea.static.errors import StaticError
from tropea.static.folders import FolderSource
from tropea.static.references import has_references, relative, replace_references, resolve

#: Hexadecimal digits of the hash in a name: 48 bits, enough for any one name's history.
DIGITS = 12
MANIFEST = "manifest.json"


def build_assets(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    manifest: str | os.PathLike[str] | None = None,
) -> dict[str, str]:
    """Copy *source* to *target* with hashed names, and write the manifest.

    References in CSS, and those between scripts, style sheets and their source maps, are
    rewritten, so that the hash of a file covers what it refers to.  What *target* has from
    earlier builds stays: pages that are open still ask for it.

    manifest: the file to write; None writes ``manifest.json`` into *target*.
    Returns the manifest: plain name -> hashed name.
    Raises StaticError where *target* lies inside *source*.
    """
    root, copied = Path(source).resolve(), Path(target).resolve()
    if copied == root or root in copied.parents:
        raise StaticError(f"the target must not lie inside the source: {os.fspath(target)!r}")
    files = {
        found.path: (root / found.path).read_bytes()
        for found in FolderSource(root, links="none").scan()
    }
    names, contents = hash_tree(files)
    for path, data in contents.items():
        _write(copied / names[path], data)
    place = copied / MANIFEST if manifest is None else Path(manifest)
    text = json.dumps({"version": 1, "files": dict(sorted(names.items()))}, indent=1)
    _write(place, f"{text}\n".encode())
    return names


def hash_tree(files: Mapping[str, bytes]) -> tuple[dict[str, str], dict[str, bytes]]:
    """Name every file by its content; return the names and the rewritten contents.

    A file's hash covers its references, already rewritten.  Files that refer to each other in
    a circle (a script and its map) are hashed together, as they were, and rewritten after.

    >>> names, contents = hash_tree({"a.css": b"b{background:url(x.png)}", "x.png": b"..."})
    >>> names["x.png"] in contents["a.css"].decode()
    True
    """
    texts = {path: text for path, data in files.items() if (text := _text(path, data)) is not None}
    names: dict[str, str] = {}
    contents = dict(files)
    for circle in _circles(texts, files):
        for path in circle:
            if path in texts:
                contents[path] = _rewritten(path, texts[path], names)
        joint = sha256()
        for path in circle:
            joint.update(b"%d:%s" % (len(contents[path]), contents[path]))
        for path in circle:
            own = joint if len(circle) == 1 else sha256(joint.digest() + path.encode())
            names[path] = _hashed_name(path, own.hexdigest()[:DIGITS])
        if len(circle) > 1:
            for path in circle:
                contents[path] = _rewritten(path, texts[path], names)
    return names, contents


def _text(path: str, data: bytes) -> str | None:
    if not has_references(path):
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None  # whatever it is, it is copied as it is


def _hashed_name(path: str, digest: str) -> str:
    folder, slash, name = path.rpartition("/")
    stem, dot, extensions = name.partition(".")
    if not stem:
        return f"{folder}{slash}{name}.{digest}"
    return f"{folder}{slash}{stem}.{digest}{dot}{extensions}"


def _rewritten(path: str, text: str, names: Mapping[str, str]) -> bytes:
    def replace(reference: str) -> str:
        meant = resolve(path, reference)
        if meant is None or meant[0] not in names:
            return reference
        return relative(path, names[meant[0]]) + meant[1]

    return replace_references(path, text, replace).encode("utf-8")


def _targets(path: str, text: str, files: Mapping[str, bytes]) -> list[str]:
    found: dict[str, None] = {}

    def collect(reference: str) -> str:
        meant = resolve(path, reference)
        if meant is not None and meant[0] in files and meant[0] != path:
            found[meant[0]] = None
        return reference

    replace_references(path, text, collect)
    return sorted(found)


def _circles(texts: Mapping[str, str], files: Mapping[str, bytes]) -> Iterator[list[str]]:
    """Yield the strongly connected components, what is referred to first (Tarjan, 1972)."""
    targets = {path: _targets(path, text, files) for path, text in texts.items()}
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for start in sorted(files):
        if start in order:
            continue
        work = [(start, iter(targets.get(start, ())))]
        order[start] = low[start] = len(order)
        stack.append(start)
        on_stack.add(start)
        while work:
            path, following = work[-1]
            for target in following:
                if target not in order:
                    order[target] = low[target] = len(order)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(targets.get(target, ()))))
                    break
                if target in on_stack:
                    low[path] = min(low[path], order[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[path])
                if low[path] == order[path]:
                    yield _popped(stack, on_stack, path)


def _popped(stack: list[str], on_stack: set[str], path: str) -> list[str]:
    place = stack.index(path)
    circle = sorted(stack[place:])
    del stack[place:]
    on_stack.difference_update(circle)
    return circle


def _write(path: Path, data: bytes) -> None:
    if path.is_file() and path.read_bytes() == data:
        return  # its time stays, and with it what was packed from it
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
