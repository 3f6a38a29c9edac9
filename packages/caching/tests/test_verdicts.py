"""The pure policies of the cache, each verdict on both sides of its limit: RFC 9111, 9211, 9213, 9875."""

from types import SimpleNamespace

import pytest

from tropea.core.capturing import Captured
from tropea.core.stores import Breaker, StoreError
from tropea.caching.cachekeys import (
    CODINGS,
    Key,
    favourite_language,
    key_of,
    key_of_uri,
    normal_value,
    variant_id,
    variant_of,
    vary_of,
)
from tropea.caching.cachestatus import check_cache_name, forwarded, say
from tropea.caching.collapsing import Invalidations, Outcome
from tropea.caching.freshness import (
    FOREVER,
    HEURISTIC,
    LONGEST_GUESS,
    Policy,
    Use,
    Wishes,
    allows_after_error,
    decide,
    directives_of,
    explicit_lifetime,
    guess,
    initial_age,
    read_policy,
    read_wishes,
)
from tropea.caching.guard import Guard
from tropea.caching.invalidation import invalidated, invalidated_groups
from tropea.caching.parts import (
    PartSink,
    as_whole,
    complete,
    completion,
    held_part,
    joined,
    of_both,
    read_body,
    store_body,
    strong_tag,
)
from tropea.caching.stores.memory import MemoryCacheStore
from tropea.caching.storing import UNDERSTOOD, refusal, stored_fields
from tropea.caching.structured import Token, parse_dictionary, parse_strings
from tropea.caching.testing import make_entry
from tropea.caching.validation import head_agrees, merged, validators

THEN = 784111777
DATE = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
LATER = "Sun, 06 Nov 1994 08:50:37 GMT"
BEFORE = "Sun, 06 Nov 1994 08:48:37 GMT"
KEY = Key("http", "x", "/a/c", "")


class TestDirectives:
    """Which field counts: RFC 9213 section 2.2."""

    CONTROL = ("Cache-Control", "max-age=1")

    @pytest.mark.parametrize(
        ("fields", "found"),
        [
            ([CONTROL], ({"max-age": "1"}, False)),
            ([("CDN-Cache-Control", "max-age=60")], ({"max-age": "60"}, True)),
            ([("CDN-Cache-Control", "max-age=60, no-store")], ({"max-age": "60", "no-store": None}, True)),
            ([("CDN-Cache-Control", "&&&")], ({"max-age": "1"}, False)),
            ([("CDN-Cache-Control", "")], ({"max-age": "1"}, False)),
            ([("CDN-Cache-Control", "max-age=?0")], ({"max-age": "1"}, False)),
            ([("CDN-Cache-Control", "no-store=?0, a")], ({"a": None}, True)),
            ([("CDN-Cache-Control", 'private="a, b"')], ({"private": "a, b"}, True)),
            ([("CDN-Cache-Control", "private=5, no-cache=(a)")], ({"private": "5", "no-cache": None}, True)),
            ([("CDN-Cache-Control", 'max-age="60"')], ({"ignored max-age": None}, True)),
            ([("CDN-Cache-Control", "max-age=1.5")], ({"max-age": "1"}, False)),
            ([("Surrogate-Control", 'max-age=5;x, no-store')], ({"max-age": "5", "no-store": None}, True)),
            ([("Other-Cache-Control", "max-age=60")], ({"max-age": "1"}, False)),
            ([("Surrogate-Control", "max-age=2"), ("CDN-Cache-Control", "max-age=3")], ({"max-age": "3"}, True)),
        ],
    )  # fmt: skip
    def test_the_first_targeted_field_that_is_valid_counts(self, fields, found):
        named = ("CDN-Cache-Control", "Surrogate-Control")
        assert directives_of([*fields, self.CONTROL], named) == found

    def test_256_members_of_an_older_targeted_field_are_read(self):
        for number, found in ((255, True), (256, False)):
            fields = [("Surrogate-Control", "a," * number + "no-store")]
            assert ("no-store" in directives_of(fields, ("Surrogate-Control",))[0]) is found


