"""Nothing lost, nothing revived, nothing adopted: with real threads, on every store."""

import threading

import pytest

from tropea.sessions import MemoryStore, SessionMiddleware
from tropea.sessions.testing import in_threads


@pytest.fixture
def layer(any_store, tools):
    return SessionMiddleware(tools.site, any_store, auto_purge_every=0)


def test_a_hundred_changes_of_different_keys_are_all_kept(layer, tools):
    browser = tools.Browser(layer)
    browser.get("/set?start=1")
    (cookie,) = [f"{n}={v}" for n, v in browser.jar.items()]
    barrier = threading.Barrier(20)

    def visit(number):
        barrier.wait()
        for turn in range(5):
            tools.Browser(layer).get(f"/count?key=k{number * 5 + turn}", cookie=cookie)

    in_threads(20, visit)
    keys = "&".join(f"k{n}" for n in range(100))
    assert browser.get(f"/get?{keys}").text == ",".join(["1"] * 100)


def test_a_hundred_increments_of_one_key_under_the_lock_end_at_a_hundred(layer, tools):
    browser = tools.Browser(layer)
    browser.get("/set?start=1")
    (cookie,) = [f"{n}={v}" for n, v in browser.jar.items()]
    in_threads(
        10, lambda _: [tools.Browser(layer).get("/locked", cookie=cookie) for _ in range(10)]
    )
    assert browser.get("/get?n").text == "100"


def test_increments_of_one_key_without_the_lock_report_every_loss(any_store, tools):
    conflicts = []
    layer = SessionMiddleware(
        tools.site,
        any_store,
        auto_purge_every=0,
        on_conflict=lambda session, keys: conflicts.append(keys),
    )
    browser = tools.Browser(layer)
    browser.get("/set?start=1")
    (cookie,) = [f"{n}={v}" for n, v in browser.jar.items()]
    in_threads(8, lambda _: [tools.Browser(layer).get("/count", cookie=cookie) for _ in range(5)])
    kept = int(browser.get("/get?n").text)
    assert set(conflicts) <= {("n",)}
    assert bool(conflicts) == (kept < 40)


def test_the_later_of_two_saves_of_one_key_wins_and_is_reported(any_store, tools):
    conflicts = []
    layer = SessionMiddleware(
        tools.site,
        any_store,
        auto_purge_every=0,
        on_conflict=lambda session, keys: conflicts.append((dict(session), keys)),
    )
    browser, gate = tools.Browser(layer), tools.Gate()
    browser.get("/set?k=v0&m=0")
    slow = threading.Thread(target=lambda: browser.get("/slowset?k=late", **{"test.gate": gate}))
    slow.start()
    assert gate.reached.wait(10)
    other = tools.Browser(layer)
    other.jar = dict(browser.jar)
    other.get("/set?k=early&m=1")
    gate.go_on.set()
    slow.join(10)
    assert browser.get("/get?k&m").text == "late,1"
    assert conflicts == [({"k": "late", "m": "1"}, ("k",))]


@pytest.mark.parametrize("ending", ["/logout", "/regenerate"])
def test_slow_requests_never_revive_a_session_that_ended(layer, tools, ending):
    """Twenty-five slow requests against each of eight endings: 200, of which none may revive."""
    for _ in range(8):
        browser = tools.Browser(layer)
        browser.get("/set?k=v1")
        (cookie,) = [f"{n}={v}" for n, v in browser.jar.items()]
        gates = [tools.Gate() for _ in range(25)]
        answers = []

        def slow(gate, cookie=cookie, answers=answers):
            answer = tools.Browser(layer).get("/slowset?k=v2", cookie=cookie, **{"test.gate": gate})
            answers.append(answer)

        threads = [threading.Thread(target=slow, args=(gate,)) for gate in gates]
        for thread in threads:
            thread.start()
        for gate in gates:
            assert gate.reached.wait(30)
        browser.get(ending)
        for gate in gates:
            gate.go_on.set()
        for thread in threads:
            thread.join(30)
        assert len(answers) == 25
        assert [a.cookie for a in answers if a.cookie] == []
        assert tools.Browser(layer).get("/get?k", cookie=cookie).text == ""
        assert browser.get("/get?k").text == ("v1" if ending == "/regenerate" else "")


