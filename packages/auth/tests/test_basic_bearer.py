"""Basic, Bearer, password files and addresses."""

import base64
import os
import stat
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.auth import (
    AddressMiddleware,
    BasicAuthMiddleware,
    BearerAuthMiddleware,
    FailureRate,
    Htpasswd,
    InsufficientScope,
    PasswordError,
    PasswordMap,
    hash_scrypt,
    verify_hash,
)
from tropea.auth.authorization import parse_authorization
from tropea.auth.hashing import password_digest
from tropea.core.errors import OptionError
from tropea.core.testing import LayerContract, assert_linear

REALM = "Kitchen"


def basic(user, password, encoding="utf-8"):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode(encoding)).decode()


class TestBasic:
    @pytest.fixture
    def calls(self):
        return []

    @pytest.fixture
    def layer(self, app, calls):
        def verify(user, password):
            calls.append(user)
            return (user, password) in {("ann", "secret"), ("jäsøn", "a:b")}

        def make(**options):
            return BasicAuthMiddleware(app, REALM, verify, **options)

        return make

    def test_a_stranger_is_challenged(self, layer, ask):
        answer = ask(layer())
        assert (answer.code, answer.get("WWW-Authenticate")) == (401, 'Basic realm="Kitchen", charset="UTF-8"')

    @pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
    def test_good_credentials_are_let_through(self, layer, ask, encoding):
        assert ask(layer(), HTTP_AUTHORIZATION=basic("ann", "secret")).body == b"Basic ann 'ann'"
        answer = ask(layer(), HTTP_AUTHORIZATION=basic("jäsøn", "a:b", encoding))
        assert answer.body.decode().endswith("'jäsøn'")

    @pytest.mark.parametrize(
        "field",
        [basic("ann", "guess"), basic("", ""), "Basic", "Basic !", "Basic YW5u", "Basic " + "A" * 60_000,
         basic("ann\0", "secret"), basic("ann", "sec\r\nret"), "Bearer x", "basic\x00", "Basic YW5uOnNlY3JldA=",
         "Digest username=ann"],
    )  # fmt: skip
    def test_bad_credentials_are_not(self, layer, ask, field):
        assert ask(layer(), HTTP_AUTHORIZATION=field).code == 401

    def test_verified_credentials_are_remembered_for_a_while(self, layer, ask, calls):
        made = layer()
        for _ in range(3):
            ask(made, HTTP_AUTHORIZATION=basic("ann", "secret"))
        assert calls == ["ann"]

    def test_bad_ones_never_are(self, layer, ask, calls):
        made = layer()
        for _ in range(3):
            ask(made, HTTP_AUTHORIZATION=basic("ann", "guess"))
        assert calls == ["ann"] * 3

    def test_nothing_is_remembered_when_told_so(self, layer, ask, calls):
        made = layer(cache_seconds=0)
        for _ in range(3):
            ask(made, HTTP_AUTHORIZATION=basic("ann", "secret"))
        assert calls == ["ann"] * 3

    def test_the_memory_holds_no_password(self, layer, ask):
        made = layer()
        ask(made, HTTP_AUTHORIZATION=basic("ann", "secret"))
        held = repr(made._known.__dict__)
        assert "secret" not in held
        assert base64.b64encode(b"ann:secret").decode() not in held

    def test_an_optional_layer_leaves_it_to_the_application(self, layer, ask):
        made = layer(required=False)
        assert ask(made).body == b"None None None"
        assert ask(made, QUERY_STRING="refuse").get("WWW-Authenticate")

    def test_a_user_may_be_an_object(self, app, ask):
        made = BasicAuthMiddleware(app, REALM, lambda user, password: {"id": 5})
        assert ask(made, HTTP_AUTHORIZATION=basic("ann", "x")).body == b"Basic ann {'id': 5}"

    def test_who_the_client_claims_to_be_is_not_believed(self, layer, ask):
        assert b"root" not in ask(layer(required=False), REMOTE_USER="root").body

    def test_guessing_is_slowed_down(self, layer, ask):
        made = layer(rate=FailureRate(most=2))
        codes = [ask(made, HTTP_AUTHORIZATION=basic("ann", f"guess{n}")).code for n in range(3)]
        assert codes == [401, 401, 429]
        assert ask(made, HTTP_AUTHORIZATION=basic("ann", "secret"), REMOTE_ADDR="192.0.2.9").code == 429

    def test_an_ini_names_a_file(self, app, ask, tmp_path):
        file = tmp_path / "users"
        file.write_text(f"ann:{hash_scrypt('secret', n=16)}\n")
        assert ask(BasicAuthMiddleware(app, REALM, str(file)), HTTP_AUTHORIZATION=basic("ann", "secret")).code == 200


