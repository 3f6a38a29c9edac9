"""PoorSession, the CSRF layer, Beaker's names, other libraries' sessions, Paste."""

import configparser
import io
import json
import logging
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha1
from hmac import digest
from importlib.metadata import entry_points
from urllib.parse import urlencode

import pytest

from tropea.core.errors import OptionError
from tropea.sessions import (
    BeakerBridge,
    CSRFMiddleware,
    PoorSession,
    SessionMiddleware,
    from_beaker,
    from_flask_session,
)
from tropea.sessions.__main__ import main
from tropea.sessions.importing import Importer

SECRET = "the secret of this test, long enough"


# -- PoorSession ---------------------------------------------------------------------------------


@pytest.fixture
def poor(clock):
    pytest.importorskip("cryptography")

    def make(secret=SECRET, **options):
        return PoorSession(secret, clock=clock, **options)

    return make


def held(fields):
    return "; ".join(value.partition(";")[0] for _, value in fields)


def test_a_poor_session_travels_in_its_cookie(poor):
    one = poor()
    one.load("")
    one.data["login"] = "ann"
    fields = one.header()
    assert fields[0][1].startswith("SESSID=")
    for source in (
        held(fields),
        {"HTTP_COOKIE": held(fields)},
        dict([held(fields).split("=", 1)]),
        type("Request", (), {"environ": {"HTTP_COOKIE": held(fields)}})(),
    ):
        two = poor()
        two.load(source)
        assert two.data == {"login": "ann"}


def test_a_poor_session_loads_from_the_request_being_answered(poor):
    from tropea.core.context import ENVIRON

    one = poor()
    one.data["login"] = "ann"
    token = ENVIRON.set({"HTTP_COOKIE": held(one.header())})
    try:
        two = poor()
        two.load()
    finally:
        ENVIRON.reset(token)
    assert two.data == {"login": "ann"}


def test_a_poor_session_cannot_be_read_or_forged(poor):
    one = poor()
    one.data["role"] = "user"
    cookie = held(one.header())
    assert "user" not in cookie
    stranger = poor("a secret that is not the first one")
    stranger.load(cookie)
    assert stranger.data == {}
    renamed = poor(sid="OTHER")
    renamed.load(cookie.replace("SESSID", "OTHER"))
    assert renamed.data == {}


def test_a_poor_session_expires(poor, clock):
    one = poor(expires=60)
    one.data["n"] = 1
    cookie = held(one.header())
    clock.forward(59)
    two = poor(expires=60)
    two.load(cookie)
    assert two.data == {"n": 1}
    clock.forward(2)
    two.load(cookie)
    assert two.data == {}


def test_a_destroyed_poor_session_removes_its_cookie(poor):
    from wsgiref.headers import Headers

    one = poor(path="/app", domain="example.org")
    one.data["n"] = 1
    response = Headers([])
    one.header(response)
    again = poor(path="/app", domain="example.org")
    again.load(held(response.items()))
    again.destroy()
    (field,) = again.header()
    assert "Max-Age=0" in field[1]
    assert "Path=/app; Domain=example.org" in field[1]


def test_a_poor_session_adds_its_fields_to_a_response(poor):
    from tropea.core.response import Response

    one = poor()
    one.data["n"] = 1
    response = Response(["x"])
    one.header(response)
    assert [n for n, _ in response.headerlist].count("Set-Cookie") == 1
    assert len(one.write()) > 20


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"same_site": "Lax; Domain=example.org"}, "samesite: expected"),
        ({"same_site": "lax"}, "samesite: expected"),
        ({"same_site": "None"}, "secure"),
        ({"expires": -1}, "expires: expected"),
        ({"sid": "a b"}, "name: expected"),
        ({"path": "/a;b"}, "path: expected"),
    ],
)
def test_a_poor_session_takes_no_option_that_browsers_would_not(options, words):
    pytest.importorskip("cryptography")
    with pytest.raises(OptionError, match=words):
        PoorSession(SECRET, **options)


def test_a_poor_session_is_lax_where_poorwsgi_said_nothing(poor):
    (field,) = poor(same_site=False).header()
    assert field[1].endswith("; SameSite=Lax")


