"""Recorded answers of Pesto 25: alike, or different on purpose and said so."""

import json
from pathlib import Path

import pytest

from tropea.static import static_server

CASES = json.loads((Path(__file__).parent / "data" / "pesto.json").read_text())
#: Where we answer otherwise: the status, and why.
OTHERWISE = {
    "dir": 301,  # Pesto: 403; a folder with an index redirects to its slash
    "dir-slash": 200,  # Pesto: 403; the index is served
    "root": 404,  # Pesto: IndexError
    "ims-bad": 200,  # Pesto: TypeError; an invalid date is ignored
    "range": 206,  # Pesto has no ranges
}


@pytest.fixture
def app(tmp_path, fill):
    files = {
        "a.txt": "hello world", "b.bin": "b", "c.tar.gz": "c", "d.noext_zz": "d", "empty.css": "",
        "e f.html": "e", "sub/index.html": "index", ".hidden": "SECRET", "big.txt": "x" * 20_000,
        "../out.txt": "SECRET", "../docroot-secret/s.txt": "SECRET",
    }  # fmt: skip
    root = fill(tmp_path / "docroot", files)
    (root / "link.txt").symlink_to("../out.txt")
    return static_server(root)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_pesto_25(app, ask, case):
    request, recorded = case["request"], case["response"]
    answer = ask(app, request["path"], request["method"], request.get("headers", {}))
    assert b"SECRET" not in answer.body
    if case["id"] in OTHERWISE:
        assert case["ours"].startswith("differ")
        assert answer.status == OTHERWISE[case["id"]]
        return
    assert answer.status == int(recorded["status"][:3])
    if answer.status == 200:
        assert len(answer.body) == int(dict(recorded["headers"])["Content-Length"])
        assert answer["Last-Modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
