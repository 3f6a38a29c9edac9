"""Hostile requests, each with the property that must hold."""

from functools import partial
import json
import logging
import pathlib

import pytest

from tropea.core.testing import assert_linear
from tropea.sessions.cookies import CookieRules
from tropea.sessions import (
    FileStore,
    MemoryStore,
    SealedCookieStore,
    SessionMiddleware,
    SignedCookieStore,
    SQLiteStore,
)

# {SID} an id captured before, {NAME} the cookie's name
NOT_THE_SESSION = {
    "nameless cookie (Werkzeug CVE-2023-23934)": "={NAME}={SID}",
    "percent-encoded name (Rack CVE-2020-8184)": "%73ession={SID}",
    "names are case-sensitive (RFC 6265)": "SESSION={SID}",
    "a quoted value hides it (phantom cookies)": '$Version=1; x="{NAME}={SID}"',
    "another cookie's value": "x={NAME}={SID}",
    "longer name": "x{NAME}={SID}",
    "quoted": '{NAME}="{SID}"',
    "cut short": "{NAME}={CUT}",
    "one more character": "{NAME}={SID}A",
    "a path behind it": "{NAME}={SID}/../x",
}
DETERMINISTIC = {
    "duplicate, empty first": "{NAME}=; {NAME}={SID}",
    "duplicate, foreign second": "{NAME}={SID}; {NAME}=AAAA",
    "comma-joined by the server": "a=1,{NAME}={SID}",
    "blanks": " {NAME} = {SID} ",
    "duplicate, made-up first": "{NAME}=" + "A" * 43 + "; {NAME}={SID}",
}
MALFORMED = {
    "empty": "{NAME}=",
    "only equals": "=",
    "CR LF": "{NAME}=a\r\nX: y",
    "non-ASCII bytes": "{NAME}=\xff\xfe",
    "8 KB id": "{NAME}=" + "A" * 8000,
    "60 KB of percent signs": "{NAME}=" + "%" * 60000,
    "60 KB of separators": ";" * 60000,
    "60 KB of blanks": "; " + " " * 60000 + "{NAME}",
    "internals' name": "{NAME}=__proto__",
    "path traversal (CherryPy CVE-2008-0252)": "{NAME}=../../../../var/pwn",
    "encoded traversal": "{NAME}=..%2f..%2fpwn",
    "sub path": "{NAME}=a/b/c",
    "glob": "{NAME}=*",
    "lock file's name": "{NAME}=.lock",
    "temporary file's name": "{NAME}=x.tmp",
    "redis inline command": "{NAME}=\\r\\nFLUSHALL\\r\\n",
    "key-prefix confusion": "{NAME}=sess:1:lock",
    "shell": "{NAME}=$(touch /var/pwn)",
    "newline after an id": "{NAME}=" + "a" * 43 + "\n",
}


@pytest.fixture
def captured(browser):
    """A browser, its cookie's name and the id that it was given."""
    name, sid = browser.get("/set?k=v1").cookie
    return browser, name, sid


def fill(text, name, sid):
    return text.replace("{NAME}", name).replace("{SID}", sid).replace("{CUT}", sid[:-1])


@pytest.mark.parametrize("cookie", NOT_THE_SESSION.values(), ids=NOT_THE_SESSION)
def test_only_the_cookie_itself_is_the_session(captured, cookie):
    browser, name, sid = captured
    answer = browser.get("/get?k", cookie=fill(cookie, name, sid))
    assert (answer.code, answer.text) == (200, "")


@pytest.mark.parametrize("cookie", DETERMINISTIC.values(), ids=DETERMINISTIC)
def test_ambiguous_cookies_get_the_same_answer_twice(captured, cookie):
    browser, name, sid = captured
    answers = [browser.get("/get?k", cookie=fill(cookie, name, sid)).text for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0] in ("", "v1")


