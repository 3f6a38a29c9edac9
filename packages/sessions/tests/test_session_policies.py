"""The pure policies of sessions, each verdict on both sides of its limit."""

import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.cookies import parse_cookie_header
from tropea.core.errors import OptionError
from tropea.sessions.chunks import VALUE_PATTERN, Chunked
from tropea.sessions.codecs import JSON, MAX_DEPTH, _make_encoder, _refused, best_codec, check_values, codec_named
from tropea.sessions.cookies import CookieRules, mount_path
from tropea.sessions.errors import (
    NewerRecord,
    RecordError,
    SealError,
    SessionTooLarge,
    SessionValueError,
)
from tropea.sessions.headers import make_private, marked_private
from tropea.sessions.ids import is_valid_id, new_id, storage_key
from tropea.sessions.keyrings import KeyRing
from tropea.sessions.merging import merge
from tropea.sessions.origins import own_origin, refusal
from tropea.sessions.payloads import LARGEST
from tropea.sessions.payloads import pack as pack_payload
from tropea.sessions.payloads import unpack as unpack_payload
from tropea.sessions.records import Record, pack, unpack
from tropea.sessions.sealing import Sealing, Signing
from tropea.sessions.timeouts import CLOCK_SKEW, LONGEST, Timeouts

ID = "i" * 43
SECRET = "a secret that nobody knows"


class TestMerging:
    @pytest.mark.parametrize(
        ("before", "mine"),
        [(1, True), (1, 1.0), (0, False), (0, None), ("1", 1), ([1], [1, 2]), ([1, 2], [1]), ([1], [True]),
         ({"a": 1}, {"b": 1}), ({"a": 1}, {"a": 1, "b": 1}), ({"a": 1}, {"a": 2}), ({"a": 1}, [1]), ("", [])],
    )  # fmt: skip
    def test_what_json_tells_apart_is_a_change(self, before, mine):
        data, conflicts = merge({"k": before}, {"k": mine}, {"k": before})
        assert (type(data["k"]), data["k"], conflicts) == (type(mine), mine, ())
        data, conflicts = merge({"k": mine}, {"k": before}, {"k": mine})
        assert (type(data["k"]), data["k"], conflicts) == (type(before), before, ())

    @pytest.mark.parametrize(
        ("before", "mine"),
        [([1, [2]], (1, (2,))), ({"a": [1]}, {"a": (1,)}), ([], ()), ("ab", "".join("ab"))],
    )
    def test_what_is_the_same_in_json_is_none(self, before, mine):
        assert merge({"k": before}, {"k": mine}, {"k": "theirs"}) == ({"k": "theirs"}, ())

    def test_the_same_change_of_both_is_reported(self):
        assert merge({"n": 1}, {"n": 2}, {"n": 2}) == ({"n": 2}, ("n",))

    def test_keys_come_and_go(self):
        assert merge({"a": 1}, {}, {"a": 1, "b": 2}) == ({"b": 2}, ())
        assert merge({"a": 1}, {}, {"a": 2}) == ({}, ("a",))
        assert merge({"a": 1}, {}, {}) == ({}, ("a",))
        assert merge({}, {"a": 1}, {}) == ({"a": 1}, ())
        assert merge({"a": 1}, {"a": 2}, {}) == ({"a": 2}, ("a",))

    def test_no_argument_is_changed(self):
        base, ours, theirs = {"a": 1}, {"a": 2}, {"b": 3}
        merge(base, ours, theirs)
        assert (base, ours, theirs) == ({"a": 1}, {"a": 2}, {"b": 3})


