"""Digest: RFC 7616, what clients really send, and what attackers try."""

import hashlib
import re
import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.auth import DigestAuthMiddleware, MemoryReplays, PasswordMap, SQLiteReplays, check_digest
from tropea.auth.digestauth import NoDigest
from tropea.auth.hashing import password_digest, response_digest, user_digest
from tropea.auth.nonces import WINDOW, Age, Nonces, slide
from tropea.core.errors import OptionError
from tropea.core.testing import LayerContract

REALM, KEY = "Kitchen", "k" * 32


class Client:
    """A client that computes what RFC 7616 says, and lets a test change any of it."""

    def __init__(self, user="ann", password="secret", realm=REALM):
        self.user, self.password, self.realm, self.count = user, password, realm, 0

    def challenge(self, answer, algorithm="SHA-256"):
        fields = [f for f in answer.get_all("WWW-Authenticate") if f"algorithm={algorithm}," in f]
        return dict(re.findall(r'(\w+)="?([^",]+)"?', fields[0]))

    def field(self, challenge, uri="/", method="GET", algorithm="SHA-256", qop="auth", **changed):
        self.count += 1
        given = {"username": self.user, "realm": self.realm, "nonce": challenge["nonce"], "uri": uri,
                 "algorithm": algorithm}  # fmt: skip
        if qop:
            given |= {"qop": qop, "nc": f"{self.count:08x}", "cnonce": "c0ffee"}
        given |= {k: v for k, v in changed.items() if v is not None}
        kept = password_digest(algorithm.removesuffix("-sess"), self.user, self.realm, self.password)
        given.setdefault("response", response_digest(algorithm, kept, method, given, qop or None))
        given = {k: v for k, v in given.items() if k not in changed or changed[k] is not None}
        quoted = {"username", "realm", "nonce", "uri", "response", "cnonce"}
        text = ", ".join(f'{k}="{v}"' if k in quoted else f"{k}={v}" for k, v in given.items())
        return "Digest " + text.encode().decode("latin-1")


@pytest.fixture
def layer(app, passwords, clock):
    def make(**options):
        options = {"secret_key": KEY, "clock": clock, **options}
        return DigestAuthMiddleware(app, options.pop("realm", REALM), options.pop("auth_map", passwords), **options)

    return make


@pytest.fixture
def login(ask):
    """Ask, be challenged, and ask again with the client's field."""

    def run(layer, client=None, path="/", again=ask, environ=None, **changed):
        client = client or Client()
        environ = environ or {}
        algorithm = changed.get("algorithm", "SHA-256")
        challenge = client.challenge(ask(layer, path, **environ), algorithm)
        return again(layer, path, HTTP_AUTHORIZATION=client.field(challenge, **changed), **environ)

    return run


class TestChallenge:
    def test_sha256_comes_before_md5_with_everything_a_client_needs(self, layer, ask):
        answer = ask(layer())
        first, second = answer.get_all("WWW-Authenticate")
        assert answer.code == 401
        assert re.fullmatch(
            r'Digest realm="Kitchen", qop="auth", algorithm=SHA-256, nonce="[0-9a-f]{72}", charset=UTF-8', first
        )
        assert second == first.replace("SHA-256", "MD5")

    def test_sha512_256_and_session_variants_only_on_request(self, layer, ask):
        assert "SHA-512" not in "".join(ask(layer()).get_all("WWW-Authenticate"))
        fields = ask(layer(auth_algorithm=("SHA-512-256", "MD5-sess"))).get_all("WWW-Authenticate")
        assert ["SHA-512-256" in fields[0], "MD5-sess" in fields[1]] == [True, True]

    def test_two_nonces_are_never_equal(self, layer, ask):
        made = layer()
        assert len({ask(made).get("WWW-Authenticate") for _ in range(50)}) == 50

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"realm": 'a"b'}, "realm: expected printable ASCII"),
            ({"realm": "a\r\nb"}, "realm: expected printable ASCII"),
            ({"realm": ""}, "realm: expected printable ASCII"),
            ({"auth_algorithm": ("SHA-1",)}, "auth_algorithm: expected some of MD5.*got 'SHA-1'"),
            ({"auth_algorithm": ()}, "expected at least one"),
            ({"auth_qop": "auth-int"}, "auth_qop: expected 'auth' or nothing"),
            ({"secret_key": "short"}, "secret_key: expected 16 characters"),
            ({"auth_timeouts": 5}, "did you mean 'auth_timeout'"),
        ],
    )
    def test_wrong_options_fail_at_start(self, layer, options, message):
        with pytest.raises(OptionError, match=f"^DigestAuthMiddleware: .*{message}"):
            layer(**options)


