"""Every test that a page names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs" / "asvs.md", ROOT / "packages" / "sessions" / "docs-asvs.md"]


def named(page):
    """Yield (file, test) for each name in the form `file.py::test`, `…::test` being in the file before."""
    base = ROOT if page.is_relative_to(ROOT / "docs") else page.parent / "tests"
    file = None
    for name in re.findall(r"`([\w/.…-]+\.py(?:::[\w:…]+)?|…::\w+)`", page.read_text()):
        path, _, test = name.partition("::")
        if path != "…":
            file = base / path
        yield file, test.rpartition("::")[2]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_test_that_a_line_names_exists(page):
    found = list(named(page))
    assert len(found) > 15
    for file, test in found:
        assert file.is_file(), file
        if test:
            text = "".join(other.read_text() for other in [file, *ROOT.glob("packages/*/src/tropea/*/testing.py")])
            assert re.search(rf"def {test}\(", text), f"{file.name}::{test}"
