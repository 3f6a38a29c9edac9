"""The pure policies of authentication, each verdict on both sides of its limit: RFC 7616, 7617 and 9110."""

from base64 import b64encode

import pytest

from tropea.auth import MemoryReplays, PasswordMap
from tropea.auth.authorization import LONGEST, Authorization, basic_credentials, decoded, parse_authorization, user_of
from tropea.auth.digest import BAD, NONE, DigestPolicy, Outcome, _quoted, is_target
from tropea.auth.hashing import HASHES, password_digest, plain, response_digest, user_digest
from tropea.auth.nonces import Nonces, slide

REALM = "Kitchen"


class TestReading:
    @pytest.mark.parametrize(
        ("field", "read"),
        [
            ("Bearer abc==", ("bearer", "abc==", {})),
            (" \tBEARER  abc ", ("bearer", "abc", {})),
            ("Negotiate", ("negotiate", "", {})),
            ("Digest a=b", ("digest", "", {"a": "b"})),
            ('Digest A="b"', ("digest", "", {"a": "b"})),
            ('DIGEST a="b"', ("digest", "", {"a": "b"})),
            ('Bearer a="b"', ("bearer", "", {"a": "b"})),
            ('Digest a="b", c=d', ("digest", "", {"a": "b", "c": "d"})),
            ('Digest a="b",c=d,', ("digest", "", {"a": "b", "c": "d"})),
            (r'Digest a="b \"c\" \\", d=e', ("digest", "", {"a": 'b "c" \\', "d": "e"})),
            ('Digest a = "b" ,, c\t=\td', ("digest", "", {"a": "b", "c": "d"})),
            ('Digest a="", b=', ("digest", "", {"a": "", "b": ""})),
            ('Digest a="b, c=d"', ("digest", "", {"a": "b, c=d"})),
            ('Digest a1="b", c=d', ("digest", "", {"a1": "b", "c": "d"})),
            ('Digest a="b", A="c"', None),
            ('Digest a1="b", a1=c', None),
            ('Digest a="b', None),
            ('Digest a="b" c=d', None),
            ("Digest a b", None),
            ("Di(gest a=b", None),
            ("x" * 33 + " a", None),
            ("x" * 32 + " a", ("x" * 32, "a", {})),
            ("", None),
            (None, None),
        ],
    )
    def test_a_field_is_credentials_or_nothing(self, field, read):
        assert parse_authorization(field) == (read and Authorization(*read))

    @pytest.mark.parametrize("form", ['{}="b"', '{}1="b"'])
    def test_thirty_two_parameters_are_the_most(self, form):
        names = ["".join(chr(97 + int(digit)) for digit in f"{n:02}") for n in range(33)]
        for count in (32, 33):
            read = parse_authorization("Digest " + ", ".join(form.format(name) for name in names[:count]))
            assert (None if read is None else len(read.parameters)) == (32 if count == 32 else None)

    def test_8192_characters_are_the_most(self):
        assert parse_authorization("Bearer " + "a" * (8192 - 7)) is not None
        assert parse_authorization("Bearer " + "a" * (8193 - 7)) is None
        assert LONGEST == 8192

    @pytest.mark.parametrize(
        ("raw", "pair"),
        [(b"ann:a:b", ("ann", "a:b")), (b":", ("", "")), (b"ann", None), (b"ann:a\nb", None), (b"a\x7f:b", None),
         ("ä:ü".encode(), ("ä", "ü")), ("ä:ü".encode("latin-1"), ("ä", "ü"))],
    )  # fmt: skip
    def test_basic_credentials_are_a_name_and_a_password(self, raw, pair):
        assert basic_credentials(Authorization("basic", b64encode(raw).decode(), {})) == pair

    @pytest.mark.parametrize("token", ["YW5uOmE", "YW5u\nOmE=", "YW5uO!mE=", "ü"])
    def test_what_is_no_base64_is_none(self, token):
        assert basic_credentials(Authorization("basic", token, {})) is None

    @pytest.mark.parametrize(
        ("parameters", "user"),
        [
            ({"username": "ann"}, "ann"),
            ({"username": "J\xc3\xa4s"}, "Jäs"),
            ({"username": "J\xe4s"}, "Jäs"),
            ({"username": ""}, None),
            ({"username": "a\x00"}, None),
            ({}, None),
            ({"username*": "UTF-8''J%C3%A4s"}, "Jäs"),
            ({"username*": "utf-8'en'a"}, "a"),
            ({"username*": "latin-1''a"}, None),
            ({"username*": "UTF-8'a"}, None),
            ({"username*": "UTF-8''"}, None),
            ({"username*": "UTF-8''%ff"}, None),
            ({"username*": "UTF-8''%00"}, None),
            ({"username*": "UTF-8''a", "username": "a"}, None),
        ],
    )
    def test_a_digest_names_its_user_in_one_way(self, parameters, user):
        assert user_of(parameters) == user

    def test_octets_that_are_no_utf8_are_latin1(self):
        assert (decoded(b"\xc3\xa4"), decoded(b"\xe4")) == ("ä", "ä")


