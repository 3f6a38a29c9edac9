"""Nothing secret is in any byte of any page, whatever the application does with it."""

from functools import partial
import json
import re
import time
import tracemalloc
from base64 import b64encode
from urllib.parse import quote

import pytest

from tropea.core.testing import assert_linear
from tropea.core.layer import Layer
from tropea.inspector import ProfilerMiddleware, note, span
from tropea.inspector.hiding import Hider

KEY = "k" * 32
SECRETS = {
    "plain": "PLANTED-hunter2",
    "with-quotes-and-signs": "PLANTED'h\"unter2\\ \xe9<&>+%41",
}
PAGES = ("", "app", "profiles", "profiles/1", "profiles/1-1", "profiles/1-all", "memory", "requests/1", "requests/2",
         "data", "data/requests", "data/requests/1", "data/requests/2", "data/app", "data/profiles", "data/memory",
         "profiles/1.prof", "profiles/1-all.prof", "onion.js", "onion.css")  # fmt: skip


class Holding(Layer):
    """A layer whose options hold a secret."""

    def prepare(self):
        self.secret_key = self.api_token = "PLANTED-hunter2"


class Foreign:
    """Somebody else's layer, with secrets among its attributes."""

    def __init__(self, app):
        self.app, self.password, self.level = app, "PLANTED-hunter2", 6
        self.url = "redis://ann:PLANTED-hunter2@localhost/0"

    def __call__(self, environ, start_response):
        return self.app(environ, start_response)


class Spilling:
    """An application that spills a secret wherever an application can."""

    def __init__(self, secret):
        self.secret = secret
        self.config = {"SECRET_KEY": secret, "DEBUG": True}

    def looked_at(self):
        return any(samples.taken for _, samples in list(self.sampler._watched.values()))

    def __call__(self, environ, start_response):
        secret = self.secret
        environ["app.copy"] = f"copied {secret}"
        environ["app.nested"] = {
            "list": [("token", secret), {"password": secret}],
            "text": [secret],
        }
        environ["app.bytes"] = secret.encode()
        environ["wsgiorg.routing_args"] = ((), {"id": "7", "token": secret})
        environ["tropea.route"] = f"/things/{secret}"
        session = environ.setdefault("beaker.session", {})
        session["cart"] = session["token"] = secret
        note(environ, "spilling", f"because of {secret}")
        with span(environ, f"SELECT 1 FROM users WHERE name = '{secret}' AND password='x{secret}'"):
            until = time.monotonic() + 30
            while not self.looked_at() and time.monotonic() < until:
                sum(range(500))
        if environ["PATH_INFO"] == "/broken":
            raise ValueError(f"cannot use {secret}")
        fields = [
            ("Set-Cookie", f"sid={quote(secret)}9; Path=/"), ("X-Api-Key", quote(secret)),
            ("X-Copy", quote(secret)), ("Location", f"/next?token={quote(secret)}"), ("Age", "1"),
        ]  # fmt: skip
        start_response("302 Found", fields)
        return (block for block in [secret.encode()])


@pytest.fixture(params=SECRETS.values(), ids=SECRETS)
def secret(request):
    return request.param


@pytest.fixture
def spilled(inspected, secret, monkeypatch):
    """The inspected application after two requests that carried the secret in every way."""
    monkeypatch.setenv("app_db_password", secret)
    app = Spilling(secret)
    sampled = ProfilerMiddleware(Holding(Foreign(app)), enabled=True, how="samples", interval=0.001)
    app.sampler = sampled.sampler
    stack = ProfilerMiddleware(sampled, enabled=True)
    layer, cookie = inspected(stack, always=True)
    raw = secret.encode().decode("latin-1")
    basic = b64encode(f"ann:{secret}".encode()).decode()
    planted = {
        "HTTP_COOKIE": f"sid={quote(secret)}; {cookie['HTTP_COOKIE']}",
        "HTTP_AUTHORIZATION": f"Basic {basic}", "HTTP_X_API_KEY": raw,
        "HTTP_REFERER": f"http://localhost/?token={quote(secret)}",
        "QUERY_STRING": f"page=2&token={quote(secret)}", "app_secret": secret,
    }  # fmt: skip
    return layer, planted, cookie["HTTP_COOKIE"].partition("=")[2]


def shapes(secret):
    """The secret's forms, and the part of it that no escaping changes."""
    core = re.search(r"unter2|hunter2", secret)[0]
    return {secret, quote(secret), json.dumps(secret)[1:-1], core, "PLANTED"}


def test_no_page_no_data_no_picture_no_file_and_no_field_has_it(spilled, secret, call):
    layer, planted, token = spilled
    first = call(layer, f"/things/{secret.encode().decode('latin-1')}", **planted)
    with pytest.raises(ValueError, match="cannot use"):
        call(layer, "/broken", **planted)
    timing = first.headers["Server-Timing"]
    assert "Spilling" in timing
    tracemalloc.start()
    try:
        answers = {place: call(layer, f"/__onion__/{place}", **planted) for place in PAGES}
    finally:
        tracemalloc.stop()
    assert "<svg" in answers["requests/1"].text and "<svg" in answers["profiles/1"].text
    told = {place: answer.body + repr(answer.fields).encode() for place, answer in answers.items()}
    for place, octets in {**told, "Server-Timing": timing.encode()}.items():
        assert answers[place].status == "200 OK" if place in answers else True, place
        for text in (*shapes(secret), KEY, token):
            found = octets.find(text.encode())
            assert found < 0, (place, text, octets[max(found - 120, 0) : found + 40])
    assert b"page=2" in told["requests/1"], "what is no secret is there"


def test_a_session_is_told_by_its_keys(spilled, secret, call):
    layer, planted, _ = spilled
    call(layer, "/things/7", **planted)
    assert layer.shelf.get(1)["session"] == [
        {"key": "cart", "how": "added", "before": "", "after": f"str of {len(secret)}"},
        {"key": "token", "how": "added", "before": "", "after": "…"},
    ]


def test_nothing_is_logged_either(spilled, secret, call, caplog, capsys):
    layer, planted, token = spilled
    call(layer, "/things/7", **planted)
    call(layer, "/__onion__/", **planted)
    said = caplog.text + "".join(capsys.readouterr())
    assert not any(text in said for text in (*shapes(secret), KEY, token))


@pytest.mark.parametrize(
    "piece", ["x", "token=", "a.", "%3D", "= '", "basic ", "://a:", "eyJ", "sid=0"]
)
def test_hiding_takes_linear_time(piece):
    hider = Hider({"HTTP_COOKIE": "sid=0123456789abcdef"})
    assert_linear(lambda size: partial(hider.scrub, piece * (size // len(piece))), 40_000)