class TestLifetime:
    @pytest.mark.parametrize(
        ("fields", "lifetime"),
        [
            ([("Cache-Control", "max-age=60")], 60),
            ([("Cache-Control", "max-age=60, s-maxage=5")], 5),
            ([("Cache-Control", "max-age=60"), ("Expires", BEFORE)], 60),
            ([("Cache-Control", "max-age=x"), ("Expires", LATER)], 0),
            ([("Expires", LATER)], 37),
            ([("Expires", LATER), DATE], 60),
            ([("Expires", LATER), ("Date", "junk")], 37),
            ([("Expires", BEFORE), DATE], 0),
            ([("Expires", "0")], 0),
            ([("Expires", "Fri, 31 Dec 9999 23:59:59 GMT")], FOREVER),
            ([("Expires", LATER), ("Expires", LATER)], 0),
            ([("Expires", LATER.upper()), DATE], 60),
            ([("Expires", LATER.lower()), ("Date", DATE[1].swapcase())], 60),
            ([], None),
        ],
    )
    def test_is_what_a_response_declares(self, fields, lifetime):
        directives, targeted = directives_of(fields)
        assert explicit_lifetime(directives, fields, THEN + 23, is_targeted=targeted) == lifetime

    def test_a_targeted_field_silences_expires(self):
        assert (
            explicit_lifetime({"public": None}, [("Expires", LATER)], THEN, is_targeted=True)
            is None
        )
        assert (
            explicit_lifetime({"max-age": "5"}, [("Expires", LATER)], THEN, is_targeted=True) == 5
        )
        assert explicit_lifetime({"public": None}, [("Expires", LATER)], THEN + 23) == 37

    @pytest.mark.parametrize(
        ("status", "directives", "modified", "heuristic", "lifetime"),
        [
            (200, {}, BEFORE, 0.1, 6.0),
            (200, {}, BEFORE, 0.0, 0),
            (200, {}, BEFORE, -0.1, 0),
            (418, {}, BEFORE, 0.1, 0),
            (418, {"public": None}, BEFORE, 0.1, 6.0),
            (200, {}, None, 0.1, 0),
            (200, {}, LATER, 0.1, 0.0),
            (200, {}, "Sun, 06 Nov 1904 08:48:37 GMT", 0.5, 86400.0),
        ],
    )
    def test_is_guessed_from_the_last_change_where_that_is_allowed(
        self, status, directives, modified, heuristic, lifetime
    ):
        fields = [] if modified is None else [("Last-Modified", modified)]
        assert guess(status, directives, [DATE, *fields], THEN + 500, heuristic) == lifetime
        assert guess(status, directives, fields, THEN, heuristic) == lifetime

    def test_the_statuses_and_the_day_that_are_promised(self):
        assert HEURISTIC == {200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501}
        assert LONGEST_GUESS == 24 * 60 * 60

    @pytest.mark.parametrize(
        ("control", "policy"),
        [
            ("max-age=60", Policy(60)),
            ("max-age=60, immutable", Policy(60, immutable=True)),
            ("max-age=60, must-revalidate", Policy(60, must_revalidate=True)),
            ("max-age=60, proxy-revalidate", Policy(60, must_revalidate=True)),
            ("s-maxage=60", Policy(60, must_revalidate=True)),
            ("max-age=60, no-cache", Policy(60, validate=True, must_revalidate=True)),
            ('max-age=60, no-cache="Set-Cookie"', Policy(60)),
            (
                "max-age=60, stale-while-revalidate=5, stale-if-error=6",
                Policy(60, while_revalidating=5, if_error=6),
            ),
            ("public", Policy(6.0)),
        ],
    )
    def test_everything_about_reuse_is_read(self, control, policy):
        fields = [("Cache-Control", control), ("Last-Modified", BEFORE), DATE]
        assert read_policy(200, fields, THEN, heuristic=0.1) == policy

    def test_nothing_is_guessed_unless_asked_for(self):
        assert read_policy(200, [("Last-Modified", BEFORE)], THEN).lifetime == 0

    def test_age_counts_from_the_date_or_from_the_field_and_never_backwards(self):
        assert initial_age([DATE], THEN + 5, THEN + 5.9) == 5.0
        assert initial_age([DATE, ("Age", "3")], THEN, THEN + 4) == 7.0
        assert initial_age([("Age", "3")], THEN + 4, THEN) == 3.0
        assert initial_age([], THEN, THEN) == 0.0


class TestWishes:
    @pytest.mark.parametrize(
        ("control", "pragma", "wishes"),
        [
            (None, None, Wishes()),
            (None, "no-cache", Wishes(no_cache=True)),
            ("", "no-cache", Wishes()),
            ("max-age=5", None, Wishes(max_age=5)),
            ("max-age", None, Wishes(max_age=0)),
            ("max-stale", None, Wishes(max_stale=FOREVER)),
            ("max-stale=7", None, Wishes(max_stale=7)),
            ("min-fresh=7", None, Wishes(min_fresh=7)),
            ("min-fresh", None, Wishes(min_fresh=0)),
            ("stale-if-error", None, Wishes(if_error=FOREVER)),
            ("stale-if-error=9", None, Wishes(if_error=9)),
            (
                "no-cache, no-store, only-if-cached",
                None,
                Wishes(no_cache=True, no_store=True, only_if_cached=True),
            ),
        ],
    )
    def test_are_read(self, control, pragma, wishes):
        assert read_wishes(control, pragma) == wishes

    @pytest.mark.parametrize(
        ("policy", "age", "wishes", "use"),
        [
            (Policy(60), 5, Wishes(no_cache=True), Use.VALIDATE),
            (Policy(60), -60, Wishes(), Use.FRESH),
            (Policy(60), -60.5, Wishes(), Use.VALIDATE),
            (Policy(60), 5, Wishes(max_age=5), Use.FRESH),
            (Policy(60), 5.5, Wishes(max_age=5), Use.VALIDATE),
            (Policy(60, immutable=True), 5.5, Wishes(max_age=5), Use.FRESH),
            (Policy(60, immutable=True), 5, Wishes(min_fresh=56), Use.VALIDATE),
            (Policy(60, while_revalidating=10), 60, Wishes(), Use.BACKGROUND),
            (Policy(60, while_revalidating=10), 65, Wishes(max_stale=5), Use.STALE),
            (Policy(60), 60, Wishes(max_stale=0), Use.STALE),
        ],
        ids=str,
    )
    def test_are_minded(self, policy, age, wishes, use):
        assert decide(policy, age, wishes) is use

    @pytest.mark.parametrize(
        ("policy", "age", "wishes", "default", "allowed"),
        [
            (Policy(60), 60, Wishes(), 0, False),
            (Policy(60), -60, Wishes(), 0, True),
            (Policy(60), -60.5, Wishes(), 0, False),
            (Policy(60), 59, Wishes(), 0, True),
            (Policy(60), 60, Wishes(if_error=1), 0, True),
            (Policy(60), 60, Wishes(), 1, True),
            (Policy(60, if_error=5), 64, Wishes(if_error=1), 2, True),
            (Policy(60, if_error=5), 65, Wishes(if_error=1), 2, False),
            (Policy(60, must_revalidate=True, if_error=9), 59, Wishes(if_error=9), 9, False),
        ],
        ids=str,
    )
    def test_of_errors_are_minded(self, policy, age, wishes, default, allowed):
        assert allows_after_error(policy, age, wishes, default) is allowed
        assert allows_after_error(policy, age, wishes) is (
            allowed and age < 60 + max(policy.if_error, wishes.if_error or 0)
        )


