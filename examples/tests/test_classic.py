"""The onion as Pylons had it: registry, status redirect, errors, cache, session, dispatch."""

from __future__ import annotations

import logging

import pytest

RINGS = [
    "RegistryMiddleware", "StatusRedirectMiddleware", "ErrorMiddleware", "HTTPCacheMiddleware",
    "SessionMiddleware", "DispatcherApp",
]  # fmt: skip


def from_python(clone, tmp_path):
    from onion.classic import make_classic

    return make_classic({}, var=str(tmp_path / "var"))


def from_ini(clone, tmp_path):
    from paste.deploy import loadapp

    return loadapp(f"config:{clone}/classic.ini")


@pytest.fixture(params=[from_python, from_ini], ids=["python", "ini"])
def app(request, clone, tmp_path):
    return request.param(clone, tmp_path)


@pytest.fixture
def visitor(app):
    from tropea.core.testing import TestApp

    return TestApp(app)


def test_the_rings_stand_in_the_order_of_the_picture(app):
    found, ring = [], getattr(app, "layers", [app])[0]
    while ring is not None:
        found.append(type(ring).__name__)
        ring = getattr(ring, "app", None)
    assert found == RINGS


def test_the_list_is_kept_by_the_cache_for_everybody(app):
    from tropea.core.testing import TestApp

    first, second = TestApp(app).get("/"), TestApp(app).get("/")
    assert first.body == second.body
    assert "hit" not in first.get_header("Cache-Status")
    assert "hit" in second.get_header("Cache-Status")
    assert second.get_header("Set-Cookie") in (None, "")


def test_a_page_with_a_session_is_counted_for_each_visitor_and_never_kept(app):
    from tropea.core.testing import TestApp

    ada, grace = TestApp(app), TestApp(app)
    pages = [who.get("/book/show/toast").body_text for who in (ada, ada, grace)]
    assert ["looked at 1" in pages[0], "looked at 2" in pages[1], "looked at 1" in pages[2]] == [
        True, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["/nowhere", "/book/show/nothing", "/book/no_such_action"])
def test_the_page_of_a_404_comes_from_the_error_controller(visitor, path):
    answer = visitor.get(path)
    assert answer.status.startswith("404")
    assert "<h1>Not in this book</h1>" in answer.body_text


def test_what_an_action_raises_becomes_a_page_that_tells_nothing(visitor, caplog):
    with caplog.at_level(logging.CRITICAL, "tropea.errors"):
        answer = visitor.get("/book/burn")
    assert answer.status.startswith("500")
    assert "<h1>Something burnt</h1>" in answer.body_text
    assert "secret" not in answer.text()


@pytest.mark.parametrize("path", ["/book/__before__", "/book/book", "/book/request", "/book/__init__"])
def test_only_actions_can_be_called_from_outside(visitor, path):
    assert visitor.get(path).status.startswith("404")


def test_links_know_where_the_stack_is_mounted(app):
    from tropea.core.testing import TestApp

    page = TestApp(app, SCRIPT_NAME="/kitchen").get("/").body_text
    assert 'href="/kitchen/book/show/toast"' in page
    assert 'href="/kitchen/"' in page


def test_it_is_served_from_its_ini_file(clone, start, curl):
    import subprocess
    import sys

    server = start([sys.executable, "serve.py", "classic.ini"], clone)
    shown = [line.strip() for line in server.lines]
    while "Ctrl-C ends it." not in shown:
        shown = [line.strip() for line in server.lines]
        assert server.process.poll() is None
    assert shown[2:8] == RINGS
    answer = subprocess.run([curl, "-si", f"{server.url}/nowhere"], capture_output=True, text=True)
    assert answer.stdout.startswith("HTTP/1.1 404 ")
    assert "Not in this book" in answer.stdout
    assert server.stop() == 0
