"""Every row of the design's table of speed, ours and the peers in one interleaved run.

    .venv/bin/python benchmarks/full.py --quick     about five minutes: fewer rounds, no largest sizes
    .venv/bin/python benchmarks/full.py --write     about ten: results.json, RESULTS.md and plots/
    .venv/bin/python benchmarks/full.py --only onion,sessions --rounds 5
    .venv/bin/python benchmarks/full.py --page      RESULTS.md and plots/ anew, from results.json

Answers are checked before anything is timed; a peer that is not installed is left out and named.
CPU time, medians of interleaved rounds; the cost of the loop and the call is taken off.  Then follow
import time and memory of each package, and requests over the wire.
"""

import argparse
import importlib
import json
import os
import platform
import sys
import time
import warnings
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import imports
import plots
import report
import wire
from timing import measure, ratio

HERE = Path(__file__).parent
MODULES = (
    "requests", "matching", "objects", "sessions", "caching", "static", "rewriting", "onion", "growth",
)  # fmt: skip
PEERS = (
    "falcon", "bottle", "fresco", "pyramid", "flask", "werkzeug", "webob", "beaker", "whitenoise",
    "hyperscan", "waitress", "gunicorn", "granian", "uwsgi",
)  # fmt: skip
#: Rows with more of something than this are left out of a quick run: they take long to set up.
QUICK_SIZE = 1000


def judged(row, figures):
    """Compare our figure with each target, and with every peer that has none."""
    ours, *others = figures
    known = {figure.name: figure for figure in others}
    lines = []
    for target in row.targets:
        if not target.peer:
            low, middle, high = quartiles_of(ours)
            lines.append({"peer": "", "value": middle, "quartiles": [low, high], "limit": target.limit})
        elif target.peer in known:
            low, middle, high = ratio(ours, known.pop(target.peer))
            lines.append(
                {"peer": target.peer, "value": middle, "quartiles": [low, high], "limit": target.limit}
            )
    for name, figure in known.items():
        if not name.startswith(report.NO_PEER):
            low, middle, high = ratio(ours, figure)
            lines.append({"peer": name, "value": middle, "quartiles": [low, high], "limit": None})
    return [{key: rounded(value) for key, value in line.items()} for line in lines]


def quartiles_of(figure):
    ordered = sorted(figure.rounds)
    return ordered[len(ordered) // 4], figure.us, ordered[3 * len(ordered) // 4]


def rounded(value):
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value


def run(modules, rounds, largest=None):
    """Measure the rows of *modules*, and say each as it is measured."""
    results = []
    for name in modules:
        for row in importlib.import_module(f"rows_{name}").rows():
            if largest and row.size > largest:
                continue
            figures, missing = measure(row, rounds)
            result = {
                "concern": row.concern, "case": row.case, "given": row.given, "missing": missing,
                "curve": row.curve, "size": row.size, "flat": row.flat,
                "us": {figure.name: round(figure.us, 3) for figure in figures},
                "ratios": judged(row, figures),
            }  # fmt: skip
            results.append(result)
            print(f"{row.concern}: {row.case}")
            print("   ", ", ".join(f"{n} {us:.2f} us" for n, us in result["us"].items()))
            for line in result["ratios"]:
                print("   ", spoken(line), flush=True)
    return results


def spoken(line):
    low, high = line["quartiles"]
    what = f"{line['value']:.3g} x {line['peer']}" if line["peer"] else f"{line['value']:.2f} us"
    text = f"{what} ({low:.3g} to {high:.3g})"
    if line["peer"] and line["value"] > 1:
        text += ", the peer is ahead"
    if line["limit"] is None:
        return text
    return f"{text}, target {line['limit']}: {'met' if line['value'] <= line['limit'] else 'MISSED'}"


def machine():
    """Name the class of the machine, and nothing that tells which one it is."""
    model = platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        names = [l for l in cpus.read_text().splitlines() if l.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, CPython {platform.python_version()}"


def versions():
    found = {}
    for name in PEERS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def write(document):
    """Write the figures, the page and the plots."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (HERE / "results.json").write_text(text + "\n")
    write_page(document)


def write_page(document):
    (HERE / "RESULTS.md").write_text(report.page(document))
    folder = HERE / "plots"
    folder.mkdir(exist_ok=True)
    for name, svg in plots.all_of(document).items():
        (folder / name).write_text(svg)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and no largest sizes")
    parser.add_argument("--rounds", type=int, help="15; 7 when quick")
    parser.add_argument("--only", default="", help=f"some of {','.join(MODULES)},imports,wire")
    parser.add_argument("--write", action="store_true", help="results.json, RESULTS.md and plots/")
    parser.add_argument("--page", action="store_true", help="only RESULTS.md and plots/, from results.json")
    options = parser.parse_args()
    if options.write and (options.only or options.quick):
        parser.error("--write is for whole runs")
    options.rounds = options.rounds or (7 if options.quick else 15)
    return options


def main():
    warnings.simplefilter("ignore")
    options, began = arguments(), time.monotonic()
    if options.page:
        write_page(json.loads((HERE / "results.json").read_text()))
        return
    wanted = options.only.split(",") if options.only else [*MODULES, "imports", "wire"]
    # Imports first: they start small processes, and this one is still small itself.
    costs = imports.run(2 if options.quick else 5) if "imports" in wanted else {}
    rows = run(
        [name for name in MODULES if name in wanted], options.rounds, QUICK_SIZE if options.quick else None
    )
    wired = wire.run(1, 1 if options.quick else 3) if "wire" in wanted else {"given": "", "missing": [], "rows": []}
    document = {
        "date": datetime.now(UTC).date().isoformat(), "machine": machine(), "peers": versions(),
        "command": "make bench-full" if options.write else " ".join(["full.py", *sys.argv[1:]]),
        "rounds": options.rounds, "minutes": round((time.monotonic() - began) / 60, 1),
        "rows": rows, "imports": costs, "wire": wired,
    }  # fmt: skip
    text = report.page(document)
    print(text[text.index("## Where a peer is ahead") :] if not options.only else "")
    if options.write:
        write(document)


if __name__ == "__main__":
    main()
