"""What profilers see, in the form that pstats knows: functions, their callers, their seconds."""

from __future__ import annotations

from itertools import pairwise
from pathlib import PurePath
from typing import Any

Function = tuple[str, int, str]
#: As cProfile has it: calls without recursion, calls, own seconds, seconds in all, callers.
Stats = dict[Function, tuple[int, int, float, float, dict[Function, tuple[int, int, float, float]]]]
#: Stacks that were seen, the outermost function first: how many times, and seconds in all.
Stacks = dict[tuple[Function, ...], tuple[int, float]]


def stats_of(stacks: Stacks) -> Stats:
    """Count stacks as cProfile counts calls: samples for calls.

    >>> main, work = ("a.py", 1, "main"), ("a.py", 5, "work")
    >>> stats_of({(main, work): (3, 0.3), (main,): (1, 0.1)})[work]
    (3, 3, 0.3, 0.3, {('a.py', 1, 'main'): (3, 3, 0.3, 0.3)})
    """
    rows: dict[Function, list[Any]] = {}
    for stack, (times, seconds) in stacks.items():
        leaf = stack[-1]
        for function in set(stack):
            row = rows.setdefault(function, [0, 0.0, 0.0, {}])
            row[0] += times
            row[1] += seconds if function == leaf else 0.0
            row[2] += seconds
        for caller, function in set(pairwise(stack)):
            last = function == leaf and caller == stack[-2]
            old = rows[function][3].get(caller, (0, 0, 0.0, 0.0))
            own = seconds if last else 0.0
            rows[function][3][caller] = (
                old[0] + times, old[1] + times, old[2] + own, old[3] + seconds,
            )  # fmt: skip
    return {f: (times, times, own, total, c) for f, (times, own, total, c) in rows.items()}


def label(function: Function) -> str:
    """Name a function: file and line in short, nothing of the folders."""
    file, line, name = function
    return name if file == "~" else f"{name} {PurePath(file).name}:{line}"