class TestGoodCredentials:
    @pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
    def test_are_let_through_and_named(self, layer, login, algorithm):
        answer = login(layer(), algorithm=algorithm)
        assert (answer.code, answer.body) == (200, b"Digest ann 'ann'")

    @pytest.mark.parametrize("algorithm", ["SHA-256-sess", "MD5-sess"])
    def test_of_session_variants_too(self, layer, login, algorithm):
        assert login(layer(auth_algorithm=(algorithm,)), algorithm=algorithm).code == 200

    def test_of_sha512_256(self, layer, login, app):
        passwords = PasswordMap()
        passwords.set(REALM, "ann", "secret", algorithms=("SHA-512-256",))
        made = layer(auth_map=passwords, auth_algorithm=("SHA-512-256",))
        assert login(made, algorithm="SHA-512-256").code == 200

    def test_with_a_name_in_utf8(self, layer, login):
        answer = login(layer(), Client("Jäsøn Doe", "Secret, or not?"))
        assert answer.body.decode().endswith("'Jäsøn Doe'")

    def test_with_an_extended_name(self, layer, login):
        client = Client("Jäsøn Doe", "Secret, or not?")
        answer = login(layer(), client, username=None, **{"username*": "UTF-8''J%C3%A4s%C3%B8n%20Doe"})
        assert answer.code == 200

    def test_with_a_hashed_name(self, layer, login):
        hashed = user_digest("SHA-256", "ann", REALM)
        assert login(layer(userhash=True), username=hashed, userhash="true").body == b"Digest ann 'ann'"
        assert login(layer(), username=hashed, userhash="true").code == 401

    def test_without_qop_in_the_old_form(self, layer, login):
        assert login(layer(auth_qop=""), qop="").code == 200

    @pytest.mark.parametrize(
        ("algorithm", "old", "new"),
        [
            pytest.param("SHA-256", "Digest ", "digest ", id="scheme-in-lower-case"),
            pytest.param("SHA-256", "qop=auth", 'qop="auth"', id="quoted-qop"),
            pytest.param("SHA-256", "nc=00000001", 'nc="00000001"', id="quoted-nc"),
            pytest.param("MD5", "algorithm=MD5, ", "", id="3.4-algorithm-omitted-is-MD5"),
            pytest.param("MD5", "algorithm=MD5", "algorithm=md5", id="algorithm-in-lower-case"),
            pytest.param("MD5", "algorithm=MD5", 'algorithm="MD5"', id="quoted-algorithm"),
            pytest.param("SHA-256", "cnonce", 'opaque="of another server", cnonce', id="opaque-that-we-never-sent"),
        ],
    )
    def test_as_clients_spell_them(self, layer, ask, algorithm, old, new):
        """PoorWSGI 2.8.1 refused the fourth and the fifth, and a field without uri was a 500."""
        made, client = layer(), Client()
        field = client.field(client.challenge(ask(made), algorithm), algorithm=algorithm)
        assert old in field
        assert ask(made, HTTP_AUTHORIZATION=field.replace(old, new)).code == 200
        again = client.field(client.challenge(ask(made), algorithm), algorithm=algorithm)
        assert ask(made, HTTP_AUTHORIZATION=again.replace('uri="/", ', "")).code == 401

    def test_the_example_of_the_rfc(self):
        given = {"nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "uri": "/dir/index.html",
                 "nc": "00000001", "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"}  # fmt: skip
        for algorithm, expected in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ]:
            kept = password_digest(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life")
            assert response_digest(algorithm, kept, "GET", given, "auth") == expected

    def test_a_next_nonce_comes_in_good_time_with_the_servers_own_proof(self, layer, ask, clock):
        made, client = layer(), Client()
        challenge = client.challenge(ask(made))
        assert ask(made, HTTP_AUTHORIZATION=client.field(challenge)).get("Authentication-Info") is None
        clock.now += 200
        info = ask(made, HTTP_AUTHORIZATION=client.field(challenge)).get("Authentication-Info")
        assert re.fullmatch(
            r'nextnonce="([0-9a-f]{72})", rspauth="[0-9a-f]{64}", qop=auth, cnonce="c0ffee", nc=00000002', info
        )
        fresh = {"nonce": info[11:83]}
        clock.now += 200
        assert ask(made, HTTP_AUTHORIZATION=client.field(fresh)).code == 200

    @pytest.mark.parametrize(
        ("path", "query", "uri"),
        [
            ("/café".encode().decode("latin-1"), "", "/caf%C3%A9"),
            ("/a b", "q=%20x", "/a%20b?q=%20x"),
            ("/", "", "http://localhost/"),
            ("/x", "a=b?c", "/x?a=b?c"),
            ("/x", "u=http://y/", "/x?u=http://y/"),
        ],
    )
    def test_the_path_is_compared_decoded_and_the_query_as_sent(self, layer, login, path, query, uri):
        assert login(layer(), path=path, uri=uri, environ={"QUERY_STRING": query}).code == 200

    def test_below_a_mount(self, layer, login):
        assert login(layer(), path="/x", uri="/shop/x", environ={"SCRIPT_NAME": "/shop"}).code == 200


class TestBadCredentials:
    @pytest.mark.parametrize(
        "changed",
        [
            pytest.param({"response": "0" * 64}, id="3.4.1-wrong-response"),
            pytest.param({"username": "nobody"}, id="unknown-user"),
            pytest.param({"username": 'ann\\"x'}, id="escaped-quote"),
            pytest.param({"username": "ann\r\nX: y"}, id="user-with-CR-LF"),
            pytest.param({"nonce": "0" * 72}, id="5.4-forged-nonce"),
            pytest.param({"nonce": "x" * 72}, id="5.4-no-nonce"),
            pytest.param({"nonce": ""}, id="empty-nonce"),
            pytest.param({"uri": "/other"}, id="3.4.6-another-target"),
            pytest.param({"uri": "/?q=1"}, id="3.4.6-another-query"),
            pytest.param({"uri": "http://[/"}, id="3.4.6-unreadable-target"),
            pytest.param({"method": "POST"}, id="another-method"),
            pytest.param({"algorithm": "none", "response": "0"}, id="algorithm-none"),
            pytest.param({"qop": "auth-int"}, id="qop-not-offered"),
            pytest.param({"qop": ""}, id="qop-missing"),
            pytest.param({"nc": "1"}, id="nc-of-one-digit"),
            pytest.param({"nc": "00000000"}, id="nc-zero"),
            pytest.param({"nc": "0000000g"}, id="nc-no-hexadecimal"),
            pytest.param({"cnonce": ""}, id="cnonce-empty"),
            pytest.param({"realm": "Other"}, id="another-realm"),
            pytest.param({"userhash": "true"}, id="userhash-not-offered"),
        ],
    )
    def test_get_a_challenge_and_nothing_else(self, layer, ask, changed):
        made, client = layer(), Client()
        challenge = client.challenge(ask(made))
        algorithm = changed.get("algorithm", "SHA-256")
        if algorithm == "none":
            field = client.field(challenge).replace("SHA-256", "none")
        else:
            field = client.field(challenge, **changed)
        answer = ask(made, HTTP_AUTHORIZATION=field)
        assert answer.code == 401
        assert "stale" not in answer.get("WWW-Authenticate")
        assert b"secret" not in answer.body

    def test_of_an_algorithm_that_was_not_offered_are_no_downgrade(self, layer, ask):
        made, client = layer(auth_algorithm=("SHA-256",)), Client()
        challenge = client.challenge(ask(made))
        assert ask(made, HTTP_AUTHORIZATION=client.field(challenge, algorithm="MD5")).code == 401

    def test_of_another_key_are_forged(self, layer, ask):
        client = Client()
        challenge = client.challenge(ask(layer(secret_key="o" * 32)))
        assert ask(layer(), HTTP_AUTHORIZATION=client.field(challenge)).code == 401

    def test_with_another_spelling_of_a_nonce_are_forged(self, layer, ask):
        made, client = layer(), Client()
        challenge = client.challenge(ask(made))
        for spelling in (challenge["nonce"].upper(), " " + challenge["nonce"]):
            if spelling != challenge["nonce"]:
                field = client.field({"nonce": spelling})
                assert "stale" not in ask(made, HTTP_AUTHORIZATION=field).get("WWW-Authenticate")

    def test_with_an_old_nonce_are_stale(self, layer, ask, clock):
        made, client = layer(), Client()
        challenge = client.challenge(ask(made))
        clock.now += 301
        answer = ask(made, HTTP_AUTHORIZATION=client.field(challenge))
        assert answer.code == 401
        assert all(", stale=true" in field for field in answer.get_all("WWW-Authenticate"))

    def test_that_are_wrong_are_not_called_stale(self, layer, ask, clock):
        made, client = layer(), Client(password="guess")
        challenge = client.challenge(ask(made))
        clock.now += 301
        assert "stale" not in ask(made, HTTP_AUTHORIZATION=client.field(challenge)).get("WWW-Authenticate")

    def test_that_are_played_again_are_refused(self, layer, ask):
        made, client = layer(), Client()
        field = client.field(client.challenge(ask(made)))
        assert ask(made, HTTP_AUTHORIZATION=field).code == 200
        answer = ask(made, HTTP_AUTHORIZATION=field)
        assert answer.code == 401
        assert "stale=true" in answer.get("WWW-Authenticate")

    def test_out_of_order_are_good_within_the_window(self, layer, ask):
        made, client = layer(), Client()
        challenge = client.challenge(ask(made))
        fields = [client.field(challenge) for _ in range(WINDOW + 5)]
        order = [3, 1, 0, 2, WINDOW + 4, WINDOW, 10]
        codes = [ask(made, HTTP_AUTHORIZATION=fields[n]).code for n in order]
        assert codes == [200] * 7
        assert ask(made, HTTP_AUTHORIZATION=fields[4]).code == 401

    def test_of_who_is_unknown_look_and_cost_like_a_wrong_password(self, layer, ask):
        made = layer()
        times = {"ann": [], "nobody": []}
        answers = {}
        for _ in range(200):
            for user in times:
                client = Client(user, "guess")
                field = client.field(client.challenge(ask(made)))
                began = time.thread_time()
                answers[user] = ask(made, HTTP_AUTHORIZATION=field)
                times[user].append(time.thread_time() - began)
        assert answers["ann"].status == answers["nobody"].status
        assert answers["ann"].body == answers["nobody"].body
        ratio = statistics.median(times["ann"]) / statistics.median(times["nobody"])
        assert 0.5 < ratio < 2

    def test_are_logged_nowhere(self, layer, ask, caplog):
        ask(layer(), HTTP_AUTHORIZATION='Digest username="SECRET\r\nfake"')
        assert caplog.text == ""


@given(st.text(max_size=60), st.booleans())
def test_no_field_breaks_the_layer(text, digest):
    made = DigestAuthMiddleware(None, REALM, {REALM: {"ann": "0" * 32}}, secret_key=KEY)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_AUTHORIZATION": ("Digest " if digest else "") + text}
    statuses = []
    made(environ, lambda status, headers: statuses.append(status))
    assert statuses == ["401 Unauthorized"]


class TestMemory:
    @given(st.lists(st.integers(1, 200), max_size=80))
    def test_no_count_is_ever_good_twice(self, counts):
        replays, used = MemoryReplays(), set()
        for count in counts:
            good = replays.use("n", 0, count)
            assert not (good and count in used)
            if good:
                used.add(count)

    @given(st.integers(1, 300), st.integers(1, 300))
    def test_the_window_keeps_its_size(self, first, second):
        highest, used = slide(0, 0, first)
        moved = slide(highest, used, second)
        if moved:
            assert moved[1].bit_length() <= WINDOW
            assert moved[0] == max(first, second)

    def test_a_nonce_that_was_forgotten_is_not_good_again(self):
        replays = MemoryReplays(capacity=2)
        assert replays.use("a", 1, 1)
        assert replays.use("b", 2, 1)
        assert replays.use("c", 3, 1)
        assert not replays.use("a", 1, 2)
        assert replays.use("d", 4, 1)

    def test_a_file_is_shared_by_processes(self, tmp_path):
        one, other = SQLiteReplays(tmp_path / "r.db"), SQLiteReplays(tmp_path / "r.db")
        assert one.use("n", 1, 5)
        assert not other.use("n", 1, 5)
        assert other.use("n", 1, 4)
        assert not one.use("n", 1, 4)

    def test_a_clock_that_was_set_back_does_not_lock_everybody_out(self, clock):
        nonces = Nonces(b"k", REALM, 300, clock)
        nonce = nonces.make()
        clock.now -= 100
        assert nonces.check(nonce).age is Age.FRESH
        clock.now -= 10_000
        assert nonces.check(nonce).age is Age.STALE


class TestCheckDigest:
    @pytest.fixture
    def site(self, passwords, clock):
        from tropea.core.handlers import to_wsgi

        passwords.set("Cellar", "ann", "wine")

        @check_digest(REALM, "bob")
        def bobs(request):
            return "bob"

        @check_digest("Cellar")
        def cellar(request, shelf):
            return f"{request.user} {shelf}"

        @check_digest(REALM)
        def kitchen(request):
            return f"{request.user}"

        def handler(request):
            return {"/bob": lambda: bobs(request), "/cellar": lambda: cellar(request, 5)}.get(
                request.environ["PATH_INFO"], lambda: kitchen(request)
            )()

        return DigestAuthMiddleware(to_wsgi(handler), REALM, passwords, secret_key=KEY, clock=clock, required=False)

    def test_a_route_asks_for_its_realm(self, site, login):
        assert login(site, path="/", uri="/").body == b"ann"

    def test_a_route_with_arguments_keeps_them(self, site, login):
        answer = login(site, Client(password="wine", realm="Cellar"), path="/cellar", uri="/cellar")
        assert answer.body == b"ann 5"

    def test_another_user_is_challenged(self, site, login):
        answer = login(site, path="/bob", uri="/bob")
        assert answer.code == 401
        assert answer.get("WWW-Authenticate")

    def test_without_the_layer_it_says_what_is_missing(self):
        class Request:
            environ = {}

        with pytest.raises(NoDigest, match="DigestAuthMiddleware"):
            check_digest(REALM)(lambda request: "")(Request())


def test_a_page_of_ones_own_keeps_its_challenge(layer, ask):
    answer = ask(layer(required=False), QUERY_STRING="refuse")
    assert (answer.code, answer.body) == (401, b"my own page")
    assert len(answer.get_all("WWW-Authenticate")) == 2


@pytest.mark.parametrize("required", [True, False])
def test_who_the_client_claims_to_be_is_not_believed(layer, ask, required):
    answer = ask(layer(required=required), REMOTE_USER="root", AUTH_TYPE="Digest", HTTP_REMOTE_USER="root")
    assert b"root" not in answer.body


def test_the_rate_hook_slows_down_who_guesses(layer, ask, clock):
    from tropea.auth import FailureRate

    made, client = layer(rate=FailureRate(most=2, clock=clock)), Client(password="guess")
    codes = []
    for _ in range(3):
        answer = ask(made)
        if answer.code == 401:
            answer = ask(made, HTTP_AUTHORIZATION=client.field(client.challenge(answer)))
        codes.append(answer.code)
    assert codes == [401, 401, 429]
    assert int(answer.get("Retry-After")) > 0
    clock.now += 61
    assert ask(made).code == 401


class TestContract(LayerContract):
    def make_layer(self, app):
        return DigestAuthMiddleware(app, REALM, {REALM: {"ann": "0" * 32}}, required=False)
