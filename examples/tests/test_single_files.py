"""The short examples do what a README says of them."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize(
    "path", ["guestbook/guestbook.py", "hitcounter/hitcounter.py", "recipes/recipes.py"]
)
def test_a_single_file_example_is_short(path):
    lines = (EXAMPLES / path).read_text().splitlines()
    assert 30 <= len(lines) <= 60


@pytest.mark.parametrize(
    ("path", "port", "shown"),
    [("guestbook/guestbook.py", 8000, "Guest book"), ("hitcounter/hitcounter.py", 8000, "<svg"),
     ("recipes/recipes.py", 8080, "List of recipes")],
)  # fmt: skip
def test_a_single_file_example_serves_over_a_socket(path, port, shown, start, curl, tmp_path):
    """Run as a person would, but for the port: the one in the file may be taken here."""
    source = (EXAMPLES / path).read_text()
    assert source.count(f", {port}, ") == 1
    free = free_port()
    (tmp_path / "example.py").write_text(source.replace(f", {port}, ", f", {free}, "))
    server = start([sys.executable, "example.py"], tmp_path, silent_port=free)
    answer = subprocess.run([curl, "-s", f"{server.url}/"], capture_output=True, text=True)
    server.stop()
    assert shown in answer.stdout


class TestRecipes:
    @pytest.fixture
    def visitor(self, load_example):
        from tropea.core.testing import TestApp

        return TestApp(load_example("recipes/recipes.py").app)

    def test_the_list_links_to_the_recipes(self, visitor):
        links = re.findall(r'href="([^"]+)"', visitor.get("/").body_text)
        assert links == ["/recipes/baked-beans", "/recipes/toast"]
        assert "under a grill" in visitor.get(links[1]).body_text

    def test_a_recipe_that_is_not_there_is_not_found(self, visitor):
        assert visitor.get("/recipes/cheese").status.startswith("404")


class TestGuestbook:
    @pytest.fixture
    def visitor(self, load_example):
        from tropea.core.testing import TestApp

        return TestApp(load_example("guestbook/guestbook.py").application)

    def test_it_starts_empty_with_a_form(self, visitor):
        page = visitor.get("/").body.decode()
        assert 'action="/add-entry"' in page
        assert "<li>" not in page

    def test_an_entry_redirects_to_the_list_that_links_to_it(self, visitor):
        answer = visitor.post("/add-entry", data={"name": "Jim", "message": "hello, I'm <Jim>"})
        assert answer.status.startswith("303")
        assert answer.get_header("Location") == "/"
        (link,) = re.findall(r'<li><a href="([^"]+)">Jim', visitor.get("/").body.decode())
        assert "hello, I&#x27;m &lt;Jim&gt;" in visitor.get(link).body.decode()

    def test_an_entry_that_is_not_there_is_not_found(self, visitor):
        assert visitor.get("/view-entry/2").status.startswith("404")
        assert visitor.get("/view-entry/x").status.startswith("404")

    def test_an_empty_entry_is_refused(self, visitor):
        assert visitor.post("/add-entry", data={"name": "Jim"}).status.startswith("400")

    def test_adding_takes_a_post(self, visitor):
        answer = visitor.get("/add-entry")
        assert answer.status.startswith("405")
        assert "POST" in answer.get_header("Allow")


class TestHitCounter:
    @pytest.fixture
    def example(self, load_example):
        return load_example("hitcounter/hitcounter.py")

    @pytest.fixture
    def visitor(self, example):
        from tropea.core.testing import TestApp

        return TestApp(example.application)

    def test_the_picture_shows_the_hits(self, visitor):
        assert ">1</text>" in visitor.get("/").body.decode()
        assert ">2</text>" in visitor.get("/").body.decode()

    def test_a_browser_keeps_its_picture_for_seven_hits(self, visitor, example):
        tag = visitor.get("/").get_header("ETag")
        assert tag == 'W/"0"'
        answers = [visitor.get("/", HTTP_IF_NONE_MATCH=tag) for _ in range(7)]
        assert [answer.status[:3] for answer in answers] == ["304"] * 6 + ["200"]
        assert answers[-1].get_header("ETag") == 'W/"1"'
        assert example.hit_counter.drawn == 2