def test_a_poor_session_that_is_loaded_again_is_not_destroyed_any_more(poor):
    first = poor()
    first.data["a"] = 1
    cookie = first.header()[0][1].partition(";")[0]
    first.destroy()
    first.load(cookie)
    again = poor()
    again.load(first.header()[0][1].partition(";")[0])
    assert again.data == {"a": 1}


# -- CSRF ----------------------------------------------------------------------------------------


@pytest.fixture
def forms(tools, store, clock):
    """A site that shows its token at GET and its form at POST."""

    def app(environ, start_response):
        session = environ["tropea.session"]
        body = session.get_csrf_token().encode()
        if environ["REQUEST_METHOD"] != "GET":
            body = environ["wsgi.input"].read()
        start_response("200 OK", [])
        return [body]

    def build(**options):
        layer = SessionMiddleware(CSRFMiddleware(app, **options), store, clock=clock)
        browser = tools.Browser(layer)
        return browser, browser.get().text

    return build


def post(browser, fields=None, *, body=None, kind="application/x-www-form-urlencoded", **environ):
    raw = urlencode(fields or {}).encode() if body is None else body
    return browser.get(
        "/", REQUEST_METHOD="POST", CONTENT_TYPE=kind, CONTENT_LENGTH=str(len(raw)),
        HTTP_HOST="localhost", **{"wsgi.input": io.BytesIO(raw), **environ},
    )  # fmt: skip


def test_a_form_with_the_token_goes_through_and_can_be_read_again(forms):
    browser, token = forms()
    answer = post(browser, {"csrf_token": token, "a": "1"})
    assert (answer.code, answer.text) == (200, f"csrf_token={token}&a=1")


def test_an_upload_with_the_token_goes_through(forms):
    browser, token = forms()
    body = (
        "--b\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n" + token +
        "\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\ndata\r\n--b--\r\n"
    ).encode()  # fmt: skip
    answer = post(browser, body=body, kind="multipart/form-data; boundary=b")
    assert (answer.code, answer.body) == (200, body)


def test_the_token_may_come_in_a_header(forms):
    browser, token = forms()
    answer = post(browser, body=b"{}", kind="application/json", HTTP_X_CSRF_TOKEN=token)
    assert answer.code == 200


@pytest.mark.parametrize(
    ("fields", "environ"),
    [
        ({}, {}),
        ({"csrf_token": "wrong"}, {}),
        ({"csrf_token": ""}, {}),
        ({"csrf_token": "ü" * 43}, {}),
        (None, {"HTTP_SEC_FETCH_SITE": "cross-site"}),
        (None, {"HTTP_SEC_FETCH_SITE": "same-site"}),
        (None, {"HTTP_ORIGIN": "https://evil.example"}),
        (None, {"HTTP_ORIGIN": "null"}),
        (None, {"HTTP_ORIGIN": "http://localhost.evil.example"}),
        (None, {"HTTP_REFERER": "http://evil.example/localhost"}),
        (None, {"HTTP_ORIGIN": "http://localhost:8080"}),
    ],
)
def test_a_forged_request_is_refused(forms, fields, environ):
    browser, token = forms()
    fields = {"csrf_token": token} if fields is None else fields
    answer = post(browser, fields, **environ)
    assert answer.code == 403
    assert token not in answer.text


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_ORIGIN": "http://localhost"},
        {"HTTP_SEC_FETCH_SITE": "none"},
        {"HTTP_ORIGIN": "http://LOCALHOST"},
        {"HTTP_REFERER": "http://localhost/form"},
        {"HTTP_SEC_FETCH_SITE": "same-site", "HTTP_ORIGIN": "https://shop.example.org"},
    ],
)
def test_a_request_from_here_or_from_a_trusted_origin_goes_through(forms, environ):
    browser, token = forms(trusted_origins=("https://shop.example.org",))
    assert post(browser, {"csrf_token": token}, **environ).code == 200


@pytest.mark.parametrize("referer", ["http://[x", "http://x]/", "http://x:port/", "//", "http://\xbd/"])
def test_a_referer_that_is_no_address_is_refused(forms, referer):
    browser, token = forms()
    assert post(browser, {"csrf_token": token}, HTTP_REFERER=referer).code == 403