class TestHtpasswd:
    def test_every_strong_hash_is_verified(self):
        bcrypt = pytest.importorskip("bcrypt")
        argon2 = pytest.importorskip("argon2")
        for kept in (
            hash_scrypt("secret", n=16),
            bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode(),
            argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("secret"),
        ):
            assert verify_hash("secret", kept)
            assert not verify_hash("guess", kept)

    @pytest.mark.parametrize("kept", ["$apr1$x$y", "{SHA}abc", "abCdEf", "", "$1$x"])
    def test_a_weak_hash_is_refused_with_its_line(self, tmp_path, kept):
        file = tmp_path / "users"
        file.write_text(f"# users\nann:{kept}\n")
        with pytest.raises(PasswordError, match=r"users:2: expected a hash of bcrypt"):
            Htpasswd(file)

    def test_a_broken_hash_verifies_nothing(self):
        assert not verify_hash("x", "$scrypt$16$!$!")
        assert not verify_hash("x", "$2y$nonsense")
        assert not verify_hash("x", "$argon2id$nonsense")

    def test_a_changed_file_is_read_again(self, tmp_path):
        file = tmp_path / "users"
        file.write_text(f"ann:{hash_scrypt('old', n=16)}\n")
        verify = Htpasswd(file)
        assert verify("ann", "old")
        file.write_text(f"ann:{hash_scrypt('new', n=16)}\n# changed\n")
        assert verify("ann", "new")
        assert verify("nobody", "new") is None

    def test_a_line_that_somebody_is_writing_stops_nobody_else(self, tmp_path, caplog):
        file = tmp_path / "users"
        good = f"ann:{hash_scrypt('secret', n=16)}\n"
        file.write_text(good)
        verify = Htpasswd(file)
        file.write_text(f"{good}bob:half")
        assert verify("ann", "secret")
        assert verify("bob", "half") is None
        assert "users:2: expected a hash" in caplog.text
        for rubbish in (b"\xff\xfe", b""):
            file.write_bytes(rubbish)
            assert verify("ann", "secret") is None
        file.write_text(good)
        assert verify("ann", "secret")

    def test_a_file_that_is_gone_lets_nobody_in_until_it_is_back(self, tmp_path, caplog):
        file = tmp_path / "users"
        file.write_text(f"ann:{hash_scrypt('secret', n=16)}\n")
        verify = Htpasswd(file)
        file.rename(tmp_path / "away")
        assert [verify("ann", "secret"), verify("ann", "secret")] == [None, None]
        assert caplog.text.count("nobody is let in") == 1
        (tmp_path / "away").rename(file)
        assert verify("ann", "secret")

    def test_a_map_that_cannot_be_loaded_stays_as_it_was(self, tmp_path):
        passwords = PasswordMap(tmp_path / "users")
        passwords.set(REALM, "ann", "secret")
        passwords.write()
        (tmp_path / "users").write_text(f"bob:{REALM}:{'0' * 32}\nann:half")
        with pytest.raises(PasswordError, match="users:2"):
            passwords.load()
        assert passwords.users(REALM) == ["ann"]
        assert passwords.verify(REALM, "ann", "secret")

    def test_a_file_that_is_no_text_is_named(self, tmp_path):
        file = tmp_path / "users"
        file.write_bytes(b"ann:\xff\n")
        with pytest.raises(PasswordError, match="users: expected a file of UTF-8"):
            Htpasswd(file)
        with pytest.raises(PasswordError, match="users: expected a file of UTF-8"):
            PasswordMap.of(file)


