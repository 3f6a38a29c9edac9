"""Profile requests, the sending of their bodies included."""

from __future__ import annotations

import cProfile
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.closing import close
from tropea.core.errors import OptionError
from tropea.core.layer import Layer
from tropea.inspector.hiding import Hider
from tropea.inspector.profilefiles import BUSY, Folder
from tropea.inspector.profiles import Profile, ProfileShelf
from tropea.inspector.sampling import Sampler, Samples, Together, profile_of

log = logging.getLogger("tropea.inspector")


@dataclass(frozen=True)
class ProfilerOptions:
    """The options of ProfilerMiddleware.

    enabled: must be said: a profiled request takes several times as long.
    every: profile one request in so many.
    keep: profiles in memory, for the inspector's page.
    folder: where ``.prof`` files are written as well; nowhere when None.
    files: that may be in that folder; further requests write none.
    how: ``calls`` counts every call of one request at a time; ``samples`` looks at the stacks of
        all requests every *interval* seconds, which costs much less.
    interval: seconds between two looks of ``samples``, from 0.0005 to 1.
    """

    enabled: bool = False
    every: int = 1
    keep: int = 20
    folder: Path | None = None
    files: int = 200
    how: Literal["calls", "samples"] = "calls"
    interval: float = 0.002


class ProfilerMiddleware(Layer):
    """Profile requests, from the call to the end of the body.

    With ``how="calls"`` one request of a process is profiled at a time, by cProfile; with
    ``how="samples"`` all are, and one more profile is made of all of them together.
    The profiles are on the inspector's page.
    """

    Options: ClassVar[type] = ProfilerOptions
    options: ProfilerOptions

    def prepare(self) -> None:
        options = self.options
        if not options.enabled:
            raise OptionError(
                "ProfilerMiddleware: is for development: say enabled=True to start it"
            )
        for name in ("every", "keep", "files"):
            if getattr(options, name) < 1:
                raise OptionError(f"ProfilerMiddleware: {name}: expected 1 or more")
        if not 0.0005 <= options.interval <= 1:
            raise OptionError("ProfilerMiddleware: interval: expected seconds from 0.0005 to 1")
        self.profiles = ProfileShelf(options.keep)
        self.sampler = Sampler(options.interval)
        self.together = Together()
        if options.how == "samples":
            self.profiles.whole = self.together.profile
        self._seen = 0
        self._folder = Folder(options.folder, options.files)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._seen += 1
        if self._seen % self.options.every:
            return self.app(environ, start_response)
        if self.options.how == "samples":
            run: _Run = _SampledRun(environ, self._keep, self.sampler)
        elif BUSY.acquire(blocking=False):
            run = _CountedRun(environ, self._keep)
        else:
            return self.app(environ, start_response)
        try:
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
        path = run.environ.get("SCRIPT_NAME", "") + run.environ.get("PATH_INFO", "")
        path = hider.scrub(path)[:300]
        method = hider.scrub(run.environ.get("REQUEST_METHOD", ""))[:20]
        if isinstance(run, _SampledRun):
            self.together.add(run.samples, run.seconds)
            if not run.samples.taken:
                return  # it was over before anybody looked
        profile = run.profile(self.profiles.next_number(), method, path)
        self.profiles.add(profile)
        self._folder.write(method, path, profile.dump)


class _Run(ABC):
    """The profiling of one request, which may stop and go on."""

    def __init__(self, environ: WSGIEnvironment, keep: Callable[[Any], object]) -> None:
        self.environ, self._keep = environ, keep
        self._open = True
        self.seconds = 0.0

    def step(self, call: Callable[..., Any], *args: Any) -> Any:
        """Make one call under the profiler."""
        if not self._open:
            return call(*args)
        began = time.perf_counter()
        try:
            return self._watched(call, *args)
        finally:
            self.seconds += time.perf_counter() - began

    @abstractmethod
    def _watched(self, call: Callable[..., Any], *args: Any) -> Any: ...

    @abstractmethod
    def profile(self, number: int, method: str, path: str) -> Profile:
        """Make a profile of what was seen."""

    def finish(self) -> None:
        """Keep the profile, once; what goes wrong with it is logged and no business of clients."""
        if self._open:
            self._open = False
            try:
                self._keep(self)
            except Exception:
                log.exception("a profile could not be kept")


class _CountedRun(_Run):
    """Counts calls with cProfile."""

    def __init__(self, environ: WSGIEnvironment, keep: Callable[[Any], object]) -> None:
        super().__init__(environ, keep)
        self._profiler = cProfile.Profile()

    def _watched(self, call: Callable[..., Any], *args: Any) -> Any:
        try:
            self._profiler.enable()
        except ValueError:  # somebody else's profiler runs
            return call(*args)
        try:
            return call(*args)
        finally:
            self._profiler.disable()

    def profile(self, number: int, method: str, path: str) -> Profile:
        self._profiler.create_stats()
        stats: Any = self._profiler.stats
        return Profile(number, method, path, self.seconds, stats)

    def finish(self) -> None:
        was_open = self._open
        try:
            super().finish()
        finally:
            if was_open:
                BUSY.release()


class _SampledRun(_Run):
    """Has its stacks looked at."""

    def __init__(
        self, environ: WSGIEnvironment, keep: Callable[[Any], object], sampler: Sampler
    ) -> None:
        super().__init__(environ, keep)
        self.samples, self._sampler = Samples(), sampler

    def _watched(self, call: Callable[..., Any], *args: Any) -> Any:
        with self._sampler.watch(self.samples):
            return call(*args)

    def profile(self, number: int, method: str, path: str) -> Profile:
        return profile_of(self.samples, number, method, path, self.seconds)


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
