"""The onion made visible: for its developer only, in bounded memory, without any secret."""

import json

import pytest

from tropea.core import pipeline
from tropea.core.errors import OptionError
from tropea.core.layer import Layer
from tropea.inspector import InspectorMiddleware, note, paste, span

KEY = "k" * 32
SECRET = "PLANTED-hunter2"


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def telling(environ, start_response):
    """Spill secrets wherever an application may."""
    environ["app.copy"] = f"copied {SECRET}"
    environ["wsgiorg.routing_args"] = ((), {"id": "7", "token": SECRET})
    environ["tropea.route"] = "/things/<id>"
    session = environ.setdefault("beaker.session", {})
    session["cart"] = SECRET
    note(environ, "telling", f"because of token={SECRET}")
    with span(environ, f"SELECT 1 FROM users WHERE password = '{SECRET}'"):
        pass
    fields = [
        ("Set-Cookie", f"sid={SECRET}9; Path=/"),
        ("X-Api-Key", SECRET),
        ("X-Copy", f"{SECRET}9"),
    ]
    start_response("200 OK", fields)
    return [SECRET.encode()]


def latest(layer, call, cookie):
    return json.loads(call(layer, "/__onion__/data/requests", **cookie).body)["requests"]


def test_it_refuses_to_start_unless_asked():
    with pytest.raises(OptionError, match="development only: say enabled=True"):
        InspectorMiddleware(hello)


def test_the_address_with_the_key_is_told_at_start(capsys):
    layer = InspectorMiddleware(hello, enabled=True)
    assert f"/__onion__/?key={layer.gate.key}" in capsys.readouterr().err


def test_the_key_is_taken_once_and_kept_as_a_cookie(inspected, call):
    layer, _ = inspected(hello)
    answer = call(layer, "/__onion__/", QUERY_STRING=f"key={KEY}", SCRIPT_NAME="/shop")
    assert (answer.status, answer.headers["Location"]) == ("303 See Other", "/shop/__onion__/")
    assert answer.headers["Set-Cookie"] == layer.gate.set_cookie


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"HTTP_COOKIE": ""}, id="no-cookie"),
        pytest.param({"REMOTE_ADDR": "192.0.2.1"}, id="not-loopback"),
        pytest.param({"HTTP_X_FORWARDED_FOR": "192.0.2.1"}, id="behind-a-proxy"),
    ],
)
@pytest.mark.parametrize("place", ["", "data", "app", "onion.js", "requests/1", "memory", "stop"])
def test_strangers_find_nothing(inspected, call, fields, place):
    layer, cookie = inspected(hello)
    answer = call(layer, f"/__onion__/{place}", **{**cookie, **fields})
    assert (answer.status, answer.body) == ("404 Not Found", b"")
    assert not layer.listening


def test_no_probe_stands_in_the_stack_until_the_page_is_opened(inspected, call, stamp):
    inner = stamp(hello)
    layer, cookie = inspected(inner)
    call(layer, "/")
    assert (layer.app, inner.app) == (inner, hello)
    call(layer, "/__onion__/", **cookie)
    assert inner.app is not hello
    layer.stop()
    assert (layer.app, inner.app) == (inner, hello)


def test_the_probes_go_out_by_a_form_of_this_page_only(inspected, call):
    layer, cookie = inspected(hello, always=True)
    stop = {"REQUEST_METHOD": "POST", **cookie}
    assert (
        call(layer, "/__onion__/stop", **stop, HTTP_ORIGIN="http://localhost:3000").status[:3]
        == "403"
    )
    assert call(layer, "/__onion__/stop", **stop).status[:3] == "403"
    assert layer.listening
    assert call(layer, "/__onion__/stop", **stop, HTTP_ORIGIN="http://localhost").status == "200 OK"
    call(layer, "/__onion__/data/requests", **cookie)
    assert not layer.listening


def test_what_each_layer_changed_is_told(inspected, call, stamp):
    layer, cookie = inspected(pipeline(stamp.layer(), Layer.layer(), hello), always=True)
    assert call(layer, "/page").body == b"hello"
    record = json.loads(call(layer, "/__onion__/data/requests/1", **cookie).body)
    assert [visit["name"].rpartition(".")[2] for visit in record["visits"]] == [
        "Stamp",
        "Layer",
        "hello",
    ]
    changed = record["visits"][0]["changes"]
    assert changed["headers"] == [{"name": "X-Stamp", "how": "added", "after": "'yes'"}]
    assert changed["environ"] == [{"name": "stamp.seen", "how": "added", "after": "True"}]
    for visit in record["visits"]:
        assert 0 <= visit["entered"] <= visit["started"] <= visit["returned"] <= visit["finished"]
    page = call(layer, "/__onion__/requests/1", **cookie).text
    assert "X-Stamp" in page
    assert 'class="flame"' in page


