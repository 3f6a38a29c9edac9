"""A new project: written whole, never over anything, and working."""

import subprocess
import sys

import pytest


def test_a_project_is_written_whole(tropea, folder):
    answer = tropea("create", "daily-recipes")
    assert answer.returncode == 0
    project = folder / "daily-recipes"
    for file in ("pyproject.toml", "development.ini", "README.md", ".gitignore", "daily_recipes/wsgi.py",
                 "daily_recipes/controllers/hello.py", "daily_recipes/public/site.css", "tests/test_hello.py"):  # fmt: skip
        assert (project / file).is_file()
    for path in project.rglob("*.py"):
        compile(path.read_text(), str(path), "exec")
        assert "$" not in path.read_text().replace("${", "").replace("$text", "")


def test_nothing_is_ever_overwritten(tropea, folder):
    assert tropea("create", "shop").returncode == 0
    (folder / "shop" / "README.md").write_text("mine")
    answer = tropea("create", "shop")
    assert answer.returncode == 2
    assert "is there already: nothing was written" in answer.stderr
    assert (folder / "shop" / "README.md").read_text() == "mine"


@pytest.mark.parametrize("command", ["controller", "restcontroller"])
def test_a_controller_comes_with_its_test(tropea, folder, command):
    tropea("create", "shop")
    program = [sys.executable, "-m", "tropea.cli", command, "about-us"]
    answer = subprocess.run(program, cwd=folder / "shop", capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert "class AboutUsController" in (folder / "shop/shop/controllers/about_us.py").read_text()
    assert "AboutUsController" in (folder / "shop/tests/test_about_us.py").read_text()
    again = subprocess.run(program, cwd=folder / "shop", capture_output=True, text=True)
    assert again.returncode == 2