def test_a_session_that_moves_to_a_new_id_takes_along_what_others_write(layer, tools):
    browser = tools.Browser(layer)
    browser.get("/set?k=v1")
    old = "; ".join(f"{n}={v}" for n, v in browser.jar.items())
    original, arrived = layer.store.create, []

    def create(key, data, ttl):
        made = original(key, data, ttl)
        if not arrived and not key.startswith("l"):
            arrived.append(tools.Browser(layer))
            arrived[0].get("/set?other=kept", cookie=old)
        return made

    layer.store.create = create
    try:
        browser.get("/regenerate")
    finally:
        del layer.store.create
    assert arrived
    assert browser.get("/get?k&other").text == "v1,kept"
    assert tools.Browser(layer).get("/get?k", cookie=old).text == ""


def test_an_id_that_a_client_made_up_is_never_adopted(layer, tools):
    for _ in range(20):
        browser = tools.Browser(layer)
        made_up = "A" * 43
        answer = browser.get("/set?k=v", cookie=f"session={made_up}")
        assert tools.valid_id(answer.cookie[1])
        assert answer.cookie[1] != made_up
        assert tools.Browser(layer).get("/get?k", cookie=f"session={made_up}").text == ""


def test_readers_do_not_write_back_what_they_read(layer, tools):
    browser, gate = tools.Browser(layer), tools.Gate()
    browser.get("/set?k=v1")
    slow = threading.Thread(target=lambda: browser.get("/slowget?k", **{"test.gate": gate}))
    slow.start()
    assert gate.reached.wait(10)
    other = tools.Browser(layer)
    other.jar = dict(browser.jar)
    other.get("/set?k=v2")
    gate.go_on.set()
    slow.join(10)
    assert browser.get("/get?k").text == "v2"


def test_the_lock_of_one_session_leaves_others_alone(tools):
    layer = SessionMiddleware(tools.site, MemoryStore(), auto_purge_every=0)
    one, other = tools.Browser(layer), tools.Browser(layer)
    one.get("/set?a=1")
    other.get("/set?a=1")
    environ = tools.make_environ("/", HTTP_COOKIE="; ".join(f"{n}={v}" for n, v in one.jar.items()))
    seen = []

    def app(environ, start_response):
        with environ["tropea.session"].lock():
            seen.append(other.get("/locked").text)
        start_response("200 OK", [])
        return []

    SessionMiddleware(app, layer.store, auto_purge_every=0)(environ, lambda *a: None)
    assert seen == ["1"]


def test_waiting_for_a_lock_ends_with_503_and_retry_after(tools):
    layer = SessionMiddleware(tools.site, MemoryStore(), auto_purge_every=0)
    browser = tools.Browser(layer)
    browser.get("/set?a=1")

    def impatient(environ, start_response):
        with environ["tropea.session"].lock(timeout=0):
            raise AssertionError("somebody else has it")

    def app(environ, start_response):
        with environ["tropea.session"].lock():
            layer.app = impatient
            answers.append(browser.get("/"))
        start_response("200 OK", [])
        return []

    answers = []
    layer.app = app
    browser.get("/")
    assert answers[0].code == 503
    assert answers[0].get("Retry-After") == "1"


def test_an_exception_inside_the_lock_discards_what_the_block_changed(tools):
    layer = SessionMiddleware(tools.site, MemoryStore(), auto_purge_every=0)
    browser = tools.Browser(layer)
    browser.get("/set?a=1")

    def app(environ, start_response):
        session = environ["tropea.session"]
        with pytest.raises(ValueError):
            with session.lock():
                session["a"] = "changed"
                raise ValueError
        start_response("200 OK", [])
        return [session["a"].encode()]

    layer.app = app
    assert browser.get("/").text == "1"
    layer.app = tools.site
    assert browser.get("/get?a").text == "1"


def test_what_the_lock_saved_stays_when_the_application_fails_later(tools):
    layer = SessionMiddleware(tools.site, MemoryStore(), auto_purge_every=0)
    browser = tools.Browser(layer)
    browser.get("/set?a=1")

    def app(environ, start_response):
        session = environ["tropea.session"]
        with session.lock():
            session["a"] = "durable"
        session["b"] = "lost"
        raise ValueError

    layer.app = app
    with pytest.raises(ValueError):
        browser.get("/")
    layer.app = tools.site
    assert browser.get("/get?a&b").text == "durable,"
