"""Build every wheel twice and compare: a release can be made again, byte for byte."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def build(project: Path, folder: Path) -> dict[str, str]:
    """Build one wheel; return its name and digest."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, project],
        check=True, stdout=subprocess.DEVNULL, env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"},
    )  # fmt: skip
    return {w.name: hashlib.sha256(w.read_bytes()).hexdigest() for w in folder.glob("*.whl")}


def main() -> int:
    different = []
    for project in sorted(ROOT.glob("packages/*/pyproject.toml")):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            first = build(project.parent, Path(one))
            same = first == build(project.parent, Path(two))
        for name, digest in first.items():
            print(f"{'same' if same else 'DIFFERENT'}  {digest[:16]}  {name}", flush=True)
        different += [] if same else list(first)
    return bool(different)


if __name__ == "__main__":
    sys.exit(main())