class TestTimeouts:
    LIMITS = Timeouts(idle=100, absolute=1000)

    @pytest.mark.parametrize(
        ("limits", "now", "ttl"),
        [(LIMITS, 0, 100), (LIMITS, 900, 100), (LIMITS, 901, 99), (LIMITS, 1000, 0),
         (Timeouts(None, 1000), 1, 999), (Timeouts(100, None), 10**6, 100), (Timeouts(None, None), 5, LONGEST)],
    )  # fmt: skip
    def test_a_store_keeps_it_for_the_shorter_of_both(self, limits, now, ttl):
        assert limits.ttl(0, now) == ttl

    @pytest.mark.parametrize(
        ("limits", "created", "used", "now", "over"),
        [(LIMITS, 0, 0, 99, False), (LIMITS, 0, 0, 100, True), (LIMITS, 0, 950, 999, False), (LIMITS, 0, 999, 1000, True),
         (Timeouts(None, None), 0, 0, 10**9, False), (Timeouts(None, 10), 0, 0, 9, False), (Timeouts(None, 10), 0, 0, 10, True),
         (Timeouts(10, None), 0, 5, 14, False), (Timeouts(10, None), 0, 5, 15, True),
         (LIMITS, 0, CLOCK_SKEW, 0, False), (LIMITS, 0, CLOCK_SKEW + 1, 0, True),
         (LIMITS, CLOCK_SKEW, 0, 0, False), (LIMITS, CLOCK_SKEW + 1, 0, 0, True)],
    )  # fmt: skip
    def test_it_ends_with_the_second_of_its_limit(self, limits, created, used, now, over):
        assert limits.is_over(created, used, now) is over

    def test_when_it_was_used_is_told_by_the_deadline_unless_that_was_cut_short(self):
        assert self.LIMITS.last_used(250, 100) == 150
        assert self.LIMITS.last_used(180, 100) == 100
        assert Timeouts(None, 10).last_used(250, 100) == 100

    def test_no_touch_moves_a_deadline_that_is_the_absolute_one(self):
        assert self.LIMITS.is_final(0, 999) is True
        assert self.LIMITS.is_final(0, 998) is False
        assert Timeouts(100, None).is_final(0, 10**9) is False

    def test_the_limits_that_are_promised(self):
        assert CLOCK_SKEW == 65 * 60
        assert LONGEST == 400 * 24 * 60 * 60


