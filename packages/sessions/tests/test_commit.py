"""The commit point: one commit, at the first start_response, durable before the head leaves."""

import io
import logging
from contextlib import suppress
from wsgiref.handlers import SimpleHandler

import pytest

from tropea.core.stores import StoreError
from tropea.sessions import MemoryStore, SessionCommitted


def test_an_untouched_session_reads_writes_and_sends_nothing(browser, store):
    answer = browser.get("/plain", cookie="session=" + "a" * 43)
    assert answer.headers == [("Content-Type", "text/plain")]
    assert len(store) == 0


def test_what_one_request_stores_the_next_one_reads(browser):
    browser.get("/set?k=v")
    assert browser.get("/get?k").text == "v"


def test_a_thousand_visitors_who_only_look_leave_no_entry(make_app, tools, store):
    app = make_app()
    for _ in range(1000):
        tools.Browser(app).get("/get?k")
    assert len(store) == 0


def test_the_entry_is_durable_before_the_head_leaves(make_app, tools, store):
    seen = []
    app = make_app()

    def start(status, headers, exc_info=None):
        seen.append(len(store))
        return lambda block: None

    app(tools.make_environ("/set", "k=v"), start)
    assert seen == [1]


def test_changing_the_session_after_the_response_started_is_refused_loudly(make_app, tools):
    def late(environ, start_response):
        session = environ["tropea.session"]
        session["k"] = "early"
        start_response("200 OK", [])
        with pytest.raises(SessionCommitted, match="response has started"):
            session["k"] = "late"
        for change in (session.clear, session.save, session.invalidate, session.regenerate,
                       session.get_csrf_token, lambda: session.flash("x"), lambda: session.pop("k"),
                       lambda: session.label("x"), lambda: session.update(a=1)):  # fmt: skip
            with pytest.raises(SessionCommitted):
                change()
        return [session["k"].encode()]

    browser = tools.Browser(make_app(late))
    assert browser.get().text == "early"


def test_an_untouched_session_cannot_be_changed_late_either(make_app, tools, store):
    def late(environ, start_response):
        start_response("200 OK", [])
        with pytest.raises(SessionCommitted):
            environ["tropea.session"]["k"] = 1
        return [b""]

    assert tools.Browser(make_app(late)).get().cookie is None
    assert len(store) == 0


def test_reading_first_after_the_response_started_works_and_warns(make_app, tools, caplog):
    def late(environ, start_response):
        start_response("200 OK", [])
        return [environ["tropea.session"].get("k", "").encode()]

    app = make_app()
    browser = tools.Browser(app)
    browser.get("/set?k=v")
    app.app = late
    with caplog.at_level(logging.WARNING, "tropea.sessions"):
        assert browser.get().text == "v"
    assert "read it before" in caplog.text


def test_a_generator_may_change_the_session_until_it_starts_the_response(make_app, tools):
    def lazy(environ, start_response):
        environ["tropea.session"]["k"] = "lazy"
        start_response("200 OK", [])
        yield b"done"

    app = make_app(lazy)
    browser = tools.Browser(app)
    assert browser.get().cookie is not None
    app.app = tools.site
    assert browser.get("/get?k").text == "lazy"


def test_an_exception_that_leaves_the_application_rolls_back(browser, store):
    browser.get("/set?k=v")
    with pytest.raises(RuntimeError):
        browser.get("/crash")
    assert browser.get("/get?k&crashed").text == "v,"
    browser.jar.clear()
    with pytest.raises(RuntimeError):
        browser.get("/crash")
    assert len(store) == 1


@pytest.mark.parametrize("status", ["404 Not Found", "500 Internal Server Error", "302 Found"])
def test_any_answered_status_commits(make_app, tools, status):
    def answers(environ, start_response):
        environ["tropea.session"]["k"] = "kept"
        start_response(status, [])
        return []

    app = make_app(answers)
    browser = tools.Browser(app)
    browser.get()
    app.app = tools.site
    assert browser.get("/get?k").text == "kept"


