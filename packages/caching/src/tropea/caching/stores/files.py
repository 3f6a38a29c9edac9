"""Keep responses in a folder, for the processes of one machine; large bodies never fill memory.

``<folder>/<xx>/<digest>/<variant>.json`` is the head of a variant, ``<body>.body`` beside it its
body.  A body is written to its end before a head names it, and heads are replaced in one step:
a process that dies while it writes leaves nothing that could be served.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TypeVar

from tropea.caching.cachekeys import Key
from tropea.caching.entries import Entry, dumps, loads
from tropea.caching.stores import leases
from tropea.caching.stores.base import MAX_VARIANTS
from tropea.core.errors import OptionError
from tropea.core.stores import StoreError

T = TypeVar("T")
#: Bytes read and sent at a time.
BLOCK = 65536


class FileCacheStore:
    """A store in a folder, which is made where it is missing.

    max_body: bytes of the longest body taken.
    max_bytes: of all files that ``prune`` leaves; more may be held in between.
    clock: seconds since the epoch; for tests.

    ``prune`` removes what is too old to be used, and what is too much; call it from a timer.
    """

    def __init__(
        self,
        folder: str | Path,
        max_body: int = 1 << 30,
        max_bytes: int = 10 << 30,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not str(folder):
            raise OptionError("FileCacheStore: expected a folder")
        self.folder = Path(folder)
        self.max_body, self.max_bytes = max_body, max_bytes
        self._clock = clock

    def _place(self, key: Key) -> Path:
        digest = key.digest()
        return self.folder / digest[:2] / digest

    def load(self, key: Key) -> Sequence[Entry]:
        found = []
        for path in _heads(self._place(key)):
            entry = _read_head(path)
            if entry is not None and entry.until > self._clock():
                found.append(entry)
        return found

    def open(self, key: Key, entry: Entry, start: int, stop: int) -> Iterable[bytes] | None:
        try:
            file = (self._place(key) / f"{entry.body}.body").open("rb")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"cannot read a body: {error}") from None
        if os.fstat(file.fileno()).st_size != entry.size:
            file.close()
            return None
        return _FilePart(file, start, stop)

    def writer(self, key: Key, entry: Entry) -> _FileWriter:
        return _FileWriter(self, self._place(key))

    def update(self, key: Key, entry: Entry) -> None:
        place = self._place(key)
        held = _read_head(place / f"{entry.id}.json")
        if held is not None and held.body == entry.body:
            _guarded(lambda: self.replace_head(place, entry))

    def replace_head(self, place: Path, entry: Entry) -> None:
        """Make *entry* the head of its variant, in one step."""
        path = place / f"{entry.id}.json"
        old = _read_head(path)
        temporary = place / f"{secrets.token_hex(8)}.tmp"
        try:
            temporary.write_bytes(dumps(entry))
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        if old is None:
            _make_room(place, path)
        elif old.body != entry.body:
            (place / f"{old.body}.body").unlink(missing_ok=True)

    def lease(self, key: Key, mark: str, seconds: float) -> str:
        path = self._place(key) / "fetching.lease"
        return _guarded(lambda: leases.take(path, mark, seconds, self._clock()))

    def end_lease(self, key: Key, mark: str, private_for: float) -> None:
        path = self._place(key) / "fetching.lease"
        _guarded(lambda: leases.end(path, mark, private_for, self._clock()))

    def delete(self, key: Key) -> None:
        _guarded(lambda: _empty(self._place(key)))

    def delete_tag(self, tag: str) -> None:
        self._delete_where(lambda entry: tag in entry.tags)

    def delete_prefix(self, prefix: str) -> None:
        self._delete_where(lambda entry: entry.uri.startswith(prefix))

    def prune(self) -> int:
        """Remove what is too old, too much, or left by dead processes; count the heads."""
        before = self._clock() - 3600
        for path in self.folder.glob("*/*/*"):
            if path.suffix in {".tmp", ".body", ".lease"}:
                with contextlib.suppress(OSError):
                    if path.stat().st_mtime < before and not self._is_named(path):
                        path.unlink()
        now = self._clock()
        return self._delete_where(lambda entry: entry.until <= now) + self._shrink()

    def _shrink(self) -> int:
        """Remove what was stored or renewed longest ago, until the rest is within the bound."""
        found = []
        for head in self.folder.glob("*/*/*.json"):
            with contextlib.suppress(OSError, StoreError):
                entry = _read_head(head)
                body = head.with_name(f"{entry.body}.body") if entry else head
                found.append(
                    (head.stat().st_mtime, head.stat().st_size, body.stat().st_size, head, body)
                )
        left, count = sum(size + more for _, size, more, _, _ in found), 0
        for _, size, more, head, body in sorted(found):
            if left <= self.max_bytes:
                break
            for path in (head, body):
                _guarded(lambda path=path: path.unlink(missing_ok=True))  # type: ignore[misc]
            left, count = left - size - more, count + 1
        return count

    def _is_named(self, path: Path) -> bool:
        heads = (_read_head(head) for head in _heads(path.parent))
        return any(entry is not None and f"{entry.body}.body" == path.name for entry in heads)

    def _delete_where(self, condemned: Callable[[Entry], bool]) -> int:
        def delete() -> int:
            count = 0
            for path in self.folder.glob("*/*/*.json"):
                entry = _read_head(path)
                if entry is None or condemned(entry):
                    path.unlink(missing_ok=True)
                    count += 1
                    if entry is not None:
                        (path.parent / f"{entry.body}.body").unlink(missing_ok=True)
            return count

        return _guarded(delete)

    def close(self) -> None:
        """Nothing is held open."""


class _FileWriter:
    """Writes a body beside its place, and names it when it is complete."""

    def __init__(self, store: FileCacheStore, place: Path) -> None:
        self._store, self._place = store, place
        self._file: IO[bytes] | None = None
        _guarded(self._start)

    def _start(self) -> None:
        self._place.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.NamedTemporaryFile(  # noqa: SIM115  closed by commit or abort
            dir=self._place, suffix=".tmp", delete=False
        )

    def write(self, block: bytes) -> None:
        file = self._file
        if file is not None:
            _guarded(lambda: file.write(block))

    def commit(self, entry: Entry) -> None:
        file, self._file = self._file, None
        if file is None:
            return

        def name() -> None:
            with file:
                size = file.tell()
            try:
                self._place.mkdir(parents=True, exist_ok=True)
                Path(file.name).replace(self._place / f"{entry.body}.body")
                self._store.replace_head(self._place, entry.changed(size=size))
            except OSError:
                Path(file.name).unlink(missing_ok=True)
                raise

        _guarded(name)

    def abort(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()
            _guarded(lambda: Path(file.name).unlink(missing_ok=True))


class _FilePart:
    """Bytes *start* to *stop* of an open file."""

    def __init__(self, file: IO[bytes], start: int, stop: int) -> None:
        self._file, self._start, self._stop = file, start, stop

    def __iter__(self) -> Iterator[bytes]:
        left = self._stop - self._start
        self._file.seek(self._start)
        while left > 0:
            block = self._file.read(min(BLOCK, left))
            if not block:
                raise StoreError("a stored body ended early")  # the client must not think it whole
            left -= len(block)
            yield block

    def close(self) -> None:
        self._file.close()


def _heads(place: Path) -> list[Path]:
    try:
        names = [name for name in os.listdir(place) if name.endswith(".json")]  # noqa: PTH208  faster
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StoreError(f"cannot look into a folder: {error}") from None
    return [place / name for name in names[:MAX_VARIANTS]]


def _make_room(place: Path, new: Path) -> None:
    """Remove the variants that were stored or renewed longest ago where there are too many."""
    with os.scandir(place) as found:
        heads = [item for item in found if item.name.endswith(".json") and item.name != new.name]
    if len(heads) < MAX_VARIANTS:
        return
    with contextlib.suppress(FileNotFoundError):  # another process makes room as well
        heads.sort(key=lambda item: item.stat().st_mtime_ns)
    for item in heads[: len(heads) + 1 - MAX_VARIANTS]:
        entry = _read_head(place / item.name)
        (place / item.name).unlink(missing_ok=True)
        if entry is not None:
            (place / f"{entry.body}.body").unlink(missing_ok=True)


def _read_head(path: Path) -> Entry | None:
    try:
        return loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"cannot read a head: {error}") from None


def _empty(place: Path) -> None:
    for path in _heads(place):  # heads first: what no head names is not served
        path.unlink(missing_ok=True)
    if place.is_dir():
        for path in place.glob("*.body"):
            path.unlink(missing_ok=True)


def _guarded(operation: Callable[[], T]) -> T:
    try:
        return operation()
    except OSError as error:
        raise StoreError(f"the cache's folder failed: {error}") from None
