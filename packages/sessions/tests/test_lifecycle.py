"""Timeouts, purging, warnings, and what the options say."""

import logging
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any, Literal, NewType

import pytest

from tropea.core.stores import StoreError
from tropea.sessions import (
    FileStore,
    MemoryStore,
    SealedCookieStore,
    SessionMiddleware,
    SQLiteStore,
    SQLStore,
    session_middleware,
)
from tropea.sessions.__main__ import main
from tropea.sessions.errors import SessionValueError


@pytest.fixture(params=["memory", "sqlite", "file", "sealed"])
def timed(request, make_app, clock, tmp_path):
    """A layer whose clock, and whose store's, the test moves."""

    def build(**options):
        if request.param == "memory":
            store = MemoryStore(clock=clock)
        elif request.param == "sqlite":
            store = SQLiteStore(tmp_path / "s.db", clock=clock)
        elif request.param == "file":
            store = FileStore(tmp_path, clock=clock)
        else:
            pytest.importorskip("cryptography")
            store = SealedCookieStore("a secret of this test, long enough")
        return make_app(store=store, **options)

    return build


def test_an_idle_session_ends_within_a_second_of_its_timeout(timed, tools, clock):
    browser = tools.Browser(timed(idle_timeout=1800, absolute_timeout=None))
    browser.get("/set?k=v")
    clock.forward(1799)
    assert browser.get("/get?k").text == "v"
    clock.forward(1799)
    assert browser.get("/get?k").text == "v"
    clock.forward(1801)
    assert browser.get("/get?k").text == ""


def test_a_session_in_use_ends_at_its_absolute_timeout(timed, tools, clock):
    browser = tools.Browser(timed(idle_timeout=100, absolute_timeout=1000))
    browser.get("/set?k=v")
    for _ in range(12):
        clock.forward(83)
        assert browser.get("/get?k").text == "v"
    clock.forward(5)
    assert browser.get("/get?k").text == ""


def test_a_session_survives_a_clock_that_is_set_back_an_hour(timed, tools, clock):
    browser = tools.Browser(timed())
    browser.get("/set?k=v")
    clock.forward(-3600)
    assert browser.get("/get?k").text == "v"


def test_a_session_that_was_seen_to_be_over_stays_so(make_app, tools, clock, store):
    browser = tools.Browser(make_app())
    browser.get("/set?k=v")
    jar = dict(browser.jar)
    clock.forward(3600)
    assert browser.get("/get?k").text == ""
    clock.forward(-3600)
    browser.jar = jar
    assert browser.get("/get?k").text == ""


def test_regenerating_does_not_prolong_the_absolute_timeout(make_app, tools, clock):
    browser = tools.Browser(make_app(idle_timeout=None, absolute_timeout=1000))
    browser.get("/set?k=v")
    clock.forward(900)
    browser.get("/regenerate")
    clock.forward(99)
    assert browser.get("/get?k").text == "v"
    clock.forward(2)
    assert browser.get("/get?k").text == ""


def test_touches_are_throttled(make_app, tools, clock):
    touched = []

    class Counting(MemoryStore):
        def touch(self, key, ttl):
            touched.append(ttl)
            return super().touch(key, ttl)

    browser = tools.Browser(make_app(store=Counting(clock=clock), touch_every=60))
    browser.get("/set?k=v")
    for _ in range(10):
        clock.forward(10)
        browser.get("/get?k")
    assert len(touched) == 1


def test_reading_tells_when_the_session_began_and_was_last_used(make_app, tools, clock):
    seen = []

    def app(environ, start_response):
        session = environ["tropea.session"]
        seen.append((session.created, session.accessed, session.is_new, session.new))
        session["n"] = 1
        start_response("200 OK", [])
        return []

    browser = tools.Browser(make_app(app))
    start = int(clock())
    browser.get()
    clock.forward(100)
    browser.get()
    assert seen == [(start, start, True, True), (start, start, False, False)]


# -- purging -----------------------------------------------------------------------------------


class Purged(MemoryStore):
    count = 0

    def purge(self):
        self.count += 1
        return super().purge()


