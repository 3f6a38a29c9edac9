"""Run every harness for some seconds each; a finding is kept in fuzz/findings and ends the run.

    python fuzz/run.py [seconds]
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def main() -> int:
    if importlib.util.find_spec("atheris") is None:
        print("fuzz: SKIPPED, atheris is not installed (pip install atheris)")
        return 0
    from harness import HARNESSES

    seconds = sys.argv[1] if len(sys.argv) > 1 else "20"
    findings = HERE / "findings"
    findings.mkdir(exist_ok=True)
    failed = []
    for name in HARNESSES:
        with tempfile.TemporaryDirectory() as grown:  # the seeds stay small
            command = [sys.executable, HERE / "harness.py", name, f"-max_total_time={seconds}", "-timeout=5",
                       "-max_len=4096", f"-artifact_prefix={findings}/{name}-", grown, HERE / "corpus" / name]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True)
        last = [line for line in done.stderr.splitlines() if line.startswith("Done")]
        print(f"{name}: {last[0] if last else done.stderr[-1500:]}", flush=True)
        if done.returncode:
            failed.append(name)
    print(f"fuzz: {', '.join(failed)} failed" if failed else "fuzz: nothing found")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