class TestCookies:
    def writer(self, **options):
        return CookieRules(**options).writer("http", "")

    @pytest.mark.parametrize(
        ("header", "found"),
        [
            (f"session={ID}", ID),
            (f"session={ID} \t; a=1", ID),
            (f"a=1;session={ID}", ID),
            (f"a=1; \tsession={ID}", ID),
            (f" session={ID}", ID),
            (f"xsession={ID}", None),
            (f"a=session={ID}", None),
            (f"a=b session={ID}", None),
            (f"session={ID}x", None),
            (f"session={ID} x", None),
            (f"session={ID[1:]}", None),
            (f"a=session={ID}; session={'j' * 43}", "j" * 43),
            (f"session=short; session={ID}", ID),
            (f"session={ID}; session={'j' * 43}", ID),
            ("", None),
        ],
    )
    def test_a_value_is_found_between_semicolons_only(self, header, found):
        assert self.writer().find(header) == found

    @given(
        st.lists(
            st.sampled_from(
                [
                    "session",
                    "xsession",
                    "a",
                    "=",
                    ID,
                    "j" * 43,
                    ";",
                    "; ",
                    " ",
                    "\t",
                    '"',
                    ",",
                    "x",
                    "$Version",
                ]
            ),
            max_size=12,
        ).map("".join)
    )
    def test_the_session_finds_what_the_cookies_of_the_request_are_said_to_hold(self, header):
        found = self.writer().find(header)
        held = [cookie.value for cookie in parse_cookie_header(header) if cookie.name == "session"]
        assert found is None or found in held
        assert found is not None or ID not in held

    @pytest.mark.parametrize(
        "options",
        [
            {"secure": False, "partitioned": True},
            {"secure": False, "samesite": "None"},
            {"name": "__Host-x"},
            {"name": "__SECURE-x"},
            {"name": "__Host-x", "secure": True, "domain": "example.org"},
            {"name": "__Host-x", "secure": True, "path": "/shop"},
            {"name": "__Http-x", "secure": True, "httponly": False},
            {"name": "__Host-Http-x", "secure": True, "httponly": False},
            {"name": "a b"},
            {"name": ""},
            {"path": "shop"},
            {"path": "/a;b"},
            {"path": ""},
            {"domain": "a b"},
            {"domain": ""},
        ],
    )
    def test_what_browsers_refuse_is_refused(self, options):
        with pytest.raises(OptionError):
            CookieRules(**options)

    @pytest.mark.parametrize(
        "options",
        [
            {"name": "__Host-x", "secure": True},
            {"name": "__Host-x", "secure": True, "path": "/"},
            {"name": "__Secure-x", "secure": True, "domain": "example.org", "path": "/shop"},
            {"name": "__Http-x", "secure": True},
            {"name": "__Host-Http-x", "secure": True},
            {"name": "x", "secure": True, "httponly": False},
            {"secure": False, "samesite": "Strict"},
            {"secure": True, "samesite": "None"},
        ],
    )
    def test_what_browsers_take_is_taken(self, options):
        CookieRules(**options)

    def test_a_host_cookie_has_the_path_of_the_whole_host_below_a_mount_too(self):
        rules = CookieRules(name="__Host-x", secure=True)
        assert "; Path=/;" in rules.writer("https", "/shop").set("v", None)[0][1]

    @pytest.mark.parametrize(
        ("lifetime", "age"), [(None, 60), (30, 30), (30.9, 30), (90, 60), (-5, 0), (0, 0)]
    )
    def test_a_browser_keeps_it_no_longer_than_it_lives(self, lifetime, age):
        ((_, field),) = self.writer(max_age=60.5).set("v", lifetime)
        assert field.endswith(f"; Max-Age={age}")
        assert "Max-Age" not in self.writer().set("v", lifetime)[0][1]

    @pytest.mark.parametrize(
        ("options", "scheme", "samesite"),
        [({}, "http", "Lax"), ({"samesite": "Strict"}, "http", "Strict"), ({"samesite": "Strict"}, "https", "Strict"),
         ({"samesite": "None"}, "http", "Lax"), ({"samesite": "None"}, "https", "None")],
    )  # fmt: skip
    def test_over_http_no_other_site_sends_it(self, options, scheme, samesite):
        ((_, field),) = CookieRules(**options).writer(scheme, "").set("v", None)
        assert f"; SameSite={samesite}" in field

    def test_rules_are_values(self):
        rules = CookieRules()
        rules.writer("http", "")
        assert rules == CookieRules() != CookieRules(path="/")
        assert "CookieWriter" not in repr(rules)
        with pytest.raises(TypeError):
            CookieRules(_ready={})
        with pytest.raises(AttributeError):
            rules.path = "/"

    def test_what_is_sent_over_http_is_told(self):
        assert self.writer().plain is True
        assert self.writer(secure=True).plain is False
        assert self.writer().numbered(3).plain is True
        assert self.writer().numbered(3).name == "session.3"

    def test_it_is_removed_by_an_empty_value_of_the_past(self):
        ((_, field),) = self.writer().clear()
        assert field.startswith(
            "session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970"
        )

    def test_the_writers_of_sixty_four_mounts_are_kept(self):
        rules = CookieRules()
        first = rules.writer("http", "/0")
        for number in range(1, 64):
            rules.writer("http", f"/{number}")
        assert rules.writer("http", "/0") is first
        rules.writer("http", "/64")
        assert rules.writer("http", "/0") is not first

    @pytest.mark.parametrize(
        ("mount", "path"),
        [
            ("", "/"),
            ("/", "/"),
            ("/a//", "/a"),
            ("//evil", "/"),
            ("a", "/"),
            ("/\xe9", "/%E9"),
            ("/a b", "/a%20b"),
        ],
    )
    def test_a_mount_becomes_a_path(self, mount, path):
        assert mount_path(mount) == path