class TestRefusal:
    def why(self, control="", *, status=200, environ=None, fields=(), vary=(), **more):
        fields = [("Cache-Control", control), *fields] if control else list(fields)
        return refusal(environ or {}, status, fields, directives_of(fields)[0], vary=vary, **more)

    @pytest.mark.parametrize(
        ("control", "given", "why"),
        [
            ("max-age=60", {}, None),
            ("", {}, "no-freshness"),
            ("", {"guessed": 0.5}, None),
            ("", {"guessed": 0.0}, "no-freshness"),
            ("public", {}, "no-freshness"),
            ("public", {"fields": [("ETag", '"v"')]}, None),
            ("no-cache", {"fields": [("Last-Modified", BEFORE)]}, None),
            ("public", {"guessed": 1.0}, None),
            ("", {"fields": [("ETag", '"v"')]}, "no-freshness"),
            ("", {"fields": [("Expires", LATER)]}, None),
            ("public", {"fields": [("Expires", LATER)], "targeted": True}, "no-freshness"),
            ("max-age=60", {"status": 199}, "status"),
            ("max-age=60", {"status": 201}, None),
            ("max-age=60", {"status": 299}, None),
            ("max-age=60", {"status": 304}, "status"),
            ("max-age=60", {"status": 226}, "status"),
            ("max-age=60", {"status": 599}, None),
            ("max-age=60", {"status": 600}, "status"),
            ("max-age=60", {"environ": {"REMOTE_USER": "ann"}}, "authorization"),
            ("max-age=60", {"environ": {"REMOTE_USER": ""}}, None),
            (
                "max-age=60",
                {
                    "vary": ("accept-encoding",),
                    "fields": [("Content-Encoding", "br, deflate, gzip, zstd, identity, x-gzip")],
                },
                None,
            ),
            ("max-age=60", {"status": 206}, "status"),
            ("max-age=60", {"status": 206, "fields": [("Content-Range", "bytes 0-1/2")]}, None),
            ("max-age=60, no-store", {}, "no-store"),
            ("max-age=60, no-store, must-understand", {}, None),
            ("max-age=60, must-understand", {"status": 299}, "must-understand"),
            ("max-age=60, private", {}, "private"),
            ('max-age=60, private="X"', {}, None),
            ("max-age=60", {"vary": None}, "vary"),
            ("max-age=60", {"vary": ("a",)}, None),
            ("max-age=60", {"vary": ("accept-encoding",)}, None),
            ("max-age=60", {"vary": ("accept-encoding",), "fields": [("Content-Encoding", "gzip, br")]}, None),
            ("max-age=60", {"vary": ("accept-encoding",), "fields": [("Content-Encoding", "gzip, aes")]}, "coding"),
            ("max-age=60", {"vary": ("accept",), "fields": [("Content-Encoding", "aes")]}, None),
            ("max-age=60", {"fields": [("Set-Cookie", "a=b")]}, "set-cookie"),
            ("max-age=60", {"fields": [("Set-Cookie2", "a=b")]}, "set-cookie"),
            ("max-age=60", {"fields": [("Set-Cookie", "a=b")], "store_cookies": True}, None),
            ("max-age=60", {"environ": {"HTTP_AUTHORIZATION": "x"}}, "authorization"),
            ("max-age=60", {"environ": {"HTTP_AUTHORIZATION": ""}}, "authorization"),
            ("max-age=60", {"environ": {"HTTP_AUTHORIZATION": "x"}, "vary": ("cookie",), "share_cookie_requests": True}, "authorization"),
            ("max-age=60, public", {"environ": {"HTTP_AUTHORIZATION": "x", "HTTP_COOKIE": "y"}}, None),
            ("s-maxage=60", {"environ": {"HTTP_AUTHORIZATION": "x"}}, None),
            ("max-age=60, must-revalidate", {"environ": {"HTTP_AUTHORIZATION": "x"}}, None),
            ("max-age=60", {"environ": {"HTTP_COOKIE": "y"}}, "cookie"),
            ("max-age=60", {"environ": {"HTTP_COOKIE": "y"}, "vary": ("cookie",)}, None),
            ("max-age=60", {"environ": {"HTTP_COOKIE": "y"}, "share_cookie_requests": True}, None),
        ],
    )  # fmt: skip
    def test_a_shared_cache_stores_what_it_may(self, control, given, why):
        assert self.why(control, **given) == why

    def test_the_statuses_that_are_understood(self):
        assert {200, 206, 301, 302, 307, 401, 404, 451, 500, 505} <= UNDERSTOOD
        assert UNDERSTOOD.isdisjoint({100, 101, 299, 304, 306, 418, 499, 501 + 5, 599})
        assert sorted(UNDERSTOOD - HEURISTIC) == [
            201, 202, 205, 302, 303, 307, 400, 401, 402, 403, 406, 407, 408, 409, 411, 412, 413, 415, 416,
            417, 421, 422, 426, 428, 429, 431, 451, 500, 502, 503, 504, 505,
        ]  # fmt: skip

    def test_fields_of_the_connection_and_of_one_user_are_not_kept(self):
        fields = [
            ("X", "1"),
            ("Age", "5"),
            ("Connection", "y, Z"),
            ("Y", "1"),
            ("z", "1"),
            ("Keep-Alive", "1"),
            ("N", "1"),
            ("P", "1"),
        ]
        assert stored_fields(fields, {}) == [("X", "1"), ("N", "1"), ("P", "1")]
        assert stored_fields(fields, {"private": "P", "no-cache": "n, x"}) == []
        assert stored_fields(fields, {"private": None, "no-cache": "N"}) == [("X", "1"), ("P", "1")]


