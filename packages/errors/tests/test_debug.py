"""The debug page: for its developer only, everything escaped, no secret, nothing evaluated."""

import html

import pytest

from tropea.core.errors import OptionError
from tropea.errors import DebugMiddleware

KEY = "k" * 32
SECRET = "SECRET-hunter2"
SCRIPT = "<script>alert(1)</script>"


def broken(environ, start_response):
    password = SECRET
    harmless = SCRIPT
    token = {"api_key": SECRET, "list": [SCRIPT]}
    try:
        {}["missing"]
    except KeyError as error:
        failure = ValueError(f"{SCRIPT} of {len(password) + len(token) + len(harmless)}")
        failure.add_note("a note")
        raise failure from error


@pytest.fixture
def layer():
    return DebugMiddleware(broken, enabled=True, key=KEY, announce=False)


@pytest.fixture
def cookie(layer):
    return layer.gate.set_cookie.partition(";")[0]


def test_it_refuses_to_start_unless_asked():
    with pytest.raises(OptionError, match="development only: say enabled=True"):
        DebugMiddleware(broken)


def test_the_key_is_printed_at_start(capsys):
    layer = DebugMiddleware(broken, enabled=True)
    told = capsys.readouterr().err
    assert layer.gate.key in told
    assert "behind a proxy every client looks like this machine" in told


def test_the_developer_sees_where_and_why(layer, cookie, call):
    answer = call(layer, "/shop", HTTP_COOKIE=cookie)
    page = answer.body.decode()
    assert answer.status == "500 Internal Server Error"
    for told in ("ValueError", "a note", "which was raised from", "KeyError", "harmless", "GET /shop",
                 "test_debug.broken", "vscode://file", "raise failure from error"):  # fmt: skip
        assert told in page
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert answer.headers["Cache-Control"] == "no-store"


def test_everything_on_it_is_escaped(layer, cookie, call):
    page = call(layer, f"/{SCRIPT}", HTTP_COOKIE=cookie, HTTP_USER_AGENT=SCRIPT, QUERY_STRING=SCRIPT).body.decode()
    assert SCRIPT not in page
    assert html.escape(SCRIPT) in page


def test_no_secret_is_on_it(layer, cookie, call):
    page = call(layer, HTTP_COOKIE=f"{cookie}; sid={SECRET}", HTTP_AUTHORIZATION=f"Bearer {SECRET}").body.decode()
    lines = [line for line in page.splitlines() if SECRET in line]
    assert lines == []
    assert cookie.partition("=")[2] not in page


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="no-cookie"),
        pytest.param({"HTTP_COOKIE": "tropea--debug--=wrong"}, id="wrong-cookie"),
        pytest.param({"with_cookie": True, "REMOTE_ADDR": "192.0.2.1"}, id="not-loopback"),
        pytest.param({"with_cookie": True, "HTTP_HOST": "evil.example"}, id="unknown-host"),
        pytest.param({"with_cookie": True, "HTTP_X_FORWARDED_FOR": "192.0.2.1"}, id="behind-a-proxy"),
        pytest.param({"QUERY_STRING": f"key={KEY}"}, id="key-on-another-page"),
    ],
)
def test_for_everybody_else_the_exception_goes_on(layer, cookie, call, fields):
    if fields.pop("with_cookie", False):
        fields["HTTP_COOKIE"] = cookie
    answer = call(layer, **fields)
    assert isinstance(answer.raised, ValueError)
    assert answer.heads == []


def test_the_key_is_taken_once_and_kept_as_a_cookie(layer, call):
    answer = call(layer, "/__debug__/", QUERY_STRING=f"key={KEY}")
    assert answer.status == "200 OK"
    assert answer.headers["Set-Cookie"] == layer.gate.set_cookie
    assert call(layer, "/__debug__/").status == "404 Not Found"


def test_nothing_is_ever_evaluated(layer, cookie, call):
    answer = call(layer, HTTP_COOKIE=cookie, QUERY_STRING="__debugger__=yes&cmd=print(1)&frm=0&s=x")
    assert b"1\n<" not in answer.body
    assert b"<form" not in answer.body
    assert b"<input" not in answer.body


def test_only_its_own_script_and_style_can_run(layer, cookie, call):
    answer = call(layer, HTTP_COOKIE=cookie)
    policy = answer.headers["Content-Security-Policy"]
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert "default-src 'none'" in policy
    assert f'<script nonce="{nonce}">'.encode() in answer.body
    assert answer.body.count(b"<script") == answer.body.count(b"<style") == 1
    assert nonce not in call(layer, HTTP_COOKIE=cookie).headers["Content-Security-Policy"]


def test_a_generator_that_fails_at_its_first_step_is_shown(layer, cookie, call):
    def app(environ, start_response):
        start_response("200 OK", [])
        yield 1 / 0

    layer.app = app
    assert b"ZeroDivisionError" in call(layer, HTTP_COOKIE=cookie).body


def test_a_good_answer_passes(layer, cookie, call, answering):
    layer.app = answering(body=(n for n in (b"a", b"b")))
    assert call(layer, HTTP_COOKIE=cookie).body == b"ab"


def test_a_group_shows_its_leaves(layer, cookie, call):
    def app(environ, start_response):
        raise ExceptionGroup("several", [ValueError("one"), KeyError("two")])

    layer.app = app
    page = call(layer, HTTP_COOKIE=cookie).body.decode()
    assert "which is a group that holds" in page
    assert "KeyError" in page


def test_the_log_gets_the_error_too(layer, cookie, call, caplog):
    call(layer, HTTP_COOKIE=cookie)
    assert "ValueError before the answer" in caplog.text


def test_an_exception_that_will_not_say_anything_is_shown_all_the_same(call):
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no")

    def app(environ, start_response):
        held = []
        held.extend([held] * 1000)
        error = Mute()
        error.__notes__ = [Mute(), f"password={SECRET}"]
        error.__cause__ = ValueError("x" * 10**6)
        raise error

    layer = DebugMiddleware(app, enabled=True, key=KEY, announce=False)
    answer = call(layer, HTTP_COOKIE=layer.gate.set_cookie.partition(";")[0])
    assert "(its str raised RuntimeError)" in answer.body.decode()
    assert SECRET not in answer.body.decode()
    assert len(answer.body) < 1_000_000


def test_notes_that_are_no_list_are_left_out(call):
    def app(environ, start_response):
        error = ValueError("told")
        error.__notes__ = 7
        raise error

    layer = DebugMiddleware(app, enabled=True, key=KEY, announce=False)
    assert b"told" in call(layer, HTTP_COOKIE=layer.gate.set_cookie.partition(";")[0]).body


@pytest.mark.parametrize("blocks", [[b""], [b"", b"", b""]])
def test_a_body_that_fails_after_empty_blocks_is_shown(call, body_of, answering, blocks):
    body = body_of(*blocks, ValueError("told"))
    layer = DebugMiddleware(answering(body=body), enabled=True, key=KEY, announce=False)
    answer = call(layer, HTTP_COOKIE=layer.gate.set_cookie.partition(";")[0])
    assert (answer.status, body.closed) == ("500 Internal Server Error", 1)
    assert b"told" in answer.body
