"""The pages as a reader gets them: built without a warning, and seen in a browser."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent
_spec = importlib.util.spec_from_file_location("docs_pictures", DOCS / "pictures.py")
pictures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pictures)
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("html")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html",
         "-d", str(tmp_path_factory.mktemp("doctrees")), str(DOCS), str(folder)],
        text=True, capture_output=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return folder


@pytest.fixture(params=[1280, 400], ids=["wide", "telephone"])
def browser(request):
    pytest.importorskip("selenium")
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        needed = "browser" in os.environ.get("TROPEA_REQUIRE", "").split(",")
        (pytest.fail if needed else pytest.skip)("there is no chromium with its driver here")
    with pictures.chromium(*programs, request.param, 1200) as driver:
        yield driver


PAGES = ["index", "tutorial/index", "order", "rfc", "packages/sessions", "howto/flask",
         "coming-from/poorwsgi", "decisions/index", "api/core", "speed", "documentation"]  # fmt: skip


def test_every_page_fits_and_asks_nobody_for_anything(built, browser):
    for name in PAGES:
        browser.get(f"file://{built}/{name}.html")
        width, room = browser.execute_script(
            "return [document.documentElement.scrollWidth, window.innerWidth]"
        )
        assert width <= room, f"{name} is wider than the window"
        assert [line for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []
    asked = [entry["message"] for entry in browser.get_log("performance") if "requestWillBeSent" in entry["message"]]
    addresses = {address for text in asked for address in re.findall(r'"url":"([a-z-]+)://', text)}
    assert addresses <= {"file", "data"}, addresses


def test_the_picture_can_be_read(built, browser):
    browser.get(f"file://{built}/index.html")
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('.onion svg text')]"
        ".map(text => text.getBoundingClientRect().height)"
    )
    assert len(sizes) == 8
    assert min(sizes) >= 10, "pixels, on a telephone too"


def test_the_home_page_begins_with_what_it_is_the_picture_and_a_way_in(built, browser):
    browser.get(f"file://{built}/index.html")
    tops = browser.execute_script(
        "return ['strong', '.hero-text a', '.onion svg', 'div.highlight-python']"
        ".map(css => document.querySelector('article ' + css).getBoundingClientRect().top)"
    )
    assert tops == sorted(tops) or tops[2] < tops[1], tops  # beside the words where there is room
    assert max(tops[:3]) < 1000, "all three on the first screen"
    assert pictures.seen(browser)[8:12] == b"WEBP"


def test_every_link_between_pages_leads_somewhere(built):
    for page in built.rglob("*.html"):
        for target in re.findall(r'<a [^>]*href="([^"#:?]+)(?:#[^"]*)?"', page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(built)}: {target}"
