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
from tropea.caching.stores.base import PRIVATE
from tropea.core.errors import OptionError
from tropea.core.stores import StoreError

T = TypeVar("T")
#: Bytes read and sent at a time.
BLOCK = 65536
#: Heads of one key that are looked at.
MAX_VARIANTS = 64


class FileCacheStore:
    """A store in a folder, which is made where it is missing.

    max_body: bytes of the longest body taken.
    clock: seconds since the epoch; for tests.

    ``prune`` removes what is too old to be used; call it from a timer.
    """

    def __init__(
        self,
        folder: str | Path,
        max_body: int = 1 << 30,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not str(folder):
            raise OptionError("FileCacheStore: expected a folder")
        self.folder = Path(folder)
        self.max_body = max_body
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
        if old is not None and old.body != entry.body:
            (place / f"{old.body}.body").unlink(missing_ok=True)

    def lease(self, key: Key, mark: str, seconds: float) -> str:
        path = self._place(key) / "fetching.lease"
        return _guarded(lambda: self._take_lease(path, mark, seconds))

    def _take_lease(self, path: Path, mark: str, seconds: float) -> str:
        for _ in range(3):
            held = _read_lease(path)
            if held is not None and held[1] > self._clock():
                return held[0]
            if _make_lease(path, mark, self._clock() + seconds, anew=held is None):
                return mark
        return mark  # others come and go too fast: two may fetch the same

    def end_lease(self, key: Key, mark: str, private_for: float) -> None:
        path = self._place(key) / "fetching.lease"
        held = _read_lease(path)
        if held is None or held[0] != mark:
            return
        if private_for > 0:
            until = self._clock() + private_for
            _guarded(lambda: _make_lease(path, PRIVATE, until, anew=False))
        else:
            _guarded(lambda: path.unlink(missing_ok=True))

    def delete(self, key: Key) -> None:
        _guarded(lambda: _empty(self._place(key)))

    def delete_tag(self, tag: str) -> None:
        self._delete_where(lambda entry: tag in entry.tags)

    def delete_prefix(self, prefix: str) -> None:
        self._delete_where(lambda entry: entry.uri.startswith(prefix))

    def prune(self) -> int:
        """Remove what is too old to be used, and what dead processes left; count the heads."""
        before = self._clock() - 3600
        for path in self.folder.glob("*/*/*"):
            if path.suffix in {".tmp", ".body", ".lease"}:
                with contextlib.suppress(OSError):
                    if path.stat().st_mtime < before and not self._is_named(path):
                        path.unlink()
        now = self._clock()
        return self._delete_where(lambda entry: entry.until <= now)

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


def _read_head(path: Path) -> Entry | None:
    try:
        return loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"cannot read a head: {error}") from None


def _read_lease(path: Path) -> tuple[str, float] | None:
    """Return the mark of a lease and when it ends; None where there is none."""
    try:
        mark, _, until = path.read_text("utf-8", "replace").partition(" ")
        return mark, float(until or 0)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        return "", 0.0  # damaged: as if it had ended
    except OSError as error:
        raise StoreError(f"cannot read a lease: {error}") from None


def _make_lease(path: Path, mark: str, until: float, *, anew: bool) -> bool:
    """Write a lease in one step; False where *anew* and somebody else was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{secrets.token_hex(8)}.tmp")
    try:
        temporary.write_text(f"{mark} {until!r}", "utf-8")
        if not anew:
            temporary.replace(path)
            return True
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


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