def test_reasons_spans_route_and_session_are_told(inspected, call):
    def app(environ, start_response):
        environ["tropea.route"], environ["wsgiorg.routing_args"] = "/things/<id>", ((), {"id": 7})
        note(environ, "caching", "304: If-None-Match names the current tag")
        with span(environ, "SELECT 1"):
            environ["beaker.session"]["n"] += 1
        return hello(environ, start_response)

    layer, cookie = inspected(app, always=True)
    call(layer, "/things/7", **{"beaker.session": {"n": 1, "password": SECRET}})
    record = json.loads(call(layer, "/__onion__/data/requests/1", **cookie).body)
    assert record["route"] == "/things/<id>"
    assert record["arguments"] == "((), {'id': 7})"
    assert record["notes"] == [["caching", "304: If-None-Match names the current tag"]]
    assert record["spans"][0]["name"] == "SELECT 1"
    assert record["session"] == [
        {"key": "n", "how": "changed", "before": "1", "after": "2"},
        {"key": "password", "how": "kept", "before": "…", "after": "…"},
    ]


def test_a_session_that_loads_late_is_compared_with_what_it_loaded(inspected, call):
    class Session:
        def open(self):
            self.data = {"visits": 1}

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/touch":
            environ["tropea.session"].open()
            environ["tropea.session"].data["visits"] = 2
        return hello(environ, start_response)

    layer, cookie = inspected(app, always=True)
    untouched = Session()
    call(layer, "/", **{"tropea.session": untouched})
    call(layer, "/touch", **{"tropea.session": Session()})
    assert "data" not in vars(untouched)
    told = [
        json.loads(call(layer, f"/__onion__/data/requests/{n}", **cookie).body)["session"]
        for n in (1, 2)
    ]
    assert told == [None, [{"key": "visits", "how": "changed", "before": "1", "after": "2"}]]


def test_no_secret_is_in_any_byte_of_it(inspected, call, monkeypatch):
    monkeypatch.setenv("app_db_password", SECRET)
    layer, cookie = inspected(pipeline(Layer.layer(), telling), always=True)
    planted = {
        "HTTP_COOKIE": f"sid={SECRET}; {cookie['HTTP_COOKIE']}", "HTTP_AUTHORIZATION": f"Bearer {SECRET}",
        "HTTP_X_API_KEY": SECRET, "QUERY_STRING": f"page=2&token={SECRET}", "app_secret": SECRET,
    }  # fmt: skip
    assert SECRET in call(layer, "/things/7", **planted).text
    pages = ["", "app", "profiles", "memory", "requests/1", "data", "data/requests", "data/requests/1", "data/app",
             "data/profiles", "data/memory", "onion.js", "onion.css"]  # fmt: skip
    token = cookie["HTTP_COOKIE"].partition("=")[2]
    for place in pages:
        answer = call(layer, f"/__onion__/{place}", **planted)
        assert answer.status == "200 OK"
        text = answer.text + str(answer.fields)
        for secret in (SECRET, "hunter2", KEY, token):
            assert secret not in text, (
                place,
                text[max(text.find(secret) - 90, 0) : text.find(secret)],
            )
    assert "page=2" in call(layer, "/__onion__/requests/1", **planted).text


def test_a_thousand_requests_are_held_in_bounded_memory(inspected, call):
    layer, cookie = inspected(pipeline(Layer.layer(), hello), always=True, keep=500, room=150_000)
    for number in range(1000):
        call(layer, f"/page/{number}", HTTP_USER_AGENT="x" * 3000)
    told = json.loads(call(layer, "/__onion__/data", **cookie).body)
    assert told["bytes"] <= 150_000
    assert 50 < told["kept"] <= 500
    assert told["requests"][0]["id"] == 1000
    assert len(told["requests"]) == 100
    assert call(layer, "/__onion__/requests/1", **cookie).status == "404 Not Found"
    assert layer.shelf.get(1000)["path"] == "/page/999"


@pytest.mark.slow
def test_a_thousand_requests_take_no_more_memory_than_was_said_and_no_more_come_on_top(
    inspected, call
):
    import gc
    import tracemalloc

    def hold(numbers):
        for number in numbers:
            call(layer, f"/page/{number}", HTTP_COOKIE=f"visitor={number:016}")
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    layer, cookie = inspected(pipeline(Layer.layer(), Layer.layer(), hello), always=True)
    hold(range(50))  # what is imported and made once
    tracemalloc.start()
    try:
        full = hold(range(1000))
        fuller = hold(range(1000, 1500))
    finally:
        tracemalloc.stop()
    told = json.loads(call(layer, "/__onion__/data", **cookie).body)
    assert told["kept"] == 1000
    assert told["bytes"] <= full < 8_000_000 < told["room"]
    assert fuller < 1.1 * full
    assert layer.shelf.get(550) is None
    assert call(layer, "/__onion__/requests/1550", **cookie).status == "200 OK"


def test_the_list_tells_only_what_is_new(inspected, call):
    layer, cookie = inspected(hello, always=True)
    for _ in range(3):
        call(layer, "/")
    answer = call(layer, "/__onion__/data/requests", QUERY_STRING="after=2", **cookie)
    assert [request["id"] for request in json.loads(answer.body)["requests"]] == [3]


