"""Each step of the tutorial runs, and does what its section says."""

from __future__ import annotations

import runpy
import sys
import wsgiref.simple_server
from base64 import b64encode
from pathlib import Path

import pytest

from tropea.core.testing import TestApp

TUTORIAL = Path(__file__).resolve().parent.parent / "tutorial"


@pytest.fixture
def visitor(request, monkeypatch):
    """Run a step as a program, without its server; return a client of what it would serve."""
    return TestApp(run(request.param, monkeypatch))


def run(number, monkeypatch):
    served = []

    class Server:
        def __init__(self, host, port, app):
            assert host == "127.0.0.1"
            served.append(app)

        def serve_forever(self):
            pass

    monkeypatch.setattr(wsgiref.simple_server, "make_server", Server)
    monkeypatch.syspath_prepend(TUTORIAL)
    monkeypatch.delitem(sys.modules, "recipes", raising=False)
    runpy.run_path(str(TUTORIAL / f"step{number:02}.py"), run_name="__main__")
    [app] = served
    return app


def step(number):
    return pytest.mark.parametrize("visitor", [number], indirect=True, ids=[f"step{number:02}"])


def test_there_are_ten_steps_and_the_page_shows_each():
    steps = sorted(file.name for file in TUTORIAL.glob("step??.py"))
    assert steps == [f"step{number:02}.py" for number in range(1, 11)]
    page = (TUTORIAL / "index.md").read_text()
    for name in [*steps, "recipes.py", "step10.ini"]:
        assert f"{{literalinclude}} {name}" in page


@step(1)
def test_a_function_is_an_application(visitor):
    assert visitor.get("/soup").body == b"You asked for /soup"


@step(2)
def test_a_handler_reads_the_query(visitor):
    assert visitor.get("/?name=Ann").body == b"Hello Ann!"
    assert visitor.get("/").get_header("Content-Type").startswith("text/plain")


@step(3)
def test_paths_lead_to_handlers_and_back(visitor):
    assert b'<a href="/recipes/baked%20beans">' in visitor.get("/").body
    assert b"Open a tin." in visitor.get("/recipes/baked beans").body
    assert visitor.get("/recipes/soup").status.startswith("404")
    refused = visitor.post("/recipes/toast")
    assert (refused.status[:3], refused.get_header("Allow")) == ("405", "GET, HEAD")


@step(4)
def test_a_form_adds_a_recipe(visitor):
    answer = visitor.post("/", data={"name": "tea & milk", "method": "Boil."})
    assert answer.status.startswith("303")
    assert b"tea &amp; milk" in answer.follow().body
    assert visitor.post("/", data={"name": "tea"}).status.startswith("400")
    assert visitor.post("/", data={"name": " ", "method": ""}).status.startswith("400")


@step(5)
def test_files_are_answered_before_the_application(visitor):
    style = visitor.get("/static/style.css")
    assert style.get_header("Content-Type").startswith("text/css")
    again = visitor.get("/static/style.css", HTTP_IF_NONE_MATCH=style.get_header("ETag"))
    assert again.status.startswith("304")
    assert visitor.get("/static/style.css", HTTP_RANGE="bytes=0-3").body == b"body"
    assert b"<h1>Recipes</h1>" in visitor.get("/").body


@step(6)
def test_a_session_counts_visits_and_the_rest_of_the_site_sets_no_cookie(visitor):
    assert visitor.get("/").get_header("Set-Cookie") in (None, "")
    assert [visitor.get("/visits").body[-2:-1] for _ in range(3)] == [b"1", b"2", b"3"]


@step(7)
def test_a_book_that_the_client_holds_is_not_made_again(visitor):
    book = visitor.get("/book")
    assert book.body == b"toast: Put a slice of bread under a grill.\n"
    again = visitor.get("/book", HTTP_IF_NONE_MATCH=book.get_header("ETag"))
    assert again.status.startswith("304")
    visitor.post("/", data={"name": "tea", "method": "Boil."})
    changed = visitor.get("/book", HTTP_IF_NONE_MATCH=book.get_header("ETag"))
    assert changed.status.startswith("200")


@step(8)
def test_old_addresses_lead_to_the_new_ones(visitor):
    moved = visitor.get("/recipe.cgi/toast")
    assert (moved.status[:3], moved.get_header("Location")) == ("301", "/recipes/toast")
    assert visitor.get("/style.css").get_header("Content-Type").startswith("text/css")


@step(9)
def test_what_escapes_is_a_clean_500_with_the_sites_own_page(visitor):
    burnt = visitor.get("/burn")
    assert burnt.status.startswith("500")
    assert b"<h1>500</h1>" in burnt.body
    assert b"secret" not in burnt.body
    assert b"<h1>404</h1>" in visitor.get("/recipes/soup").body


def whole_onion(visitor):
    assert visitor.get("/today").body == b"Today: toast"
    assert visitor.get("/today").get_header("Cache-Status").startswith("tropea; hit")
    assert visitor.get("/visits").body == b"Somebody was here 1 times."
    ann = "Basic " + b64encode(b"ann:only for this tutorial").decode()
    answer = visitor.get("/visits", HTTP_AUTHORIZATION=ann)
    assert answer.body == b"ann was here 2 times."
    assert "private" in answer.get_header("Cache-Control")
    assert visitor.get("/recipe.cgi/toast").status.startswith("301")
    assert visitor.get("/static/style.css").status.startswith("200")
    assert b"<h1>404</h1>" in visitor.get("/nothing").body


@step(10)
def test_the_whole_onion(visitor):
    whole_onion(visitor)


def test_the_ini_file_builds_the_same_onion(monkeypatch):
    from paste.deploy import loadapp

    from tropea.core.anatomy import chain_of

    monkeypatch.syspath_prepend(TUTORIAL)
    for name in ("recipes", "step10"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    app = loadapp(f"config:{TUTORIAL}/step10.ini")
    import step10

    names = [node.name for node in chain_of(app)]
    assert names == [node.name for node in chain_of(step10.app)]
    assert len(names) == 11
    whole_onion(TestApp(app))
    del sys.modules["step10"]


def test_nothing_in_the_onion_stands_in_the_wrong_place(monkeypatch):
    from tropea.core.ordering import lint

    assert lint(run(10, monkeypatch)) == []
