"""The documents say what is true: their examples run and the tests they name exist."""

import ast
import inspect
import pathlib
import re

from tropea.sessions.testing import StoreContract

HERE = pathlib.Path(__file__).parent


def test_every_test_that_the_checklist_names_exists():
    text = (HERE.parent / "docs-asvs.md").read_text(encoding="utf-8")
    known = {}
    for path in HERE.glob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        known[path.name] = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    known["test_store_contract.py"] |= {n for n, _ in inspect.getmembers(StoreContract)}
    named, module = 0, None
    for reference in re.findall(r"`((?:test_\w+\.py|…)(?:::[\w…]+)*)`", text):
        name, *rest = reference.split("::")
        module = module if name == "…" else name
        assert module in known
        if rest:
            assert rest[-1] in known[module], reference
            named += 1
    assert named >= 25


def test_the_checklist_has_every_line_of_the_chapter():
    """OWASP ASVS 5.0, V7: each line has a test, or says that it is the application's business."""
    lengths = {"7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 3, "7.6": 2}
    chapter = [f"{part}.{n}" for part, length in lengths.items() for n in range(1, length + 1)]
    text = (HERE.parent / "docs-asvs.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    rows = [row for row in rows if row and re.fullmatch(r"\d+\.\d+\.\d+", row[0])]
    assert [row[0] for row in rows if row[0].startswith("7.")] == chapter
    for number, _, here, test in rows:
        assert "`test_" in test or "the application's" in here, number


def test_the_readmes_python_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (HERE.parent / "README.md").read_text(encoding="utf-8")
    first = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    names = {}
    exec(compile(first, "README.md", "exec"), names)
    started = []
    environ = {"REQUEST_METHOD": "GET", "wsgi.url_scheme": "http"}
    body = names["app"](environ, lambda status, headers: started.append(status))
    assert (b"".join(body), started) == (b"1", ["200 OK"])
    names["app"].store.close()
