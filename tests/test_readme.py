"""The README's programs run, and its first screen stays one."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
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
    """A folder as the README assumes it: something static in it, and a place for data."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "hello.txt").write_text("hello from a file\n")
    (tmp_path / "var").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_first_screen_has_both_commands_both_programs_and_25_lines_at_most():
    screen = README.partition("\n## ")[0]
    first = "\n".join(README.splitlines()[:25])
    assert "make demo" in first
    assert "make test" in first
    assert len(screen.splitlines()) <= 25
    assert len(BLOCK.findall(screen)) == 3


def run_program(code):
    """Run the README's program up to its server; return the names that it made."""
    program, server = re.split(r"^(?=.*serve\()", code, maxsplit=1, flags=re.M)
    assert server.count("\n") == 1
    names = {}
    exec(compile(program, "README.md", "exec"), names)
    return names


def test_the_program_stacks_three_layers_on_a_plain_function(folder):
    from tropea.core.testing import TestApp

    (code,) = blocks("python")[:1]
    assert len(code.strip().splitlines()) <= 12
    app = run_program(code)["app"]
    assert len(app.layers) == 4
    visitor = TestApp(app)
    assert b"1" in visitor.get("/").body
    assert b"2" in visitor.get("/").body
    answer = visitor.get("/static/hello.txt")
    assert answer.body == b"hello from a file\n"
    again = visitor.get("/static/hello.txt", HTTP_IF_NONE_MATCH=answer.get_header("ETag"))
    assert again.status.startswith("304")


def test_the_ini_file_makes_the_same_stack(folder):
    from paste.deploy import loadapp

    (ini,) = blocks("ini")[:1]
    (code,) = blocks("python")[:1]
    (folder / "hello.py").write_text(code.partition("serve(")[0])
    (folder / "app.ini").write_text(ini)
    sys.path.insert(0, str(folder))
    try:
        app = loadapp(f"config:{folder}/app.ini")
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("hello", None)
    found = []
    while hasattr(app, "app"):
        found.append(type(app).__name__)
        app = app.app
    assert found == [type(layer).__name__ for layer in run_program(code)["app"].layers[:-1]]


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