class TestFieldsForCaches:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ([], [("Cache-Control", "private"), ("Vary", "Cookie")]),
            ([("X-Vary", "a"), ("Date", "b")], [("X-Vary", "a"), ("Date", "b"), ("Cache-Control", "private"), ("Vary", "Cookie")]),
            ([("VARY", "Accept")], [("Vary", "Accept, Cookie"), ("Cache-Control", "private")]),
            ([("cache-control", "no-store")], [("Cache-Control", "no-store"), ("Vary", "Cookie")]),
            ([("Pref", "1"), ("Vary", "*")], [("Pref", "1"), ("Vary", "*"), ("Cache-Control", "private")]),
        ],
    )
    def test_they_are_told_once(self, before, after):
        given = list(before)
        assert marked_private(given) == after
        assert given == before

    @pytest.mark.parametrize(
        ("given", "made"),
        [
            ("public", "private"),
            ("PUBLIC, S-Maxage = 5", "private"),
            ('private="Set-Cookie", max-age=5', "private, max-age=5"),
            ("private", "private"),
            ("No-Store, public", "No-Store"),
            ("must-revalidate", "private, must-revalidate"),
            ("", "private"),
        ],
    )
    def test_nothing_is_left_that_lets_them_share(self, given, made):
        assert make_private(given) == made


class TestIds:
    def test_an_id_has_256_bits_and_a_key_as_many(self):
        assert len(new_id()) == 43
        assert new_id() != new_id()
        assert len(storage_key(ID)) == 64

    @pytest.mark.parametrize(("text", "valid"), [(ID, True), ("-_" + ID[2:], True), (ID[1:], False), (ID + "i", False),
                                                 (ID[1:] + "ü", False), (ID.encode(), False), (None, False)])  # fmt: skip
    def test_other_text_is_no_id(self, text, valid):
        assert is_valid_id(text) is valid


OWN = "https://example.org"


class TestOrigins:
    @pytest.mark.parametrize(
        ("scheme", "host", "origin"),
        [
            ("http", "X:80", "http://x"),
            ("http", "x:443", "http://x:443"),
            ("https", "x:443", "https://x"),
            ("https", "x:4430", "https://x:4430"),
            ("ftp", "x:21", "ftp://x:21"),
        ],
    )
    def test_the_own_origin_leaves_the_default_port_out(self, scheme, host, origin):
        assert own_origin(scheme, host) == origin

    @pytest.mark.parametrize(
        ("given", "refused"),
        [
            ({}, None),
            ({"site": "same-origin"}, None),
            ({"site": "none"}, None),
            ({"site": "same-site"}, "another site"),
            ({"site": "cross-site", "origin": "https://Friend.example"}, None),
            ({"site": "same-origin", "origin": "https://evil.example"}, "another origin"),
            ({"origin": "HTTPS://Example.org"}, None),
            ({"origin": "null"}, "another origin"),
            ({"origin": OWN, "referer": "https://evil.example/"}, None),
            ({"referer": "https://example.org:443/a"}, None),
            ({"referer": "https://friend.example/a"}, None),
            ({"referer": "https://evil.example/a"}, "elsewhere"),
            ({"referer": "http://example.org/a"}, "elsewhere"),
            ({"referer": OWN + "/" + "x" * (8191 - 20)}, None),
        ],
    )
    def test_a_request_from_elsewhere_is_refused(self, given, refused):
        given = {"site": None, "origin": None, "referer": None, **given}
        said = refusal(OWN, trusted=("https://friend.example",), **given)
        assert said is None if refused is None else refused in said