def test_a_head_that_is_replaced_keeps_the_cookie(make_app, tools):
    def replaced(environ, start_response):
        environ["tropea.session"]["k"] = "v"
        start_response("200 OK", [])
        try:
            raise ValueError("while rendering")
        except ValueError:
            import sys

            start_response("500 Internal Server Error", [("X-Error", "1")], sys.exc_info())
        return [b""]

    answer = tools.Browser(make_app(replaced)).get()
    assert answer.code == 500
    assert answer.get("X-Error") == "1"
    assert len(answer.all("Set-Cookie")) == 1
    assert answer.get("Vary") == "Cookie"


def test_the_applications_own_list_of_headers_is_left_alone(make_app, tools):
    headers = [("Content-Type", "text/plain")]

    def app(environ, start_response):
        environ["tropea.session"]["k"] = "v"
        start_response("200 OK", headers)
        return []

    tools.Browser(make_app(app)).get()
    assert headers == [("Content-Type", "text/plain")]


def test_the_body_is_the_very_object_that_the_application_returned(make_app, tools):
    body = [b"x"]
    app = make_app(lambda environ, start_response: start_response("200 OK", []) and None or body)
    assert app(tools.make_environ(), lambda *a: None) is body


def test_values_changed_in_place_are_noticed(browser):
    for item, expected in (("a", "a"), ("b", "a,b"), ("c", "a,b,c")):
        assert browser.get(f"/append?item={item}").text == expected


def test_save_writes_even_when_nothing_changed(browser, store, make_app):
    assert browser.get("/save").cookie is not None
    assert len(store) == 1
    (before,) = store._entries.values()
    browser.get("/save")
    (after,) = store._entries.values()
    assert after.version != before.version


def test_reading_alone_writes_nothing(browser, store):
    browser.get("/set?k=v")
    (before,) = store._entries.values()
    browser.get("/get?k")
    (after,) = store._entries.values()
    assert after == before


@pytest.mark.parametrize(
    "op",
    ["iter", "keys", "bool", "setdefault", "pop", "copy", "eq", "len", "in", "items", "get",
     "is_new", "id", "values", "peek"],
)  # fmt: skip
def test_caches_are_told_whenever_the_session_was_touched(browser, op):
    answer = browser.get(f"/touch?op={op}")
    assert answer.get("Vary") == "Cookie"
    assert answer.get("Cache-Control") == "private"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ([("Cache-Control", "public, max-age=60")], "private, max-age=60"),
        ([("cache-control", "no-store")], "no-store"),
        ([("Cache-Control", 's-maxage=5, private="X"')], "private"),
        ([("Cache-Control", "max-age=1"), ("Cache-Control", "public")], "private, max-age=1"),
    ],
)
def test_the_applications_own_cache_control_is_kept_as_far_as_it_is_private(
    make_app, tools, given, sent
):
    def app(environ, start_response):
        environ["tropea.session"].get("k")
        start_response("200 OK", [*given, ("Vary", "Accept")])
        return []

    answer = tools.Browser(make_app(app)).get()
    assert answer.all("Cache-Control") == [sent]
    assert answer.all("Vary") == ["Accept, Cookie"]


def test_a_session_that_cannot_be_encoded_says_which_key_is_wrong(make_app, tools):
    from tropea.sessions import SessionValueError

    for wrong in (object(), {1: 2}, float("nan"), b"x", {"a": {1}}):

        def app(environ, start_response, wrong=wrong):
            environ["tropea.session"]["basket"] = wrong
            start_response("200 OK", [])
            return []

        with pytest.raises(SessionValueError, match="basket"):
            tools.Browser(make_app(app)).get()


def test_store_errors_of_other_layers_pass_through(make_app, tools):
    def app(environ, start_response):
        environ["tropea.session"].get("k")
        raise StoreError("of a cache")

    with pytest.raises(StoreError, match="of a cache"):
        tools.Browser(make_app(app)).get()