class TestTargets:
    @pytest.mark.parametrize(
        ("uri", "environ", "is_it"),
        [
            ("/a", {"PATH_INFO": "/a"}, True),
            ("/a", {"SCRIPT_NAME": "/a"}, True),
            ("/m/a", {"SCRIPT_NAME": "/m", "PATH_INFO": "/a"}, True),
            ("/a", {"SCRIPT_NAME": "/m", "PATH_INFO": "/a"}, False),
            ("/a?q", {"PATH_INFO": "/a", "QUERY_STRING": "q"}, True),
            ("/a?q", {"PATH_INFO": "/a"}, False),
            ("/a", {"PATH_INFO": "/a", "QUERY_STRING": "q"}, False),
            ("/a?", {"PATH_INFO": "/a"}, True),
            ("/a?x=http://y", {"PATH_INFO": "/a", "QUERY_STRING": "x=http://y"}, True),
            ("", {}, True),
            ("/", {}, True),
            ("", {"PATH_INFO": "/"}, True),
            ("/%61", {"PATH_INFO": "/a"}, True),
            ("/%61", {"PATH_INFO": "/%61"}, False),
            ("/%c3%a9", {"PATH_INFO": "/\xc3\xa9"}, True),
            ("%2F", {}, True),
            ("http://h/a?q", {"PATH_INFO": "/a", "QUERY_STRING": "q"}, True),
            ("http://h", {}, True),
            ("http://[/a", {"PATH_INFO": "/a"}, False),
            ("*", {"PATH_INFO": "/a"}, False),
        ],
    )
    def test_credentials_are_for_one(self, uri, environ, is_it):
        assert is_target(uri, environ) is is_it

    def test_what_a_client_chose_is_quoted(self):
        assert _quoted('a"b\\c\r\n\x7f d\x1f\x20') == 'a\\"b\\\\c d '