class TestChunks:
    def chunked(self):
        return Chunked(CookieRules(value=VALUE_PATTERN).writer("http", ""))

    def header(self, fields):
        return "; ".join(value.partition(";")[0] for _, value in fields)

    def test_a_value_that_fits_takes_one_cookie_of_at_most_4096_bytes(self):
        chunked = self.chunked()
        rest = len("session=; Path=/; HttpOnly; SameSite=Lax")
        room = 4096 - (rest - 1 + 32)
        ((_, field),) = chunked.set("v" * room, None)
        assert len(field) == rest + room <= 4096
        assert chunked.find(self.header([("", field)])) == "v" * room
        assert len(chunked.set("v" * (room + 1), None)) == 2

    @pytest.mark.parametrize("count", range(2, 9))
    def test_a_longer_one_is_spread_and_comes_back(self, count):
        chunked = self.chunked()
        room = chunked._room - 3
        value = "".join(chr(97 + n % 26) for n in range(room * count))
        fields = chunked.set(value, None)
        assert len(fields) == count
        assert [field[1].partition("=")[0] for field in fields] == [
            "session",
            *(f"session.{n}" for n in range(1, count)),
        ]
        assert all(len(field[1]) <= 4096 for field in fields)
        assert fields[0][1].startswith(f"session=~{count}~a")
        assert chunked.find(self.header(fields)) == value
        assert chunked.find(self.header(reversed(fields))) == value
        assert chunked.find(self.header(fields[:-1])) is None
        assert chunked.find(self.header(fields[1:])) is None

    @pytest.mark.parametrize(("room", "parts"), [(1024, True), (1023, False)])
    def test_where_a_name_and_a_path_leave_less_than_a_kilobyte_nothing_is_spread(self, room, parts):
        name = "n" * (4096 - room - len("; Path=/; HttpOnly; SameSite=Lax") - 32)
        chunked = Chunked(CookieRules(name=name, value=VALUE_PATTERN).writer("http", ""))
        assert chunked._room == room
        assert len(chunked.set("v" * room, None)) == 1
        if parts:
            assert len(chunked.set("v" * (room + 1), None)) == 2
        else:
            with pytest.raises(SessionTooLarge, match="set path"):
                chunked.set("v" * (room + 1), None)

    def test_nine_are_too_many(self):
        chunked = self.chunked()
        with pytest.raises(SessionTooLarge, match=f"about {8 * (chunked._room - 3)} in 8 cookies"):
            chunked.set("v" * (8 * (chunked._room - 3) + 1), None)

    @pytest.mark.parametrize("text", ["~", "~1~x", "~9~x", "~2", "~x~y", "~22~x"])
    def test_another_count_is_none(self, text):
        assert self.chunked().find(f"session={text}; session.1=x") is None

    def test_cookies_that_are_there_are_removed_from_a_number_on(self):
        chunked = self.chunked()
        header = "session=~2~a; session.1=b; session.3=c"
        removed = [field[1].partition("=")[0] for field in chunked.clear_from(1, header)]
        assert removed == ["session.1", "session.3"]
        assert len(chunked.clear_from(0, header)) == 3
        assert chunked.clear_from(4, header) == []
        assert len(chunked.clear()) == 1


class Colour(str):
    """A text of another class."""


class Level(int):
    """A number of another class."""


