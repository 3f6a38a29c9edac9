"""What is published: wheels that share a namespace and keep to themselves."""

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECTS = sorted(p.parent for p in ROOT.glob("packages/*/pyproject.toml"))
NAMES = [p.name for p in PROJECTS]


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """Every wheel, built afresh from a copy of what is committed and what is being worked on."""
    import shutil

    place = tmp_path_factory.mktemp("dist")
    sources = tmp_path_factory.mktemp("packages")
    built = {}
    for project in PROJECTS:
        copy = sources / project.name
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info", "tests"))
        out = place / project.name
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, copy],
            check=True, capture_output=True,
        )  # fmt: skip
        (wheel,) = out.glob("*.whl")
        built[project.name] = zipfile.ZipFile(wheel)
    return built


def metadata(wheel):
    (name,) = [n for n in wheel.namelist() if n.endswith(".dist-info/METADATA")]
    return Parser().parsestr(wheel.read(name).decode())


@pytest.mark.parametrize("name", NAMES)
def test_no_wheel_claims_the_namespace_for_itself(wheels, name):
    assert "tropea/__init__.py" not in wheels[name].namelist()
    assert not list(ROOT.glob("packages/*/src/tropea/__init__.py"))


@pytest.mark.parametrize("name", [n for n in NAMES if n != "tropea"])
def test_every_wheel_is_typed_and_holds_only_its_package(wheels, name):
    files = wheels[name].namelist()
    assert f"tropea/{name}/py.typed" in files
    assert f"tropea/{name}/__init__.py" in files
    strangers = [f for f in files if not f.startswith((f"tropea/{name}/", f"tropea_{name}-"))]
    assert strangers == []


def test_the_family_distribution_holds_nothing_but_extras(wheels):
    assert all(".dist-info/" in file for file in wheels["tropea"].namelist())
    extras = set(metadata(wheels["tropea"]).get_all("Provides-Extra"))
    assert extras == {n for n in NAMES if n not in ("tropea", "core")} | {"all"}


@pytest.mark.parametrize("name", NAMES)
def test_every_distribution_depends_on_core_and_on_no_sibling(wheels, name):
    required = [r for r in metadata(wheels[name]).get_all("Requires-Dist", []) if "extra ==" not in r]
    ours = [r for r in required if r.lower().startswith("tropea")]
    if name == "core":
        assert ours == []
    else:
        assert [r.replace(" ", "") for r in ours] in (["tropea-core<2,>=1.0"], ["tropea-core>=1.0,<2"])


@pytest.mark.parametrize("name", NAMES)
def test_every_distribution_says_what_it_is(wheels, name):
    told = metadata(wheels[name])
    assert told["Summary"]
    assert told["Requires-Python"] == ">=3.11"
    assert told["License-Expression"] == "BSD-3-Clause"
    assert told.get_payload().startswith("# tropea")
    for file in ("README.md", "CHANGELOG.md", "LICENSE"):
        assert (ROOT / "packages" / name / file).is_file()