class TestKeys:
    @pytest.mark.parametrize(
        ("environ", "key"),
        [
            ({"HTTP_HOST": "X:80", "PATH_INFO": "/a"}, ("http", "x", "/a", "")),
            ({"HTTP_HOST": "x:443", "PATH_INFO": "/a"}, ("http", "x:443", "/a", "")),
            ({"HTTP_HOST": "x:443", "wsgi.url_scheme": "https"}, ("https", "x", "/", "")),
            (
                {"SERVER_NAME": "S", "SERVER_PORT": "8080", "SCRIPT_NAME": "/m", "PATH_INFO": "/a"},
                ("http", "s:8080", "/m/a", ""),
            ),
            (
                {"HTTP_HOST": "", "SERVER_NAME": "s", "SERVER_PORT": "80", "QUERY_STRING": "q=1"},
                ("http", "s", "/", "q=1"),
            ),
            ({"HTTP_HOST": "x:80", "wsgi.url_scheme": "ws"}, ("ws", "x:80", "/", "")),
        ],
    )
    def test_a_request_has_one(self, environ, key):
        assert key_of({"wsgi.url_scheme": "http", **environ}) == Key(*key)

    @pytest.mark.parametrize(
        ("uri", "base", "key"),
        [
            ("http://x/a?b#c", None, ("http", "x", "/a", "b")),
            ("HTTPS://X:443", None, ("https", "x", "/", "")),
            ("http://[::1]:80/a", None, ("http", "[::1]", "/a", "")),
            ("http://[::1]:81/a", None, ("http", "[::1]:81", "/a", "")),
            ("/a", None, None),
            ("mailto:a", None, None),
            ("?q", KEY, ("http", "x", "/a/c", "q")),
            ("https://x/a", KEY, None),
            ("http://y/a", KEY, None),
        ],
    )
    def test_a_uri_has_one_within_its_origin(self, uri, base, key):
        assert key_of_uri(uri, base) == (key and Key(*key))

    def test_a_digest_is_forty_letters_and_a_variant_twenty_four(self):
        assert len(KEY.digest()) == 40
        assert len(variant_id((("a", "b"),))) == 24
        assert variant_id(()) == "0"
        assert KEY.origin == "http://x"
        assert Key("http", "x", "/a b", "q").uri == "http://x/a%20b?q"
        assert Key("http", "x", "/\xe9", "").uri == "http://x/%E9"

    def test_no_value_slides_from_one_field_into_another(self):
        assert variant_id((("a", "-:b"),)) != variant_id((("a-:", "b"),))
        assert variant_id((("a", "1:b"),)) != variant_id((("a1:", "b"),))

    def test_an_absent_field_is_another_variant_than_an_empty_one(self):
        assert (
            len({variant_id((("a", None),)), variant_id((("a", ""),)), variant_id((("a", "-"),))})
            == 3
        )
        assert variant_of(("a", "b"), {"HTTP_A": "1"}) == (("a", "1"), ("b", None))

    def test_thirty_two_fields_are_the_most(self):
        names = [f"x{n:02}" for n in range(33)]
        assert vary_of([("Vary", ",".join(names[:32]))]) == tuple(names[:32])
        assert vary_of([("Vary", ",".join(names))]) is None
        assert vary_of([("Vary", "a"), ("Vary", "*")]) is None
        assert vary_of([]) == ()

    @pytest.mark.parametrize(
        ("name", "key", "value", "normal"),
        [
            ("content-type", "CONTENT_TYPE", " a , b ", "a,b"),
            ("content-length", "CONTENT_LENGTH", "5", "5"),
            ("content-x", "HTTP_CONTENT_X", "5", "5"),
            ("cookie", "HTTP_COOKIE", " b=1, a=2 ", "b=1, a=2"),
            ("user-agent", "HTTP_USER_AGENT", "A , B\t", "A , B"),
            ("x-a", "HTTP_X_A", "a ,, b", "a,b"),
            ("accept-language", "HTTP_ACCEPT_LANGUAGE", "en;q=0.50, DE", "de;q=1,en;q=0.5"),
            ("accept-encoding", "HTTP_ACCEPT_ENCODING", "x-gzip, foo", "gzip=1,identity=0.0001"),
            ("accept-encoding", "HTTP_ACCEPT_ENCODING", "*;q=0", ""),
            (
                "accept-encoding",
                "HTTP_ACCEPT_ENCODING",
                "*;q=0.5, br;q=0",
                "deflate=0.5,gzip=0.5,zstd=0.5,identity=0.0001",
            ),
            ("accept-encoding", "HTTP_ACCEPT_ENCODING", "identity;q=0.2", "identity=0.2"),
            ("accept-encoding", "HTTP_ACCEPT_ENCODING", "", "identity=0.0001"),
        ],
    )
    def test_values_that_mean_the_same_are_the_same(self, name, key, value, normal):
        assert normal_value(name, {key: value}) == normal
        assert CODINGS == ("br", "deflate", "gzip", "zstd")

    @pytest.mark.parametrize(
        ("field", "best"),
        [("de, en;q=0.5", "de"), ("en;q=0.5", "en"), ("de, en", None), ("en;q=0", None), ("", None), (None, None),
         ("a;q=0.1, b;q=0.1, c", "c"), ("a;q=0.1, b;q=0.2, c;q=0.2", None)],
    )  # fmt: skip
    def test_the_favourite_language_is_one(self, field, best):
        assert favourite_language({} if field is None else {"HTTP_ACCEPT_LANGUAGE": field}) == best


