"""pytest runs the contracts on what an option names, and is left alone where none is given."""

from __future__ import annotations

import subprocess
import sys

import pytest

LAYERS = """
from tropea.core.layer import Layer
from tropea.core.testing import LayerContract


def good(app):
    return lambda environ, start_response: app(environ, start_response)


def gathering(app):
    def layer(environ, start_response):
        body = app(environ, start_response)
        try:
            return [b"".join(body)]
        finally:
            getattr(body, "close", lambda: None)()

    return layer


class TestGathering(LayerContract):
    buffers = True

    def make_layer(self, app):
        return gathering(app)
"""


@pytest.fixture
def run(tmp_path):
    (tmp_path / "mylayers.py").write_text(LAYERS)
    (tmp_path / "test_of_theirs.py").write_text("def test_theirs(): pass\n")

    def pytest_with(*arguments, ini=""):
        (tmp_path / "pytest.ini").write_text(f"[pytest]\n{ini}")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return pytest_with


def test_a_layer_that_an_option_names_is_tried_and_nothing_else(run):
    code, said = run("--layer", "mylayers:good")
    assert code == 0, said
    assert "44 passed, 1 skipped" in said
    assert "test_of_theirs" not in said


def test_a_layer_that_breaks_the_protocol_fails_by_the_names_of_its_rows(run):
    code, said = run("--layer", "mylayers:gathering", "-rf")
    assert code == 1
    assert "layer=mylayers:gathering::Test_mylayers_gathering::test_w14_" in said
    assert "test_w20_the_servers_file_wrapper_is_handed_on_untouched" in said


def test_a_class_of_tests_says_what_its_layer_does_on_purpose(run):
    code, said = run("--layer", "mylayers:TestGathering")
    assert code == 0, said


def test_a_project_can_ask_for_it_in_its_configuration(run):
    ini = "tropea_contracts =\n    layer=mylayers:good\n"
    code, said = run(ini=ini)
    assert (code, "45 passed, 1 skipped" in said) == (0, True), said
    code, said = run("test_of_theirs.py", ini=ini)
    assert (code, "1 passed" in said) == (0, True), said


def test_without_the_option_nothing_is_added(run):
    code, said = run()
    assert (code, "1 passed" in said) == (0, True), said


def test_several_are_tried_in_one_run_beside_files_that_are_named(run):
    code, said = run(
        "--layer", "mylayers:good", "--contract", "layer=mylayers:good", "test_of_theirs.py"
    )
    assert (code, "89 passed, 2 skipped" in said) == (0, True), said


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--layer", "mylayers:nothing"), "has no 'nothing'"),
        (("--layer", "mylayers"), "expected KIND=MODULE:NAME"),
        (("--layer", "nomodule:x"), "nomodule"),
        (("--contract", "teapot=mylayers:good"), "no contract for 'teapot'; installed: "),
    ],
)
def test_what_names_nothing_is_said_in_one_line(run, arguments, reason):
    code, said = run(*arguments)
    assert code == pytest.ExitCode.USAGE_ERROR
    assert reason in said
    assert "Traceback" not in said


def test_the_plugin_imports_nothing_that_a_run_without_it_would_not():
    code = (
        "import pytest, sys; before = set(sys.modules); import tropea.core.testing.plugin;"
        "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - before}))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(said.stdout.split()) <= {"tropea", "__future__"}