@pytest.mark.parametrize("charset", ["none-such", "utf-16", "\x00", "idna", "punycode"])
def test_an_upload_in_a_charset_that_hides_the_token_is_refused(forms, charset):
    browser, _ = forms()
    body = (
        '--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n'
        f"Content-Type: text/plain; charset={charset}\r\n\r\nwrong\r\n--b--\r\n"
    ).encode()
    assert post(browser, body=body, kind="multipart/form-data; boundary=b").code == 403


def test_a_path_that_leads_out_of_an_exempt_one_is_not_exempt(forms):
    browser, _ = forms(exempt=("/hooks",))
    for path in ("/hooks/../admin", "/hooks/a/../../admin", "/hooks/.."):
        assert browser.get(path, REQUEST_METHOD="POST").code == 403
    assert browser.get("/hooks/..a", REQUEST_METHOD="POST").code == 200


def test_another_sessions_token_is_refused(forms):
    (one, _), (_, token) = forms(), forms()
    assert post(one, {"csrf_token": token}).code == 403


def test_exempt_paths_and_safe_methods_are_not_asked(forms):
    browser, _ = forms(exempt=("/hooks",))
    environ = {"REQUEST_METHOD": "POST", "HTTP_ORIGIN": "https://evil.example"}
    assert browser.get("/hooks/x", **environ).code == 200
    assert browser.get("/hooksx", **environ).code == 403
    assert browser.get("/", REQUEST_METHOD="HEAD").code == 200


def test_a_form_beyond_the_limit_is_not_read(forms):
    browser, token = forms(max_body="10")
    assert post(browser, {"csrf_token": token}).code == 403
    assert post(browser, {"csrf_token": token}, HTTP_X_CSRF_TOKEN=token).code == 200


# -- Beaker ----------------------------------------------------------------------------------------


def test_an_application_written_for_beaker_finds_its_session(tools, store, clock):
    seen = []

    def app(environ, start_response):
        session = environ["beaker.session"]
        if "n" not in session:
            session["n"] = 0
        session["n"] += 1
        session.save()
        seen.append((session.is_new, session.id, session.has_key("n"), len(session)))
        if environ["PATH_INFO"] == "/out":
            session.delete()
        start_response("200 OK", [])
        return [str(session.get("n")).encode()]

    browser = tools.Browser(SessionMiddleware(BeakerBridge(app), store, clock=clock))
    assert [browser.get().text for _ in range(3)] == ["1", "2", "3"]
    assert seen[2][0] is False
    browser.get("/out")
    assert browser.get().text == "1"


def test_an_application_written_for_beaker_may_take_back_its_changes(tools, store, clock):
    def app(environ, start_response):
        session = environ["beaker.session"]
        session.load()
        session["n"] = session.get("n", 0) + 1
        if environ["PATH_INFO"] == "/revert":
            session.revert()
        start_response("200 OK", [])
        return [str(session.get("n")).encode()]

    browser = tools.Browser(SessionMiddleware(BeakerBridge(app), store, clock=clock))
    assert browser.get("/revert").text == "None"
    assert browser.jar == {}
    assert [browser.get(path).text for path in ("/", "/revert", "/")] == ["1", "1", "2"]


def beaker_folder(tmp_path, data, *, extra=None):
    folder = tmp_path / "beaker" / "container_file" / "a" / "ab"
    folder.mkdir(parents=True)
    session = {"_accessed_time": 1.0, "_creation_time": 1.0, **data}
    (folder / ("ab" * 16 + ".cache")).write_bytes(pickle.dumps({"session": session}, 2))
    if extra:
        (folder / "evil.cache").write_bytes(extra)
    return tmp_path / "beaker"


def test_pickles_are_converted_offline_and_never_run(tmp_path, capsys):
    evil = b"cos\nsystem\n(S'touch %s/pwned'\ntR." % str(tmp_path).encode()
    source = beaker_folder(tmp_path, {"user": "ann"}, extra=evil)
    assert main(["import-pickles", str(source), str(tmp_path / "json")]) == 1
    out, problems = capsys.readouterr()
    assert out == "1 converted, 1 left out\n"
    assert "os.system" in problems or "posix.system" in problems
    assert not (tmp_path / "pwned").exists()
    (written,) = (tmp_path / "json").iterdir()
    assert json.loads(written.read_text()) == {"user": "ann"}


