"""The pictures of the terminal show what the command writes today."""

from __future__ import annotations

import importlib.util
import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(os.name != "posix", reason="terminals are POSIX's")


@pytest.fixture(scope="module")
def pictures():
    spec = importlib.util.spec_from_file_location("terminal_pictures", DOCS / "_ext" / "terminal_pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_is_current(pictures, tmp_path):
    made = pictures.make(tmp_path)
    kept = {path.stem: path.read_text("utf-8") for path in pictures.PICTURES.glob("*.svg")}
    assert made.keys() == kept.keys()
    for name, picture in made.items():
        again = "python docs/_ext/terminal_pictures.py makes them anew"
        assert pictures.comparable(picture) == pictures.comparable(kept[name]), f"{name}: {again}"


def test_each_has_what_it_is_there_to_show(pictures):
    def text(name):
        return pictures.comparable((pictures.PICTURES / f"{name}.svg").read_text("utf-8"))

    assert "\n  serve  serve an application" in text("help")
    assert "└─ SessionMiddleware  (tropea-sessions" in text("onion")
    assert "did you mean &#x27;root&#x27;?" in text("check")
    assert re.search(r"SessionMiddleware +N 404 Not Found", text("request"))
    assert "not for POST" in text("routes")
    assert "definition: class HelloController" in text("grep")


def test_each_is_drawn_within_its_frame_and_shown_on_a_page(pictures):
    shown = "\n".join(page.read_text("utf-8") for page in DOCS.rglob("*.md") if "_build" not in page.parts)
    for path in pictures.PICTURES.glob("*.svg"):
        root = ET.parse(path).getroot()
        wide, high = (float(root.get(name)) for name in ("width", "height"))
        for text in root.iter("{http://www.w3.org/2000/svg}text"):
            assert float(text.get("x")) + float(text.get("textLength")) <= wide, text.text
            assert float(text.get("y")) <= high
        assert f"_static/terminal/{path.name}" in shown, path.name


def test_colours_and_folds_are_a_terminals(pictures):
    rows = pictures.styled("\x1b[1mbold\x1b[0m plain\n" + "x" * 150)
    assert [(part[0], part[2]) for part in rows[0]] == [("bold", True), (" plain", False)]
    assert [len(row[0][0]) for row in rows[1:]] == [100, 50]
