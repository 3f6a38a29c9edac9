"""The benchmarks measure what they say: the answers, the page, the plots; no test here has a clock."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:pkg_resources")
#: Rows with more of something are the same code, and take long to set up.
LARGEST = 100


@pytest.fixture(scope="module")
def bench():
    """Import the benchmarks' modules by their plain names, and forget them afterwards."""
    sys.path.insert(0, str(HERE))
    mine = {file.stem for file in HERE.glob("*.py")}
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(HERE))
        for name in mine:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def rows(bench):
    modules = bench("full").MODULES
    return [row for name in modules for row in bench(f"rows_{name}").rows() if row.size <= LARGEST]


@pytest.fixture(scope="module")
def document():
    return json.loads((HERE / "results.json").read_text())


def test_every_contender_gives_the_expected_answer(rows):
    wrong, missing = [], set()
    for row in rows:
        for name, make in row.makers.items():
            try:
                answer = make().answer()
            except ImportError as error:
                missing.add(error.name)
                continue
            if answer != row.expected:
                wrong.append((row.concern, row.case, name, answer))
    assert not wrong
    if missing:
        pytest.skip(f"all that are here answer; not installed: {', '.join(sorted(missing))}")


CONCERNS = {
    "whole request": {"hello", "path parameter", "JSON", "query", "form"},
    "Response": {"text, made and called"},
    "request body": {"form", "JSON"},
    "layers": {"one that adds a field", "seven that do nothing"},
    "session in memory": {"untouched", "read", "written"},
    "session sealed cookie": {"read", "written"},
    "conditional layer": {"200, no condition", "304"},
    "HTTP cache": {"hit of 10 kB among 10 entries", "hit of 10 kB among 100,000 entries"},
    "static files": {"200, 1 kB", "200, 100 kB", "304 by tag", "304 by date", "206, 1 kB of 100 kB"},
    "rewriting": {"the last rule of 1,000", "no rule of 1,000"},
    "whole onion": {
        "session untouched, no rule fires", "session read, the client holds the tag: 304",
    },
    "matching": {
        f"{shape}, {count} routes"
        for shape in ("last parameter", "literal", "two parameters", "404", "405")
        for count in ("10", "100", "1,000", "10,000")
    },
}  # fmt: skip


def test_the_written_figures_have_every_row_that_has_a_target(document):
    written = {(row["concern"], row["case"]) for row in document["rows"]}
    assert {(concern, case) for concern, cases in CONCERNS.items() for case in cases} <= written
    assert document["wire"]["rows"]
    assert {"tropea.core, no webob", "tropea.sessions", "flask"} <= set(document["imports"])
    curves = {row["curve"].partition(":")[0] for row in document["rows"]}
    assert {"routes", "rules", "sessions", "entries of the HTTP cache", "files", "layers"} <= curves


def test_the_page_and_the_plots_are_made_from_the_written_figures(bench, document):
    assert (HERE / "RESULTS.md").read_text() == bench("report").page(document)
    plots = bench("plots").all_of(document)
    assert {file.name: file.read_text() for file in (HERE / "plots").glob("*.svg")} == plots
    for name in plots:
        assert f"plots/{name}" in (HERE / "RESULTS.md").read_text()


def test_plots_are_svg_that_asks_nobody_for_anything(document, bench):
    for name, svg in bench("plots").all_of(document).items():
        root = ElementTree.fromstring(svg)
        assert root.tag == "{http://www.w3.org/2000/svg}svg", name
        assert root.find("{http://www.w3.org/2000/svg}title").text
        assert "href" not in svg
        assert "url(" not in svg


def line(peer, value, limit=None):
    return {"peer": peer, "value": value, "quartiles": [value, value], "limit": limit}


def a_document(ratios, **more):
    row = {
        "concern": "soup", "case": "hot", "given": "a spoon", "missing": ["Ladle (ladle)"], "curve": "",
        "size": 0, "flat": None, "us": {"Tropea": 1.0, "Rival": 2.0}, "ratios": ratios,
    }  # fmt: skip
    return {
        "date": "2026-01-01", "machine": "a machine", "peers": {"Rival": "1"}, "command": "x",
        "rounds": 3, "minutes": 1.0, "rows": [row], "imports": {},
        "wire": {"given": "", "missing": ["wrk"], "rows": []}, **more,
    }  # fmt: skip


def part(page, heading):
    return page.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def test_a_peer_that_is_ahead_is_named_as_such_and_a_missed_target_too(bench):
    page = bench("report").page(a_document([line("Rival", 1.5, 1.2)]))
    assert "soup, hot: Rival, Tropea takes 1.50 times as long" in part(page, "Where a peer is ahead")
    assert "soup, hot: 1.5, wanted ≤ 1.2 × Rival" in part(page, "Targets missed")
    assert "**(the peer is ahead)**" in part(page, "Soup")


def test_a_peer_that_is_behind_is_not_called_ahead(bench):
    page = bench("report").page(a_document([line("Rival", 0.5, 0.6)]))
    assert "nowhere in this run" in part(page, "Where a peer is ahead")
    assert "none in this run" in part(page, "Targets missed")


def test_what_was_not_there_is_said(bench):
    page = bench("report").page(a_document([]))
    assert "Ladle (ladle)" in page
    assert "Skipped: there is no wrk on this machine." in page


def test_a_wrong_answer_ends_the_run_before_anything_is_timed(bench):
    timing = bench("timing")
    wrong = timing.Contender(lambda _: pytest.fail("it was timed"), lambda: None, lambda: "no")
    with pytest.raises(SystemExit, match="Rival answers 'no'"):
        timing.measure(timing.Row("soup", "hot", {"Rival": lambda: wrong}, "yes"), 1)


def test_who_is_not_installed_is_named_and_the_others_are_measured(bench):
    timing = bench("timing")

    def absent():
        import there_is_no_such_module  # noqa: F401

    fine = timing.function(lambda: None, lambda: "yes")
    row = timing.Row("soup", "hot", {"Tropea": lambda: fine, "Rival": absent}, "yes")
    figures, missing = timing.measure(row, 2)
    assert [(figure.name, len(figure.rounds)) for figure in figures] == [("Tropea", 2)]
    assert missing == ["Rival (there_is_no_such_module)"]


def test_the_applications_of_the_wire_answer_alike(bench, tmp_path, monkeypatch):
    from tropea.core.testing import TestApp

    wire = bench("wire")
    monkeypatch.setattr(sys, "path", [*sys.path])
    expected = wire.prepare(tmp_path)
    for name, cases in wire.APPS.items():
        monkeypatch.setenv("WIRE_APP", name)
        monkeypatch.delitem(sys.modules, "wire_app", raising=False)
        app = TestApp(importlib.import_module("wire_app").app)
        for case in cases:
            answer = app.get(wire.CASES[case])
            assert (answer.status[:3], answer.body) == ("200", expected[case]), (name, case)
    for module in [name for name in sys.modules if name == "wire_app" or name.partition(".")[0] == "onion"]:
        del sys.modules[module]


def test_without_wrk_the_wire_is_skipped_by_name(bench, monkeypatch):
    wire = bench("wire")
    monkeypatch.setattr(wire, "program", lambda name: None)
    assert wire.run(1, 1) == {"given": wire.GIVEN, "missing": ["wrk"], "rows": []}
