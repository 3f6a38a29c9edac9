"""Break things on purpose, one experiment after the other, each in a process of its own.

    python conformance/faults/run.py                # all of them, about half an hour
    python conformance/faults/run.py F01 F12        # some
    python conformance/faults/run.py --quick        # small sizes, to see that they run
    python conformance/faults/run.py --write        # and keep the figures: results.json, docs/reliability.md
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from faultkit import EXPERIMENTS, HERE, ROOT, Missing, kit

RESULTS = HERE / "results.json"
PAGE = ROOT / "docs" / "reliability.md"
MODULES = ("faults_redis", "faults_sql", "faults_files", "faults_sessions", "faults_caching", "faults_static", "faults_everywhere", "faults_servers")


def gather():
    for module in MODULES:
        __import__(module)
    return dict(sorted(EXPERIMENTS.items()))


def one(number):
    """Run one experiment here; the last line says how it went."""
    chosen = gather()[number]
    kit().Browser  # the first use of the kit loads it, which is no part of any figure
    began = time.monotonic()
    result = {"number": number}
    try:
        result |= {"outcome": "held", "figures": chosen.run()}
    except Missing as reason:
        result |= {"outcome": "not run", "figures": str(reason)}
    except Exception as problem:
        import traceback

        traceback.print_exc()
        result |= {"outcome": "FAILED", "figures": f"{type(problem).__name__}: {problem}"[:2000]}
    result["seconds"] = round(time.monotonic() - began, 1)
    print("\n" + json.dumps(result), flush=True)
    os._exit(result["outcome"] == "FAILED")  # whatever threads an experiment has left behind


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def table(results):
    rows = ["| | fault | what has to hold | measured |", "|---|---|---|---|"]
    for number, chosen in gather().items():
        result = results.get(number, {"outcome": "not run", "figures": ""})
        said = result["figures"] if result["outcome"] == "held" else f"**{result['outcome']}** {result['figures'][:300]}"
        rows.append(f"| {number} | {cell(chosen.fault)} | {cell(chosen.criterion)} | {cell(said)} |")
    return "\n".join(rows)


def write(results):
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    page = PAGE.read_text()
    made = re.sub(r"(% faults begin\n).*?(\n% faults end)", lambda m: m[1] + "\n" + table(results) + "\n" + m[2], page, flags=re.S)
    PAGE.write_text(made)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--one")
    options = parser.parse_args()
    if options.one:
        return one(options.one)
    if options.quick:
        os.environ["TROPEA_FAULTS_QUICK"] = "1"
    required = os.environ.get("TROPEA_REQUIRE", "")
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    failed = []
    for number, chosen in gather().items():
        if options.numbers and number not in options.numbers:
            continue
        print(f"{number} {chosen.fault}", flush=True)
        try:
            done = subprocess.run([sys.executable, __file__, "--one", number], capture_output=True, text=True,
                                  timeout=60 * (10 + 4 * chosen.minutes))  # fmt: skip
            result = json.loads(done.stdout.strip().splitlines()[-1])
            trace = done.stderr
        except (subprocess.TimeoutExpired, ValueError, IndexError) as problem:
            result, trace = {"number": number, "outcome": "FAILED", "figures": repr(problem), "seconds": 0}, ""
        print(f"    {result['outcome']} in {result['seconds']} s: {result['figures']}", flush=True)
        if result["outcome"] == "FAILED" or (result["outcome"] == "not run" and required):
            failed.append(number)
            print(trace[-4000:])
        results[number] = result
        if options.write and not options.quick:
            write(results)
    print(f"faults: {', '.join(failed)} failed" if failed else "faults: everything held")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
