"""Recorded answers of Pesto 25: what behaves alike, and where we differ on purpose."""

import pytest

from tropea.sessions import (
    FileSessionManager,
    MemorySessionManager,
    is_valid_id,
    session_middleware,
)


@pytest.fixture
def counter():
    """Pesto's counter application: adds one, prints the number and whether it is new."""

    def app(environ, start_response):
        session = environ["tropea.session"]
        new = session.is_new
        session["n"] = session.get("n", 0) + 1
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"n={session['n']} new={new}".encode()]

    return app


@pytest.fixture
def pesto(counter, tools):
    layer = session_middleware(
        MemorySessionManager(), auto_purge_every=0, cookie_name="pesto_session"
    )(counter)
    return tools.Browser(layer)


def test_a_new_visitor_gets_a_session_and_a_cookie(pesto):
    answer = pesto.get()
    assert (answer.status, answer.text) == ("200 OK", "n=1 new=True")
    assert answer.cookie[0] == "pesto_session"
    assert "Path=/" in answer.get("Set-Cookie")
    assert "HttpOnly" in answer.get("Set-Cookie")


def test_a_visitor_who_comes_back_goes_on_without_another_cookie(pesto):
    pesto.get()
    pesto.get()
    answer = pesto.get()
    assert answer.text == "n=3 new=False"
    assert answer.cookie is None


def test_a_newline_behind_the_id_is_no_id(pesto):
    _, sid = pesto.get().cookie
    for tail in ("%0a", "\n"):
        answer = pesto.get(cookie=f"pesto_session={sid}{tail}")
        assert answer.text == "n=1 new=True"


def test_on_https_the_cookie_is_secure_and_same_site(pesto):
    attributes = pesto.get(**{"wsgi.url_scheme": "https"}).get("Set-Cookie")
    assert "; Secure" in attributes
    assert "; SameSite=Lax" in attributes


def test_an_exception_saves_nothing(tools):
    def app(environ, start_response):
        environ["tropea.session"]["n"] = 99
        raise ValueError("boom")

    store = MemorySessionManager()
    with pytest.raises(ValueError, match="boom"):
        tools.Browser(session_middleware(store)(app)).get()
    assert len(store) <= 1  # the mark of the purge, at most
    assert not [key for key in store._entries if len(key) == 64]


def test_a_value_changed_in_place_is_saved_by_files_too(tools, tmp_path):
    browser = tools.Browser(session_middleware(FileSessionManager(tmp_path))(tools.site))
    assert [browser.get("/append?item=1").text for _ in range(3)] == ["1", "1,1", "1,1,1"]


def test_a_process_that_serves_one_request_purges_too(counter, tools):
    layer = session_middleware(MemorySessionManager(), auto_purge_every=1)(counter)
    answer = tools.Browser(layer).get(**{"wsgi.run_once": True})
    assert answer.text == "n=1 new=True"


def test_below_an_etag_layer_the_tag_and_the_cookie_both_arrive(tools):
    def app(environ, start_response):
        tag = f'"{environ["tropea.session"].setdefault("v", 0)}"'
        start_response("200 OK", [("ETag", tag)])
        return [b"v=0"]

    answer = tools.Browser(session_middleware(MemorySessionManager())(app)).get()
    assert answer.get("ETag") == '"0"'
    assert answer.cookie is not None


def test_ids_are_checked_to_their_end():
    assert is_valid_id("z" * 43)
    assert not is_valid_id("z" * 64)
    assert not is_valid_id("a" * 43 + "\n")
    assert not is_valid_id(None)


def test_files_hold_json_behind_a_keyed_hash_and_are_for_nobody_else(tools, tmp_path):
    tools.Browser(session_middleware(FileSessionManager(tmp_path))(tools.site)).get("/set?k=v")
    (path,) = (p for p in (tmp_path / "tropea-sessions").rglob("*") if len(p.name) == 64)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().endswith(b'\n{"k":"v"}')


def test_five_increments_at_once_are_all_kept_under_the_lock(tools):
    from tropea.sessions.testing import in_threads

    layer = session_middleware(MemorySessionManager())(tools.site)
    browser = tools.Browser(layer)
    browser.get("/locked")
    cookie = "; ".join(f"{n}={v}" for n, v in browser.jar.items())
    in_threads(5, lambda _: tools.Browser(layer).get("/locked", cookie=cookie))
    assert browser.get("/get?n").text == "6"