def test_whoever_comes_first_when_it_is_time_purges(tools, clock):
    store = Purged(clock=clock)
    layers = [SessionMiddleware(tools.site, store, clock=clock, auto_purge_every=600)] * 2
    for layer in layers:
        tools.Browser(layer).get("/set?k=v")
    assert store.count == 1
    clock.forward(601)
    for layer in layers:
        layer._surroundings.due = 0.0  # what ten minutes of the monotonic clock would do
        tools.Browser(layer).get("/get?k")
    assert store.count == 2


@pytest.mark.parametrize("kind", ["memory", "file", "sqlite", "sql"])
def test_sessions_that_expired_are_removed_by_a_later_request(kind, tools, clock, tmp_path, caplog):
    if kind == "sql":
        pytest.importorskip("sqlalchemy")
    store = {
        "memory": lambda: MemoryStore(clock=clock),
        "file": lambda: FileStore(tmp_path, sync=False, clock=clock),
        "sqlite": lambda: SQLiteStore(tmp_path / "s.db", clock=clock),
        "sql": lambda: SQLStore(f"sqlite:///{tmp_path}/q.db", clock=clock),
    }[kind]()
    layer = SessionMiddleware(tools.site, store, clock=clock, auto_purge_every=600)
    for user in "abc":
        tools.Browser(layer).get(f"/login?u={user}")
    clock.forward(400 * 86400 + 1)
    layer._surroundings.due = 0.0
    tools.Browser(layer).get("/set?k=v")
    assert store.purge() == 0
    assert caplog.text == ""
    store.close()


def test_what_others_put_into_the_folder_of_sessions_stops_no_purge(tmp_path, clock):
    store = FileStore(tmp_path, sync=False, clock=clock)
    key = "ab" * 32
    store.create(key, b"", 60)
    (store.folder / "README").write_text("ours")
    (store.folder / "lost+found").mkdir()
    (store.folder / "ab" / "notes.txt").write_text("mine")
    (store.folder / "ab" / ("ab" * 31 + "cd")).mkdir()
    (store.folder / "ab" / ("ab" * 31 + "ce")).symlink_to(tmp_path / "nowhere")
    (store.folder / "cd").symlink_to(tmp_path)
    clock.forward(10**9)
    assert store.purge() == 1
    assert (store.folder / "ab" / "notes.txt").exists()


def test_a_pipe_in_the_place_of_a_session_is_not_waited_for(tmp_path, clock):
    store = FileStore(tmp_path, sync=False, clock=clock)
    key = "ab" * 32
    store.create(key, b"data", 60)
    path = store.folder / "ab" / key
    path.unlink()
    os.mkfifo(path)
    entry = store.load(key)
    assert entry is None or entry.data == b""


def test_an_untouched_request_never_purges(tools, clock):
    store = Purged(clock=clock)
    layer = SessionMiddleware(tools.site, store, clock=clock, auto_purge_every=600)
    tools.Browser(layer).get("/plain")
    assert store.count == 0


def test_auto_purge_every_zero_means_never(make_app, tools, clock):
    store = Purged(clock=clock)
    tools.Browser(make_app(store=store, auto_purge_every=0)).get("/set?k=v")
    assert store.count == 0


def test_pestos_line_works(tools, clock):
    from tropea.sessions import MemorySessionManager

    layer = session_middleware(
        MemorySessionManager(), auto_purge_every=600, auto_purge_olderthan=1800,
        cookie_name="pesto_session", cookie_path="/x",
    )(tools.site)  # fmt: skip
    answer = tools.Browser(layer).get("/count")
    assert answer.text == "1"
    assert answer.cookie[0] == "pesto_session"
    assert "Path=/x" in answer.get("Set-Cookie")
    assert layer.options.idle_timeout == 1800


