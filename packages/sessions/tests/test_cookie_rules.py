"""The cookie: its name, its attributes, and what is seen of what clients send."""

import logging

import pytest

from tropea.core.errors import OptionError
from tropea.sessions import SealedCookieStore, SessionMiddleware, SessionTooLarge
from tropea.sessions.cookies import CookieRules, mount_path


def attributes(answer):
    return [part.strip() for part in answer.all("Set-Cookie")[0].split(";")[1:]]


@pytest.mark.parametrize(
    ("scheme", "mount", "options", "name", "expected"),
    [
        ("http", "", {}, "session", ["Path=/", "HttpOnly", "SameSite=Lax"]),
        ("https", "", {}, "__Host-session", ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"]),
        ("https", "/shop", {}, "__Secure-session",
         ["Path=/shop", "HttpOnly", "SameSite=Lax", "Secure"]),
        ("http", "/shop", {}, "session", ["Path=/shop", "HttpOnly", "SameSite=Lax"]),
        ("https", "/shop", {"path": "/"}, "__Host-session",
         ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"]),
        ("https", "", {"domain": "example.org"}, "__Secure-session",
         ["Path=/", "Domain=example.org", "HttpOnly", "SameSite=Lax", "Secure"]),
        ("http", "", {"secure": True}, "__Host-session",
         ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"]),
        ("https", "", {"secure": False}, "session", ["Path=/", "HttpOnly", "SameSite=Lax"]),
        ("https", "", {"name": "sid", "samesite": "Strict"}, "sid",
         ["Path=/", "HttpOnly", "SameSite=Strict", "Secure"]),
        ("https", "", {"samesite": "None", "partitioned": True, "httponly": False},
         "__Host-session", ["Path=/", "SameSite=None", "Secure", "Partitioned"]),
        ("http", "", {"samesite": "None", "partitioned": True}, "session",
         ["Path=/", "HttpOnly", "SameSite=Lax"]),
        ("http", "", {"max_age": 600}, "session",
         ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=600"]),
    ],
)  # fmt: skip
def test_each_request_writes_exactly_one_name_with_the_right_attributes(
    make_app, tools, scheme, mount, options, name, expected
):
    browser = tools.Browser(make_app(**options))
    answer = browser.get("/set?k=v", SCRIPT_NAME=mount, **{"wsgi.url_scheme": scheme})
    assert len(answer.all("Set-Cookie")) == 1
    assert answer.cookie[0] == name
    assert attributes(answer) == expected


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_cookie_of_another_name_is_not_read(make_app, tools, scheme):
    browser = tools.Browser(make_app())
    other = {"http": "https", "https": "http"}[scheme]
    browser.get("/set?k=v", **{"wsgi.url_scheme": scheme})
    assert browser.get("/get?k", **{"wsgi.url_scheme": scheme}).text == "v"
    assert browser.get("/get?k", **{"wsgi.url_scheme": other}).text == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "a b"}, "name: expected a cookie's name"),
        ({"name": "__Host-x"}, "secure=True only"),
        ({"name": "__Host-x", "secure": True, "domain": "a.org"}, "without domain"),
        ({"path": "x"}, "begins with '/'"),
        ({"path": "/a;b"}, "begins with '/'"),
        ({"domain": "a b"}, "expected a host name"),
        ({"samesite": "None", "secure": False}, "browsers want it"),
        ({"maxage": 5}, "did you mean 'max_age'?"),
        ({"idle_timeout": 0}, "more than 0"),
        ({"idle_timeout": float("nan")}, "more than 0"),
        ({"absolute_timeout": float("inf")}, "more than 0"),
        ({"max_age": float("inf")}, "more than 0"),
        ({"touch_every": float("nan")}, "0 or more"),
        ({"clock": 5}, "clock: expected a function"),
        ({"importer": object()}, "importer: expected an Importer"),
        ({"name": "__Http-x"}, "secure=True only"),
        ({"name": "__Host-Http-x", "secure": True, "httponly": False}, "httponly only"),
        ({"store": "nowhere://x"}, "no store has the address"),
        ({"store": object()}, "expected a store or its address"),
        ({"persist": "url"}, "one of 'cookie', 'querystring'"),
    ],
)
def test_a_wrong_option_fails_when_the_layer_is_built(tools, store, options, words):
    options = {"store": store, **options}
    with pytest.raises(OptionError, match=words.replace("?", r"\?")) as problem:
        SessionMiddleware.layer(**options)
    assert str(problem.value).startswith("SessionMiddleware: ")