class TestValidation:
    @pytest.mark.parametrize(
        ("fields", "asked"),
        [
            ([], {}),
            ([("ETag", '"v"')], {"HTTP_IF_NONE_MATCH": '"v"'}),
            ([("ETag", 'W/"v"')], {"HTTP_IF_NONE_MATCH": 'W/"v"'}),
            ([("ETag", "v")], {"HTTP_IF_NONE_MATCH": '"v"'}),
            ([("Last-Modified", BEFORE)], {"HTTP_IF_MODIFIED_SINCE": BEFORE}),
            (
                [("ETag", '"v"'), ("Last-Modified", "x")],
                {"HTTP_IF_NONE_MATCH": '"v"', "HTTP_IF_MODIFIED_SINCE": "x"},
            ),
        ],
    )
    def test_what_is_stored_is_asked_about(self, fields, asked):
        assert validators(fields) == asked

    def test_the_fields_of_the_body_stay_and_others_are_replaced(self):
        assert merged([("A", "1"), ("B", "2")], [("a", "3"), ("Content-MD5", "x")]) == [
            ("B", "2"),
            ("a", "3"),
        ]
        assert merged([("A", "1")], []) == [("A", "1")]

    @pytest.mark.parametrize(
        ("head", "size", "agrees"),
        [
            ([], 5, True),
            ([("ETag", '"v"')], 5, True),
            ([("ETag", '"w"')], 5, False),
            ([("Last-Modified", "x")], 5, False),
            ([("Last-Modified", BEFORE), ("ETag", '"v"')], 5, True),
            ([("Content-Length", "5")], 5, True),
            ([("Content-Length", "6")], 5, False),
            ([("Content-Length", "6")], None, True),
        ],
    )
    def test_a_head_speaks_of_the_same_response_or_not(self, head, size, agrees):
        assert head_agrees([("ETag", '"v"'), ("Last-Modified", BEFORE)], head, size) is agrees


