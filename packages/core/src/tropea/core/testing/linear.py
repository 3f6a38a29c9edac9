"""Hold a parser to linear time, on a busy machine too, without a limit on the clock."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

Thunk = Callable[[], object]

#: Seconds of CPU that the small call is repeated for: far above the clock's grain.
_WORTH_MEASURING = 0.0005


def assert_linear(
    call_with: Callable[[int], Thunk],
    small: int,
    *,
    factor: int = 4,
    ratio: float = 6.0,
    rounds: int = 5,
    attempts: int = 6,
) -> None:
    """See that *factor* times the input takes at most *ratio* times the CPU time.

    ``call_with(size)`` prepares an input of that size and returns the call to measure; preparing
    it is not measured.  Only the CPU time of this thread counts, the best of *rounds* taken in
    turn, and a busy machine gets *attempts* tries: quadratic time, a ratio of 16, fails them all.
    Raises AssertionError with the ratios that were seen.

    >>> assert_linear(lambda size: ("a," * size + "b").split, 2000)
    >>> assert_linear(lambda size: lambda: [0 for _ in range(size * size)], 100)
    Traceback (most recent call last):
    ...
    AssertionError: 4 times the input takes ... times the CPU time
    """
    few, many = call_with(small), call_with(small * factor)
    seen = []
    for _ in range(attempts):
        seen.append(_ratio(few, many, rounds))
        if seen[-1] <= ratio:
            return
    shown = ", ".join(f"{one:.1f}" for one in seen)
    raise AssertionError(f"{factor} times the input takes {shown} times the CPU time")


def _ratio(few: Thunk, many: Thunk, rounds: int) -> float:
    """Return how many times as long *many* takes: the best of each, measured in turn."""
    repeats = _repeats(few)
    collecting = gc.isenabled()
    gc.disable()
    try:
        times = [(_spent(few, repeats), _spent(many, repeats)) for _ in range(rounds)]
    finally:
        if collecting:
            gc.enable()
    return min(long for _, long in times) / max(min(short for short, _ in times), 1e-9)


def _repeats(call: Thunk) -> int:
    """Return how often *call* must run to be worth measuring."""
    repeats = 1
    while _spent(call, repeats) < _WORTH_MEASURING and repeats < 1 << 16:
        repeats *= 4
    return repeats


def _spent(call: Thunk, repeats: int) -> float:
    began = time.thread_time()
    for _ in range(repeats):
        call()
    return time.thread_time() - began
