"""Make the packed variants of a tree ahead of time: ``app.css.gz``, ``.br``, ``.zst``."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from tropea.static.errors import StaticError
from tropea.static.folders import FolderSource
from tropea.static.mediatypes import media_type

#: Types that are packed already; packing them again costs time and saves nothing.
_PACKED = frozenset(
    (
        "application/gzip", "application/zip", "application/zstd", "application/x-brotli",
        "application/x-bzip2", "application/x-xz", "application/x-7z-compressed",
        "application/vnd.rar", "application/java-archive", "application/epub+zip",
        "font/woff", "font/woff2", "application/pdf",
    )
)  # fmt: skip
_PLAIN_IMAGES = frozenset({"image/svg+xml", "image/bmp", "image/vnd.microsoft.icon"})

#: A variant must save this part of the file, or it is not worth a negotiation.
WORTH = 0.05
#: Bytes below which the header fields cost more than is saved.
SMALLEST = 200


class Saved(NamedTuple):
    """What became of one file: its size and the sizes of its variants, in bytes.

    variants: extension -> size of the variants that were kept.
    made: how many of them were made now; the others were up to date.
    """

    path: str
    size: int
    variants: dict[str, int]
    made: int


def is_worth_packing(path: str) -> bool:
    """Tell whether files of this name usually get smaller.

    >>> is_worth_packing("app.css"), is_worth_packing("a.png"), is_worth_packing("a.css.gz")
    (True, False, False)
    """
    kind = media_type(path)
    group = kind.partition("/")[0]
    return kind not in _PACKED and (
        group not in {"image", "audio", "video"} or kind in _PLAIN_IMAGES
    )


def packers(extensions: Iterable[str]) -> dict[str, Callable[[bytes], bytes]]:
    """Find the functions that pack for each extension (``br``, ``zst``, ``gz``).

    Raises StaticError where a library is missing, or for an unknown extension.
    """
    makers: dict[str, Callable[[], Callable[[bytes], bytes]]] = {
        "gz": lambda: lambda data: gzip.compress(data, 9, mtime=0),
        "br": _brotli,
        "zst": _zstandard,
    }
    found = {}
    for extension in extensions:
        if extension not in makers:
            raise StaticError(f"no such coding: {extension!r}; there are {', '.join(makers)}")
        found[extension] = makers[extension]()
    return found


def installed() -> tuple[str, ...]:
    """List the extensions whose libraries are installed."""
    there = []
    for extension in ("br", "zst", "gz"):
        try:
            packers([extension])
        except StaticError:
            continue
        there.append(extension)
    return tuple(there)


def _brotli() -> Callable[[bytes], bytes]:
    try:
        import brotli
    except ImportError:
        raise StaticError("br needs the extra: pip install tropea-static[brotli]") from None
    return lambda data: bytes(brotli.compress(data, quality=11))


def _zstandard() -> Callable[[bytes], bytes]:
    try:
        from compression import zstd  # type: ignore[import-not-found]  # Python 3.14
    except ImportError:
        pass
    else:
        return lambda data: bytes(zstd.compress(data, level=19))
    try:
        import zstandard
    except ImportError:
        raise StaticError("zst needs the extra: pip install tropea-static[zstandard]") from None
    # A compressor is not to be shared between threads, so each file gets its own.
    return lambda data: bytes(zstandard.ZstdCompressor(level=19).compress(data))


def compress_tree(
    folder: str | os.PathLike[str],
    *,
    extensions: Iterable[str] | None = None,
    smallest: int = SMALLEST,
    jobs: int | None = None,
    progress: Callable[[int, int, str], object] | None = None,
) -> list[Saved]:
    """Pack the files of *folder* in parallel; return what became of each.

    A variant gets its file's modification time, by which a later run sees that it is up to
    date; one that saves too little is removed.  A variant is written beside its file and
    renamed, so that nobody reads half of one.

    extensions: None packs for all that are installed.
    smallest: bytes; smaller files are left alone.
    jobs: threads (the packers let other threads run); None takes one for each processor.
    progress: called after each file with how many are done, how many there are, and its name.
    """
    root = Path(folder)
    pack = packers(installed() if extensions is None else extensions)
    names = [
        found.path
        for found in FolderSource(root, links="none").scan()
        if found.size >= smallest and is_worth_packing(found.path)
    ]
    results: list[Saved] = []
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        for result in pool.map(lambda name: _pack(root / name, name, pack), names):
            results.append(result)
            if progress is not None:
                progress(len(results), len(names), result.path)
    return results


def _pack(path: Path, name: str, pack: dict[str, Callable[[bytes], bytes]]) -> Saved:
    info = path.stat()
    data: bytes | None = None
    variants: dict[str, int] = {}
    made = 0
    for extension, function in pack.items():
        beside = path.with_name(f"{path.name}.{extension}")
        current = _current_size(beside, info)
        if current is not None and _saves(current, info.st_size):
            variants[extension] = current
            continue
        data = path.read_bytes() if data is None else data
        packed = function(data)
        if not _saves(len(packed), len(data)):
            beside.unlink(missing_ok=True)
            continue
        _write(beside, packed, info)
        variants[extension] = len(packed)
        made += 1
    return Saved(name, info.st_size, variants, made)


def _saves(packed: int, plain: int) -> bool:
    return packed <= plain * (1 - WORTH)


def _current_size(beside: Path, info: os.stat_result) -> int | None:
    """Give the size of a variant that was made of the file as it is; None where none was."""
    try:
        held = beside.stat()
    except OSError:
        return None
    return held.st_size if held.st_mtime_ns == info.st_mtime_ns else None


def _write(path: Path, data: bytes, info: os.stat_result) -> None:
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")  # a dot-file is never served
    try:
        temporary.write_bytes(data)
        temporary.chmod(info.st_mode & 0o777)
        os.utime(temporary, ns=(info.st_atime_ns, info.st_mtime_ns))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