@pytest.mark.parametrize("most", [0, -1])
def test_a_rate_without_a_free_failure_is_refused(most):
    with pytest.raises(OptionError, match="most: expected 1 or more"):
        FailureRate(most=most)


class TestBearer:
    @pytest.fixture
    def layer(self, app):
        def verify(token):
            if token == "weak":
                raise InsufficientScope("write")
            return {"t0ken": {"sub": "ann"}}.get(token)

        def make(**options):
            return BearerAuthMiddleware(app, "api", verify, **options)

        return make

    @pytest.mark.parametrize(
        ("field", "code", "challenge"),
        [
            pytest.param(None, 401, 'Bearer realm="api"', id="3-none"),
            pytest.param("", 401, 'Bearer realm="api"', id="3-empty"),
            pytest.param("Basic YTpi", 401, 'Bearer realm="api"', id="3-another-scheme"),
            pytest.param("Bearer no", 401, 'Bearer realm="api", error="invalid_token"', id="3.1-invalid-token"),
            pytest.param("Bearer", 400, 'Bearer realm="api", error="invalid_request"', id="3.1-invalid-request"),
            pytest.param("Bearer a b", 400, 'Bearer realm="api", error="invalid_request"', id="3.1-malformed"),
            pytest.param("Bearer weak", 403, 'Bearer realm="api", error="insufficient_scope", scope="write"', id="3.1-scope"),
        ],
    )
    def test_refusals_follow_rfc_6750(self, layer, ask, field, code, challenge):
        answer = ask(layer(), **({} if field is None else {"HTTP_AUTHORIZATION": field}))
        assert (answer.code, answer.get("WWW-Authenticate")) == (code, challenge)

    def test_a_good_token_is_let_through(self, layer, ask):
        assert ask(layer(), HTTP_AUTHORIZATION="bearer t0ken").body == b"Bearer ann {'sub': 'ann'}"

    def test_an_optional_layer_leaves_it_to_the_application(self, layer, ask):
        assert ask(layer(required=False)).code == 200

    def test_a_scope_cannot_break_the_field(self):
        with pytest.raises(OptionError):
            InsufficientScope('a"\r\n')


class TestAddresses:
    @pytest.mark.parametrize(
        ("options", "peer", "forwarded", "code"),
        [
            ({"allow": ("10.0.0.0/8",)}, "10.1.1.1", None, 200),
            ({"allow": ("10.0.0.0/8",)}, "::ffff:10.1.1.1", None, 200),
            ({"allow": ("10.0.0.0/8",)}, "192.0.2.1", None, 403),
            ({"allow": ("10.0.0.0/8",)}, "192.0.2.1", "10.1.1.1", 403),
            ({"allow": ("10.0.0.0/8",), "trusted": ("127.0.0.1",)}, "127.0.0.1", "10.1.1.1", 200),
            ({"allow": ("10.0.0.0/8",), "trusted": ("127.0.0.1",)}, "127.0.0.1", "10.1.1.1, 192.0.2.1", 403),
            ({"allow": ("10.0.0.0/8",), "deny": ("10.1.1.1",)}, "10.1.1.1", None, 403),
            ({"deny": ("10.1.1.1",)}, "10.1.1.2", None, 200),
            ({}, "", None, 403),
            ({"allow": ("2001:db8::/32",)}, "2001:db8::5", None, 200),
        ],
    )
    def test_who_is_let_in(self, app, ask, options, peer, forwarded, code):
        fields = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
        assert ask(AddressMiddleware(app, **options), REMOTE_ADDR=peer, **fields).code == code

    def test_a_wrong_network_fails_at_start(self, app):
        with pytest.raises(OptionError, match="^AddressMiddleware: allow: "):
            AddressMiddleware(app, allow=("10.0.0.1/8",))