class TestCodecs:
    @pytest.mark.parametrize(
        ("value", "words"),
        [(float("inf"), "no number for"), (float("nan"), "no number for"), (b"x", "a bytes"), ({1}, "a set"),
         ([1, {"a": b"x"}], "a bytes"), ({"a": {2: 1}}, "a key that is no text: 2"), (Colour("x"), "plain str"),
         (Level(1), "plain int"), ({"a": [float("inf")]}, "no number for")],
    )  # fmt: skip
    def test_what_would_not_come_back_is_named_with_its_key(self, value, words):
        with pytest.raises(SessionValueError, match=r"session\['k'\] holds .*" + words):
            check_values({"fine": 1, "k": value})

    def test_a_key_that_is_no_text_is_named(self):
        with pytest.raises(SessionValueError, match="a session's keys are text, not 1"):
            check_values({1: 2})

    @pytest.mark.parametrize(
        "wrap", [lambda inner: [inner], lambda inner: (inner,), lambda inner: {"a": inner}]
    )
    def test_sixty_four_containers_within_each_other_are_stored_and_one_more_is_not(self, wrap):
        deep = 1
        for _ in range(64):
            deep = wrap(deep)
        check_values({"k": deep})
        with pytest.raises(SessionValueError, match="more than 64 containers"):
            check_values({"k": wrap(deep)})
        assert MAX_DEPTH == 64

    def test_numbers_and_containers_come_back(self):
        check_values({"a": 1.5, "b": [], "c": {}, "d": (1, "x", None, True), "e": {"f": [0.1, {}]}})

    @pytest.mark.parametrize("codec", [JSON, best_codec()], ids=lambda codec: codec.name)
    def test_what_is_written_is_as_short_as_json_can_be(self, codec):
        assert codec.encode({"b": [1, "é"], "a": None}) == '{"b":[1,"é"],"a":null}'.encode()
        for raw in (b"", b"[]", b"nul", b'{"a":1}2', b"{}{}"):
            with pytest.raises(RecordError):
                codec.decode(raw)

    def test_the_standards_own_neither_sorts_nor_skips_nor_takes_what_is_no_number(self):
        assert JSON.encode({"b": 1, "a": 2}) == b'{"b":1,"a":2}'
        for wrong in ({"a": float("nan")}, {("a",): 1}, {"a": b""}):
            with pytest.raises((ValueError, TypeError)):
                JSON.encode(wrong)

    def test_another_python_writes_the_same(self, monkeypatch):
        monkeypatch.setattr("json.encoder.c_make_encoder", None)
        write = _make_encoder()
        assert write({"b": [1, "é", None], "a": {}}) == '{"b":[1,"é",null],"a":{}}'.encode()
        for wrong in ({"a": float("nan")}, {"a": object()}):
            with pytest.raises(SessionValueError, match="'a'"):
                write(wrong)

    def test_without_msgspec_the_standards_own_is_best(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "msgspec", None)
        assert best_codec() is JSON

    def test_what_cannot_be_written_is_refused_whatever_it_is(self):
        assert isinstance(_refused({}), SessionValueError)
        assert "cannot be written" in str(_refused({}))
        assert "session['k']" in str(_refused({"k": "\ud800"}))

    def test_a_codec_is_chosen_by_its_name(self):
        assert codec_named("json") is JSON
        assert codec_named("auto").name == codec_named("msgspec").name == best_codec().name

    def test_a_wrong_value_is_named_when_it_is_encoded(self):
        for codec in (JSON, best_codec()):
            with pytest.raises(SessionValueError, match="'when'"):
                codec.encode({"when": object()})

    def test_what_circles_is_refused(self):
        circle = []
        circle.append(circle)
        with pytest.raises(SessionValueError, match="containers within each other"):
            JSON.encode({"k": circle})


