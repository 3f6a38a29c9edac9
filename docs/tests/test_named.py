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


def test_every_test_module_of_the_rfc_table_exists_and_every_row_has_one(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    import tropea_docs

    rows = [(rfc, package, tropea_docs.tests_of(package, tuple(sorted(modules)), rfc))
            for rfc, packages in tropea_docs.citations().items() for package, (_, modules) in packages.items()]  # fmt: skip
    for _, package, stems in rows:
        for stem in stems:
            assert (ROOT / "packages" / package / "tests" / f"{stem}.py").is_file(), (package, stem)
    assert [(rfc, package) for rfc, package, stems in rows if not stems] == []


def test_what_is_named_by_hand_is_needed_and_exists(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    import tropea_docs

    cited = tropea_docs.citations()
    for (rfc, package), stems in tropea_docs.ASKED_BY_REQUEST.items():
        assert package in cited[rfc]
        assert tropea_docs.tests_of(package, tuple(sorted(cited[rfc][package][1])), rfc) == list(stems)
