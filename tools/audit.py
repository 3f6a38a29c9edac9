"""Ask an advisory service about everything that is installed here beside us; `tox -e audit` runs it.

    python tools/audit.py [options of pip-audit]

What the service does not know fails: an audit that looked at nothing is no audit.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path


def main(options: list[str]) -> int:
    found = {d.name.lower(): d.version for d in distributions() if not d.name.startswith("tropea")}
    lines = [f"{name}=={version}\n" for name, version in sorted(found.items())]
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "requirements.txt")
        listed.write_text("".join(lines), encoding="utf-8")
        command = ["pip-audit", "--strict", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
        return subprocess.run([*command, "--requirement", listed, *options], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