class TestInvalidation:
    @pytest.mark.parametrize(
        ("status", "fields", "paths"),
        [
            (200, [], ["/a/c"]),
            (199, [], []),
            (399, [], ["/a/c"]),
            (400, [], []),
            (201, [("Location", "/n"), ("Content-Location", "m")], ["/a/c", "/n", "/a/m"]),
            (201, [("Location", "/n"), ("Content-Location", "/n")], ["/a/c", "/n"]),
            (201, [("Location", "/a/c")], ["/a/c"]),
            (201, [("Location", "http://y/n")], ["/a/c"]),
        ],
    )
    def test_a_change_makes_its_own_origins_uris_invalid(self, status, fields, paths):
        assert [key.path for key in invalidated(KEY, status, fields)] == paths

    @pytest.mark.parametrize(
        ("status", "groups"),
        [
            (199, []),
            (200, ["g:http://x a", "g:http://x b"]),
            (399, ["g:http://x a", "g:http://x b"]),
            (400, []),
        ],
    )
    def test_and_the_groups_that_it_names(self, status, groups):
        assert invalidated_groups(KEY, status, [("Cache-Group-Invalidation", '"a", "b"')]) == groups
        assert invalidated_groups(KEY, status, []) == []


class TestParts:
    TAG = ("ETag", '"v"')

    def entry(self, start, stop, total=10, tag=TAG):
        return make_entry(
            part=(start, stop, total), fields=[tag, ("Content-Range", "x")], size=stop - start
        )

    @pytest.mark.parametrize(
        ("field", "length", "part"),
        [
            ("bytes 0-4/10", None, (0, 5, 10)),
            (" bytes 0-4/10\t", 5, (0, 5, 10)),
            ("bytes 0-9/10", None, (0, 10, 10)),
            ("bytes 0-10/10", None, None),
            ("bytes 5-4/10", None, None),
            ("bytes 5-5/10", 1, (5, 6, 10)),
            ("bytes 0-4/10", 4, None),
            ("bytes 0-4/*", None, None),
            ("", None, None),
        ],
    )
    def test_a_206_holds_one_that_does_not_contradict_itself(self, field, length, part):
        assert held_part(make_entry(fields=[("Content-Range", field)]), length) == part

    def test_only_a_strong_tag_vouches(self):
        assert strong_tag([self.TAG]) == '"v"'
        assert strong_tag([("ETag", 'W/"v"')]) is None
        assert strong_tag([("ETag", "v")]) is None
        assert strong_tag([]) is None

    def test_the_new_fields_come_after_those_that_they_do_not_replace(self):
        assert of_both([("A", "1"), ("Age", "5"), ("B", "2")], [("a", "3")]) == [
            ("B", "2"),
            ("a", "3"),
        ]

    @pytest.mark.parametrize(
        ("one", "other", "part"),
        [((0, 5), (5, 10), (0, 10)), ((5, 10), (0, 5), (0, 10)), ((0, 5), (6, 10), None), ((6, 10), (0, 5), None),
         ((0, 10), (2, 4), (0, 10)), ((2, 4), (0, 10), (0, 10)), ((0, 4), (2, 6), (0, 6)), ((2, 6), (0, 4), (0, 6)),
         ((2, 4), (2, 6), (2, 6))],
    )  # fmt: skip
    def test_parts_that_touch_are_joined(self, one, other, part):
        old, new = b"0123456789"[slice(*one)], b"0123456789"[slice(*other)]
        both = joined(self.entry(*one), old, self.entry(*other), new)
        if part is None:
            assert both is None
        else:
            entry, body = both
            assert (entry.part, entry.size, body) == (
                (*part, 10),
                len(body),
                b"0123456789"[slice(*part)],
            )

    def test_parts_of_another_whole_or_of_none_are_not(self):
        assert joined(self.entry(0, 5), b"01234", self.entry(5, 9, total=9), b"5678") is None
        assert joined(make_entry(fields=[self.TAG]), b"01234", self.entry(5, 10), b"56789") is None
        assert joined(self.entry(0, 5), b"01234", make_entry(fields=[self.TAG]), b"56789") is None

    def test_a_part_of_everything_is_the_whole(self):
        whole = as_whole(self.entry(0, 10))
        assert (whole.part, whole.status) == (None, "200 OK")
        assert whole.fields == [self.TAG, ("Content-Length", "10")]
        for entry in (self.entry(0, 9), self.entry(1, 10), make_entry()):
            assert as_whole(entry) is entry

    def test_what_is_missing_is_asked_for(self):
        assert completion(self.entry(0, 5)) == {"HTTP_RANGE": "bytes=5-", "HTTP_IF_RANGE": '"v"'}
        assert completion(self.entry(0, 5, tag=("X", "1"))) == {"HTTP_RANGE": "bytes=5-"}
        assert completion(self.entry(1, 5)) is None
        assert completion(make_entry()) is None


class Lost:
    """A body whose store fails after the first block."""

    closed = False

    def __iter__(self):
        yield b"01"
        raise StoreError("gone")

    def close(self):
        self.closed = True


class Refusing:
    """Takes no body, and remembers what became of it."""

    def __init__(self):
        self.done = []

    def write(self, block):
        raise StoreError("full")

    def commit(self, entry):
        self.done.append("committed")

    def abort(self):
        self.done.append("aborted")