@pytest.mark.parametrize("make", [
    lambda path: (SQLiteStore, f"sqlite:///{path}/s.db", path / "s.db"),
    lambda path: (FileStore, f"file://{path}/sessions", path / "sessions"),
])  # fmt: skip
def test_the_command_line_purges_a_store_by_its_address(tmp_path, capsys, make, monkeypatch):
    kind, address, place = make(tmp_path)
    if kind is SQLiteStore:
        monkeypatch.chdir("/")
        address = address.replace("sqlite:///", "sqlite:////")
        address = address.replace("/////", "////")
    store = kind(place)
    store.create("aa" * 32, b"x", 0.001)
    store.create("bb" * 32, b"x", 600)
    assert main(["purge", address]) == 0
    assert capsys.readouterr().out == "1 removed\n"
    assert store.load("bb" * 32) is not None
    store.close()


def test_the_module_runs_as_a_command(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "tropea.sessions", "purge", f"file://{tmp_path}"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (0, "0 removed\n"), ran.stderr


def test_the_command_line_says_what_is_wrong_in_one_line(capsys):
    assert main(["purge", "nowhere://x"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


# -- warnings ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["wsgi.multiprocess", "wsgi.run_once"])
def test_the_memory_store_warns_once_under_several_processes(make_app, tools, caplog, key):
    browser = tools.Browser(make_app())
    with caplog.at_level(logging.WARNING, "tropea.sessions"):
        for _ in range(3):
            browser.get("/set?k=v", **{key: True})
    assert len(caplog.records) == 1
    assert "SQLiteStore" in caplog.text


def test_the_memory_store_is_bounded_and_drops_the_oldest(clock, caplog):
    store = MemoryStore(3, clock=clock)
    for key in ("aa", "bb", "cc"):
        store.create(key, b"x", 60)
    store.touch("aa", 60)
    store.create("dd", b"x", 60)
    store.create("ee", b"x", 60)
    assert [key for key in ("aa", "bb", "cc", "dd", "ee") if store.load(key)] == ["aa", "dd", "ee"]
    assert len(caplog.records) == 1


def test_a_cache_size_of_zero_sets_no_limit(clock):
    store = MemoryStore(cache_size=0, clock=clock)
    for number in range(1000):
        store.create(f"{number:04x}", b"x", 60)
    assert len(store) == 1000


# -- when the store fails ------------------------------------------------------------------------


class Failing(MemoryStore):
    """Fails where it is told to."""

    broken = ()

    def fail(self, name):
        if name in self.broken:
            raise StoreError("the store is down")

    def load(self, key):
        self.fail("load")
        return super().load(key)

    def create(self, *arguments):
        self.fail("create")
        return super().create(*arguments)

    def save(self, *arguments):
        self.fail("save")
        return super().save(*arguments)

    def delete(self, *arguments):
        self.fail("delete")
        return super().delete(*arguments)


@pytest.fixture
def failing(clock):
    return Failing(clock=clock)


@pytest.mark.parametrize(
    ("broken", "target"),
    [("load", "/get?k"), ("save", "/set?k=w"), ("delete", "/logout"), ("create", "/regenerate"),
     ("load", "/locked")],
)  # fmt: skip
def test_a_dead_store_is_answered_with_503(make_app, tools, failing, broken, target):
    browser = tools.Browser(make_app(store=failing))
    browser.get("/set?k=v")
    failing.broken = (broken,)
    answer = browser.get(target)
    assert answer.code == 503
    assert answer.get("Retry-After") == "1"
    assert answer.get("Cache-Control") == "no-store"
    assert answer.cookie is None
    failing.broken = ()
    assert browser.get("/get?k").text == "v"


def test_requests_that_do_not_touch_the_session_never_notice(make_app, tools, failing):
    browser = tools.Browser(make_app(store=failing))
    browser.get("/set?k=v")
    failing.broken = ("load", "create", "save", "delete")
    assert browser.get("/plain").code == 200


def test_an_application_that_swallows_the_error_still_answers_503(make_app, tools, failing):
    def app(environ, start_response):
        try:
            environ["tropea.session"].get("k")
        except StoreError:
            pass
        start_response("200 OK", [])
        return [b"as if nothing had happened"]

    layer = make_app(store=failing)
    browser = tools.Browser(layer)
    browser.get("/set?k=v")
    failing.broken, layer.app = ("load",), app
    assert browser.get().code == 503


def test_anonymous_goes_on_without_the_session(make_app, tools, failing, caplog):
    browser = tools.Browser(make_app(store=failing, on_store_error="anonymous"))
    browser.get("/set?k=v")
    failing.broken = ("load", "create", "save", "delete")
    answer = browser.get("/set?k=w")
    assert (answer.code, answer.cookie) == (200, None)
    assert browser.get("/get?k").text == ""
    assert browser.get("/new").text == "True"
    failing.broken = ()
    assert browser.get("/get?k").text == "v"
    assert "without its session" in caplog.text


@pytest.mark.parametrize("target", ["/logout", "/regenerate", "/login?u=ann"])
@pytest.mark.parametrize("broken", [("load", "create", "save", "delete"), ("delete", "create")])
def test_even_anonymous_never_claims_an_ending_that_did_not_happen(
    make_app, tools, failing, target, broken
):
    browser = tools.Browser(make_app(store=failing, on_store_error="anonymous"))
    browser.get("/set?k=v")
    failing.broken = broken
    assert browser.get(target).code == 503
    failing.broken = ()
    assert browser.get("/get?k").text == "v"


def test_raise_lets_the_application_see_the_error(make_app, tools, failing):
    browser = tools.Browser(make_app(store=failing, on_store_error="raise"))
    failing.broken = ("create",)
    with pytest.raises(StoreError, match="is down"):
        browser.get("/set?k=v")


@pytest.mark.parametrize("policy", ["503", "anonymous"])
def test_a_store_that_is_down_takes_one_line_a_minute_in_the_log(
    make_app, tools, failing, caplog, policy
):
    failing.broken = ("load",)
    browser = tools.Browser(make_app(store=failing, on_store_error=policy))
    for _ in range(50):
        browser.get("/get?k", cookie="session=" + "a" * 43)
    assert len(caplog.records) == 1


def test_what_was_left_out_of_the_log_is_counted(caplog, clock):
    from tropea.sessions.reporting import Seldom

    report = Seldom(60, clock)
    for _ in range(5):
        report("the store failed: %s", "why")
    clock.forward(61)
    report("the store failed: %s", "why")
    assert [r.getMessage() for r in caplog.records] == [
        "the store failed: why",
        "the store failed: why (and 4 times since the last line)",
    ]


# -- Pyramid's and Pesto's names -----------------------------------------------------------------


def test_flash_messages_are_shown_once(make_app, tools):
    seen = []

    def app(environ, start_response):
        session = environ["tropea.session"]
        if environ["PATH_INFO"] == "/flash":
            session.flash("saved")
            session.flash("saved", allow_duplicate=False)
            session.flash("careful", "warnings")
        else:
            seen.append((session.peek_flash(), session.pop_flash(), session.pop_flash("warnings")))
        start_response("200 OK", [])
        return []

    browser = tools.Browser(make_app(app))
    browser.get("/flash")
    browser.get("/")
    browser.get("/")
    assert seen == [(["saved"], ["saved"], ["careful"]), ([], [], [])]


def test_the_mapping_is_whole(make_app, tools):
    from collections.abc import MutableMapping

    def app(environ, start_response):
        s = tools.session_of(environ)
        assert isinstance(s, MutableMapping)
        s.update(a=1, b=[2])
        assert s.pop("a") == 1
        with pytest.raises(KeyError):
            s.pop("zz")
        with pytest.raises(KeyError):
            s["zz"]
        assert (len(s), list(s), "b" in s, s.get("zz", 3)) == (1, ["b"], True, 3)
        assert dict(s) == {**s} == s.copy() == {"b": [2]}
        assert s == {"b": [2]}
        assert s.setdefault("b", 5) == [2]
        assert s.popitem() == ("b", [2])
        s["x"] = 1
        del s["x"]
        s.clear()
        assert s.id == s.session_id
        start_response("200 OK", [])
        return []

    assert tools.Browser(make_app(app)).get().cookie is None


@dataclass
class Line:
    name: str
    count: int = 1


@dataclass
class Cart:
    lines: list[Line] = field(default_factory=list)
    note: str | None = None
    prices: dict[str, float] = field(default_factory=dict)
    corner: tuple[int, int] = (0, 0)


def test_a_dataclass_goes_in_and_comes_out(make_app, tools):
    seen = []

    def app(environ, start_response):
        session = environ["tropea.session"]
        seen.append(session.view(Cart))
        cart = session.view(Cart) or Cart()
        cart.lines.append(Line("bread"))
        cart.prices["bread"] = 2
        session.keep(cart)
        start_response("200 OK", [])
        return []

    browser = tools.Browser(make_app(app))
    for _ in range(3):
        browser.get()
    assert seen[0] is None
    assert seen[2] == Cart([Line("bread"), Line("bread")], prices={"bread": 2.0})


Seconds = NewType("Seconds", int)


@dataclass
class Settings:
    theme: Literal["dark", "light"] = "dark"
    wait: Seconds = Seconds(5)  # noqa: RUF009  (a number)
    tags: set[str] = field(default_factory=set)
    marks: frozenset[int] = frozenset()
    rest: Any = None


def test_sets_choices_and_named_types_come_back_too(make_app, tools):
    kept = Settings("light", Seconds(7), {"b", "a"}, frozenset((2, 1)), [1, {"x": None}])

    def app(environ, start_response):
        session = environ["tropea.session"]
        found = session.view(Settings)
        session.keep(kept)
        start_response("200 OK", [])
        return [b"same" if found == kept else b"other"]

    browser = tools.Browser(make_app(app))
    assert [browser.get().text for _ in range(2)] == ["other", "same"]


@dataclass
class Odd:
    only: Literal[1] = 1
    made: int = field(default=0, init=False)


@pytest.mark.parametrize(("name", "value"), [("only", True), ("only", 2), ("made", 3)])
def test_what_would_not_come_back_is_refused_when_it_is_kept(name, value):
    from tropea.sessions.typed import plain

    odd = Odd()
    setattr(odd, name, value)
    with pytest.raises(SessionValueError, match="would not come back"):
        plain(odd)


def test_stored_data_of_another_shape_is_no_instance():
    from tropea.sessions.typed import build

    assert build(Cart, {"lines": [{"count": 3}]}) is None
    assert build(Cart, {"lines": "x"}) is None
    assert build(Cart, None) is None
    assert build(Cart, {"gone": 1}) == Cart()
    assert build(Cart, {"corner": [1, 2], "note": "x"}) == Cart(note="x", corner=(1, 2))


# -- query-string persistence --------------------------------------------------------------------


def test_the_id_may_travel_in_the_address(make_app, tools):
    browser = tools.Browser(make_app(persist="querystring"))
    first = browser.get("/count?key=n")
    assert (first.code, first.cookie) == (302, None)
    where = first.get("Location")
    assert where.startswith("/count?key=n&session=")
    assert browser.get(where).text == "1"
    assert browser.get(where).text == "2"
    assert browser.get(where).cookie is None


def test_a_post_without_an_id_in_its_address_has_a_new_session(make_app, tools):
    browser = tools.Browser(make_app(persist="querystring"))
    answer = browser.get("/count", REQUEST_METHOD="POST")
    assert (answer.code, answer.text, answer.cookie) == (200, "1", None)


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example", "///evil"])
def test_the_redirect_to_the_address_with_the_id_stays_here(make_app, tools, path):
    where = tools.Browser(make_app(persist="querystring")).get(path).get("Location")
    assert where[0] == "/"
    assert where[1] not in "/\\"


# -- cookies that hold the session -----------------------------------------------------------------


@pytest.fixture
def sealed(make_app, tools, clock):
    pytest.importorskip("cryptography")

    def build(**options):
        store = SealedCookieStore("a secret of this test, long enough", **options)
        return make_app(store=store)

    return build


def test_a_long_session_is_spread_over_cookies_and_shrinks_again(sealed, tools):
    import secrets

    browser = tools.Browser(sealed())
    long = secrets.token_hex(6000)
    answer = browser.get(f"/set?k={long}")
    assert 2 <= len(answer.all("Set-Cookie")) <= 8
    assert all(len(field) <= 4096 for field in answer.all("Set-Cookie"))
    assert browser.get("/get?k").text == long
    browser.get("/set?k=short")
    assert len(browser.jar) == 1
    assert browser.get("/get?k").text == "short"
    browser.get(f"/set?k={long}")
    browser.get("/logout")
    assert browser.jar == {}


def test_a_lost_part_is_an_empty_session(sealed, tools):
    import secrets

    browser = tools.Browser(sealed())
    browser.get(f"/set?k={secrets.token_hex(6000)}")
    browser.jar.pop("session.1")
    assert browser.get("/get?k").text == ""


def test_what_no_browser_would_keep_is_a_clear_error(sealed, tools):
    import secrets

    from tropea.sessions import SessionTooLarge

    with pytest.raises(SessionTooLarge, match="server-side store"):
        tools.Browser(sealed()).get(f"/set?k={secrets.token_hex(40_000)}")


def test_compressible_data_take_few_cookies(sealed, tools):
    browser = tools.Browser(sealed())
    browser.get("/set?k=" + "ab" * 20_000)
    assert len(browser.jar) == 1
    assert browser.get("/get?k").text == "ab" * 20_000


def test_without_revocations_a_copy_outlives_a_logout_and_with_them_it_does_not(
    sealed, tools, clock
):
    for revocations, after in ((None, "v"), (MemoryStore(clock=clock), "")):
        browser = tools.Browser(sealed(revocations=revocations))
        browser.get("/set?k=v")
        copy = dict(browser.jar)
        browser.get("/logout")
        browser.jar = copy
        assert browser.get("/get?k").text == after


def test_with_revocations_regenerating_kills_copies_of_the_old_cookie(sealed, tools, clock):
    browser = tools.Browser(sealed(revocations=MemoryStore(clock=clock)))
    browser.get("/set?k=v")
    copy = dict(browser.jar)
    browser.get("/regenerate")
    assert browser.get("/get?k").text == "v"
    browser.jar = copy
    assert browser.get("/get?k").text == ""


def test_with_revocations_labels_end_sessions_in_cookies(sealed, tools, clock):
    app = sealed(revocations=MemoryStore(clock=clock))
    one, two = tools.Browser(app), tools.Browser(app)
    one.get("/login?u=ann")
    two.get("/login?u=ann")
    two.get("/endothers", **{"test.store": app.store})
    assert one.get("/whoami").text == ""
    assert two.get("/whoami").text == "ann"


def test_without_revocations_labels_are_refused(sealed, tools):
    from tropea.sessions import SessionError

    with pytest.raises(SessionError, match="revocations"):
        tools.Browser(sealed()).get("/login?u=ann")


def test_a_secret_that_could_be_guessed_is_refused():
    from tropea.core.errors import OptionError

    with pytest.raises(OptionError, match="16 bytes"):
        SealedCookieStore("secret")
    with pytest.raises(OptionError):
        SealedCookieStore([])


# -- addresses -----------------------------------------------------------------------------------


def test_the_options_of_a_store_may_stand_in_its_address(tmp_path):
    from tropea.sessions.addresses import open_store

    assert open_store("memory:?cache_size=7").cache_size == 7
    assert open_store(f"file://{tmp_path}/f?sync=no&timeout=250ms")._timeout == 0.25
    assert open_store(f"sqlite:///{tmp_path}/s.db?timeout=2")._timeout == 2
    pytest.importorskip("redis")
    store = open_store("redis://127.0.0.1:1/0?prefix=shop:&timeout=20ms&rest=3&max_connections=5")
    assert store._prefix == "shop:"
    assert store._client().connection_pool.max_connections == 5
    assert store._client().connection_pool.connection_kwargs["socket_timeout"] == 0.02
    store.close()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("memory:?size=7", "memory: has no option 'size' (there are: cache_size)"),
        ("memory:?cache_size=many", "cache_size: expected"),
        ("sqlite:///x.db?sync=no", "has no option 'sync'"),
        ("memcached://x:1?timeout=soon", "timeout: expected a time such as 500ms or 2, got 'soon'"),
    ],
)
def test_a_wrong_option_in_an_address_is_refused(address, said):
    from tropea.core.errors import OptionError
    from tropea.sessions.addresses import open_store

    with pytest.raises(OptionError) as raised:
        open_store(address)
    assert said in str(raised.value)