def locking(tools, step):
    """A site that runs *step* in the session's lock at /step, and survives its failure."""

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/step":
            with suppress(LookupError), environ["tropea.session"].lock():
                step(environ["tropea.session"])
        return tools.site(environ, start_response)

    return app


def test_a_session_that_is_ended_in_its_lock_stays_ended_when_the_block_fails(make_app, tools):
    def step(session):
        session.invalidate()
        raise LookupError

    browser = tools.Browser(make_app(locking(tools, step)))
    browser.get("/login?u=ann")
    browser.get("/step")
    assert browser.jar == {}
    assert browser.get("/whoami").text == ""


def test_a_block_that_fails_in_the_lock_changes_nothing_but_the_id(make_app, tools):
    def step(session):
        session.regenerate()
        session["user"] = "eve"
        raise LookupError

    browser = tools.Browser(make_app(locking(tools, step)))
    browser.get("/login?u=ann")
    before = dict(browser.jar)
    browser.get("/step")
    assert browser.jar != before
    assert browser.get("/whoami").text == "ann"


def test_a_lock_within_the_lock_of_the_same_request_waits_for_nobody(make_app, tools):
    def step(session):
        with session.lock(timeout=0):
            session["user"] = "bob"
        session["n"] = 1

    browser = tools.Browser(make_app(locking(tools, step)))
    browser.get("/login?u=ann")
    browser.get("/step")
    assert browser.get("/get?user&n").text == "bob,1"
    browser.get("/locked")
    assert browser.get("/get?n").text == "2"


class Down(MemoryStore):
    """A store that cannot be reached."""

    def load(self, key):
        raise StoreError("down")

    create = save = delete = touch = load


def read_after_the_start(environ, start_response):
    start_response("200 OK", [("X-Mine", "1")])
    environ["tropea.session"].get("k")
    return [b"mine"]


def start_and_swallow(environ, start_response):
    start_response("200 OK", [("X-Mine", "1")])
    with suppress(StoreError):
        environ["tropea.session"].get("k")
    return [b"mine"]


def generate(environ, start_response):
    environ["tropea.session"].get("k")
    start_response("200 OK", [("X-Mine", "1")])
    yield b"mine"


def generate_a_change(environ, start_response):
    environ["tropea.session"]["k"] = 1
    start_response("200 OK", [("X-Mine", "1")])
    yield b"mine"


def write(environ, start_response):
    environ["tropea.session"]["k"] = 1
    start_response("200 OK", [("X-Mine", "1")])(b"mine")
    return []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "app", [read_after_the_start, start_and_swallow, generate, generate_a_change, write]
)
def test_a_store_that_is_down_is_one_whole_503_however_the_application_answers(
    app, method, make_app, tools
):
    layer = make_app(app, store=Down())
    environ = tools.make_environ(
        "/", HTTP_COOKIE="session=" + "a" * 43, REQUEST_METHOD=method, HTTP_HOST="localhost"
    )
    sent, log = io.BytesIO(), io.StringIO()
    server = SimpleHandler(io.BytesIO(), sent, log, environ)
    server.run(layer)
    head, _, body = sent.getvalue().partition(b"\r\n\r\n")
    assert b" 503 " in head.partition(b"\r\n")[0]
    assert b"X-Mine" not in head
    assert (method == "HEAD") == (body == b"")
    assert b"mine" not in body
    assert log.getvalue() == ""


def test_a_body_that_starts_late_is_closed_once_and_may_be_empty(make_app, tools):
    closed = []

    class Late:
        def __init__(self, start_response):
            self.start_response = start_response

        def __iter__(self):
            self.start_response("200 OK", [])
            return iter(())

        def close(self):
            closed.append(True)

    browser = tools.Browser(make_app(lambda _environ, start_response: Late(start_response)))
    assert browser.get().body == b""
    assert closed == [True]
