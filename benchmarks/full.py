"""Every row of the design's table of speed, ours and the peers in one interleaved run.

    .venv/bin/python benchmarks/full.py [--rounds 15] [--only onion,sessions] [--write]

Prints the rows; with ``--write`` also benchmarks/results.json and benchmarks/RESULTS.md.  Answers
are checked before anything is timed; a peer that is not installed is left out and named.  CPU
time, medians of interleaved rounds; the cost of the loop and the call is taken off.
"""

import argparse
import importlib
import json
import os
import platform
import warnings
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from timing import measure, ratio

HERE = Path(__file__).parent
MODULES = (
    "requests", "matching", "objects", "sessions", "caching", "static", "rewriting", "onion",
)  # fmt: skip
PEERS = ("falcon", "bottle", "pyramid", "flask", "werkzeug", "webob", "beaker", "whitenoise")


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
        if not name.startswith("Tropea"):
            low, middle, high = ratio(ours, figure)
            lines.append({"peer": name, "value": middle, "quartiles": [low, high], "limit": None})
    return [{key: rounded(value) for key, value in line.items()} for line in lines]


def quartiles_of(figure):
    ordered = sorted(figure.rounds)
    return ordered[len(ordered) // 4], figure.us, ordered[3 * len(ordered) // 4]


def rounded(value):
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, 3) if isinstance(value, float) else value


def run(modules, rounds):
    results = []
    for name in modules:
        for row in importlib.import_module(f"rows_{name}").rows():
            figures, missing = measure(row, rounds)
            result = {
                "concern": row.concern, "case": row.case, "given": row.given, "missing": missing,
                "us": {figure.name: round(figure.us, 3) for figure in figures},
                "ratios": judged(row, figures),
            }  # fmt: skip
            results.append(result)
            print(f"{row.concern}: {row.case}")
            print("   ", ", ".join(f"{n} {us:.2f} us" for n, us in result["us"].items()))
            for line in result["ratios"]:
                print("   ", spoken(line))
    return results


def spoken(line):
    low, high = line["quartiles"]
    what = f"{line['value']:.3g} x {line['peer']}" if line["peer"] else f"{line['value']:.2f} us"
    text = f"{what} ({low:.3g} to {high:.3g})"
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


def table(results, rounds, day):
    """Write the Markdown page."""
    peers = ", ".join(f"{name} {number}" for name, number in versions().items())
    lines = [
        "# Tropea beside its peers", "",
        f"Measured on {day} by `make bench-full`: {machine()}, a machine shared with other work.",
        f"Peers: {peers}.", "",
        f"CPU time, medians of {rounds} interleaved rounds; every answer was checked before it was "
        "timed.  Ratios are medians of the rounds' ratios, with their quartiles; less is better.  "
        "The µs hold for this machine only; differences below a tenth are none.", "",
    ]  # fmt: skip
    behind, missed = [], []
    for concern in dict.fromkeys(result["concern"] for result in results):
        rows = [result for result in results if result["concern"] == concern]
        lines += [f"## {concern[0].upper()}{concern[1:]}", "", f"Given: {rows[0]['given']}.", ""]
        lines += ["| case | µs | Tropea's ratio to | target |", "|---|---|---|---|"]
        for row in rows:
            us = "<br>".join(f"{name} {value:.2f}" for name, value in row["us"].items())
            ratios, targets = [], []
            for line in row["ratios"]:
                low, high = line["quartiles"]
                if line["peer"]:
                    ahead = " **(the peer is ahead)**" if line["value"] > 1 else ""
                    ratios.append(f"{line['peer']} {line['value']:.3g} ({low:.3g}–{high:.3g}){ahead}")
                    if ahead:
                        behind.append(f"{concern}, {row['case']}: {line['peer']} ({line['value']:.2f})")
                if line["limit"] is not None:
                    met = line["value"] <= line["limit"]
                    unit = f"× {line['peer']}" if line["peer"] else "µs"
                    targets.append(f"≤ {line['limit']} {unit}: {'met' if met else '**missed**'}")
                    if not met:
                        missed.append(f"{concern}, {row['case']}: {line['value']:.3g}, wanted {line['limit']} {unit}")
            cells = [row["case"], us, "<br>".join(ratios) or "–", "<br>".join(targets) or "–"]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    lines += ["## Where a peer is ahead", "", *(f"- {one}" for one in behind or ["nowhere in this run"]), ""]
    lines += ["## Targets missed", "", *(f"- {one}" for one in missed or ["none in this run"]), ""]
    return "\n".join(lines)


def main():
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default=",".join(MODULES))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    results = run(options.only.split(","), options.rounds)
    if options.write:
        day = datetime.now(UTC).date().isoformat()
        document = {
            "date": day, "machine": machine(), "peers": versions(), "rounds": options.rounds,
            "rows": results,
        }  # fmt: skip
        text = json.dumps(document, indent=1, ensure_ascii=False)
        (HERE / "results.json").write_text(text + "\n")
        (HERE / "RESULTS.md").write_text(table(results, options.rounds, day))


if __name__ == "__main__":
    main()