class TestHashes:
    """Section 3.9 of RFC 7616."""

    def test_the_examples_of_the_rfc(self):
        nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
        given = {"uri": "/dir/index.html", "nonce": nonce, "nc": "00000001", "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"}
        for algorithm, response in (("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
                                    ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")):  # fmt: skip
            kept = password_digest(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life")
            assert response_digest(algorithm, kept, "GET", given, "auth") == response

    def test_a_user_is_hashed_as_section_3_9_2_has_it(self):
        hashed = user_digest("SHA-512-256", "Jäsøn Doe", "api@example.org")
        assert hashed.startswith("793263caabb707a56211940d90411ea4")

    def test_session_variants_hash_the_nonces_in(self):
        given = {"uri": "/", "nonce": "n", "nc": "00000001", "cnonce": "c"}
        md5, kept = HASHES["MD5"], "kept"
        assert response_digest("MD5-sess", kept, "GET", given, "auth") == md5(
            f"{md5(b'kept:n:c')}:n:00000001:c:auth:{md5(b'GET:/')}".encode()
        )
        assert response_digest("MD5", kept, "GET", given, None) == md5(f"kept:n:{md5(b'GET:/')}".encode())
        assert response_digest("MD5", kept, "GET", {"uri": "/", "nonce": "n"}, None) == md5(f"kept:n:{md5(b'GET:/')}".encode())

    def test_each_algorithm_is_kept_under_its_plain_name(self):
        assert {plain(name) for name in HASHES} == {"MD5", "SHA-256", "SHA-512-256"}
        assert [len(HASHES[name](b"")) for name in ("MD5", "SHA-256", "SHA-512-256")] == [32, 64, 64]


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def users():
    made = PasswordMap()
    made.set(REALM, "ann", "secret")
    return made


class TestJudgement:
    @pytest.fixture
    def policy(self, users):
        def make(qop="auth", userhash=False, algorithms=("SHA-256", "MD5"), **more):
            self.clock = Clock()
            nonces = Nonces(b"k" * 32, REALM, 300, self.clock)
            key = more.get("key", b"k" * 32)
            return DigestPolicy(REALM, users, nonces, MemoryReplays(), algorithms, qop, userhash, key)

        return make

    def given(self, policy, algorithm="SHA-256", password="secret", user="ann", method="GET", **changed):
        given = {"username": user, "realm": REALM, "nonce": policy.nonces.make(), "uri": "/", "algorithm": algorithm,
                 "qop": "auth", "nc": "00000001", "cnonce": "c", **changed}  # fmt: skip
        given = {name: value for name, value in given.items() if value is not None}
        if "response" not in changed:
            kept = password_digest(plain(algorithm), user, REALM, password)
            given["response"] = response_digest(algorithm, kept, method, given, given.get("qop"))
        return {name: value for name, value in given.items() if value is not None}

    def judged(self, policy, given, method="GET"):
        field = "Digest " + ", ".join(f'{name}="{value}"' for name, value in given.items())
        return policy.judge({"REQUEST_METHOD": method, "HTTP_AUTHORIZATION": field, "PATH_INFO": "/"})

    def test_good_credentials_name_their_user_and_what_they_were(self, policy):
        made = policy()
        outcome = self.judged(made, self.given(made))
        assert (outcome.user, outcome.stale, outcome.given, outcome.algorithm) == ("ann", False, True, "SHA-256")
        assert outcome.made == 1_000_000_000
        assert outcome.kept == password_digest("SHA-256", "ann", REALM, "secret")

    @pytest.mark.parametrize("field", [None, "", "Basic YTpi", "Bearer a", 'Digest a="b'])
    def test_no_digest_is_told_from_a_bad_one(self, policy, field):
        outcome = policy().judge({"REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": field})
        assert outcome is NONE
        assert (NONE.given, BAD.given, BAD.user, BAD.stale, Outcome().made) == (False, True, None, False, 0)

    @pytest.mark.parametrize(
        "changed",
        [
            {"algorithm": "SHA-512-256"},
            {"algorithm": "SHA-256-sess"},
            {"realm": "kitchen"},
            {"uri": "/other"},
            {"nonce": "0" * 72},
            {"nonce": None, "response": "0" * 64},
            {"uri": None, "response": "0" * 64},
            {"realm": None},
            {"qop": "auth-int"},
            {"qop": None},
            {"nc": "00000000"},
            {"nc": "0000001"},
            {"nc": "000000001"},
            {"nc": "0000000g"},
            {"nc": None, "response": "0" * 64},
            {"cnonce": None},
            {"cnonce": ""},
            {"response": "0" * 64},
            {"response": ""},
            {"user": "eve"},
            {"user": ""},
            {"password": "guess"},
            {"method": "PUT"},
            {"userhash": "true", "user": user_digest("SHA-256", "ann", REALM)},
        ],
    )
    def test_anything_else_is_bad(self, policy, changed):
        made = policy()
        assert self.judged(made, self.given(made, **changed)) == BAD

    @pytest.mark.parametrize(
        "changed", [{"algorithm": "sha-256"}, {"qop": "AUTH"}, {"nc": "ffffFFFF"}, {"userhash": "false"}, {"userhash": "FALSE"}]
    )
    def test_spellings_of_clients_are_good(self, policy, changed):
        made = policy()
        given = self.given(made, **{k: v for k, v in changed.items() if k in ("nc", "userhash")})
        assert self.judged(made, given | changed).user == "ann"
        upper = self.given(made)
        assert self.judged(made, upper | {"response": upper["response"].upper()}).user == "ann"

    def test_md5_is_taken_for_granted_where_no_algorithm_is_named(self, policy):
        made = policy()
        given = self.given(made, "MD5")
        del given["algorithm"]
        assert self.judged(made, given).algorithm == "MD5"

    def test_a_hashed_name_is_known_where_that_is_on(self, policy):
        made = policy(userhash=True)
        given = self.given(made)
        given |= {"username": user_digest("SHA-256", "ann", REALM), "userhash": "true"}
        assert self.judged(made, given).user == "ann"
        assert self.judged(made, given | {"username": "ann"}) == BAD

    def test_a_nonce_is_good_for_its_lifetime_and_a_count_once(self, policy):
        made = policy()
        given = self.given(made)
        self.clock.now += 299.9
        assert self.judged(made, given).user == "ann"
        assert self.judged(made, given) == Outcome(stale=True)
        given = self.given(made)
        self.clock.now += 300
        assert self.judged(made, given) == Outcome(stale=True)
        assert self.judged(made, given | {"response": "0" * 64}) == BAD

    def test_counts_are_hexadecimal_and_a_window_lies_behind_the_highest(self, policy):
        made = policy()
        nonce = made.nonces.make()
        judged = [self.judged(made, self.given(made, nonce=nonce, nc=count)).user for count in ("00000100", "000000c1", "000000c0")]
        assert judged == ["ann", "ann", None]  # 64 counts: from 0x100 down to 0xc1

    def test_a_key_of_any_length_will_do(self, policy):
        made = policy(key=b"k" * 100)
        assert self.judged(made, self.given(made, user="eve")) == BAD

    def test_the_old_form_has_no_counts(self, policy):
        made = policy(qop="")
        given = self.given(made, qop=None, nc=None, cnonce=None)
        assert self.judged(made, given).user == "ann"
        assert self.judged(made, given).user == "ann"
        assert self.judged(made, self.given(made)) == BAD
        assert made.authentication_info(self.judged(made, given)) is None

    @pytest.mark.parametrize(("qop", "userhash", "stale"), [("auth", False, False), ("", True, True)])
    def test_a_challenge_says_what_is_asked_for(self, policy, qop, userhash, stale):
        made = policy(qop, userhash)
        first, second = made.challenges(stale=stale)
        assert first[0] == second[0] == "WWW-Authenticate"
        assert ('algorithm=SHA-256, nonce="' in first[1], 'algorithm=MD5, nonce="' in second[1]) == (True, True)
        assert first[1].startswith('Digest realm="Kitchen", qop="auth", ' if qop else 'Digest realm="Kitchen", algorithm')
        assert first[1].endswith(", charset=UTF-8" + (", stale=true" if stale else "") + (", userhash=true" if userhash else ""))
        assert "stale" not in made.challenges()[0][1]

    def test_a_next_nonce_is_due_after_half_a_life(self, policy):
        made = policy()
        outcome = self.judged(made, self.given(made, cnonce="a b"))
        self.clock.now += 149.9
        assert made.authentication_info(outcome) is None
        self.clock.now += 0.1
        said = made.authentication_info(outcome)
        proof = response_digest("SHA-256", outcome.kept, "", dict(outcome.parameters), "auth")
        assert f'rspauth="{proof}", qop=auth, cnonce="a b", nc=00000001' in said
        assert said.startswith('nextnonce="')

    @pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
    def test_nobody_costs_as_much_as_somebody(self, policy, algorithm):
        made = policy()
        kept, known = made._kept("nobody", algorithm)
        assert (len(kept), known) == (len(password_digest(algorithm, "a", "b", "c")), False)
        assert made._kept("nobody", algorithm)[0] == kept != made._kept("somebody", algorithm)[0]
        assert made._kept(None, algorithm)[1] is False
        assert made._kept("ann", algorithm) == (password_digest(algorithm, "ann", REALM, "secret"), True)


class TestWindow:
    @pytest.mark.parametrize(
        ("highest", "used", "count", "moved"),
        [
            (0, 0, 1, (1, 1)),
            (5, 0b1, 6, (6, 0b11)),
            (5, 0b1, 5, None),
            (5, 0b1, 4, (5, 0b11)),
            (70, 0b1, 7, (70, 1 | 1 << 63)),
            (70, 0b1, 6, None),
            (5, 0b1, 68, (68, 1 | 1 << 63)),
            (5, 0b11, 68, (68, 1 | 1 << 63)),
            (5, 0b1, 69, (69, 1)),
        ],
    )
    def test_sixty_four_counts_are_remembered(self, highest, used, count, moved):
        assert slide(highest, used, count) == moved
