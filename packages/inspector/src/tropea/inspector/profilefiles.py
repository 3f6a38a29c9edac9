"""Write profiles to files: safe names, and so many; profile what is no request of a stack."""

from __future__ import annotations

import cProfile
import re
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.closing import close
from tropea.core.options import load_object
from tropea.inspector.profiles import IMPORTS, Profile

# From Python 3.12 on, a process has one profiler at a time: a request that meets another one
# being profiled runs without.
BUSY = threading.Lock()
_UNSAFE = re.compile(r"[^A-Za-z0-9.\-]+")
_LONGEST = 100


class Folder:
    """A folder with one file a path, and so many of them, whoever wrote them."""

    def __init__(self, path: Path | None, most: int) -> None:
        self._path, self._most = path, most
        self._lock = threading.Lock()

    def write(self, method: str, path: str, dump: Callable[[], bytes]) -> None:
        """Write a file, over an older one of the same path; not where there are enough others."""
        if self._path is None:
            return
        verb = method.lower()[:10] if method.isalpha() and method.isascii() else "other"
        file = self._path / f"{verb}{safe_name(path)}.prof"
        with self._lock:
            self._path.mkdir(parents=True, exist_ok=True)
            others = sum(1 for other in self._path.glob("*.prof") if other != file)
            if others < self._most:
                file.write_bytes(dump())


def safe_name(path: str) -> str:
    """Turn a path into a part of a file name.

    >>> safe_name("/debug-info"), safe_name("/"), safe_name("/../../etc/passwd")
    ('_debug-info', '_', '_._._etc_passwd')
    """
    return re.sub(r"\.{2,}", ".", _UNSAFE.sub("_", path))[:_LONGEST] or "_"


class _Names:
    """Names of files for paths, and so many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def of(self, path: str) -> str | None:
        name = safe_name(path)
        with self._lock:
            if name not in self._known and len(self._known) >= self._most:
                return None
            self._known.add(name)
        return name


def set_profile(
    app: WSGIApplication,
    runctx: Callable[..., object] = cProfile.runctx,
    prefix: str = "req",
    files: int = 200,
) -> WSGIApplication:
    """Run each request through *runctx*, one file a path: ``<prefix>_debug-info.profile``.

    The body is gathered, so that its making is seen, too.  files: that are written at most.
    """
    names = _Names(files)

    def profiled(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        name = names.of(environ.get("PATH_INFO", ""))
        if name is None or not BUSY.acquire(blocking=False):
            return app(environ, start_response)
        blocks: list[bytes] | None = None

        def run() -> None:
            nonlocal blocks
            blocks = []
            body = app(environ, start_response)
            try:
                blocks.extend(body)
            finally:
                close(body)

        try:
            runctx("run()", {"run": run}, {}, filename=f"{prefix}{name}.profile")
        except ValueError:
            if blocks is not None:  # it is the application's own
                raise
        finally:
            BUSY.release()
        # Somebody else's profiler may be running: then nothing was called.
        return app(environ, start_response) if blocks is None else blocks

    return profiled


def profile_import(name: str, filename: str | None = None) -> Any:
    """Import ``pkg.mod:app`` under the profiler; return what was imported.

    filename: of a ``.prof`` file to write.  The profile is on the inspector's page, too.

    >>> profile_import("colorsys:rgb_to_hsv").__name__
    'rgb_to_hsv'
    """
    profiler = cProfile.Profile()
    began = time.perf_counter()
    found = profiler.runcall(load_object, name)
    seconds = time.perf_counter() - began
    profiler.create_stats()
    stats: Any = profiler.stats
    profile = Profile(IMPORTS.next_number(), "import", name, seconds, stats)
    IMPORTS.add(profile)
    if filename is not None:
        Path(filename).write_bytes(profile.dump())
    return found
