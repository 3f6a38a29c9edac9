"""Look at what threads do, so many times a second, and remember the stacks that were seen."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType

from tropea.core import probing
from tropea.inspector.callstacks import Function, Stacks, stats_of
from tropea.inspector.profiles import Profile

_DEEPEST, _MOST = 150, 2000
_IDLE = 1.0  #: seconds without work after which the sampler's thread ends
_PROBES = probing.__file__  #: what stands between the layers only to look is not shown
_ELSEWHERE: Function = ("~", 0, "(further stacks)")


class Samples:
    """The stacks that were seen of one request, or of many; at most 2,000 different ones.

    >>> samples = Samples()
    >>> samples.add((), 0.5)
    >>> samples.taken, samples.seconds
    (1, 0.5)
    """

    def __init__(self) -> None:
        self.taken = 0
        self.seconds = 0.0
        self._seen: dict[tuple[int, ...], tuple[int, float]] = {}  # how many, and seconds
        self._codes: dict[int, CodeType] = {}  # keeps what the keys name alive
        self._lock = threading.Lock()

    def add(self, stack: tuple[CodeType, ...], seconds: float, times: int = 1) -> None:
        """Remember that a stack, the outermost function first, was seen for some seconds."""
        # A code object is slow to hash: its address stands for it.
        key = tuple(map(id, stack))
        with self._lock:
            if key not in self._seen and len(self._seen) >= _MOST:
                key = ()
            elif key not in self._seen:
                self._codes.update(zip(key, stack, strict=True))
            old = self._seen.get(key, (0, 0.0))
            self._seen[key] = old[0] + times, old[1] + seconds
            self.taken += times
            self.seconds += seconds

    def merge(self, other: Samples) -> None:
        """Add what was seen elsewhere."""
        for stack, times, seconds in other.rows():
            self.add(stack, seconds, times)

    def rows(self) -> list[tuple[tuple[CodeType, ...], int, float]]:
        """Return stacks with how many times and seconds each was seen."""
        with self._lock:
            return [(tuple(self._codes[i] for i in key), *row) for key, row in self._seen.items()]

    def stacks(self) -> Stacks:
        """Return stacks of functions, with how many times and seconds each was seen."""
        found: Stacks = {}
        for codes, times, seconds in self.rows():
            functions = (_function(code) for code in codes if code.co_filename != _PROBES)
            key = tuple(functions) or (_ELSEWHERE,)
            old = found.get(key, (0, 0.0))
            found[key] = old[0] + times, old[1] + seconds
        return found


def _function(code: CodeType) -> Function:
    return code.co_filename, code.co_firstlineno, code.co_qualname


def profile_of(samples: Samples, number: int, method: str, path: str, seconds: float) -> Profile:
    """Make a profile of samples."""
    stacks = samples.stacks()
    return Profile(number, method, path, seconds, stats_of(stacks), "samples", stacks)


class Together:
    """The samples of all requests."""

    def __init__(self) -> None:
        self.requests, self.seconds = 0, 0.0
        self._samples = Samples()
        self._lock = threading.Lock()

    def add(self, samples: Samples, seconds: float) -> None:
        """Add those of one request, which took *seconds*."""
        self._samples.merge(samples)
        with self._lock:
            self.requests += 1
            self.seconds += seconds

    def profile(self) -> Profile:
        """Make one profile of all."""
        return profile_of(self._samples, 0, "all", f"{self.requests} requests", self.seconds)


class Sampler:
    """Takes samples of the calls that are watched, in a thread that ends when there is no work.

    interval: seconds between two looks.  While it runs, threads hand over the interpreter that
    often, too: otherwise it would look only where the application waits.
    """

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self._watched: dict[int, tuple[FrameType, Samples]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self, samples: Samples) -> Iterator[None]:
        """Take samples of this thread's calls within the block."""
        frame = sys._getframe(2)  # of who says ``with``  # noqa: SLF001
        with self._lock:
            self._watched[id(frame)] = frame, samples
            # A thread does not survive a fork.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                del self._watched[id(frame)]
            del frame

    @property
    def running(self) -> bool:
        """Whether the thread is there."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def _run(self) -> None:
        with _hurried(self.interval):
            self._look_again()

    def _look_again(self) -> None:
        looked = worked = time.perf_counter()
        while True:
            time.sleep(self.interval)
            now = time.perf_counter()
            with self._lock:
                watched = dict(self._watched)
                if watched:
                    worked = now
                elif now - worked > _IDLE:
                    self._thread = None
                    return
            if watched:
                look(watched, now - looked)
            looked = now


_HURRY = threading.Lock()
_hurries: list[float] = []  #: what was there before the first, then the intervals of who samples


@contextmanager
def _hurried(interval: float) -> Iterator[None]:
    """Let threads hand over the interpreter every *interval* seconds within the block."""
    with _HURRY:
        if not _hurries:
            _hurries.append(sys.getswitchinterval())
        _hurries.append(interval)
        sys.setswitchinterval(min(_hurries))
    try:
        yield
    finally:
        with _HURRY:
            _hurries.remove(interval)
            sys.setswitchinterval(min(_hurries))
            if len(_hurries) == 1:
                _hurries.clear()


def look(watched: Mapping[int, tuple[FrameType, Samples]], seconds: float) -> None:
    """Add the stack of each thread that is within a watched call; it stands for *seconds*."""
    for top in sys._current_frames().values():  # noqa: SLF001
        stack: list[CodeType] = []
        frame: FrameType | None = top
        while frame is not None and id(frame) not in watched:
            stack.append(frame.f_code)
            frame = frame.f_back
        # Where greenlets share a thread, the one at work may be somebody else's.
        if frame is not None and watched[id(frame)][0] is frame:
            watched[id(frame)][1].add(tuple(reversed(stack[-_DEEPEST:])), seconds)