class TestPayloads:
    RECORD = Record(b'{"n":1}', 10, 12, {"user:4 2": 7})

    def test_a_payload_reads_as_documented(self):
        raw = pack_payload(self.RECORD, ID, compress=True)
        assert raw == b'1 10 12 %b {"user:4\\u00202":7} plain\n{"n":1}' % ID.encode()
        origin = unpack_payload(raw)
        assert (origin.id, origin.key, origin.version, origin.deadline) == (ID, "", 0, 12.0)
        assert origin.record == self.RECORD

    def test_data_are_compressed_from_one_kibibyte(self):
        for size, how in ((1023, b"plain"), (1024, b"zlib")):
            record = self.RECORD._replace(data=b"x" * size, labels={})
            raw = pack_payload(record, ID, compress=True)
            assert raw.partition(b"\n")[0].split(b" ")[-2:] == [b"-", how]
            assert unpack_payload(raw).record == record
            assert b" plain\n" in pack_payload(record, ID, compress=False)

    def test_256_kibibytes_are_the_most(self):
        assert LARGEST == 262_144
        most = self.RECORD._replace(data=b"x" * LARGEST)
        assert unpack_payload(pack_payload(most, ID, compress=True)).record == most
        with pytest.raises(SessionTooLarge):
            pack_payload(most._replace(data=b"x" * (LARGEST + 1)), ID, compress=True)
        bomb = b"1 1 1 %b - zlib\n%b" % (ID.encode(), zlib.compress(b"x" * (LARGEST + 1)))
        with pytest.raises(RecordError, match="too long"):
            unpack_payload(bomb)

    @pytest.mark.parametrize(
        "raw",
        [
            b"1 1 1 ID - plain",
            b"2 1 1 ID - plain\n{}",
            b"1 1 1 ID - plain x\n{}",
            b"1 1 ID - plain\n{}",
            b"1 x 1 ID - plain\n{}",
            b"1 1 -1 ID - plain\n{}",
            b"1 1 1 IDx - plain\n{}",
            b"1 1 1 \xff - plain\n{}",
            b"1 1 1 ID - gzip\n{}",
            b"1 1 1 ID - zlib\n{}",
            b"1 1 1 ID x plain\n{}",
            b"1 1 1 ID [1] plain\n{}",
            b'1 1 1 ID {"a": plain\n{}',
            b"1 " + b"9" * 5000 + b" 1 ID - plain\n{}",
        ],
    )
    def test_anything_else_is_no_payload(self, raw):
        with pytest.raises(RecordError):
            unpack_payload(raw.replace(b"ID", ID.encode()))

    def test_a_compressed_one_that_is_cut_short_is_none(self):
        raw = pack_payload(self.RECORD._replace(data=bytes(range(256)) * 8), ID, compress=True)
        for end in (-1, -5, -20):
            with pytest.raises(RecordError, match="cut short"):
                unpack_payload(raw[:end])


class TestRecords:
    RECORD = Record(b"{}", 10, 12, {"user:42": 7})

    def test_a_record_reads_as_documented(self):
        raw = pack(self.RECORD, ID)
        assert raw[:2] == b"1 "
        assert raw[34:] == b' 10 12 {"user:42":7}\n{}'
        assert unpack(raw, ID) == self.RECORD
        assert pack(self.RECORD._replace(labels={}), ID).endswith(b" 10 12 -\n{}")
        labelled = self.RECORD._replace(labels={"user 4 2": 1, "b": 2})
        assert unpack(pack(labelled, ID), ID) == labelled

    @pytest.mark.parametrize("at", [2, 10, 33, 34, 36, -1])
    def test_no_byte_of_it_can_be_changed(self, at):
        raw = bytearray(pack(self.RECORD, ID))
        raw[at] ^= 1
        with pytest.raises(RecordError, match="damaged"):
            unpack(bytes(raw), ID)

    @pytest.mark.parametrize(("raw", "kind"), [(b"2 x", NewerRecord), (b"99999 x", NewerRecord), (b"1x", RecordError), (b"0 x", RecordError),
                                               (b"100000 x", RecordError), (b"x 1", RecordError), (b"", RecordError), (b"01 x", RecordError)])  # fmt: skip
    def test_a_later_format_is_told_from_rubbish(self, raw, kind):
        with pytest.raises(RecordError) as caught:
            unpack(raw, ID)
        assert type(caught.value) is kind
        assert kind is RecordError or f"format {raw.partition(b' ')[0].decode()};" in str(
            caught.value
        )


