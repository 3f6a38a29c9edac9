"""What an import brings along: layers stay light, and no warning is an error."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(ROOT.glob("packages/*/src"))
PROJECTS = {
    file.parent.name: tomllib.loads(file.read_text())["project"]
    for file in ROOT.glob("packages/*/pyproject.toml")
}
PACKAGES = [source.parent.name for source in SOURCES]
FILTERS = sorted(
    (package, name, target)
    for package, project in PROJECTS.items()
    for name, target in project.get("entry-points", {}).get("paste.filter_factory", {}).items()
)
#: Modules that cost much and that no layer needs before its first request.
HEAVY = {
    "webob", "multipart", "http.server", "http.client", "urllib.request", "asyncio", "paste",
    "redis", "sqlalchemy", "pymemcache", "cryptography", "dogpile", "openapi_core",
    "multiprocessing", "unittest", "xml", "argon2", "bcrypt",
}  # fmt: skip


def interpreters():
    """Every Python of 3.11, 3.12 and 3.13 that is found here."""
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for version in ("3.11", "3.12", "3.13"):
        for candidate in [shutil.which(f"python{version}"), *versions.glob(f"{version}.*/bin/python")]:
            if version in found or candidate is None:
                continue
            told = subprocess.run(
                [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                capture_output=True, text=True,
            )  # fmt: skip
            if told.stdout.strip() == version:
                found[version] = str(candidate)
    return found


def modules_after(code, python=sys.executable):
    """Run *code* in a fresh process where every warning is an error; return sys.modules."""
    # What the packages depend on is pure Python, so one copy of it serves every interpreter.
    source = f"import sys; sys.path[:0] = {[str(s) for s in SOURCES]!r}\n"
    source += f"sys.path.append({sysconfig.get_path('purelib')!r})\n{code}\n"
    source += "import json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [python, "-W", "error", "-c", source], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def heavy_in(modules):
    plain = modules_after("")
    return sorted(name for name in HEAVY & modules if name not in plain)


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_brings_nothing_heavy(package):
    assert heavy_in(modules_after(f"import tropea.{package}")) == []


@pytest.mark.parametrize(("package", "name", "target"), FILTERS, ids=lambda part: str(part))
def test_importing_a_layer_brings_nothing_heavy(package, name, target):
    module, _, attribute = target.partition(":")
    assert heavy_in(modules_after(f"from {module} import {attribute}")) == []


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_warns_about_nothing(package, version):
    python = interpreters().get(version)
    if python is None:
        if f"python{version}" in os.environ.get("TROPEA_REQUIRE", "").split(","):
            pytest.fail(f"Python {version} is required here and is not installed")
        pytest.skip(f"Python {version} is not installed")
    modules_after(f"import tropea.{package}", python)


def test_a_heavy_import_would_be_seen():
    found = heavy_in(modules_after("import http.server"))
    assert found == ["http.client", "http.server"]


def test_static_files_need_little_of_the_standard_library():
    """The import stays cheap because of what is not in it; email alone costs several ms."""
    brought = modules_after("import tropea.static") - modules_after("")
    assert not brought & {"email", "http.server", "zipfile", "tempfile", "mimetypes", "socket"}


def test_every_package_of_layers_has_an_entry_point_for_ini_files():
    told = {package for package, _, _ in FILTERS}
    assert {"core", "sessions", "caching", "rewrite", "static"} <= told
