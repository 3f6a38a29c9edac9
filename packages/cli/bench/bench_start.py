"""How long `tropea --help` takes to answer, beside other people's commands and Python itself.

A start is a whole process: CPU seconds of the child, user and system, median of several interleaved
rounds.  The target is 150 ms of wall time on a machine that does nothing else; `wall` is the best of
the rounds, the one that the others on this machine disturbed least.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 9
TARGET = 150.0
BIN = Path(sys.executable).parent
ROWS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "tropea --help": [sys.executable, "-m", "tropea.cli", "--help"],
    "tropea help serve": [sys.executable, "-m", "tropea.cli", "help", "serve"],
    "pserve --help": [str(BIN / "pserve"), "--help"],
    "flask --help": [str(BIN / "flask"), "--help"],
    "gunicorn --help": [str(BIN / "gunicorn"), "--help"],
}


def once(command: list[str]) -> tuple[float, float]:
    """Run a command; return the milliseconds of CPU and of wall time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(
        command, check=True, capture_output=True, env={**os.environ, "PYTHONWARNINGS": "ignore"}
    )
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu * 1e3, wall * 1e3


def main() -> int:
    rows = {name: command for name, command in ROWS.items() if shutil.which(command[0])}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in rows}
    for _ in range(ROUNDS):
        for name, command in rows.items():
            times[name].append(once(command))
    print(f"{'command':<20} {'CPU ms':>8} {'wall ms':>8}")
    for name, taken in times.items():
        cpu, wall = statistics.median(c for c, _ in taken), min(w for _, w in taken)
        mark = f"   target {TARGET:.0f}" if name == "tropea --help" else ""
        print(f"{name:<20} {cpu:8.0f} {wall:8.0f}{mark}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
