"""The pure policies of the cache: values in, verdicts out."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.testing import assert_linear
from tropea.caching.cachekeys import Key, key_of_uri, normal_value, variant_id, vary_of
from tropea.caching.cachestatus import check_cache_name, forwarded
from tropea.caching.entries import dumps, loads
from tropea.caching.freshness import (
    Policy,
    Use,
    Wishes,
    allows_after_error,
    decide,
    initial_age,
    read_policy,
    read_wishes,
)
from tropea.caching.invalidation import invalidated
from tropea.caching.parts import held_part, joined
from tropea.caching.structured import Token, parse_dictionary, parse_strings
from tropea.caching.testing import KEY, make_entry
from tropea.caching.validation import merged, validators
from tropea.core.errors import OptionError

fields = st.text(st.characters(codec="latin-1"), max_size=60)


class TestAge:
    """RFC 9111 section 4.2.3 and 5.1."""

    @pytest.mark.parametrize(
        ("values", "age"),
        [
            ([], 0),
            (["30"], 30),
            (["7200, 0"], 7200),
            (["0, 7200"], 0),
            (["7200", "0"], 7200),
            (["0", "7200"], 0),
            (["abc"], 0),
            (["-5"], 0),
            (["7200.0"], 7200),
            (["7200;foo=1"], 7200),
            ([""], 0),
            (["99999999999999999999999"], 2**31),
        ],
    )
    def test_the_first_value_counts(self, values, age):
        assert initial_age([("Age", value) for value in values], 100.0, 100.0) == age

    def test_the_time_on_the_way_is_added(self):
        assert initial_age([("Age", "10")], 100.0, 103.0) == 13

    def test_a_date_in_the_past_is_age_and_one_in_the_future_is_none(self):
        assert (
            initial_age([("Date", "Sun, 06 Nov 1994 08:49:37 GMT")], 784111787.0, 784111787.0) == 10
        )
        assert (
            initial_age([("Date", "Sun, 06 Nov 1994 08:49:37 GMT")], 784111700.0, 784111700.0) == 0
        )

    def test_the_larger_of_both_counts(self):
        head = [("Date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("Age", "99")]
        assert initial_age(head, 784111787.0, 784111787.0) == 99


class TestDates:
    """RFC 9111 section 4.2: a cache minds neither the case of a date nor any zone but GMT."""

    @pytest.mark.parametrize(
        "expires",
        [
            "Thu, 18 Aug 2050 02:01:18 GMT",
            "THU, 18 Aug 2050 02:01:18 GMT",
            "Thu, 18 AUG 2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 02:01:18 gMT",
            "thu, 18 aug 2050 02:01:18 gmt",
            "THURSDAY, 18-AUG-50 02:01:18 GMT",
            "thu aug 18 02:01:18 2050",
        ],
    )
    def test_the_case_of_names_and_zone_does_not_matter(self, expires):
        assert read_policy(200, [("Expires", expires)], 0.0).lifetime == 2**31  # 80 years are more

    @pytest.mark.parametrize(
        "expires",
        ["thu, 18 aug 2050 02:01:18 utc", "THU 18 AUG 2050 02:01:18 GMT", "gmt", "x" * 100_000, ""],
        ids=lambda text: text[:30],
    )
    def test_what_is_no_date_in_any_case_has_expired(self, expires):
        assert read_policy(200, [("Expires", expires)], 0.0).lifetime == 0

    def test_a_date_in_capitals_is_no_less_of_an_age(self):
        head = [("Date", "SUN, 06 NOV 1994 08:49:37 GMT")]
        assert initial_age(head, 784111787.0, 784111787.0) == 10


class TestUse:
    @pytest.mark.parametrize(
        ("policy", "age", "wishes", "use"),
        [
            (Policy(60), 59, Wishes(), Use.FRESH),
            (Policy(60), 60, Wishes(), Use.VALIDATE),
            (Policy(0), 0, Wishes(), Use.VALIDATE),
            (Policy(60, validate=True), 1, Wishes(), Use.VALIDATE),
            (Policy(60, while_revalidating=10), 69, Wishes(), Use.BACKGROUND),
            (Policy(60, while_revalidating=10), 70, Wishes(), Use.VALIDATE),
            (Policy(60, must_revalidate=True, while_revalidating=10), 61, Wishes(), Use.VALIDATE),
            (Policy(60), 61, Wishes(max_stale=1), Use.STALE),
            (Policy(60), 62, Wishes(max_stale=1), Use.VALIDATE),
            (Policy(60, must_revalidate=True), 61, Wishes(max_stale=9), Use.VALIDATE),
            (Policy(60), 0, Wishes(max_age=0), Use.VALIDATE),
            (Policy(60, immutable=True), 5, Wishes(max_age=0), Use.FRESH),
            (Policy(60, immutable=True), 61, Wishes(max_age=0), Use.VALIDATE),
            (Policy(60), 30, Wishes(min_fresh=30), Use.FRESH),
            (Policy(60), 31, Wishes(min_fresh=30), Use.VALIDATE),
            (Policy(60), 61, Wishes(max_age=30, max_stale=9), Use.VALIDATE),
        ],
        ids=str,
    )
    def test_what_may_be_done(self, policy, age, wishes, use):
        assert decide(policy, age, wishes) is use

    def test_stale_if_error_is_bounded_and_barred(self):
        assert allows_after_error(Policy(60, if_error=10), 69)
        assert not allows_after_error(Policy(60, if_error=10), 70)
        assert not allows_after_error(Policy(60, if_error=10, must_revalidate=True), 61)
        assert allows_after_error(Policy(60), 61, Wishes(if_error=5))
        assert allows_after_error(Policy(60), 61, default=5)

    @given(fields, fields)
    def test_no_field_makes_reading_raise(self, cache_control, pragma):
        read_wishes(cache_control, pragma)
        head = [
            ("Cache-Control", cache_control),
            ("Expires", pragma),
            ("Age", pragma),
            ("CDN-Cache-Control", cache_control),
        ]
        policy = read_policy(200, head, 0.0, targeted=("CDN-Cache-Control",), heuristic=0.1)
        assert policy.lifetime >= 0
        assert initial_age(head, 0.0, 0.0) >= 0


class TestStructuredFields:
    """RFC 8941."""

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("a=1, b", {"a": 1, "b": True}),
            ("a;x=1, b=?0", {"a": True, "b": False}),
            ('a="x\\"y"', {"a": 'x"y'}),
            ("a=(1 2);q", {"a": [1, 2]}),
            ("a=1.5", {"a": 1.5}),
            ("a=-3", {"a": -3}),
            ("a=tok/en", {"a": Token("tok/en")}),
            ("a=1,a=2", {"a": 2}),
            ("", {}),
            ("a=:aGk=:", {"a": b"aGk="}),
            ("a=1;p=2;q, b=3", {"a": 1, "b": 3}),
            ("A=1", None),
            ("a=1,", None),
            ("a=,b", None),
            ("a=1 b", None),
            ('a="x', None),
            ("a=1, &&&", None),
            ("a=1.2.3", None),
            ("a=(1", None),
            ("a=1234567890123456", None),
            ('a="\xe9"', None),
            ("a =1", None),
            ("a= 1", None),
        ],
    )
    def test_dictionaries_are_read_strictly(self, text, found):
        assert parse_dictionary(text) == found

    @pytest.mark.parametrize(
        ("text", "found"),
        [('"a", "b c"', ("a", "b c")), ("a", ()), ('"a" "b"', ()), ("", ()), ('"a",', ())],
    )
    def test_lists_of_strings_are_read_strictly(self, text, found):
        assert parse_strings(text) == found

    @given(fields)
    def test_nothing_makes_them_raise(self, text):
        parse_dictionary(text), parse_strings(text)

    @pytest.mark.parametrize("unit", ["a,", "a=1;b,", 'a="\\"', "(", "a=(1 ", ";"])
    def test_reading_takes_linear_time(self, unit):
        assert_linear(lambda size: partial(parse_dictionary, unit * size), 500)


class TestKeys:
    parts = st.text(st.characters(codec="latin-1"), max_size=8)

    @given(parts, parts, parts, parts)
    def test_different_keys_have_different_digests(self, a, b, c, d):
        one, two = Key("http", "x", a, b), Key("http", "x", c, d)
        assert (one == two) is (one.digest() == two.digest())

    @given(
        st.lists(st.tuples(parts, st.none() | parts), max_size=3),
        st.lists(st.tuples(parts, st.none() | parts), max_size=3),
    )
    def test_different_variants_have_different_names(self, one, two):
        assert (one == two) is (variant_id(tuple(one)) == variant_id(tuple(two)))

    @given(st.text(st.characters(codec="latin-1", exclude_characters="?#"), max_size=20))
    def test_a_keys_uri_leads_back_to_it(self, path):
        key = Key("http", "example.com", "/" + path.lstrip("/"), "")
        assert key_of_uri(key.uri) == key

    @pytest.mark.parametrize(
        ("uri", "path"),
        [
            ("/b", "/b"),
            ("b", "/a/b"),
            ("../b", "/b"),
            ("http://x/%C3%A9?q", "/\xc3\xa9"),
            ("http://X:80/b", "/b"),
            ("//x/b", "/b"),
            ("http://y/b", None),
            ("https://x/b", None),
            ("http://x:81/b", None),
            ("mailto:a", None),
            ("http://[", None),
            ("http://x:port/", None),
            ("http://x", "/"),
            ("http://x@y/", None),
        ],
    )
    def test_uris_count_within_their_origin(self, uri, path):
        key = key_of_uri(uri, Key("http", "x", "/a/c", ""))
        assert (key and key.path) == path

    @given(fields)
    def test_no_uri_makes_it_raise(self, uri):
        key_of_uri(uri, Key("http", "x", "/a", ""))
        invalidated(Key("http", "x", "/a", ""), 201, [("Location", uri)])

    @given(
        st.sampled_from(["accept", "accept-language", "accept-encoding", "cookie", "x-a"]), fields
    )
    def test_normal_values_are_stable(self, name, value):
        environ = {f"HTTP_{name.upper().replace('-', '_')}": value}
        assert isinstance(normal_value(name, environ), str)
        assert normal_value(name, {}) is None

    def test_too_many_fields_match_nothing(self):
        assert vary_of([("Vary", ",".join(f"x{n}" for n in range(33)))]) is None
        assert vary_of([("Vary", "b, A"), ("vary", "a")]) == ("a", "b")

    @pytest.mark.parametrize(
        "field",
        ["Accept Cookie", "Cookie;", '"Cookie"', "Accept, (Cookie)", "cookie:", "*;q=1", "K\xfche"],
    )
    def test_vary_that_names_no_field_matches_no_other_request(self, field):
        assert vary_of([("Vary", field)]) is None


class TestEntries:
    def test_what_is_written_is_read(self):
        entry = make_entry(
            variant=(("accept", None), ("x", "1")),
            part=(0, 5, 10),
            tags=("t:a",),
            fields=[("X", "\xe9")],
        )
        assert loads(dumps(entry)) == entry
        assert entry.id.endswith("p")

    @pytest.mark.parametrize(
        "data", [b"", b"{}", b"[]", b"null", b"[99]", b"\xff", b"[1,2,3,4,5,6,7,8,9,10,11,12]"]
    )
    def test_what_is_no_entry_is_none(self, data):
        assert loads(data) is None


class TestParts:
    tag = [("ETag", '"v"')]

    def part(self, start, stop, **more):
        return make_entry(
            part=(start, stop, 10), fields=more.get("fields", self.tag), size=stop - start
        )

    @given(st.integers(0, 8), st.integers(1, 9), st.integers(0, 8), st.integers(1, 9))
    def test_joined_parts_are_what_the_whole_has_there(self, a, b, c, d):
        data = b"0123456789"
        one, two = (a, min(a + b, 10)), (c, min(c + d, 10))
        both = joined(self.part(*one), data[slice(*one)], self.part(*two), data[slice(*two)])
        if one[1] < two[0] or two[1] < one[0]:
            assert both is None
        else:
            entry, body = both
            start, stop, _ = entry.part
            assert body == data[start:stop] and (start, stop) == (min(a, c), max(one[1], two[1]))

    def test_nothing_is_joined_without_one_strong_tag(self):
        weak = self.part(5, 9, fields=[("ETag", 'W/"v"')])
        other = self.part(5, 9, fields=[("ETag", '"w"')])
        none = self.part(5, 9, fields=[])
        for second in (weak, other, none):
            assert joined(self.part(0, 5), b"01234", second, b"5678") is None

    def test_a_declared_length_must_agree(self):
        entry = make_entry(fields=[("Content-Range", "bytes 4-9/10")])
        assert held_part(entry, None) == (4, 10, 10)
        assert held_part(entry, 6) == (4, 10, 10)
        assert held_part(entry, 5) is None


def test_a_304_updates_every_field_but_those_of_the_body_rfc9111_3_2():
    stored = [
        ("ETag", '"v"'),
        ("Content-Length", "5"),
        ("Content-Encoding", "gzip"),
        ("X", "1"),
        ("X", "2"),
        ("Y", "3"),
    ]
    update = [
        ("ETag", '"other"'),
        ("Content-Length", "0"),
        ("Content-Encoding", "br"),
        ("x", "new"),
        ("Age", "5"),
        ("Connection", "Z"),
        ("Z", "1"),
        ("Content-Type", "text/html"),
    ]
    assert merged(stored, update) == [
        ("ETag", '"v"'),
        ("Content-Length", "5"),
        ("Content-Encoding", "gzip"),
        ("Y", "3"),
        ("x", "new"),
        ("Content-Type", "text/html"),
    ]


def test_a_tag_without_quotes_is_asked_about_with_them():
    assert validators([("ETag", "abc")]) == {"HTTP_IF_NONE_MATCH": '"abc"'}


def test_cache_status_is_written_as_rfc9211_has_it():
    assert forwarded("stale", status=304, stored=True, collapsed=True, detail="x") == (
        "fwd=stale; fwd-status=304; stored; collapsed; detail=x"
    )
    assert check_cache_name("a.b/c:1") == "a.b/c:1"
    for name in ('a"', "a\\", "\xe9", "a\n"):
        with pytest.raises(OptionError):
            check_cache_name(name)
    assert KEY.origin == "http://example.com"