def test_the_cookie_is_removed_with_the_attributes_it_was_set_with(make_app, tools):
    browser = tools.Browser(make_app(domain="example.org", path="/shop"))
    browser.get("/set?k=v")
    removed = browser.get("/logout").all("Set-Cookie")
    assert removed == [
        "session=; Path=/shop; Domain=example.org; HttpOnly; SameSite=Lax; Max-Age=0; "
        "Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    ]
    assert browser.jar == {}


def test_max_age_never_outlives_the_absolute_timeout(make_app, tools, clock):
    browser = tools.Browser(make_app(max_age=1000, absolute_timeout=1500, rolling=True))
    browser.get("/set?k=v")
    clock.forward(900)
    assert "Max-Age=600" in browser.get("/get?k").get("Set-Cookie")


def test_rolling_sends_the_cookie_again_and_tells_caches(make_app, tools, clock):
    browser = tools.Browser(make_app(max_age=1000, rolling=True))
    browser.get("/set?k=v")
    assert browser.get("/get?k").cookie is None  # used a moment ago
    clock.forward(100)
    answer = browser.get("/get?k")
    assert "Max-Age=1000" in answer.get("Set-Cookie")
    assert (answer.get("Vary"), answer.get("Cache-Control")) == ("Cookie", "private")
    assert browser.get("/plain").headers == [("Content-Type", "text/plain")]


def test_without_rolling_the_cookie_is_sent_once(make_app, tools, clock):
    browser = tools.Browser(make_app(max_age=1000))
    browser.get("/set?k=v")
    clock.forward(100)
    assert browser.get("/set?k=w").cookie is None


def test_http_from_a_private_peer_is_warned_about_once(make_app, tools, caplog):
    browser = tools.Browser(make_app())
    with caplog.at_level(logging.WARNING, "tropea.sessions"):
        for _ in range(3):
            browser.get("/set?k=v", REMOTE_ADDR="10.1.2.3")
    assert len(caplog.records) == 1
    assert "secure=True" in caplog.text
    assert "use_x_forwarded" in caplog.text


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        ({}, {"REMOTE_ADDR": "192.0.2.1"[:0] + "8.8.8.8"}),
        ({}, {"REMOTE_ADDR": "10.1.2.3", "wsgi.url_scheme": "https"}),
        ({"secure": False}, {"REMOTE_ADDR": "10.1.2.3"}),
        ({}, {"REMOTE_ADDR": "unix:"}),
    ],
)
def test_there_is_no_such_warning_where_there_is_no_doubt(
    make_app, tools, caplog, options, environ
):
    with caplog.at_level(logging.WARNING, "tropea.sessions"):
        tools.Browser(make_app(**options)).get("/set?k=v", **environ)
    assert caplog.records == []


def test_x_forwarded_proto_of_a_client_changes_nothing(make_app, tools):
    browser = tools.Browser(make_app())
    secure = browser.get("/set?k=v", HTTP_X_FORWARDED_PROTO="http", **{"wsgi.url_scheme": "https"})
    assert "Secure" in attributes(secure)
    plain = tools.Browser(make_app()).get("/set?k=v", HTTP_X_FORWARDED_PROTO="https")
    assert "Secure" not in attributes(plain)


@pytest.mark.parametrize(
    ("mount", "path"),
    [("", "/"), ("/", "/"), ("/shop", "/shop"), ("/a b", "/a%20b"), ("/a;x=1", "/a%3Bx=1"),
     ("//evil", "/"), ("/caf\xe9", "/caf%E9"), ("/a\r\nX: y", "/a%0D%0AX:%20y")],
)  # fmt: skip
def test_script_name_becomes_a_path_that_cannot_leave_its_attribute(mount, path):
    assert mount_path(mount) == path


def test_mounts_made_up_by_clients_do_not_fill_the_memory():
    rules = CookieRules()
    for number in range(1000):
        rules.writer("http", f"/{number}")
    assert len(rules._ready) <= 64


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("session={v}", True),
        ("  session={v}  ", True),
        ("a=1; b=2; session={v}; c=3", True),
        ("a=1;session={v};c=3", True),
        ("a=1;\t session={v}\t;c=3", True),
        ("a=x session={v}", False),
        ("xsession={v}", False),
        ("a=xsession={v}; session={v}", True),
        ("session=short; session={v}", True),
        ("session={v}x; b=2", False),
        ('session="{v}"', False),
        ("Session={v}", False),
        ("session ={v}", False),
        ("session={v}, b=2", False),
    ],
)
def test_a_cookie_begins_after_a_semicolon_and_its_value_ends_before_one(header, found):
    value = "v" * 43
    seen = CookieRules().writer("http", "").find(header.format(v=value))
    assert seen == (value if found else None)


def test_parts_of_a_longer_session_are_removed_when_it_shrinks_below_a_long_mount(make_app, tools):
    pytest.importorskip("cryptography")
    store = SealedCookieStore("a secret that nobody knows", compress=False)
    browser = tools.Browser(make_app(store=store))
    mount = {"SCRIPT_NAME": "/" + "m" * 2000}
    browser.get("/set?k=" + "x" * 3000, **mount)
    assert len(browser.jar) == 3
    browser.get("/set?k=" + "x" * 1100, **mount)
    assert len(browser.jar) == 1
    assert browser.get("/get?k", **mount).text == "x" * 1100


@pytest.mark.parametrize("length", [3980, 4090, 5000])
def test_a_mount_that_leaves_no_room_for_the_cookie_is_named(make_app, tools, length):
    pytest.importorskip("cryptography")
    store = SealedCookieStore("a secret that nobody knows")
    browser = tools.Browser(make_app(store=store))
    with pytest.raises(SessionTooLarge, match="name and path leave"):
        browser.get("/set?k=v", SCRIPT_NAME="/" + "m" * length)


@pytest.mark.parametrize("name", ["CDN-Cache-Control", "Surrogate-Control", "cdn-cache-control"])
def test_no_field_for_some_caches_only_lets_them_share_what_is_private(make_app, tools, name):
    def app(environ, start_response):
        if environ["PATH_INFO"] == "/read":
            environ["tropea.session"].get("k")
        start_response("200 OK", [(name, "public, max-age=600")])
        return []

    browser = tools.Browser(make_app(app))
    assert browser.get("/untouched").get(name) == "public, max-age=600"
    answer = browser.get("/read")
    assert answer.get(name) is None
    assert answer.get("Cache-Control") == "private"
