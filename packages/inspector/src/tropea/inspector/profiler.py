"""Profile requests, the sending of their bodies included."""

from __future__ import annotations

import cProfile
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.closing import close
from tropea.core.errors import OptionError
from tropea.core.layer import Layer
from tropea.core.options import load_object
from tropea.inspector.hiding import Hider
from tropea.inspector.profiles import Profile, ProfileShelf

# From Python 3.12 on, a process has one profiler at a time: a request that meets another one
# being profiled runs without.
_BUSY = threading.Lock()
_UNSAFE = re.compile(r"[^A-Za-z0-9.\-]+")
_LONGEST = 100


@dataclass(frozen=True)
class ProfilerOptions:
    """The options of ProfilerMiddleware.

    enabled: must be said: a profiled request takes several times as long.
    every: profile one request in so many.
    keep: profiles in memory, for the inspector's page.
    folder: where ``.prof`` files are written as well; nowhere when None.
    files: that are written there; further requests write none.
    """

    enabled: bool = False
    every: int = 1
    keep: int = 20
    folder: Path | None = None
    files: int = 200


class ProfilerMiddleware(Layer):
    """Profile requests with cProfile, from the call to the end of the body.

    One request of a process is profiled at a time.  The profiles are on the inspector's page.
    """

    Options: ClassVar[type] = ProfilerOptions
    options: ProfilerOptions

    def prepare(self) -> None:
        if not self.options.enabled:
            raise OptionError(
                "ProfilerMiddleware: is for development: say enabled=True to start it"
            )
        for name in ("every", "keep", "files"):
            if getattr(self.options, name) < 1:
                raise OptionError(f"ProfilerMiddleware: {name}: expected 1 or more")
        self.profiles = ProfileShelf(self.options.keep)
        self._seen = 0
        self._names = _Names(self.options.files)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._seen += 1
        if self._seen % self.options.every or not _BUSY.acquire(blocking=False):
            return self.app(environ, start_response)
        try:
            run = _Run(environ, self._keep)
            body: Iterable[bytes] = run.step(self.app, environ, start_response)
        except BaseException:
            run.finish()
            raise
        if isinstance(body, (list, tuple)):
            run.finish()
            return body
        return _Profiled(body, run)

    def _keep(self, run: _Run) -> None:
        hider = Hider(run.environ)
        path = hider.scrub(run.environ.get("SCRIPT_NAME", "") + run.environ.get("PATH_INFO", ""))[
            :300
        ]
        method = hider.scrub(run.environ.get("REQUEST_METHOD", ""))[:20]
        profile = Profile(self.profiles.next_number(), method, path, run.seconds, run.stats())
        self.profiles.add(profile)
        name = self._names.of(path)
        if self.options.folder is not None and name is not None:
            self.options.folder.mkdir(parents=True, exist_ok=True)
            (
                self.options.folder
                / f"{method.lower()[:10] if method.isalpha() else 'other'}{name}.prof"
            ).write_bytes(profile.dump())


class _Run:
    """The profiling of one request, which may stop and go on."""

    def __init__(self, environ: WSGIEnvironment, keep: Callable[[_Run], object]) -> None:
        self.environ, self._keep = environ, keep
        self._profiler = cProfile.Profile()
        self._open = True
        self.seconds = 0.0

    def step(self, call: Callable[..., Any], *args: Any) -> Any:
        """Make one call under the profiler."""
        if not self._open:
            return call(*args)
        began = time.perf_counter()
        try:
            self._profiler.enable()
        except ValueError:  # somebody else's profiler runs
            return call(*args)
        try:
            return call(*args)
        finally:
            self._profiler.disable()
            self.seconds += time.perf_counter() - began

    def stats(self) -> Any:
        """Return what was seen, as a ``.prof`` file has it."""
        self._profiler.create_stats()
        return self._profiler.stats

    def finish(self) -> None:
        """Keep the profile, once."""
        if self._open:
            self._open = False
            try:
                self._keep(self)
            finally:
                _BUSY.release()


class _Profiled:
    """A body whose steps are profiled."""

    __slots__ = ("_body", "_run", "_steps")

    def __init__(self, body: Iterable[bytes], run: _Run) -> None:
        self._body, self._run = body, run
        self._steps: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._steps is None:
            self._steps = iter(self._body)
        block: bytes = self._run.step(next, self._steps)
        return block

    def close(self) -> None:
        body, self._body = self._body, ()
        try:
            close(body)
        finally:
            self._run.finish()


class _Names:
    """Names of files for paths: safe, and so many."""

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


def safe_name(path: str) -> str:
    """Turn a path into a part of a file name.

    >>> safe_name("/debug-info"), safe_name("/"), safe_name("/../../etc/passwd")
    ('_debug-info', '_', '_._._etc_passwd')
    """
    return re.sub(r"\.{2,}", ".", _UNSAFE.sub("_", path))[:_LONGEST] or "_"


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
        if name is None or not _BUSY.acquire(blocking=False):
            return app(environ, start_response)
        blocks: list[bytes] = []

        def run() -> None:
            body = app(environ, start_response)
            try:
                blocks.extend(body)
            finally:
                close(body)

        try:
            runctx("run()", {"run": run}, {}, filename=f"{prefix}{name}.profile")
        finally:
            _BUSY.release()
        return blocks

    return profiled


def profile_import(name: str, filename: str) -> Any:
    """Import ``pkg.mod:app`` under the profiler; write *filename*; return what was imported."""
    found: list[Any] = []
    run = {"load": lambda: found.append(load_object(name))}
    cProfile.runctx("load()", run, {}, filename=filename)
    return found[0]
