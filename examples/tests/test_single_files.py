"""The short examples do what a README says of them."""

from __future__ import annotations

import re

import pytest


@pytest.mark.parametrize("path", ["guestbook/guestbook.py", "hitcounter/hitcounter.py"])
def test_a_single_file_example_is_short(path):
    from pathlib import Path

    lines = (Path(__file__).resolve().parent.parent / path).read_text().splitlines()
    assert len(lines) <= 60


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