class Watched(MemoryStore):
    """Remembers what it was asked for."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def load(self, key):
        self.asked.append(key)
        return super().load(key)


@pytest.mark.parametrize("cookie", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_id_is_no_id_and_no_store_is_asked_for_it(make_app, tools, cookie, caplog):
    store = Watched()
    browser = tools.Browser(make_app(store=store))
    with caplog.at_level(logging.DEBUG):
        answer = browser.get("/set?k=v", cookie=fill(cookie, "session", ""))
    assert answer.code == 200
    assert store.asked == []
    assert tools.valid_id(answer.cookie[1])
    assert not any(c in name + value for name, value in answer.headers for c in "\r\n\0")
    assert len(caplog.records) <= 1


@pytest.mark.parametrize("cookie", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_id_touches_no_file_outside_the_stores_folder(tools, tmp_path, cookie):
    (tmp_path / "inside").mkdir()
    (tmp_path / "pwn").write_text("mine")
    before = sorted(p for p in tmp_path.rglob("*") if "inside" not in p.parts)
    layer = SessionMiddleware(tools.site, FileStore(tmp_path / "inside"), auto_purge_every=0)
    tools.Browser(layer).get("/set?k=v", cookie=fill(cookie, "session", ""))
    assert sorted(p for p in tmp_path.rglob("*") if "inside" not in p.parts) == before
    assert not pathlib.Path("/var/pwn").exists()


@pytest.mark.parametrize(
    "unit", ["; ", ";", " ", "session=", "session=a; ", ";session = ", "a=b;", "%", '"', "\xff"]
)
def test_reading_the_cookie_takes_linear_time(unit):
    find = CookieRules().writer("http", "").find
    assert_linear(lambda size: partial(find, unit * (size // len(unit)) + "; session=x"), 16_000)


def test_an_id_in_the_query_is_not_accepted(captured):
    browser, name, sid = captured
    assert browser.get(f"/get?k&{name}={sid}", cookie="").text == ","


def test_the_raw_id_is_never_logged_and_never_stored(make_app, tools, tmp_path, caplog):
    with caplog.at_level(logging.DEBUG):
        store = SQLiteStore(tmp_path / "s.db")
        browser = tools.Browser(make_app(store=store))
        _, sid = browser.get("/set?k=v", REMOTE_ADDR="10.0.0.1").cookie
        browser.get("/get?k")
        browser.get("/regenerate")
        browser.get("/logout")
        browser.get("/set?k=v")
    assert sid not in caplog.text
    _, sid = browser.jar.popitem()
    stored = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert sid.encode() not in stored
    store.close()


def test_the_session_shows_neither_its_id_nor_its_values(make_app, tools):
    seen = []

    def app(environ, start_response):
        session = environ["tropea.session"]
        seen.append(repr(session))
        session["password"] = "swordfish"
        seen.append(repr(session))
        seen.append(session.id)
        start_response("200 OK", [])
        return []

    tools.Browser(make_app(app)).get()
    assert seen[0] == "<Session, untouched>"
    assert seen[1] == "<Session with 'password'>"


def test_logout_kills_the_id_and_removes_the_cookie(captured):
    browser, name, sid = captured
    assert "Max-Age=0" in browser.get("/logout").get("Set-Cookie")
    assert browser.get("/get?k", cookie=f"{name}={sid}").text == ""


def test_regenerate_kills_the_old_id_and_keeps_the_data(captured):
    browser, name, sid = captured
    renewed = browser.get("/regenerate").cookie
    assert renewed[1] != sid
    assert browser.get("/get?k", cookie=f"{name}={sid}").text == ""
    assert browser.get("/get?k").text == "v1"


def test_an_unknown_id_causes_no_cookie_unless_the_application_writes(browser):
    made_up = "session=" + "A" * 43
    assert browser.get("/get?k", cookie=made_up).cookie is None
    assert browser.get("/new", cookie=made_up).text == "True"
    assert browser.get("/set?k=v", cookie=made_up).cookie is not None


def test_logging_in_gives_another_id(captured):
    browser, _name, sid = captured
    assert browser.get("/login?u=ann").cookie[1] != sid
    assert browser.get("/get?k&user").text == "v1,ann"


def test_ending_all_other_sessions_of_a_user(make_app, tools, store):
    app = make_app()
    ann1, ann2, bob = (tools.Browser(app) for _ in range(3))
    ann1.get("/login?u=ann")
    ann2.get("/login?u=ann")
    bob.get("/login?u=bob")
    assert len(store.labelled("user:ann")) == 2
    ann2.get("/endothers", **{"test.store": store})
    assert ann1.get("/whoami").text == ""
    assert ann2.get("/whoami").text == "ann"
    assert bob.get("/whoami").text == "bob"
    assert len(store.labelled("user:ann")) == 1
    assert store.destroy("user:ann") == 1
    assert ann2.get("/whoami").text == ""


def test_a_record_cannot_be_given_to_another_session(make_app, tools, store, caplog):
    app = make_app()
    admin, mallory = tools.Browser(app), tools.Browser(app)
    admin.get("/set?role=admin")
    mallory.get("/set?role=guest")
    (a_key, a_entry), (m_key, _) = store._entries.items()
    store._entries[m_key] = a_entry
    with caplog.at_level(logging.WARNING):
        assert mallory.get("/get?role").text == ""
    assert len(caplog.records) == 1
    assert admin.get("/get?role").text == "admin"


# -- sessions in cookies -----------------------------------------------------------------------

SECRET = "the secret of this test, long enough"
KINDS = {"sealed": SealedCookieStore, "signed": SignedCookieStore}


@pytest.fixture(params=KINDS)
def cookie_store(request):
    pytest.importorskip("cryptography")
    return KINDS[request.param](SECRET)


def test_flipping_any_bit_of_a_cookie_leaves_an_empty_session(make_app, tools, cookie_store):
    app = make_app(store=cookie_store)
    name, value = tools.Browser(app).get("/set?k=v1").cookie
    for position in range(len(value)):
        for bit in range(7):
            flipped = chr(ord(value[position]) ^ (1 << bit))
            tampered = value[:position] + flipped + value[position + 1 :]
            answer = tools.Browser(app).get("/get?k", cookie=f"{name}={tampered}")
            assert (answer.code, answer.text) == (200, "")


@pytest.mark.parametrize(
    "tampered",
    [
        lambda value: value[:-1],
        lambda value: value + "A",
        lambda value: value[1:],
        lambda value: "",
        lambda value: json.dumps({"k": "v1"}),
        lambda value: "eyJrIjoidjEifQ",
        lambda value: "eyJrIjoidjEifQ.",
        lambda value: "eyJhbGciOiJub25lIn0.eyJrIjoidjEifQ.",
        lambda value: "md5" + value[2:],
        lambda value: "s1" + value[2:] if value[0] == "e" else "e1" + value[2:],
        lambda value: "s2" + value[2:],
        lambda value: value[: len(value) // 2],
        lambda value: "~2~" + value,
        lambda value: "~9~" + value,
    ],
)
def test_a_cookie_that_is_not_ours_is_an_empty_session(make_app, tools, cookie_store, tampered):
    app = make_app(store=cookie_store)
    name, value = tools.Browser(app).get("/set?k=v1").cookie
    answer = tools.Browser(app).get("/get?k", cookie=f"{name}={tampered(value)}")
    assert (answer.code, answer.text) == (200, "")


def test_a_value_cannot_be_moved_to_another_cookie(make_app, tools, cookie_store):
    _, value = tools.Browser(make_app(store=cookie_store, name="one")).get("/set?k=v1").cookie
    other = tools.Browser(make_app(store=cookie_store, name="two"))
    assert other.get("/get?k", cookie=f"two={value}").text == ""


def test_a_cookie_from_the_far_future_is_not_accepted(make_app, tools, cookie_store, clock):
    app = make_app(store=cookie_store, idle_timeout=None, absolute_timeout=None)
    browser = tools.Browser(app)
    clock.forward(60 * 365 * 86400)
    browser.get("/set?k=v1")
    clock.forward(-60 * 365 * 86400)
    assert browser.get("/get?k").text == ""


def test_a_cookie_of_an_old_key_is_read_and_issued_again(make_app, tools, cookie_store):
    browser = tools.Browser(make_app(store=cookie_store))
    browser.get("/set?k=v1")
    new = "another secret, made the year after"
    cookie_store.rekey([new, SECRET])
    again = browser.get("/get?k")
    assert again.text == "v1"
    assert again.cookie is not None
    assert browser.get("/get?k").cookie is None
    cookie_store.rekey(new)
    assert browser.get("/get?k").text == "v1"


def test_a_removed_key_is_refused_at_once(make_app, tools, cookie_store):
    browser = tools.Browser(make_app(store=cookie_store))
    browser.get("/set?k=v1")
    cookie_store.rekey("a secret that is not the first one")
    assert browser.get("/get?k").text == ""


def test_a_bomb_is_not_unpacked(make_app, tools, clock):
    import zlib

    pytest.importorskip("cryptography")
    store = SealedCookieStore(SECRET)
    head = f"1 {int(clock())} {int(clock())} {'i' * 43} - zlib\n".encode()
    bomb = store.protect("session", head + zlib.compress(b'"' + b"0" * 50_000_000 + b'"'))
    assert len(bomb) < 70_000
    browser = tools.Browser(make_app(store=store))
    answer = browser.get("/get?k", cookie=f"session={bomb}")
    assert (answer.code, answer.text) == (200, "")
