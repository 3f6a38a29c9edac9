"""Build the wheels once, then test each package alone on every Python that is found.

Every environment holds exactly core and the package under test, from their wheels.  A Python that
is declared but not here is named and skipped; one that TROPEA_REQUIRE names (``python3.12``) must
be there.  A few lines are printed of what passes; what fails comes last, and whole: a builder's page
often keeps only a part of a long log.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
DECLARED = ("3.11", "3.12", "3.13", "3.14", "3.15")
TESTED = ("3.11", "3.12", "3.13")
#: How tox begins a line about an environment, and its verdict.
ABOUT = re.compile(r"(py\d+-\w+): (OK|SKIP|FAIL)?")
#: What pytest says of a suite that passed and is worth reading: how many, and what was left out.
TELLING = re.compile(r"\d+ passed|SKIPPED|RERUN|XPASS|.*\bWarning\b")


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


def told(lines: Iterable[str], failed: dict[str, list[str]]) -> Iterator[str]:
    """Keep what matters of tox's *lines*; what the environments that fail print goes to *failed*.

    tox writes an environment's output in one piece, and its verdict before it.
    """
    name = ""
    for line in lines:
        if about := ABOUT.match(line):
            name, verdict = about.groups()
            if verdict:
                yield line
            if verdict == "FAIL":
                failed[name] = []
        if name in failed:
            failed[name].append(line)
        elif TELLING.match(line):
            yield f"    {line}"


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
        return tested(wanted, environ)


def tested(names: list[str], environ: dict[str, str]) -> int:
    """Run the environments *names*, two or more at once; tell of those that fail last."""
    command = [sys.executable, "-m", "tox", "run-parallel", "--parallel", str(os.cpu_count() or 2),
               "--parallel-no-spinner", "--recreate", "-e", ",".join(names)]  # fmt: skip
    failed: dict[str, list[str]] = {}
    whole: list[str] = []
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace",
    ) as tox:  # fmt: skip
        assert tox.stdout is not None
        for line in told((whole.append(line) or line for line in tox.stdout), failed):
            print(line, end="", flush=True)
    if tox.returncode:  # tox may have failed for itself, and name no environment
        print("".join(line for lines in failed.values() or [whole] for line in lines), end="")
    return tox.returncode


if __name__ == "__main__":
    sys.exit(main())