def test_everything_on_it_is_escaped(inspected, call):
    script = "<script>alert(1)</script>"
    layer, cookie = inspected(hello, always=True)
    call(layer, f"/{script}", QUERY_STRING=script, HTTP_USER_AGENT=script)
    for place in ("", "requests/1", "app"):
        assert script not in call(layer, f"/__onion__/{place}", QUERY_STRING=script, **cookie).text


def test_only_its_own_script_and_style_can_run(inspected, call):
    layer, cookie = inspected(hello)
    answer = call(layer, "/__onion__/", **cookie)
    policy = answer.headers["Content-Security-Policy"]
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert policy.startswith("default-src 'none'")
    assert answer.text.count("<script") == answer.text.count(f'nonce="{nonce}" defer') == 1
    assert " style=" not in answer.text
    assert nonce not in call(layer, "/__onion__/", **cookie).headers["Content-Security-Policy"]


def test_server_timing_is_for_the_developer_only(inspected, call):
    layer, cookie = inspected(pipeline(Layer.layer(), hello), always=True)
    timing = call(layer, "/", **cookie).headers["Server-Timing"]
    assert timing.startswith('l0;desc="Layer";dur=')
    assert 'l1;desc="hello";dur=' in timing
    assert "Server-Timing" not in call(layer, "/").headers


def test_an_exception_is_recorded_and_goes_on(inspected, call):
    def broken(environ, start_response):
        raise ValueError("no such recipe")

    layer, cookie = inspected(pipeline(Layer.layer(), broken), always=True)
    with pytest.raises(ValueError, match="no such recipe"):
        call(layer, "/")
    assert latest(layer, call, cookie)[0]["error"] == "ValueError: no such recipe"


def test_what_stands_in_the_wrong_place_is_told_with_the_reason(inspected, call):
    class Session(Layer):
        kind = "session"

    class Auth(Layer):
        kind = "auth"

    layer, cookie = inspected(pipeline(Auth.layer(), Session.layer(), hello))
    assert "who is logged in is read from the session" in call(layer, "/__onion__/", **cookie).text


def test_what_could_not_be_entered_is_listed_as_such(inspected, call):
    def closure(app):
        return lambda environ, start_response: app(environ, start_response)

    layer, cookie = inspected(pipeline(Layer.layer(), closure, hello))
    assert "it keeps an application in a closure" in call(layer, "/__onion__/", **cookie).text


def test_a_stack_of_flask_and_paste_layers_is_seen_through(inspected, call, stamp):
    flask = pytest.importorskip("flask")
    gzipper = pytest.importorskip("paste.gzipper")
    app = flask.Flask("kitchen")
    app.config["SECRET_KEY"] = SECRET
    app.add_url_rule("/recipes/<name>", "recipe", lambda name: name)
    app.wsgi_app = pipeline(stamp.layer(), gzipper.middleware, app.wsgi_app)
    layer, cookie = inspected(app, always=True)
    assert call(layer, "/recipes/soup").body == b"soup"
    record = layer.shelf.get(1)
    names = [visit["name"].rpartition(".")[2] for visit in record["visits"]]
    assert names == ["Flask", "Stamp", "middleware", "Flask"]
    told = json.loads(call(layer, "/__onion__/data/app", **cookie).body)
    assert ["GET HEAD OPTIONS /recipes/<name>", "recipe"] in told["Routes"]
    assert SECRET not in json.dumps(told)


def test_a_foreign_layer_is_listed_with_its_distribution_and_what_it_keeps(inspected, call):
    gzipper = pytest.importorskip("paste.gzipper")
    layer, cookie = inspected(gzipper.middleware(hello, compress_level=7))
    node = json.loads(call(layer, "/__onion__/data", **cookie).body)["layers"]
    assert (node["name"], node["distribution"]) == ("paste.gzipper.middleware", "Paste")
    assert node["version"]
    assert ["compress_level", "7"] in node["options"]


def test_the_debug_page_tells_routes_handlers_hooks_and_filters(inspected, call):
    class Route:
        pattern, methods, handler, origin = "/hello/<name>", ("GET",), hello, "app.py:3"

    class Hooks:
        before, after, defaults = [hello], [telling], {"GET": hello}
        states, errors = {(404, None): hello}, {KeyError: telling}

    class Dispatcher:
        def __init__(self):
            self.hooks, self.debug = Hooks(), False
            self.filters = {":word": (r"\w+", str)}

        def routes(self):
            return [Route()]

        def __call__(self, environ, start_response):
            return hello(environ, start_response)

    layer, cookie = inspected(Dispatcher())
    told = json.loads(call(layer, "/__onion__/data/app", **cookie, app_templ="templ").body)
    assert told["Routes"][0][0] == "GET /hello/<name>"
    assert told["State handlers"][0][0] == "404"
    assert told["Error handlers"][0][0] == "builtins.KeyError"
    assert "telling" in told["After each response"][0][1]
    assert told["Filters"] == [[":word", r"\w+ builtins.str"]]
    assert told["Configuration"] == [["debug", "False"]]
    assert ["templ", "'templ'"] in told["Variables app_"]


def test_the_ini_file_starts_it():
    assert paste.main({}, enabled="true", announce="no", keep="5")(hello).options.keep == 5
