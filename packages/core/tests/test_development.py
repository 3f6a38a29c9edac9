"""Development pages: who sees them, what they may show, what they can look into."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.anatomy import anatomy, chain_of
from tropea.core.development import Admission, Gate, host_of, is_loopback
from tropea.core.errors import OptionError
from tropea.core.layer import Layer
from tropea.core.redaction import Redactor, is_secret_name
from tropea.core.stack import pipeline

KEY = "k" * 32


def environ(**fields):
    return {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:8080", "PATH_INFO": "/__page__/", **fields}


@pytest.fixture
def gate():
    return Gate("/__page__/", KEY)


class TestGate:
    def test_the_key_opens_once_and_the_cookie_afterwards(self, gate):
        assert gate.judge(environ(QUERY_STRING=f"key={KEY}")) is Admission.ENTERING
        cookie = gate.set_cookie.partition(";")[0]
        assert KEY not in cookie
        assert gate.judge(environ(HTTP_COOKIE=f"a=b; {cookie}", PATH_INFO="/x")) is Admission.ADMITTED

    @pytest.mark.parametrize(
        "fields",
        [
            pytest.param({}, id="no-key"),
            pytest.param({"QUERY_STRING": "key=wrong"}, id="wrong-key"),
            pytest.param({"QUERY_STRING": "key="}, id="empty-key"),
            pytest.param({"QUERY_STRING": f"key={KEY}", "PATH_INFO": "/other"}, id="key-elsewhere"),
            pytest.param({"HTTP_COOKIE": "tropea--page--=wrong"}, id="wrong-cookie"),
            pytest.param({"HTTP_COOKIE": "tropea--page--=\xff"}, id="odd-cookie"),
        ],
    )
    def test_without_the_key_nobody_enters(self, gate, fields):
        assert gate.judge(environ(**fields)) is Admission.REFUSED

    @pytest.mark.parametrize(
        "fields",
        [
            {"REMOTE_ADDR": "10.0.0.1"},
            {"REMOTE_ADDR": ""},
            {"REMOTE_ADDR": "localhost"},
            {"HTTP_HOST": "evil.example"},
            {"HTTP_HOST": "localhost.evil.example"},
            {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
            {"HTTP_FORWARDED": "for=1.2.3.4"},
            {"HTTP_X_FORWARDED_HOST": "localhost"},
            {"HTTP_X_FORWARDED_PROTO": "https"},
            {"HTTP_CF_CONNECTING_IP": "127.0.0.1"},
        ],
    )
    def test_the_key_alone_is_not_enough(self, gate, fields):
        cookie = gate.set_cookie.partition(";")[0]
        assert gate.judge(environ(HTTP_COOKIE=cookie, **fields)) is Admission.REFUSED
        assert gate.judge(environ(QUERY_STRING=f"key={KEY}", **fields)) is Admission.REFUSED

    def test_every_gate_makes_a_key_of_its_own(self):
        one, other = Gate("/a"), Gate("/a")
        assert one.key != other.key
        assert len(one.key) >= 32
        assert one.key in one.address

    def test_a_short_key_is_refused(self):
        with pytest.raises(OptionError, match="expected 16 characters or more, got 3"):
            Gate("/a", "abc")

    @pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
    def test_loopback_has_many_addresses(self, address):
        assert is_loopback({"REMOTE_ADDR": address})

    @pytest.mark.parametrize(
        ("host", "name"), [("[::1]:80", "::1"), ("LOCALHOST", "localhost"), ("a:80", "a"), ("", "server")]
    )
    def test_a_host_has_a_name_without_its_port(self, host, name):
        assert host_of({"HTTP_HOST": host, "SERVER_NAME": "server"}) == name

    @pytest.mark.parametrize("host", ["[::1]evil.example", "localhost:evil", "localhost@evil.example", "localhost/x", "a b"])
    def test_a_malformed_host_has_no_name(self, host):
        assert host_of({"HTTP_HOST": host, "SERVER_NAME": "localhost"}) == ""

    def test_a_key_that_is_no_text_opens_nothing(self):
        asked = {"PATH_INFO": "/__page__/", "QUERY_STRING": "key=\udc80"}
        assert Gate("/__page__/", KEY).judge(environ(**asked)) is Admission.REFUSED

    @given(st.dictionaries(st.sampled_from(["HTTP_COOKIE", "QUERY_STRING", "HTTP_HOST", "REMOTE_ADDR"]), st.text(max_size=40)))
    def test_no_request_breaks_or_opens_the_gate(self, fields):
        assert Gate("/__page__", KEY).judge(environ(**fields)) is Admission.REFUSED


SECRETS = {
    "HTTP_COOKIE": 'sid=0123456789abcdef; b="fedcba9876543210.sig"',
    "HTTP_AUTHORIZATION": "Basic YW5uOmh1bnRlcjIxMQ==",
}


@dataclass
class Account:
    name: str
    password: str


class Broken:
    def __repr__(self):
        raise RuntimeError


class TestRedactor:
    @pytest.mark.parametrize(
        "value",
        [
            {"password": "s3cret!"},
            {"a": {"b": [{"api_key": "s3cret!"}]}},
            Account("ann", "s3cret!"),
            [("Set-Cookie", "s3cret!"), ("X", "1")],
            "Authorization: Bearer s3cret!",
            "postgresql://u:s3cret!@db/x",
            "cookie 0123456789abcdef said s3cret!".replace("s3cret!", "fedcba9876543210"),
            "hunter211",
            b"x" * 5000 + b"s3cret!",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2VjcmV0",
        ],
    )
    def test_no_secret_is_shown(self, value):
        shown = Redactor(SECRETS).show(value)
        for secret in ("s3cret!", "0123456789abcdef", "fedcba9876543210", "hunter211", "c2VjcmV0"):
            assert secret not in shown

    def test_the_rest_is_shown(self):
        assert Redactor().show(Account("ann", "x")) == "Account(name='ann', password=…)"
        assert Redactor().show({"n": [1, (2,), {3}]}) == "{'n': [1, (2), {3}]}"

    def test_a_variable_with_a_secret_name_is_hidden(self):
        assert Redactor().show("x", "user_token") == "…"
        assert is_secret_name("HTTP_COOKIE")
        assert not is_secret_name("author")
        assert not is_secret_name(5)

    def test_nothing_that_is_shown_can_fail_or_grow(self):
        loop = []
        loop.append(loop)
        assert "its repr raised RuntimeError" in Redactor().show(Broken())
        assert len(Redactor().show(loop)) < 100
        assert len(Redactor().show(["x" * 1000] * 1000, limit=300)) < 350

    def test_items_come_sorted_as_text(self):
        assert Redactor().items({"b": 1, "a_key": 2}) == [("a_key", "…"), ("b", "1")]


def app(environ, start_response):
    return []


class Foreign:
    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        return self.application(environ, start_response)


class Slotted:
    __slots__ = ("app",)

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        return self.app(environ, start_response)


class Map(dict):
    def __init__(self, *pairs):
        self.applications = list(pairs)

    def __call__(self, environ, start_response):
        return []


@dataclass(frozen=True)
class Options:
    secret_key: str = "s3cret!"
    max_age: int = 5


class Ours(Layer):
    Options = Options


class TestAnatomy:
    def test_our_layers_and_others_are_entered(self):
        stack = pipeline(Ours.layer(), Slotted, app)
        names = [node.name.rpartition(".")[2] for node in chain_of(stack)]
        assert names == ["Ours", "Slotted", "app"]

    def test_options_are_shown_without_their_secrets(self):
        assert anatomy(Ours(app, "s3cret", 6)).options == (("secret_key", "…"), ("max_age", "6"))

    def test_options_that_nobody_changed_are_not_shown(self):
        assert anatomy(Ours(app)).options == ()

    def test_the_branches_of_a_composite_have_their_places(self):
        node = anatomy(Map((("example.test", "/shop"), app), ((None, ""), Foreign(app))))
        assert [place for place, _ in node.inner] == ["example.test/shop", ""]

    def test_a_framework_wrapped_in_layers_ends_in_itself(self):
        flask = pytest.importorskip("flask")
        site = flask.Flask("site")
        site.wsgi_app = pipeline(Ours.layer(), site.wsgi_app)
        assert [node.name.rpartition(".")[2] for node in chain_of(site)] == ["Flask", "Ours", "Flask"]

    def test_what_comes_from_a_distribution_says_so(self):
        node = anatomy(Layer(app))
        assert node.distribution == "tropea-core"
        assert node.version

    def test_an_application_inside_itself_ends(self):
        layer = Ours(app)
        layer.app = layer
        assert len(chain_of(layer)) <= 2