class TestPasswordMap:
    def test_what_was_written_is_loaded(self, tmp_path):
        file = tmp_path / "users.digest"
        passwords = PasswordMap(file)
        passwords.set(REALM, "ann", "secret")
        passwords.set_digest("Old", "bob", password_digest("MD5", "bob", "Old", "pw"))
        passwords.write()
        again = PasswordMap.of(file)
        assert again.verify(REALM, "ann", "secret")
        assert again.verify("Old", "bob", "pw")
        assert not again.verify("Old", "bob", "guess")
        assert again.users(REALM) == ["ann"]

    @pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
    def test_nobody_else_can_read_the_file(self, tmp_path):
        file = tmp_path / "users.digest"
        passwords = PasswordMap(file)
        passwords.set(REALM, "ann", "secret")
        passwords.write()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert [p.name for p in tmp_path.iterdir()] == ["users.digest"]

    @pytest.mark.parametrize("name", ["", "a:b", "a\nb", "a\x7f"])
    def test_a_name_that_would_break_a_line_is_refused(self, name):
        with pytest.raises(PasswordError):
            PasswordMap().set(REALM, name, "x")
        with pytest.raises(PasswordError):
            PasswordMap().set(name, "ann", "x")

    def test_a_malformed_line_is_named(self, tmp_path):
        file = tmp_path / "users.digest"
        file.write_text(f"ann:{REALM}:{'0' * 32}\nbob:{REALM}:zz\n")
        with pytest.raises(PasswordError, match="users.digest:2: "):
            PasswordMap.of(file)

    def test_a_user_who_was_deleted_is_gone(self):
        passwords = PasswordMap()
        passwords.set(REALM, "ann", "secret")
        assert passwords.delete(REALM, "ann")
        assert not passwords.delete(REALM, "ann")
        assert not passwords.verify(REALM, "ann", "secret")
        assert passwords.find(REALM, "ann") is None


class TestCommand:
    def run(self, *arguments, text=""):
        return subprocess.run(
            [sys.executable, "-m", "tropea.auth", "htdigest", *arguments], input=text, capture_output=True, text=True
        )

    def test_it_creates_sets_verifies_and_deletes(self, tmp_path):
        file = str(tmp_path / "users.digest")
        assert self.run("--create", file, REALM, "ann", text="secret\n").returncode == 0
        assert self.run("--verify", file, REALM, "ann", text="secret\n").stdout == "The password is right.\n"
        assert self.run("--verify", file, REALM, "ann", text="guess\n").returncode == 1
        assert self.run(file, REALM, "ann", text="new\n").returncode == 0
        assert self.run("--verify", file, REALM, "ann", text="new\n").returncode == 0
        assert self.run("--delete", file, REALM, "ann").returncode == 0
        assert self.run("--delete", file, REALM, "ann").returncode == 2

    def test_a_mistake_is_one_clear_line(self, tmp_path):
        answer = self.run(str(tmp_path / "none"), REALM, "ann", text="x\n")
        assert answer.returncode == 2
        assert answer.stderr.endswith("none: there is no such file; --create makes it\n")
        assert "Traceback" not in answer.stderr


@given(st.text(st.sampled_from('Digest Basic=",\\ a\t\x00é'), max_size=300))
def test_no_field_breaks_the_reader(text):
    parse_authorization(text)


@pytest.mark.parametrize("unit", ['a="', 'a="\\', "a=b,", ",", "a=", 'a="b",', " "])
def test_reading_takes_linear_time(unit):
    def call_with(size):
        field = "Digest " + unit * (size // len(unit))
        return lambda: parse_authorization(field)

    assert_linear(call_with, 2000)


class TestBasicContract(LayerContract):
    environ_keys = ("REMOTE_USER", "AUTH_TYPE")
    environ = {"HTTP_AUTHORIZATION": basic("ann", "secret")}

    def make_layer(self, app):
        return BasicAuthMiddleware(app, REALM, lambda user, password: password == "secret")


class TestBearerContract(LayerContract):
    environ_keys = ("REMOTE_USER", "AUTH_TYPE")
    environ = {"HTTP_AUTHORIZATION": "Bearer t0ken"}

    def make_layer(self, app):
        return BearerAuthMiddleware(app, REALM, {"t0ken": "ann"}.get)


class TestAddressContract(LayerContract):
    def make_layer(self, app):
        return AddressMiddleware(app, allow=("127.0.0.0/8",))