@pytest.mark.parametrize("secret", [None, "beaker's own secret"])
def test_beakers_sessions_are_taken_over_once(tmp_path, tools, store, clock, secret):
    source = beaker_folder(tmp_path, {"user": "ann"})
    main(["import-pickles", str(source), str(tmp_path / "json")])
    importer = from_beaker(tmp_path / "json", secret=secret)
    app = SessionMiddleware(tools.site, store, clock=clock, importer=importer)
    sid = "ab" * 16
    signed = digest(secret.encode(), sid.encode(), sha1).hex() + sid if secret else sid
    thief = tools.Browser(app)
    if secret:
        assert thief.get("/whoami", cookie=f"beaker.session.id={'0' * 40}{sid}").text == ""
    first = tools.Browser(app).get("/whoami", cookie=f"beaker.session.id={signed}")
    assert first.text == "ann"
    name, value = first.cookie
    assert value != sid
    both = f"beaker.session.id={signed}; {name}={value}"
    assert tools.Browser(app).get("/whoami", cookie=both).text == "ann"
    again = tools.Browser(app).get("/whoami", cookie=f"beaker.session.id={signed}")
    assert (again.text, again.cookie) == ("", None)


@pytest.mark.parametrize("format", ["msgpack", "json"])
def test_flask_sessions_are_taken_over_once_from_redis(redis_url, tools, store, clock, format):
    import redis

    if format == "msgpack":
        encode = pytest.importorskip("msgspec.msgpack").encode
    else:
        encode = lambda data: json.dumps(data).encode()
    client = redis.Redis.from_url(redis_url)
    sid = "QvA1-flask_session_id_of_43_characters_long"
    client.set(f"session:{sid}", encode({"_permanent": True, "user": "ann"}))
    app = SessionMiddleware(
        tools.site, store, clock=clock, name="sid",
        importer=from_flask_session(client, format=format),
    )  # fmt: skip
    answer = tools.Browser(app).get("/whoami", cookie=f"session={sid}")
    assert answer.text == "ann"
    assert client.get(f"session:{sid}") is None
    name, value = answer.cookie
    assert tools.Browser(app).get("/whoami", cookie=f"{name}={value}").text == "ann"
    client.close()


def test_an_old_store_that_fails_or_holds_rubbish_costs_nobody_a_request(tools, store, caplog):
    class Broken:
        def get(self, name):
            raise OSError("gone")

        def delete(self, name):
            raise OSError("gone")

    class Rubbish(Broken):
        def get(self, name):
            return b"\x80\x04cos\nsystem\n."

    for source in (Broken(), Rubbish()):
        importer = Importer(source, cookie="old")
        app = SessionMiddleware(tools.site, store, importer=importer)
        with caplog.at_level(logging.WARNING):
            answer = tools.Browser(app).get("/whoami", cookie="old=" + "a" * 32)
        assert (answer.code, answer.text) == (200, "")


class Old(dict):
    """Another library's store; it can be taken down."""

    down = False

    def delete(self, name):
        if self.down:
            raise OSError("gone")
        self.pop(name, None)


OLD_ID = "an-id-of-the-other-library"


@pytest.mark.parametrize("end", ["/logout", "/clear"])
def test_what_ends_in_the_request_that_takes_it_over_does_not_come_back(tools, store, end):
    def app(environ, start_response):
        if environ["PATH_INFO"] == "/clear":
            environ["tropea.session"].clear()
        return tools.site(environ, start_response)

    old = Old({OLD_ID: b'{"user": "ann"}'})
    layer = SessionMiddleware(app, store, importer=Importer(old, cookie="old"))
    assert tools.Browser(layer).get(end, cookie=f"old={OLD_ID}").code == 200
    assert tools.Browser(layer).get("/whoami", cookie=f"old={OLD_ID}").text == ""
    assert not old


def test_a_logout_is_not_reported_while_the_old_store_still_has_the_session(tools, store):
    for on_store_error in ("503", "anonymous"):
        old = Old({OLD_ID: b'{"user": "ann"}'})
        layer = SessionMiddleware(
            tools.site, store, importer=Importer(old, cookie="old"), on_store_error=on_store_error
        )
        old.down = True
        assert tools.Browser(layer).get("/logout", cookie=f"old={OLD_ID}").code == 503
        taken = tools.Browser(layer).get("/whoami", cookie=f"old={OLD_ID}")
        assert (taken.code, taken.text) == (200, "ann")
        name, value = taken.cookie
        both = f"old={OLD_ID}; {name}={value}"
        assert tools.Browser(layer).get("/logout", cookie=both).code == 503
        old.down = False
        assert tools.Browser(layer).get("/logout", cookie=both).code == 200
        assert tools.Browser(layer).get("/whoami", cookie=both).text == ""


