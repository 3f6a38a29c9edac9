"""The arrows point down, and nobody can turn one round unseen."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(p.parent.name for p in ROOT.glob("packages/*/src") if p.parent.name != "core")


def lint(tree):
    """Run the import contracts on the packages below *tree*."""
    sources = [str(p) for p in tree.glob("packages/*/src")]
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"],
        cwd=tree, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sources)},
    )  # fmt: skip


@pytest.fixture
def tree(tmp_path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for source in ROOT.glob("packages/*/src"):
        shutil.copytree(source, tmp_path / source.relative_to(ROOT), ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_contracts_hold(tree):
    answer = lint(tree)
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [("sessions", "caching"), ("static", "rewrite"), ("dispatch", "sessions"), ("core", "dispatch")],
)
def test_a_planted_sibling_import_is_found(tree, package, forbidden):
    planted = tree / f"packages/{package}/src/tropea/{package}/planted.py"
    planted.write_text(f"import tropea.{forbidden}\n")
    answer = lint(tree)
    assert answer.returncode == 1
    assert f"tropea.{package}.planted -> tropea.{forbidden}" in answer.stdout


def test_every_package_is_named_in_the_contracts():
    import tomllib

    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    independent = next(c for c in told["contracts"] if c["type"] == "independence")
    assert sorted(independent["modules"]) == [f"tropea.{name}" for name in PACKAGES]
    assert sorted(told["root_packages"]) == sorted([*independent["modules"], "tropea.core"])


def test_every_package_is_in_the_matrix_and_among_the_extras():
    tox = (ROOT / "tox.ini").read_text()
    extras = (ROOT / "packages/tropea/pyproject.toml").read_text()
    for name in PACKAGES:
        assert f"    {name}: python {{tox_root}}/tools/alone.py tropea-core tropea-{name}\n" in tox
        assert f'{name} = ["tropea-{name}>=1.0,<2"]' in extras
