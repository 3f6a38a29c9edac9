"""`tropea create`: the project that it makes passes its own tests, is served, and is seen in a browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TROPEA = [sys.executable, "-m", "tropea.cli"]
NAME = "daily-recipes"


def environment(**more):
    return {**os.environ, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", **more}


def run(folder, *command, code=0):
    done = subprocess.run(
        [*map(str, command)], cwd=folder, env=environment(), text=True, capture_output=True, timeout=300, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def project(tmp_path):
    run(tmp_path, *TROPEA, "create", NAME)
    return tmp_path / NAME


def test_a_new_project_passes_its_own_tests_and_those_of_new_controllers(project):
    run(project, *TROPEA, "controller", "about-us")
    run(project, *TROPEA, "restcontroller", "recipes")
    told = run(project, sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider")
    assert re.search(r"\b8 passed", told), told


def test_nothing_is_wrong_with_its_ini_and_every_command_works_on_it(project):
    assert "ran daily_recipes.setup:run" in run(project, *TROPEA, "setup-app", "development.ini")
    assert (project / "var").is_dir()
    assert "nothing to find fault with" in run(project, *TROPEA, "check", "development.ini", "--strict")
    names = re.findall(r"\b\w+(?=  \()", run(project, *TROPEA, "onion", "development.ini"))
    assert names[:5] == [
        "StatusRedirectMiddleware", "ErrorMiddleware", "StaticMiddleware", "ConditionalMiddleware",
        "SessionMiddleware",
    ]  # fmt: skip
    routes = run(project, *TROPEA, "routes", "development.ini")
    assert "/error/<status>" in routes
    assert "answers" in run(project, *TROPEA, "match", "development.ini", "GET", "/")
    assert "1 time." in run(project, *TROPEA, "request", "development.ini", "/")
    traced = run(project, *TROPEA, "request", "development.ini", "/nothing", "--trace", "--status-exit", code=4)
    assert "There is nothing here." in traced
    assert "SessionMiddleware" in traced
    assert "StaticMiddleware" in run(project, *TROPEA, "profile", "development.ini", "/", "-n", "5")
    assert "HelloController" in run(project, *TROPEA, "grep", "HelloController")


NEEDED = ("tropea", "core", "errors", "rewrite", "static", "caching", "sessions", "dispatch", "cli")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The wheels that a new project asks for, of this tree."""
    pytest.importorskip("build")
    out, copies = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("sources")
    for name in NEEDED:
        copy = copies / name
        ignored = shutil.ignore_patterns("__pycache__", "build", "*.egg-info", "tests")
        shutil.copytree(ROOT / "packages" / name, copy, ignore=ignored)
        run(copy, sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, copy)
    return sorted(out.glob("*.whl"))


def test_it_installs_into_a_fresh_environment_and_passes_its_tests_there(project, wheels):
    """As its README says, with the wheels of this tree in the place of an index's."""
    fresh, uv = project / ".venv", shutil.which("uv")
    python = fresh / "bin" / "python"
    if uv:
        run(project, uv, "venv", "--quiet", "--python", sys.executable, fresh)
        install = [uv, "pip", "install", "--quiet", "--python", python]
    else:
        run(project, sys.executable, "-m", "venv", fresh)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(project, *install, *wheels, "-e", ".[tests]")
    assert re.search(r"\b3 passed", run(project, python, "-m", "pytest", "-p", "no:cacheprovider"))
    tropea = fresh / "bin" / "tropea"
    run(project, tropea, "make-config", NAME, "production.ini")
    run(project, tropea, "check", "production.ini", "--strict")
    assert "1 time." in run(project, tropea, "request", "production.ini", "/")
    assert "1 time." in run(project, tropea, "request", "development.ini", "/")


@pytest.fixture
def browser():
    pytest.importorskip("selenium")
    from selenium import webdriver

    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        needed = "browser" in os.environ.get("TROPEA_REQUIRE", "").split(",")
        (pytest.fail if needed else pytest.skip)("there is no chromium with its driver here")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(programs[1]))
    yield driver
    driver.quit()


@pytest.fixture
def served(project):
    """Serve the project on a port of its own, and again whenever it is edited."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    run(project, *TROPEA, "setup-app", "development.ini")
    with open(project / "served.log", "w+") as told:
        process = subprocess.Popen(
            [*TROPEA, "serve", "development.ini", "--reload", "--port", str(port)],
            cwd=project, env=environment(), stderr=told, stdout=told,
        )  # fmt: skip
        yield f"http://127.0.0.1:{port}", process
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        told.seek(0)
        assert "Traceback" not in told.read()


def eventually(look, seconds=40):
    """Return what *look* finds, as soon as it finds something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "nothing to be seen"
        time.sleep(0.1)
    return found


def test_a_browser_sees_it_and_its_edits(served, project, browser):
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.common.by import By

    address, process = served

    def text():
        try:
            browser.get(address)
            return browser.find_element(By.TAG_NAME, "p").text
        except WebDriverException:
            assert process.poll() is None, "the server has ended"
            return ""

    def visits():
        return int((re.search(r"You have been here (\d+) time", text()) or (0, 0))[1])

    before = eventually(visits)
    assert eventually(visits) > before, "its cookie comes back"
    heading = browser.find_element(By.TAG_NAME, "h1")
    assert heading.value_of_css_property("color") == "rgba(142, 36, 83, 1)", "the style sheet is served"
    browser.get(f"{address}/nothing")
    assert browser.find_element(By.TAG_NAME, "p").text == "There is nothing here."
    assert browser.execute_script("return performance.getEntriesByType('navigation')[0].responseStatus") == 404

    page = project / "daily_recipes" / "controllers" / "hello.py"
    page.write_text(page.read_text().replace("You have been here", "You came back"))
    assert eventually(lambda: "You came back" in text())
