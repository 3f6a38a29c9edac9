"""Run the unit tests that are quick, on two processes: `make check` is for every save.

A test module whose run takes longer than SHARE is left to `make test`, which runs everything.  The
figures stand in tools/unit_times.json; ``python tools/unit.py --measure`` takes them anew.  A module
without a figure is run.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMES = Path(__file__).with_name("unit_times.json")
SHARE = 0.3
"""Seconds of one module."""
PYTEST = [sys.executable, "-m", "pytest", "--no-header", "-m", "not slow"]


def modules() -> list[str]:
    """Name every test module of the packages, as a path from the root."""
    return sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("packages/*/tests/**/test_*.py"))


def measure() -> dict[str, float]:
    """Run everything once, package by package, and add up the seconds of each module."""
    dotted = {name.removesuffix(".py").replace("/", "."): name for name in modules()}
    seconds: dict[str, float] = defaultdict(float)
    with tempfile.TemporaryDirectory() as folder:
        for tests in sorted(ROOT.glob("packages/*/tests")):
            report = Path(folder, "report.xml")
            subprocess.run([*PYTEST, f"--junitxml={report}", tests], cwd=ROOT)
            for case in ET.parse(report).iter("testcase"):
                # Not its "file": a contract's tests stand in the module of the contract.
                module = re.match(r"(.*?\.test_\w+)", case.get("classname", ""))
                if module:
                    seconds[dotted[module[1]]] += float(case.get("time", 0))
    return {name: round(value, 1) for name, value in seconds.items()}


def halves(chosen: list[str], times: dict[str, float]) -> tuple[list[str], list[str]]:
    """Share the packages out so that both processes are busy for about as long."""
    load: dict[str, float] = defaultdict(float)
    for name in chosen:
        load[name.split("/")[1]] += times.get(name, SHARE) + 0.05  # and its import
    sides: tuple[list[str], list[str]] = ([], [])
    totals = [0.0, 0.0]
    for package in sorted(load, key=lambda name: -load[name]):
        lighter = totals.index(min(totals))
        totals[lighter] += load[package]
        sides[lighter].extend(name for name in chosen if name.split("/")[1] == package)
    return sides


def main() -> int:
    if sys.argv[1:] == ["--measure"]:
        TIMES.write_text(json.dumps(measure(), indent=0, sort_keys=True) + "\n")
        return 0
    times = json.loads(TIMES.read_text()) if TIMES.exists() else {}
    everything = modules()
    chosen = [name for name in everything if times.get(name, 0) <= SHARE]
    running = [subprocess.Popen([*PYTEST, *side], cwd=ROOT) for side in halves(chosen, times) if side]
    failed = [process for process in running if process.wait()]
    left = len(everything) - len(chosen)
    print(f"unit: {len(chosen)} test modules run; {left} longer ones are left to make test")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
