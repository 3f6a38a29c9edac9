"""Build the wheels once, then test each package alone on every Python that is found.

Every environment holds exactly core and the package under test, from their wheels.  A Python that
is declared but not here is named and skipped; one that TROPEA_REQUIRE names (``python3.12``) must
be there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
DECLARED = ("3.11", "3.12", "3.13", "3.14", "3.15")
TESTED = ("3.11", "3.12", "3.13")


def packages() -> list[str]:
    """Name the packages that have tests, core first."""
    found = sorted(p.parent.name for p in ROOT.glob("packages/*/tests"))
    return sorted(found, key=lambda name: name != "core")


def runs_as(command: str | Path, version: str) -> bool:
    """Tell whether *command* really is that Python: a shim may be there and refuse to run."""
    try:
        answer = subprocess.run(
            [command, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True, text=True, timeout=30,
        )  # fmt: skip
    except OSError:
        return False
    return answer.stdout.strip() == version


def interpreter(version: str) -> Path | None:
    """Find a Python of *version*: this one, one on PATH, or one that pyenv keeps."""
    candidates = [Path(sys.executable)]
    on_path = shutil.which(f"python{version}")
    if on_path:
        candidates.append(Path(on_path))
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates += sorted(pyenv.glob(f"{version}.*/bin/python{version}"), reverse=True)
    return next((c for c in candidates if runs_as(c, version)), None)


def build_wheels() -> None:
    """Build every distribution into dist/, afresh, without asking an index."""
    shutil.rmtree(DIST, ignore_errors=True)
    for project in sorted(ROOT.glob("packages/*/pyproject.toml")):
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--no-isolation",
             "--outdir", DIST, project.parent],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        shutil.rmtree(project.parent / "build", ignore_errors=True)  # what setuptools leaves behind


def main() -> int:
    required = set(os.environ.get("TROPEA_REQUIRE", "").split(","))
    build_wheels()
    found = {}
    for version in DECLARED:
        path = interpreter(version)
        if path is not None:
            found[version] = path
        elif f"python{version}" in required:
            print(f"matrix: Python {version} is required and not here")
            return 1
        elif version in TESTED:
            print(f"matrix: SKIPPED Python {version}: none found on PATH or in pyenv")
    with tempfile.TemporaryDirectory() as shims:
        for version, path in found.items():  # tox finds them by name
            Path(shims, f"python{version}").symlink_to(path)
        names = [f"py{v.replace('.', '')}-{p}" for v in found for p in packages()]
        wanted = [n for n in names if not sys.argv[1:] or any(a in n for a in sys.argv[1:])]
        print(f"matrix: {len(wanted)} environments: {', '.join(found)} x {', '.join(packages())}")
        sys.stdout.flush()
        environ = {**os.environ, "PATH": f"{shims}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run(
            [sys.executable, "-m", "tox", "run-parallel", "--parallel", str(os.cpu_count() or 2),
             "--parallel-no-spinner", "--recreate", "-e", ",".join(wanted)],
            cwd=ROOT, env=environ,
        ).returncode  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