class TestKeptParts:
    """RFC 9111 sections 3.3 and 3.4: parts in a store of ten bytes."""

    TAG = ("ETag", '"v"')
    WHOLE = b"0123456789"

    @pytest.fixture
    def store(self):
        return MemoryCacheStore(max_body=10)

    @pytest.fixture
    def exchange(self, store):
        landed = []
        cache = SimpleNamespace(guard=Guard(store, Breaker()), invalidations=Invalidations())
        return SimpleNamespace(cache=cache, key=KEY, moment=0, landed=landed, land=landed.append)

    def entry(self, start, stop, total=10, tag=TAG):
        """An entry as it is before its body was taken: its size is not known."""
        return make_entry(part=(start, stop, total), fields=[tag], status="206 Partial Content")

    def keep(self, exchange, entry, *blocks):
        sink = PartSink(exchange, entry)
        assert [sink.write(block) for block in blocks] == [True] * len(blocks)
        sink.keep()

    def held(self, exchange):
        """What the store has: parts, and their bodies."""
        return [(e.part, read_body(exchange, e)) for e in exchange.cache.guard.load(KEY)]

    def test_a_part_is_kept_block_by_block_and_those_who_wait_are_told(self, exchange):
        self.keep(exchange, self.entry(0, 5), b"01", b"", b"234")
        assert self.held(exchange) == [((0, 5, 10), b"01234")]
        assert exchange.landed == [Outcome.STORED]

    def test_a_part_is_joined_to_the_held_one(self, exchange):
        self.keep(exchange, self.entry(2, 5), b"234")
        self.keep(exchange, self.entry(5, 7), b"56")
        assert self.held(exchange) == [((2, 7, 10), b"23456")]

    def test_a_part_that_cannot_be_joined_replaces_the_held_one(self, exchange):
        self.keep(exchange, self.entry(0, 2), b"01")
        self.keep(exchange, self.entry(5, 7), b"56")
        assert self.held(exchange) == [((5, 7, 10), b"56")]

    def test_a_part_of_another_variant_is_left_alone(self, exchange):
        german = self.entry(0, 5).changed(variant=(("accept-language", "de"),))
        self.keep(exchange, german, b"01234")
        self.keep(exchange, self.entry(5, 7), b"56")
        assert self.held(exchange) == [((0, 5, 10), b"01234"), ((5, 7, 10), b"56")]

    def test_parts_that_are_everything_are_kept_as_the_whole(self, exchange):
        self.keep(exchange, self.entry(0, 5), b"01234")
        self.keep(exchange, self.entry(5, 10), b"56789")
        assert self.held(exchange)[-1] == (None, self.WHOLE)

    def test_a_held_part_that_is_lost_is_not_joined(self, exchange, store, monkeypatch):
        self.keep(exchange, self.entry(0, 5), b"01234")
        with monkeypatch.context() as patch:
            patch.setattr(store, "open", lambda *args: None)
            self.keep(exchange, self.entry(5, 7), b"56")
        assert self.held(exchange) == [((5, 7, 10), b"56")]

    def test_what_was_invalidated_on_the_way_is_not_kept_rfc9111_4_4(self, exchange):
        exchange.cache.invalidations.note(KEY)
        self.keep(exchange, self.entry(0, 5), b"01234")
        assert self.held(exchange) == [] and exchange.landed == [Outcome.FAILED]

    def test_no_more_is_taken_than_the_store_takes(self, exchange):
        sink = PartSink(exchange, self.entry(0, 11, 11))
        assert (sink.write(b"01234"), sink.write(b"56789")) == (True, True)
        assert sink.write(b"a") is False

    def test_a_body_as_long_as_the_store_takes_is_kept_and_no_longer_one(self, exchange):
        store_body(exchange, make_entry(size=11), self.WHOLE + b"a")
        assert self.held(exchange) == []
        store_body(exchange, make_entry(size=10), self.WHOLE)
        assert self.held(exchange) == [(None, self.WHOLE)]

    def test_a_body_that_the_store_refuses_is_forgotten(self, exchange, store, monkeypatch):
        writer = Refusing()
        monkeypatch.setattr(store, "writer", lambda *args: writer)
        store_body(exchange, make_entry(size=10), self.WHOLE)
        assert writer.done == ["aborted"]

    def test_a_body_that_is_gone_or_lost_while_it_is_read_is_none(
        self, exchange, store, monkeypatch
    ):
        assert read_body(exchange, make_entry(size=10)) is None
        lost = Lost()
        monkeypatch.setattr(store, "open", lambda *args: lost)
        assert read_body(exchange, make_entry(size=10)) is None
        assert lost.closed

    def rest(self, span, *fields, tag=TAG):
        """An answer that sends what is said to be the rest."""
        headers = [tag, ("Content-Range", f"bytes {span}"), ("Content-Length", "5"), *fields]
        return Captured("206 Partial Content", headers, False, [b"56", b"789"], lambda *a: None)

    @pytest.fixture
    def half(self, exchange):
        self.keep(exchange, self.entry(0, 5), b"01234")
        (held,) = exchange.cache.guard.load(KEY)
        return held

    def test_the_rest_follows_the_held_part(self, exchange, half):
        whole = complete(exchange, half, self.rest("5-9/10", ("X", "1")))
        assert (whole.status, b"".join(whole.body)) == ("200 OK", self.WHOLE)
        assert whole.headers == [self.TAG, ("Content-Length", "10"), ("X", "1")]

    @pytest.mark.parametrize("span", ["5-8/10", "6-9/10", "4-9/10", "5-10/11", "5-9/11", "*/10"])
    def test_what_is_not_the_rest_completes_nothing(self, exchange, half, span):
        assert complete(exchange, half, self.rest(span)) is None

    @pytest.mark.parametrize("tag", [("ETag", '"w"'), ("ETag", 'W/"v"'), ("X", "1")])
    def test_the_rest_of_another_version_completes_nothing(self, exchange, half, tag):
        assert complete(exchange, half, self.rest("5-9/10", tag=tag)) is None

    def test_without_a_strong_tag_nothing_is_completed(self, exchange):
        untagged = ("X", "1")
        self.keep(exchange, self.entry(0, 5, tag=untagged), b"01234")
        (held,) = exchange.cache.guard.load(KEY)
        assert complete(exchange, held, self.rest("5-9/10", tag=untagged)) is None

    def test_a_lost_part_is_not_completed(self, exchange, half, store):
        store.delete(KEY)
        assert complete(exchange, half.changed(data=None), self.rest("5-9/10")) is None