class TestKeyRings:
    def test_a_secret_has_sixteen_bytes_or_more(self):
        assert len(KeyRing("s" * 16).ids) == 1
        assert len(KeyRing("ü" * 8).ids) == 1
        for short in ("s" * 15, b"s" * 15, ["s" * 16, "s" * 15], {"a": "s" * 15}, [], {}, ""):
            with pytest.raises(OptionError):
                KeyRing(short)

    def test_the_first_writes_and_each_has_an_id_of_eight_characters(self):
        ring = KeyRing(["first secret of mine", b"second secret of mine"])
        assert ring.writing == ring.ids[0] != ring.ids[1]
        assert [len(name) for name in ring.ids] == [8, 8]
        assert ring.ids[0] == KeyRing("first secret of mine").ids[0]
        assert repr(ring) == "<KeyRing of 2>"

    def test_a_name_of_ones_own_is_the_id_whatever_the_secret(self):
        one, other = (
            KeyRing({"2026": "first secret of mine"}),
            KeyRing({"2026": "second secret of mine"}),
        )
        assert one.ids == other.ids != KeyRing("first secret of mine").ids
        assert one.derive(b"p") != other.derive(b"p")

    def test_each_purpose_has_a_key_of_32_bytes_of_its_own(self):
        ring = KeyRing(SECRET)
        (key,), (other,) = ring.derive(b"one").values(), ring.derive(b"two").values()
        assert len(key) == len(other) == 32
        assert key != other


class TestSeals:
    @pytest.fixture(params=[Sealing, Signing])
    def kind(self, request):
        if request.param is Sealing:
            pytest.importorskip("cryptography")
        return request.param

    def test_a_value_begins_with_its_kind_and_its_key(self, kind):
        ring = KeyRing(SECRET)
        text = kind(ring).protect("session", b"data")
        assert text[:10] == ("e1" if kind is Sealing else "s1") + ring.writing
        assert kind(ring).reveal("session", text) == (b"data", True)

    def test_an_older_key_reads_and_says_that_it_is_older(self, kind):
        text = kind(KeyRing("the old secret of 2025")).protect("session", b"data")
        ring = KeyRing(["the new secret of 2026", "the old secret of 2025"])
        assert kind(ring).reveal("session", text) == (b"data", False)
        with pytest.raises(SealError, match="not known, or no longer"):
            kind(KeyRing("the new secret of 2026")).reveal("session", text)

    def test_an_empty_payload_comes_back(self, kind):
        protection = kind(KeyRing(SECRET))
        assert protection.reveal("s", protection.protect("s", b"")).payload == b""

    @pytest.mark.parametrize("change", [lambda t: t[:9], lambda t: "x" + t[1:], lambda t: t + "é", lambda t: t + "A",
                                        lambda t: t[:-1], lambda t: t + "=", lambda t: t[:10], lambda t: ""])  # fmt: skip
    def test_another_text_is_refused(self, kind, change):
        protection = kind(KeyRing(SECRET))
        with pytest.raises(SealError):
            protection.reveal("s", change(protection.protect("s", b"data")))

    def test_one_value_has_one_spelling(self):
        signing = Signing(KeyRing(SECRET))
        head = "s1" + KeyRing(SECRET).writing
        for text in ("QR", "Q", "Q Q=", "QQ==", "Q+Q/", "QQQQ!!!!", "QQQQ    ", "QQQQ\n", "QQQ=QQQ="):
            signed = f"{head}{text}"
            forged = f"{signed}.{signing._mac(KeyRing(SECRET).writing, 's', signed)}"
            with pytest.raises(SealError, match="not base64"):
                signing.reveal("s", forged)

    def test_a_signature_has_256_bits(self):
        assert len(Signing(KeyRing(SECRET)).protect("s", b"data").rpartition(".")[2]) == 43

    def test_what_is_sealed_is_sealed_anew_each_time(self):
        pytest.importorskip("cryptography")
        sealing = Sealing(KeyRing(SECRET))
        one, other = sealing.protect("s", b"data"), sealing.protect("s", b"data")
        assert one != other
        assert len(one) == 2 + 8 + -(-(12 + 4 + 16) * 4 // 3)
