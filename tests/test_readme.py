"""The README's programs run, and its first screen stays one."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
BLOCKS = [(language, code) for language, code in BLOCK.findall(README)]


def blocks(language):
    return [code for found, code in BLOCKS if found == language]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder as the README assumes it, with something static in it."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "hello.txt").write_text("hello from a file\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_first_screen_has_both_commands_and_both_programs_in_25_lines_at_most():
    screen = "".join(README.partition("\n\n")[0])
    assert len(screen.splitlines()) <= 25
    assert "`make demo`" in screen
    assert "`make test`" in screen
    assert [language for language, _ in BLOCK.findall(f"{screen}\n")] == ["python", "ini"]


def run_program(code):
    """Run the README's program; return the names that it made."""
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    return names


def test_the_program_stacks_three_layers_on_a_plain_function(folder):
    from tropea.core.testing import TestApp

    code = blocks("python")[0]
    assert len(code.strip().splitlines()) <= 10
    app = run_program(code)["app"]
    assert len(app.layers) == 4
    visitor = TestApp(app)
    assert visitor.get("/").body == b"This is visit number 1.\n"
    assert visitor.get("/").body == b"This is visit number 2.\n"
    answer = visitor.get("/hello.txt")
    assert answer.body == b"hello from a file\n"
    again = visitor.get("/hello.txt", HTTP_IF_NONE_MATCH=answer.get_header("ETag"))
    assert again.status.startswith("304")
    assert (folder / "sessions.db").is_file()


def test_the_ini_file_makes_the_same_stack(folder, monkeypatch):
    from paste.deploy import loadapp

    from tropea.core.testing import TestApp

    code = blocks("python")[0]
    (folder / "hello.py").write_text(code)
    (folder / "hello.ini").write_text(blocks("ini")[0])
    monkeypatch.syspath_prepend(folder)
    try:
        app = loadapp(f"config:{folder}/hello.ini")
    finally:
        sys.modules.pop("hello", None)
    visitor = TestApp(app)
    assert [visitor.get("/").body[-3:] for _ in range(2)] == [b"1.\n", b"2.\n"]
    found = []
    while hasattr(app, "app"):
        found.append(type(app).__name__)
        app = app.app
    assert found == [type(layer).__name__ for layer in run_program(code)["app"].layers[:-1]]


@pytest.mark.parametrize(
    "command",
    [["-m", "waitress", "--listen=127.0.0.1:0", "hello:app"],
     ["-m", "gunicorn", "--bind=127.0.0.1:0", "--paste", "hello.ini"]],
    ids=["waitress", "gunicorn"],
)  # fmt: skip
def test_both_are_served_as_it_says(folder, command):
    (folder / "hello.py").write_text(blocks("python")[0])
    (folder / "hello.ini").write_text(blocks("ini")[0])
    process = subprocess.Popen(
        [sys.executable, *command], cwd=folder, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        address = None
        for line in process.stdout:
            if address := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        assert address, "the server told no address"
        with urllib.request.urlopen(f"{address[0]}/", timeout=20) as answer:
            assert answer.read() == b"This is visit number 1.\n"
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_the_commands_that_it_names_are_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    for command in set(re.findall(r"\bmake ([a-z]+)", README)):
        assert re.search(rf"^{command}:", makefile, re.M), command


def test_every_package_has_its_row():
    for package in ROOT.glob("packages/*/tests"):
        assert f"packages/{package.parent.name}" in README, package.parent.name


def test_every_link_to_a_file_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target