class TestStructuredFields:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("a=123456789012.123", {"a": 123456789012.123}),
            ("a=1234567890123.1", None),
            ("a=1.1234", None),
            ("a=1.", None),
            ("a=123456789012345", {"a": 123456789012345}),
            ("a=--1", None),
            ("  a=1  ", {"a": 1}),
            ("a\t,\tb", {"a": True, "b": True}),
            ("a;x=1;y=?0 ;z", None),
            ("a; x=1;  y", {"a": True}),
            ("a;X", None),
            ("a;", None),
            ("a=;x", None),
            ("a=?2", None),
            ("a=?1;x", {"a": True}),
            ("a=()", {"a": []}),
            ("a=( 1  b;q=1 )", {"a": [1, "b"]}),
            ('a=("x""y")', None),
            ("a=(1,2)", None),
            ("a=(1", None),
            ("a=(1 2)x", None),
            ('a="\\\\"', {"a": "\\"}),
            ('a="\\x"', None),
            ('a=""', {"a": ""}),
            ("*a-_.*0=*b:/", {"*a-_.*0": "*b:/"}),
            ("a=:aGk=", None),
            ("a=::", {"a": b""}),
            ("a, a;x, b", {"a": True, "b": True}),
            ("a,,b", None),
            ("a, ", None),
            ("a=1,b=2,a=3", {"b": 2, "a": 3}),
        ],
    )
    def test_dictionaries_are_read_to_the_letter(self, text, found):
        read = parse_dictionary(text)
        assert read == found
        assert read is None or list(read) == list(found)

    def test_a_word_is_told_from_a_string(self):
        assert type(parse_dictionary("a=b")["a"]) is Token
        assert type(parse_dictionary('a="b"')["a"]) is str
        assert type(parse_dictionary("a=1.0")["a"]) is float

    def test_1024_members_and_16384_characters_are_the_most(self):
        assert len(parse_dictionary(",".join(f"a{n}" for n in range(1024)))) == 1024
        assert parse_dictionary(",".join(f"a{n}" for n in range(1025))) is None
        assert parse_dictionary("a" + " " * 16383) == {"a": True}
        assert parse_dictionary("a" + " " * 16384) is None
        assert parse_strings('"a"' + " " * 16381) == ("a",)
        assert parse_strings('"a"' + " " * 16382) == ()
        assert len(parse_strings(",".join(['"a"'] * 1024))) == 1024
        assert parse_strings(",".join(['"a"'] * 1025)) == ()

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ('"a";x, "b"', ("a", "b")),
            ('("a")', ()),
            ("1", ()),
            ('"a", b', ()),
            (' "a" ', ("a",)),
            ('"a",,"b"', ()),
        ],
    )
    def test_lists_of_strings_hold_nothing_else(self, text, found):
        assert parse_strings(text) == found


class TestCacheStatus:
    def test_our_member_comes_last(self):
        fields = [("Cache-Status", "other; hit"), ("cache-status", "third; hit")]
        say(fields, "me", "hit")
        assert fields == [("Cache-Status", "other; hit, third; hit, me; hit")]
        fields = []
        say(fields, "me", "hit")
        assert fields == [("Cache-Status", "me; hit")]

    @pytest.mark.parametrize(
        ("given", "text"),
        [
            ({}, "fwd=miss"),
            ({"status": 200}, "fwd=miss; fwd-status=200"),
            ({"stored": True}, "fwd=miss; stored"),
            ({"collapsed": True}, "fwd=miss; collapsed"),
            ({"detail": "x"}, "fwd=miss; detail=x"),
            ({"status": 0}, "fwd=miss; fwd-status=0"),
        ],
    )
    def test_what_was_done_is_said(self, given, text):
        assert forwarded("miss", **given) == text

    def test_a_name_is_a_word_or_quoted(self):
        assert check_cache_name("Tropea/1") == "Tropea/1"
        assert check_cache_name("1a") == '"1a"'
        assert check_cache_name("a, b") == '"a, b"'