def test_values_that_cannot_be_kept_are_left_out_when_a_session_is_taken_over(
    tools, store, caplog
):
    data = {"user": "ann", "since": datetime(2020, 1, 1, tzinfo=UTC), "blob": b"x"}
    source = Old({OLD_ID: b"-"})
    importer = Importer(source, cookie="old", decode=lambda _raw: data)
    browser = tools.Browser(SessionMiddleware(tools.site, store, importer=importer))
    assert browser.get("/whoami", cookie=f"old={OLD_ID}").text == "ann"
    assert browser.get("/whoami").text == "ann"
    assert "session['since'] holds a datetime" in caplog.text


# -- Paste -----------------------------------------------------------------------------------------

INI = """
[DEFAULT]
[pipeline:main]
pipeline = session csrf beaker app
[filter:session]
use = egg:tropea-sessions
store = sqlite:///%(here)s/sessions.db
idle_timeout = 30m
samesite = Strict
secure = auto
[filter:csrf]
use = egg:tropea-sessions#csrf
trusted_origins = https://a.example https://b.example
[filter:beaker]
use = egg:tropea-sessions#beaker
"""


def test_an_ini_section_builds_the_layers(tmp_path, tools):
    loadwsgi = pytest.importorskip("paste.deploy.loadwsgi")
    ini = tmp_path / "site.ini"
    ini.write_text(INI + "[app:main2]\n")
    load = lambda name: loadwsgi.loadfilter(f"config:{ini}", name=name)
    layer = load("session")(load("csrf")(load("beaker")(tools.site)))
    assert layer.options.idle_timeout == 1800
    assert layer.options.samesite == "Strict"
    assert layer.app.options.trusted_origins == ("https://a.example", "https://b.example")
    browser = tools.Browser(layer)
    browser.get("/set?k=v")
    assert browser.get("/get?k").text == "v"
    assert (tmp_path / "sessions.db").exists()
    layer.store.close()


def test_a_wrong_option_names_the_section(tmp_path):
    from tropea.sessions.pastefactories import main as factory

    ini = tmp_path / "site.ini"
    ini.write_text("[filter:session]\nuse = egg:tropea-sessions\nmaxage = 5\nstore = memory:\n")
    parser = configparser.ConfigParser()
    parser.read(ini)
    with pytest.raises(OptionError, match=r"\[filter:session\].*max_age"):
        factory({"__file__": str(ini)}, store="memory:", maxage="5")


def test_the_entry_points_are_there():
    names = {
        entry.name
        for entry in entry_points(group="paste.filter_factory")
        if entry.value.startswith("tropea.sessions.")
    }
    assert names == {"main", "csrf", "beaker"}


# -- imports ---------------------------------------------------------------------------------------


def test_importing_the_layer_loads_no_client_library_and_no_webob():
    script = (
        "import sys; from tropea.sessions import SessionMiddleware, MemoryStore;"
        "SessionMiddleware(None, MemoryStore());"
        "heavy = {'webob', 'redis', 'pymemcache', 'sqlalchemy', 'cryptography', 'sqlite3'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True
    )
    assert ran.stdout == "[]\n", ran.stderr


def test_every_public_name_can_be_had():
    import tropea.sessions

    optional = {"SQLStore": "sqlalchemy"}
    for name in tropea.sessions.__all__:
        if name in optional:
            pytest.importorskip(optional[name])
        assert getattr(tropea.sessions, name) is not None
    with pytest.raises(AttributeError):
        tropea.sessions.nothing


def test_a_request_of_core_has_the_session(tools, store):
    from tropea.core.request import Request

    def app(environ, start_response):
        request = Request.of(environ)
        request.session["n"] = 1
        assert request.session is environ["tropea.session"]
        start_response("200 OK", [])
        return []

    assert tools.Browser(SessionMiddleware(app, store)).get().cookie is not None
