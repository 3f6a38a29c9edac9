"""The shared cache: what it stores, serves, asks for and forgets (RFC 9111)."""

import sys
import threading
import time

import pytest

from tropea.caching import HTTPCacheMiddleware, MemoryCacheStore
from tropea.core.dates import format_date
from tropea.core.errors import OptionError
from tropea.core.stores import StoreError

FRESH = [("Cache-Control", "max-age=60")]


class TestServing:
    def test_a_fresh_answer_is_reused_with_its_age(self, cached, site, clock):
        site.fields = FRESH
        get = cached()
        first = get()
        clock.now += 7.9
        again = get()
        assert (again.body, site.calls) == (first.body, 1)
        assert again.headers["age"] == "7"
        assert again.headers["date"] == format_date(1_800_000_000)
        assert again.headers["content-length"] == "8"
        assert again.headers["cache-status"] == "tropea; hit; ttl=52"
        assert first.headers["cache-status"] == "tropea; fwd=uri-miss; stored"
        assert "age" not in first.headers

    def test_a_stale_answer_is_not(self, cached, site, clock):
        site.fields = FRESH
        get = cached()
        get()
        clock.now += 60
        assert get().body == b"answer 2"

    def test_the_upstream_age_counts(self, cached, site, clock):
        site.fields = [*FRESH, ("Age", "50")]
        get = cached()
        get()
        clock.now += 9
        assert get().headers["age"] == "59"
        clock.now += 1
        assert get().body == b"answer 2"

    def test_an_old_date_makes_an_answer_old(self, cached, site, clock):
        site.fields = [*FRESH, ("Date", format_date(clock.now - 61))]
        get = cached()
        get()
        assert get().body == b"answer 2"

    def test_head_is_served_from_get_and_never_the_other_way(self, cached, site):
        site.fields = FRESH
        get = cached()
        assert get(method="HEAD").body == b""
        assert get().body == b"answer 2"
        head = get(method="HEAD")
        assert (site.calls, head.body, head.headers["content-length"]) == (2, b"", "8")

    def test_stored_statuses_are_served_as_they_were(self, cached, site):
        get = cached()
        for number, status in enumerate(
            ["404 Not Found", "301 Moved Permanently", "500 Oops", "299 Whatever"]
        ):
            site.status, site.fields = status, [*FRESH, ("Location", "/x")]
            get(f"/{number}")
            assert get(f"/{number}").line == status
        assert site.calls == 4

    def test_204_has_no_length(self, cached, site):
        site.status, site.fields = "204 No Content", FRESH
        get = cached()
        get()
        again = get()
        assert site.calls == 1 and "content-length" not in again.headers

    def test_client_conditions_are_answered_from_the_store(self, cached, site):
        site.fields = [
            *FRESH,
            ("ETag", '"v"'),
            ("Last-Modified", format_date(1_799_990_000)),
            ("Vary", "Accept"),
        ]
        get = cached()
        get()
        for headers in (
            {"If-None-Match": 'W/"v"'},
            {"If-None-Match": "*"},
            {"If-Modified-Since": format_date(1_799_990_000)},
        ):
            answer = get("/", headers)
            assert (answer.status, answer.body) == (304, b"")
            assert answer.headers["etag"] == '"v"' and answer.headers["vary"] == "Accept"
            assert "content-length" not in answer.headers and "age" in answer.headers
        assert (
            get(
                "/", {"If-None-Match": '"x"', "If-Modified-Since": format_date(1_799_999_999)}
            ).status
            == 200
        )
        assert site.calls == 1

    def test_without_last_modified_the_date_counts_rfc9111_4_3_2(self, cached, site, clock):
        site.fields = FRESH
        get = cached()
        get()
        assert get("/", {"If-Modified-Since": format_date(clock.now)}).status == 304
        assert get("/", {"If-Modified-Since": format_date(clock.now - 1)}).status == 200

    def test_if_match_is_for_the_application_alone(self, cached, site):
        site.fields = [*FRESH, ("ETag", '"v"')]
        get = cached()
        get()
        answer = get("/", {"If-Match": '"x"'})
        assert (answer.body, answer.headers["cache-status"]) == (b"answer 2", "tropea; fwd=bypass")
        assert site.seen[-1]["HTTP_IF_MATCH"] == '"x"'

    def test_cache_status_can_be_off_or_have_another_name(self, cached, site):
        site.fields = [*FRESH, ("Cache-Status", "origin; hit")]
        get = cached(name="")
        get()
        assert get().headers["cache-status"] == "origin; hit"
        get = cached(name="my cache")
        assert get().headers["cache-status"] == 'origin; hit, "my cache"; fwd=uri-miss; stored'


class TestStoring:
    @pytest.mark.parametrize(
        "fields",
        [
            [("Cache-Control", "no-store")],
            [("Cache-Control", "NO-STORE, max-age=60")],
            [("Cache-Control", "Private, max-age=60")],
            [("Cache-Control", "max-age=60, private")],
            [("Cache-Control", "max-age=60;no-store")],
            [("Cache-Control", 'max-age=60, private=""')],
            [("Cache-Control", 'max-age=60, private="*"')],
            [("Cache-Control", 'max-age=60, private="X-A, Set Cookie"')],
            [("Cache-Control", "max-age=60"), ("Cache-Control", "private")],
            [*FRESH, ("Vary", "*")],
            [*FRESH, ("Vary", "Accept, *")],
            [*FRESH, ("Vary", ""), ("Vary", "*")],
            [*FRESH, ("Set-Cookie", "a=b")],
            [*FRESH, ("Set-Cookie2", "a=b")],
            [("Cache-Control", "max-age=")],
            [("Cache-Control", "max-age=0x60")],
            [("Cache-Control", "max-age=\xb2")],
            [("Cache-Control", 'max-age="0"')],
            [("Cache-Control", "max-age=0, max-age=60")],
            [("Cache-Control", "max-age=60, max-age=0")],
            [("Cache-Control", "s-maxage=0, max-age=60")],
            [("Cache-Control", "max-age=-1")],
            [("Cache-Control", "max-age=1.5")],
            [("Cache-Control", "max-age =60")],
            [("Expires", "Sun, 31 Feb 2095 00:00:00 GMT")],
            [("Expires", "0")],
            [("Expires", "-1")],
            [("Expires", "Thu, 18 Aug 2050 02:01:18 UTC")],
            [*FRESH, ("Age", "600")],
            [],
            [("Content-Type", "text/css")],
            [("ETag", '"v"')],
            [("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")],
            [("Cache-Control", "public")],
            [*FRESH, ("Content-Length", "x")],
            [*FRESH, ("Vary", ",".join(map(str, range(40))))],
        ],
        ids=str,
    )
    def test_what_is_not_for_sharing_is_made_anew(self, cached, site, fields):
        site.fields = fields
        get = cached()
        assert get().body != get().body

    @pytest.mark.parametrize("status", ["226 IM Used", "304 X", "600 X", "999 X"])
    def test_what_is_no_answer_by_itself_is_not_stored(self, cached, site, status):
        site.status, site.fields = status, FRESH
        get = cached()
        get(check=False)
        assert len(get.layer.store) == 0

    @pytest.mark.parametrize(
        "status", ["500 X", "502 X", "503 X", "403 X", "206 X", "299 X", "404 X"]
    )
    def test_an_error_without_explicit_freshness_is_not_stored(self, cached, site, status):
        site.status = status
        get = cached()
        assert get().body != get().body

    @pytest.mark.parametrize(
        "fields",
        [
            [("Cache-Control", "s-maxage=60, max-age=0")],
            [("Expires", format_date(1_800_000_060))],
            [("Cache-Control", 'max-age="60"')],
            [("Cache-Control", "foo, MAX-AGE=60")],
            [("Cache-Control", "max-age=99999999999999999999999")],
            [("Cache-Control", "max-age=60"), ("Expires", "0")],
            [("Cache-Control", "max-age=60, must-understand, no-store")],
            [("Cache-Control", "immutable, max-age=60")],
            [("Pragma", "no-cache"), *FRESH],
            [*FRESH, ("Vary", "")],
            [*FRESH, ("Expires", "0")],
        ],
        ids=str,
    )
    def test_what_the_application_allows_is_reused(self, cached, site, fields):
        site.fields = fields
        get = cached()
        assert get().body == get().body

    def test_expires_is_counted_from_the_date(self, cached, site, clock):
        site.fields = [
            ("Date", format_date(clock.now - 10)),
            ("Expires", format_date(clock.now + 10)),
        ]
        get = cached()
        get()
        clock.now += 9
        assert get().body == b"answer 1"
        clock.now += 2
        assert get().body == b"answer 2"

    def test_must_understand_forbids_an_unknown_status(self, cached, site):
        site.status, site.fields = "599 X", [("Cache-Control", "max-age=60, must-understand")]
        get = cached()
        assert get().body != get().body

    def test_authorization_needs_the_applications_word_rfc9111_3_5(self, cached, site):
        for number, (directives, shared) in enumerate(
            [
                ("max-age=60", False),
                ("max-age=60, public", True),
                ("s-maxage=60", True),
                ("max-age=60, must-revalidate", True),
            ]
        ):
            site.fields = [("Cache-Control", directives)]
            get = cached()
            first = get(f"/{number}", {"Authorization": "Basic QTpC"})
            assert (get(f"/{number}", {"Authorization": "Basic QTpC"}).body == first.body) is shared

    def test_a_user_of_whom_the_server_alone_has_seen_credentials_is_one_too(self, cached, site):
        site.fields = FRESH
        get = cached()
        assert get(REMOTE_USER="alice").body != get(REMOTE_USER="bob").body
        assert get(REMOTE_USER="").body == get(REMOTE_USER="").body  # what IIS says of nobody
        site.fields = [("Cache-Control", "public, max-age=60")]
        assert get("/b", REMOTE_USER="alice").body == get("/b", REMOTE_USER="bob").body

    def test_an_answer_to_a_cookie_is_shared_on_the_applications_word(self, cached, site):
        site.fields = FRESH
        get = cached()
        assert get("/", {"Cookie": "a=1"}).body != get("/", {"Cookie": "a=2"}).body
        anonymous = get()
        assert get("/", {"Cookie": "a=1"}).body == anonymous.body
        site.fields = [("Cache-Control", "public, max-age=60")]
        assert get("/b", {"Cookie": "a=1"}).body == get("/b", {"Cookie": "a=2"}).body
        get = cached(share_cookie_requests=True)
        site.fields = FRESH
        assert get("/", {"Cookie": "a=1"}).body == get("/", {"Cookie": "a=2"}).body

    def test_vary_on_cookie_keeps_users_apart(self, cached, site):
        site.fields = [*FRESH, ("Vary", "Cookie")]
        get = cached()
        one, two, none = get("/", {"Cookie": "a=1"}), get("/", {"Cookie": "a=2"}), get()
        assert len({one.body, two.body, none.body}) == 3
        assert get("/", {"Cookie": "a=1"}).body == one.body

    def test_cookies_are_stored_when_told_to(self, cached, site):
        site.fields = [*FRESH, ("Set-Cookie", "a=b")]
        get = cached(store_cookies=True)
        get()
        assert get().headers["set-cookie"] == "a=b" and site.calls == 1

    def test_private_and_no_cache_can_name_fields(self, cached, site):
        site.fields = [
            ("Cache-Control", 'max-age=60, private="X-A", no-cache="Set-Cookie, X-B"'),
            ("X-A", "1"),
            ("X-B", "2"),
            ("X-C", "3"),
            ("Set-Cookie", "a=b"),
        ]
        get = cached(store_cookies=True)
        assert get().headers["x-a"] == "1"
        again = get()
        assert site.calls == 1 and again.headers["x-c"] == "3"
        assert not {"x-a", "x-b", "set-cookie"} & again.headers.keys()

    def test_fields_of_the_connection_are_not_stored(self, cached, site):
        site.fields = [
            *FRESH,
            ("Connection", "X-A, close"),
            ("X-A", "1"),
            ("Proxy-Connection", "x"),
            ("X-B", "2"),
        ]
        get = cached()
        get(check=False)
        again = get()
        assert site.calls == 1 and again.headers["x-b"] == "2"
        assert not {"connection", "x-a", "proxy-connection"} & again.headers.keys()

    def test_heuristics_are_opt_in(self, cached, site, clock):
        site.fields = [("Last-Modified", format_date(clock.now - 1000))]
        get = cached(heuristic=0.1)
        get()
        clock.now += 99
        assert get().body == b"answer 1"
        clock.now += 2
        site.status = "403 Forbidden"
        assert get().body == b"answer 2"
        get("/403")
        assert get("/403").body == b"answer 4"

    def test_a_get_with_a_body_gets_and_makes_nothing_stored(self, cached, site):
        site.fields = FRESH
        get = cached()
        fat = get("/", body=b"q=evil")
        assert get().body != fat.body
        assert get("/", body=b"q=evil").headers["cache-status"] == "tropea; fwd=bypass"

    def test_no_store_of_a_request_stores_nothing_and_forgets_nothing(self, cached, site):
        site.fields = FRESH
        get = cached()
        assert get("/", {"Cache-Control": "no-store"}).body != get().body
        assert get("/", {"Cache-Control": "no-store"}).body == b"answer 3"
        assert get().body == b"answer 2"

    def test_the_applications_304_to_a_client_is_not_stored(self, cached, site):
        site.fields = [*FRESH, ("ETag", '"e"')]
        site.status = lambda environ: (
            "304 Not Modified" if "HTTP_IF_NONE_MATCH" in environ else "200 OK"
        )
        get = cached()
        assert get("/", {"If-None-Match": '"e"'}).status == 304
        assert get().status == 200

    def test_a_partial_answer_is_never_replayed_as_the_whole(self, cached, site):
        site.fields = [*FRESH, ("Content-Range", "bytes 0-7/100")]
        site.status = "206 Partial Content"
        get = cached()
        get("/", {"Range": "bytes=0-7"})
        site.status, site.fields = "200 OK", FRESH
        assert get().body == b"answer 2"

    @pytest.mark.parametrize(
        ("length", "blocks"),
        [
            (100, [b"short"]),
            (3, [b"too long"]),
            (None, [b"half", RuntimeError("broken")]),
            (8, [b"half", RuntimeError("broken"), b"more"]),
            (8, [b"more", b" than", b" was said"]),
            (4, [b"more", b" than was said"]),
            (4, [b"half", RuntimeError("broken")]),
        ],
    )
    def test_a_body_that_was_not_whole_is_never_served(self, cached, site, length, blocks):
        site.fields = [*FRESH, ("Content-Length", str(length))] if length else FRESH
        site.body = lambda call: blocks
        get = cached()
        for calls in (1, 2):
            try:
                get()
            except RuntimeError:
                pass
            assert site.calls == calls and len(get.layer.store) == 0
            assert site.bodies[-1].closed == 1

    def test_a_client_that_leaves_stores_nothing(self, cached, site, environ_of):
        site.fields, site.body = FRESH, lambda call: [b"a", b"b", b"c"]
        get = cached()
        body = get.layer(environ_of(), lambda *a: lambda b: None)
        next(iter(body))
        body.close()
        assert len(get.layer.store) == 0 and site.bodies[0].closed == 1

    def test_a_server_that_stops_at_the_declared_length_has_the_whole(
        self, cached, site, environ_of
    ):
        site.fields, site.body = [*FRESH, ("Content-Length", "2")], lambda call: [b"a", b"b"]
        get = cached()
        body = get.layer(environ_of(), lambda *a: lambda b: None)
        steps = iter(body)
        next(steps), next(steps)
        body.close()
        assert get().body == b"ab" and site.calls == 1

    def test_whoever_has_the_last_block_finds_it_stored(self, cached, site, environ_of):
        site.fields, site.body = [*FRESH, ("Content-Length", "2")], lambda call: [b"a", b"b"]
        get = cached()
        steps = iter(get.layer(environ_of(), lambda *a: lambda b: None))
        next(steps), next(steps)
        assert get("/", {"Range": "bytes=1-1"}).body == b"b" and site.calls == 1

    def test_write_and_late_errors_store_nothing(self, fetch, environ_of):
        def writes(environ, start_response):
            write = start_response("200 OK", [("Content-Type", "text/plain"), *FRESH])
            write(b"a")
            yield b"b"
            write(b"c")

        layer = HTTPCacheMiddleware(writes)
        assert sorted(fetch(layer).body) == sorted(b"abc")
        assert len(layer.store) == 0

        def fails(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain"), *FRESH])
            yield b""
            try:
                raise ValueError
            except ValueError:
                start_response("500 Oops", [("Content-Type", "text/plain")], sys.exc_info())
            yield b"sorry"

        layer = HTTPCacheMiddleware(fails)
        assert fetch(layer).status == 500
        assert len(layer.store) == 0

    def test_a_body_beyond_the_bound_passes_and_is_not_stored(self, site, fetch):
        site.fields, site.body = FRESH, lambda call: [b"x" * 100] * 50
        layer = HTTPCacheMiddleware(site, MemoryCacheStore(max_body=1000))
        assert len(fetch(layer).body) == 5000
        assert len(layer.store) == 0

    def test_blocks_are_not_asked_for_ahead(self, cached, site, environ_of):
        site.fields, site.body = FRESH, lambda call: [b"a", b"b", b"c"]
        body = cached().layer(environ_of(), lambda *a: lambda b: None)
        assert site.bodies[0].steps == 0
        next(iter(body))
        assert site.bodies[0].steps == 1
        body.close()


class TestKeys:
    @pytest.mark.parametrize(
        ("one", "two"),
        [
            ({"HTTP_HOST": "a"}, {"HTTP_HOST": "b"}),
            ({"wsgi.url_scheme": "http"}, {"wsgi.url_scheme": "https"}),
            ({"SCRIPT_NAME": "/a"}, {"SCRIPT_NAME": "/b"}),
            ({"QUERY_STRING": "q=1"}, {"QUERY_STRING": "q=1;q=evil"}),
            ({"QUERY_STRING": ""}, {"QUERY_STRING": "a"}),
            ({"PATH_INFO": "/a?b"}, {"PATH_INFO": "/a", "QUERY_STRING": "b"}),
            ({"PATH_INFO": "/a\0b"}, {"PATH_INFO": "/a", "QUERY_STRING": "b"}),
            ({"HTTP_HOST": "a:81"}, {"HTTP_HOST": "a:82"}),
            ({"PATH_INFO": "/A"}, {"PATH_INFO": "/a"}),
        ],
        ids=str,
    )
    def test_different_targets_never_mix(self, cached, site, one, two):
        site.fields = FRESH
        get = cached()
        assert get(check=False, **one).body != get(check=False, **two).body

    def test_the_host_is_compared_without_case_and_default_port(self, cached, site):
        site.fields = FRESH
        get = cached()
        assert get(HTTP_HOST="Example.com").body == get(HTTP_HOST="example.com:80").body

    @pytest.mark.parametrize(
        ("vary", "one", "two"),
        [
            ("X-A, X-B", {"X-A": "a", "X-B": "bc"}, {"X-A": "ab", "X-B": "c"}),
            ("X-A", {}, {"X-A": ""}),
            ("X-A", {"X-A": "1"}, {"X-A": "2"}),
            ("X-A", {"X-A": "a"}, {"X-A": "A"}),
            ("X-A", {"X-A": ""}, {}),
            ("Accept-Encoding", {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "gzip;q=0"}),
            ("Accept-Encoding", {}, {"Accept-Encoding": "identity"}),
            ("Accept-Encoding", {"Accept-Encoding": ""}, {}),
            (
                "Accept-Language",
                {"Accept-Language": "en, de;q=0.5"},
                {"Accept-Language": "de, en;q=0.5"},
            ),
            ("Cookie", {"Cookie": "a=1; b=2"}, {"Cookie": "b=2; a=1"}),
            ("Authorization", {}, {"Authorization": "x"}),
        ],
        ids=str,
    )
    def test_different_variants_never_mix(self, cached, site, vary, one, two):
        site.fields = [("Cache-Control", "public, max-age=60"), ("Vary", vary)]
        get = cached()
        assert get("/", one).body != get("/", two).body
        assert get("/", one).body == b"answer 1" and get("/", two).body == b"answer 2"

    @pytest.mark.parametrize(
        ("vary", "one", "two"),
        [
            ("X-A", {"X-A": "1,2"}, {"X-A": " 1 , 2 "}),
            ("x-a", {"X-A": "1"}, {"X-A": "1", "X-B": "3"}),
            (
                "Accept-Encoding",
                {"Accept-Encoding": "gzip, br"},
                {"Accept-Encoding": "BR,  x-gzip, exotic"},
            ),
            ("Accept-Language", {"Accept-Language": "en, de"}, {"Accept-Language": "De ,eN"}),
            ("Accept", {"Accept": "text/html, */*;q=0.1"}, {"Accept": "*/*; q=0.1,text/HTML"}),
        ],
        ids=str,
    )
    def test_fields_that_mean_the_same_are_the_same(self, cached, site, vary, one, two):
        site.fields = [*FRESH, ("Vary", vary)]
        get = cached()
        assert get("/", one).body == get("/", two).body

    def test_of_several_matching_answers_the_latest_counts(self, cached, site, clock):
        get = cached()
        site.fields = [*FRESH, ("Vary", "X-A"), ("Date", format_date(clock.now - 1))]
        get("/", {"X-A": "1"})
        site.fields = [*FRESH, ("Vary", "X-B"), ("Date", format_date(clock.now))]
        get("/", {"X-A": "2"})
        assert get("/", {"X-A": "1"}).body == b"answer 2"

    def test_an_answer_in_the_favourite_language_does(self, cached, site):
        site.fields = [*FRESH, ("Vary", "Accept-Language"), ("Content-Language", "de")]
        get = cached()
        get("/", {"Accept-Language": "en, de"})
        assert get("/", {"Accept-Language": "fr;q=0.5, de"}).body == b"answer 1"
        assert get("/", {"Accept-Language": "fr, de"}).body == b"answer 2"


class TestRequestDirectives:
    @pytest.mark.parametrize(
        ("headers", "reused"),
        [
            ({"Cache-Control": "no-cache"}, False),
            ({"Cache-Control": "max-age=0"}, False),
            ({"Pragma": "no-cache"}, False),
            ({"Cache-Control": "max-age=5"}, False),
            ({"Cache-Control": "max-age=20"}, True),
            ({"Pragma": "x"}, True),
            ({"Cache-Control": "x", "Pragma": "no-cache"}, True),
            ({"Cache-Control": "min-fresh=40"}, True),
            ({"Cache-Control": "min-fresh=55"}, False),
            ({"Cache-Control": "only-if-cached"}, True),
        ],
    )
    def test_a_client_can_ask_for_fresher_answers(self, cached, site, clock, headers, reused):
        site.fields = FRESH
        get = cached()
        get()
        clock.now += 10
        assert (get("/", headers).body == b"answer 1") is reused
        get = cached(obey_requests=False)
        get()
        site.fields = []
        assert "hit" in get("/", headers).headers["cache-status"]

    def test_max_stale_takes_what_is_stale(self, cached, site, clock):
        site.fields = FRESH
        get = cached()
        get()
        clock.now += 100
        assert get("/", {"Cache-Control": "max-stale=50"}).body == b"answer 1"
        assert get("/", {"Cache-Control": "max-stale"}).body == b"answer 1"
        assert get("/", {"Cache-Control": "max-stale=30"}).body == b"answer 2"
        site.fields = [("Cache-Control", "max-age=60, must-revalidate")]
        get("/b")
        clock.now += 100
        assert get("/b", {"Cache-Control": "max-stale"}).body == b"answer 4"

    def test_only_if_cached_gets_504_rfc9111_5_2_1_7(self, cached, site):
        answer = cached()("/", {"Cache-Control": "only-if-cached"})
        assert (answer.status, site.calls) == (504, 0)

    def test_a_reload_of_something_immutable_is_served_rfc8246(self, cached, site):
        site.fields = [("Cache-Control", "max-age=60, immutable")]
        get = cached()
        get()
        assert get("/", {"Cache-Control": "max-age=0"}).body == b"answer 1"
        assert get("/", {"Cache-Control": "no-cache"}).body == b"answer 2"


class TestValidation:
    @pytest.fixture
    def tagged(self, site):
        site.fields = [
            *FRESH,
            ("ETag", '"v"'),
            ("Last-Modified", format_date(1_799_000_000)),
            ("X-A", "old"),
        ]

        def confirm(*fields):
            site.fields = [("ETag", '"v"'), *FRESH, *fields]
            site.status = lambda environ: (
                "304 Not Modified" if environ.get("HTTP_IF_NONE_MATCH") == '"v"' else "200 OK"
            )

        return confirm

    def test_a_304_renews_what_is_stored(self, cached, site, clock, tagged):
        get = cached()
        get()
        clock.now += 61
        tagged(("X-A", "new"), ("Content-Length", "0"), ("Content-Encoding", "gzip"))
        answer = get()
        assert (answer.status, answer.body, answer.headers["x-a"]) == (200, b"answer 1", "new")
        assert answer.headers["content-length"] == "8" and "content-encoding" not in answer.headers
        assert answer.headers["cache-status"] == "tropea; fwd=stale; fwd-status=304"
        assert answer.headers["date"] == format_date(clock.now) and answer.headers["age"] == "0"
        asked = site.seen[-1]
        assert asked["HTTP_IF_MODIFIED_SINCE"] == format_date(1_799_000_000)
        clock.now += 59
        assert (get().body, site.calls) == (b"answer 1", 2)

    def test_the_clients_own_conditions_do_not_reach_the_application(
        self, cached, site, clock, tagged
    ):
        get = cached()
        get()
        clock.now += 61
        tagged()
        assert get("/", {"If-None-Match": '"mine"', "Range": "bytes=0-1"}).status == 206
        assert site.seen[-1]["HTTP_IF_NONE_MATCH"] == '"v"' and "HTTP_RANGE" not in site.seen[-1]
        clock.now += 61
        assert get("/", {"If-None-Match": '"v"'}).status == 304

    def test_another_answer_takes_its_place(self, cached, site, clock, tagged):
        get = cached()
        get()
        clock.now += 61
        assert get().body == b"answer 2"
        assert get().body == b"answer 2"

    def test_no_cache_is_validated_every_time(self, cached, site, tagged):
        site.fields = [("Cache-Control", "no-cache, max-age=60"), ("ETag", '"v"')]
        get = cached()
        get()
        site.status = lambda environ: "304 Not Modified"
        assert [get().body, get().body, site.calls] == [b"answer 1", b"answer 1", 3]

    def test_a_lost_body_is_asked_for_again(self, cached, site, clock, tagged, tmp_path):
        from tropea.caching import FileCacheStore

        get = cached(store=FileCacheStore(tmp_path, clock=clock))
        get()
        next(tmp_path.glob("*/*/*.body")).unlink()
        clock.now += 61
        tagged()
        assert (get().body, site.calls) == (b"answer 3", 3)
        assert get().body == b"answer 3"

    def test_head_renews_or_invalidates_rfc9111_4_3_5(self, cached, site, clock, tagged):
        get = cached()
        get()
        clock.now += 61
        site.fields = [*FRESH, ("ETag", '"v"'), ("X-A", "head")]
        get(method="HEAD")
        assert (get().body, get().headers["x-a"]) == (b"answer 1", "head")
        clock.now += 61
        site.fields = [*FRESH, ("ETag", '"other"')]
        get(method="HEAD")
        assert len(get.layer.store) == 0

    def test_304_of_a_vanished_entry_is_never_sent_to_one_who_did_not_ask(
        self, cached, site, clock, tagged
    ):
        get = cached()
        get()
        clock.now += 61
        tagged()
        assert get().status == 200


class TestStale:
    def test_it_is_served_while_a_new_one_is_brought(self, cached, site, clock):
        site.fields = [("Cache-Control", "max-age=60, stale-while-revalidate=30")]
        get = cached()
        get("/", {"Accept": "x"})
        clock.now += 70
        headers = {"Cookie": "a=b", "Accept": "text/html", "If-None-Match": '"x"'}
        assert get("/", headers).body == b"answer 1"
        assert (get().body, site.calls, len(site.jobs)) == (b"answer 1", 1, 1)
        site.jobs.pop()()
        behind = site.seen[-1]
        assert (get().body, get().headers["age"]) == (b"answer 2", "0")
        assert behind["HTTP_ACCEPT"] == "text/html"
        assert (
            not {"HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_IF_NONE_MATCH", "tropea.session"}
            & behind.keys()
        )
        clock.now += 91
        assert get().body == b"answer 3"

    def test_what_fails_behind_leaves_the_old_and_lets_others_try(
        self, cached, site, clock, caplog
    ):
        site.fields = [("Cache-Control", "max-age=60, stale-while-revalidate=30")]
        get = cached()
        get()
        clock.now += 70
        get()
        site.body = lambda call: [RuntimeError("broken")]
        site.jobs.pop()()
        assert "could not be renewed" in caplog.text
        assert get().body == b"answer 1" and len(site.jobs) == 1

    @pytest.mark.parametrize(
        "barred", ["must-revalidate", "proxy-revalidate", "no-cache", "s-maxage=60"]
    )
    def test_nothing_stale_is_served_where_that_is_barred(self, cached, site, clock, barred):
        site.fields = [
            ("Cache-Control", f"max-age=60, stale-while-revalidate=90, stale-if-error=90, {barred}")
        ]
        get = cached()
        get()
        clock.now += 61
        site.status = "503 Down"
        assert get().status == 503

    def test_what_varies_on_the_user_is_not_renewed_behind_his_back(self, cached, site, clock):
        site.fields = [
            ("Cache-Control", "max-age=60, stale-while-revalidate=30"),
            ("Vary", "Cookie"),
        ]
        get = cached()
        get("/", {"Cookie": "a=1"})
        clock.now += 61
        assert (get("/", {"Cookie": "a=1"}).body, site.jobs) == (b"answer 2", [])

    @pytest.mark.parametrize("key", ["wsgi.run_once", "wsgi.multithread"])
    def test_without_threads_nothing_runs_behind(self, cached, site, clock, key):
        site.fields = [("Cache-Control", "max-age=60, stale-while-revalidate=30")]
        get = cached(background=None)
        get()
        clock.now += 61
        assert get(**{key: key == "wsgi.run_once"}).body == b"answer 2"

    def test_our_own_threads_bring_it(self, cached, site, clock):
        site.fields = [("Cache-Control", "max-age=60, stale-while-revalidate=30")]
        get = cached(background=None)
        get()
        clock.now += 61
        assert get().body == b"answer 1"
        get.layer.background.close()
        assert (get().body, site.calls) == (b"answer 2", 2)

    @pytest.mark.parametrize("status", ["500 X", "502 X", "503 X", "504 X"])
    def test_it_stands_in_for_an_error_rfc5861_4(self, cached, site, clock, status):
        site.fields = [("Cache-Control", "max-age=60, stale-if-error=30")]
        get = cached()
        get()
        clock.now += 70
        site.status, site.fields = status, []
        answer = get()
        assert (answer.status, answer.body) == (200, b"answer 1")
        assert "stale-if-error" in answer.headers["cache-status"]
        clock.now += 30
        assert get().line == status

    def test_it_stands_in_for_an_exception(self, cached, site, clock):
        site.fields = FRESH
        get = cached(stale_if_error=30)
        get()
        clock.now += 70

        def fail(environ):
            raise KeyError("broken")

        site.status = fail
        assert get().body == b"answer 1"
        clock.now += 30
        with pytest.raises(KeyError):
            get()

    def test_the_client_may_ask_for_it(self, cached, site, clock):
        site.fields = FRESH
        get = cached()
        get()
        clock.now += 70
        site.status = "503 Down"
        assert get("/", {"Cache-Control": "stale-if-error=60"}).status == 200
        assert get("/").status == 503


class TestTargetedFields:
    @pytest.mark.parametrize(
        ("fields", "reused"),
        [
            ([("CDN-Cache-Control", "max-age=60")], True),
            ([("CDN-Cache-Control", "max-age=60"), ("Cache-Control", "no-store")], True),
            ([("CDN-Cache-Control", "max-age=60"), ("Expires", "0")], True),
            ([("CDN-Cache-Control", "no-store"), *FRESH], False),
            ([("CDN-Cache-Control", "private"), *FRESH], False),
            ([("CDN-Cache-Control", "max-age=0"), *FRESH], False),
            ([("CDN-Cache-Control", "max-age=60, &&&"), ("Cache-Control", "no-store")], False),
            ([("CDN-Cache-Control", "max-age=60, &&&"), *FRESH], True),
            ([("CDN-Cache-Control", 'max-age="60"'), ("Cache-Control", "no-store")], False),
            ([("CDN-Cache-Control", ""), *FRESH], True),
            ([("CDN-Cache-Control", "max-age=60"), ("Age", "61")], False),
            ([("CDN-Cache-Control", "MAX-AGE=60"), ("Cache-Control", "no-store")], False),
            ([("CDN-Cache-Control", "public"), ("Expires", format_date(1_800_000_060))], False),
        ],
        ids=str,
    )
    def test_they_replace_cache_control_and_expires_rfc9213_2_2(self, cached, site, fields, reused):
        site.fields = fields
        get = cached()
        assert (get().body == get().body) is reused

    def test_their_names_can_be_chosen(self, cached, site):
        site.fields = [("Tropea-Cache-Control", "max-age=60"), ("CDN-Cache-Control", "no-store")]
        get = cached(targeted=("Tropea-Cache-Control", "CDN-Cache-Control"))
        assert get().body == get().body


class TestRanges:
    @pytest.fixture
    def digits(self, site):
        site.fields = [*FRESH, ("ETag", '"v"')]
        site.body = lambda call: [b"0123456789"]
        return site

    @pytest.mark.parametrize(
        ("field", "body"),
        [
            ("bytes=0-0", b"0"),
            ("bytes=-3", b"789"),
            ("bytes=8-", b"89"),
            ("BYTES=2-99", b"23456789"),
            ("bytes=0-1,1-3", b"0123"),
        ],
    )
    def test_parts_of_the_whole_are_served(self, cached, digits, field, body):
        get = cached()
        get()
        answer = get("/", {"Range": field})
        assert (answer.status, answer.body, digits.calls) == (206, body, 1)
        assert int(answer.headers["content-length"]) == len(body)
        start = b"0123456789".index(body)
        assert answer.headers["content-range"] == f"bytes {start}-{start + len(body) - 1}/10"

    @pytest.mark.parametrize(
        "field", ["bytes=5-2", "pages=1-2", "bytes=+1-2", "bytes=", "bytes=a-b"]
    )
    def test_what_is_no_range_gets_the_whole(self, cached, digits, field):
        get = cached()
        get()
        assert get("/", {"Range": field}).status == 200

    def test_a_range_outside_gets_416(self, cached, digits):
        get = cached()
        get()
        answer = get("/", {"Range": "bytes=10-"})
        assert (answer.status, answer.headers["content-range"], answer.body) == (
            416,
            "bytes */10",
            b"",
        )

    @pytest.mark.parametrize(
        ("field", "status"), [('"v"', 206), ('W/"v"', 200), ('"x"', 200), ("junk", 200)]
    )
    def test_if_range_needs_a_strong_match(self, cached, digits, field, status):
        get = cached()
        get()
        assert get("/", {"Range": "bytes=0-0", "If-Range": field}).status == status

    def test_range_is_ignored_on_head_and_yields_to_conditions(self, cached, digits):
        get = cached()
        get()
        assert get("/", {"Range": "bytes=0-0"}, method="HEAD").status == 200
        assert get("/", {"Range": "bytes=99-", "If-None-Match": '"v"'}).status == 304

    def partial(self, site, data=b"0123456789", tag='"v"'):
        def fields(environ):
            start, stop = bounds(environ)
            whole = [*FRESH, ("ETag", tag)] if tag else FRESH
            return (
                whole
                if start is None
                else [*whole, ("Content-Range", f"bytes {start}-{stop - 1}/{len(data)}")]
            )

        def bounds(environ):
            field = environ.get("HTTP_RANGE")
            if field is None:
                return None, len(data)
            first, _, last = field.removeprefix("bytes=").partition("-")
            return int(first), int(last) + 1 if last else len(data)

        site.fields = fields
        site.status = lambda environ: "206 Partial Content" if "HTTP_RANGE" in environ else "200 OK"
        site.body = lambda call: [data[slice(*bounds(site.seen[-1]))]]

    def test_a_stored_part_serves_what_lies_inside(self, cached, site):
        self.partial(site)
        get = cached()
        get("/", {"Range": "bytes=2-6"})
        assert get("/", {"Range": "bytes=3-4"}).body == b"34"
        assert site.calls == 1
        assert get("/", {"Range": "bytes=6-7"}).body == b"67"
        assert site.calls == 2

    def test_parts_that_touch_are_joined(self, cached, site):
        self.partial(site)
        get = cached()
        for field in ("bytes=4-5", "bytes=6-7", "bytes=2-4"):
            get("/", {"Range": field})
        assert (get("/", {"Range": "bytes=2-7"}).body, site.calls) == (b"234567", 3)

    def test_parts_that_are_everything_are_the_whole(self, cached, site):
        self.partial(site)
        get = cached()
        get("/", {"Range": "bytes=0-4"})
        get("/", {"Range": "bytes=5-9"})
        answer = get()
        assert (answer.status, answer.body, site.calls) == (200, b"0123456789", 2)
        assert "content-range" not in answer.headers

    def test_parts_of_different_versions_are_never_joined(self, cached, site):
        self.partial(site)
        get = cached()
        get("/", {"Range": "bytes=0-4"})
        self.partial(site, b"abcdefghij", '"w"')
        get("/", {"Range": "bytes=5-9"})
        assert get().body == b"abcdefghij"

    def test_what_is_missing_is_asked_for(self, cached, site):
        self.partial(site)
        get = cached()
        get("/", {"Range": "bytes=0-4"})
        answer = get()
        assert (answer.status, answer.body) == (200, b"0123456789")
        assert site.seen[-1]["HTTP_RANGE"] == "bytes=5-" and site.seen[-1]["HTTP_IF_RANGE"] == '"v"'
        assert answer.headers["content-length"] == "10"
        assert (get().body, site.calls) == (b"0123456789", 2)

    def test_without_a_strong_tag_the_whole_is_asked_for(self, cached, site):
        self.partial(site, tag='W/"v"')
        get = cached()
        get("/", {"Range": "bytes=0-4"})
        self.partial(site, b"abcdefghij", tag='W/"v"')
        assert get().body == b"abcdefghij"

    @pytest.mark.parametrize(
        "field",
        ["bytes 0-9/10", "bytes 4-2/10", "bytes 0-4/*", "bytes x", "pages 0-7/10", "bytes 5-12/10"],
    )
    def test_a_part_that_contradicts_itself_is_not_stored(self, cached, site, field):
        site.status, site.fields = "206 Partial Content", [*FRESH, ("Content-Range", field)]
        get = cached()
        get("/", {"Range": "bytes=0-7"})
        assert len(get.layer.store) == 0


class TestInvalidation:
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "whatever"])
    def test_a_change_forgets_the_target_rfc9111_4_4(self, cached, site, method):
        site.fields = [*FRESH, ("Vary", "Accept")]
        get = cached()
        get("/", {"Accept": "a"}), get("/", {"Accept": "b"})
        get(method=method, check=False)
        assert len(get.layer.store) == 0

    @pytest.mark.parametrize(
        ("method", "status"),
        [("POST", "400 X"), ("PUT", "500 X"), ("OPTIONS", "200 OK"), ("TRACE", "200 OK")],
    )
    def test_what_changed_nothing_forgets_nothing(self, cached, site, method, status):
        site.fields = FRESH
        get = cached()
        get()
        site.status = status
        get(method=method)
        assert get().body == b"answer 1"

    @pytest.mark.parametrize(
        ("name", "value", "forgotten"),
        [
            ("Location", "/b", True),
            ("Content-Location", "b", True),
            ("Location", "http://127.0.0.1/b", True),
            ("Location", "http://evil.example/b", False),
            ("Location", "https://127.0.0.1/b", False),
            ("Location", "http://[", False),
            ("Location", "//127.0.0.1/b", True),
        ],
    )
    def test_places_of_the_same_origin_are_forgotten_too(
        self, cached, site, name, value, forgotten
    ):
        site.fields = FRESH
        get = cached()
        get("/b")
        site.fields = [(name, value)]
        get("/a", method="POST")
        assert (len(get.layer.store) == 0) is forgotten

    def test_groups_are_invalidated_rfc9875(self, cached, site):
        site.fields = [*FRESH, ("Cache-Groups", '"news"')]
        get = cached()
        get("/a"), get("/b"), get("/a", HTTP_HOST="other")
        site.fields = [("Cache-Group-Invalidation", '"news"')]
        get("/c", method="POST")
        assert len(get.layer.store) == 1

    def test_an_answer_that_was_on_its_way_during_a_change_is_not_stored(
        self, cached, site, environ_of
    ):
        site.fields = FRESH
        get = cached()
        body = get.layer(environ_of(), lambda *a: lambda b: None)
        get(method="PUT")
        assert b"".join(body) == b"answer 1"
        body.close()
        assert get().body == b"answer 3"

    def test_a_post_that_says_so_answers_get_rfc9110_9_3_3(self, cached, site):
        site.fields = [*FRESH, ("Content-Location", "/a")]
        get = cached()
        get("/a", method="POST")
        assert get("/a").body == b"answer 1"
        get("/b", method="POST", headers={"X-HTTP-Method-Override": "GET"})
        assert get("/b").body == b"answer 3"


class TestPurging:
    @pytest.fixture
    def stored(self, cached, site):
        get = cached(purge_token="opensesame")
        for path, tags in (("/a", "x, y"), ("/a/1", "y"), ("/ab", "z")):
            site.fields = [*FRESH, ("Cache-Tag", tags)]
            get(path)
        return get

    def left(self, get):
        return sorted(key.path for key in get.layer.store._data)

    def test_in_python(self, stored):
        stored.layer.purge_tag("x")
        assert self.left(stored) == ["/a/1", "/ab"]
        stored.layer.purge("http://127.0.0.1:80/ab")
        assert self.left(stored) == ["/a/1"]
        stored.layer.purge_prefix("http://127.0.0.1/a/")
        assert self.left(stored) == []
        with pytest.raises(ValueError):
            stored.layer.purge("/relative")

    @pytest.mark.parametrize(
        ("path", "headers", "left"),
        [
            ("/a", {}, ["/a/1", "/ab"]),
            ("/", {"Cache-Tag": "y, z"}, []),
            ("/a", {"Cache-Purge": "prefix"}, []),
            ("/nothing", {}, ["/a", "/a/1", "/ab"]),
        ],
    )
    def test_by_request(self, stored, site, path, headers, left):
        answer = stored(
            path, {"Authorization": "Bearer opensesame", **headers}, method="PURGE", check=False
        )
        assert (answer.status, self.left(stored), site.calls) == (200, left, 3)

    @pytest.mark.parametrize(
        "credentials",
        [None, "Bearer wrong", "Basic opensesame", "Bearer", "opensesame", "Bearer \xff"],
    )
    def test_not_without_the_token(self, stored, site, credentials):
        headers = {} if credentials is None else {"Authorization": credentials}
        assert stored("/a", headers, method="PURGE", check=False).status == 401
        assert len(self.left(stored)) == 3

    def test_without_a_token_purge_is_the_applications(self, cached, site):
        get = cached()
        assert get(method="PURGE", check=False).body == b"answer 1"


class TestFailingOpen:
    class Broken(MemoryCacheStore):
        down = True
        asked = 0

        def load(self, key):
            self.asked += 1
            if self.down:
                raise StoreError("down")
            return super().load(key)

        def put(self, key, entry, body):
            if self.down:
                raise StoreError("down")
            super().put(key, entry, body)

    def test_a_store_that_fails_is_skipped_and_comes_back(self, cached, site, caplog):
        site.fields = FRESH
        store = self.Broken()
        get = cached(store=store, breaker_reset=0.0)
        assert [get().body for _ in range(3)] == [b"answer 1", b"answer 2", b"answer 3"]
        assert "skipped" in caplog.text
        store.down = False
        get()
        assert get().body == b"answer 4"

    def test_a_store_that_stays_down_is_left_alone(self, cached, site):
        site.fields = FRESH
        store = self.Broken()
        get = cached(store=store, breaker_failures=3, breaker_reset=60.0)
        for _ in range(20):
            assert get().status == 200
        assert store.asked <= 3

    def test_a_change_passes_although_the_store_is_down(self, cached, site):
        get = cached(store=self.Broken())
        assert get(method="PUT").status == 200


class TestCollapsing:
    def together(self, layer, fetch, count, headers=lambda n: None):
        answers, threads = [None] * count, []

        def ask(number):
            answers[number] = fetch(layer, headers=headers(number), check=False)

        for number in range(count):
            threads.append(threading.Thread(target=ask, args=(number,)))
        [thread.start() for thread in threads]
        [thread.join(30) for thread in threads]
        return answers

    def slow(self, site, count, fields):
        """Hold the first answer back until everybody has asked."""
        gate, arrived = threading.Event(), []

        def head(environ):
            arrived.append(1)
            gate.wait(0.2)
            return fields

        site.fields = head
        return gate, arrived

    def test_200_clients_make_one_call(self, site, fetch):
        self.slow(site, 200, FRESH)
        answers = self.together(HTTPCacheMiddleware(site, collapse_timeout=20.0), fetch, 200)
        assert site.calls == 1
        assert {answer.body for answer in answers} == {b"answer 1"}
        assert any("collapsed" in answer.headers["cache-status"] for answer in answers)

    def test_a_private_answer_is_never_given_to_another(self, site, fetch):
        self.slow(site, 50, [("Cache-Control", "private")])
        start = time.monotonic()
        answers = self.together(HTTPCacheMiddleware(site, collapse_timeout=20.0), fetch, 50)
        assert len({answer.body for answer in answers}) == site.calls == 50
        assert time.monotonic() - start < 10  # in rows of one they would have taken all of that

    def test_each_variant_gets_its_own(self, site, fetch):
        def echo(environ):
            time.sleep(0.02)
            return [*FRESH, ("Vary", "X-A"), ("X-Echo", environ.get("HTTP_X_A", ""))]

        site.fields = echo
        layer = HTTPCacheMiddleware(site, collapse_timeout=20.0)
        answers = self.together(layer, fetch, 30, lambda n: {"X-A": str(n % 3)})
        assert all(answer.headers["x-echo"] == str(n % 3) for n, answer in enumerate(answers))

    def test_when_the_leader_fails_another_takes_over(self, site, fetch):
        failed = []

        def fields(environ):
            time.sleep(0.05)
            if not failed:
                failed.append(1)
                raise RuntimeError("the leader is dead")
            return FRESH

        site.fields = fields
        layer, answers = HTTPCacheMiddleware(site, collapse_timeout=20.0), []

        def ask():
            try:
                answers.append(fetch(layer, check=False).body)
            except RuntimeError:
                answers.append(None)

        threads = [threading.Thread(target=ask) for _ in range(20)]
        [thread.start() for thread in threads]
        [thread.join(30) for thread in threads]
        assert answers.count(None) == 1 and site.calls == 2

    def test_a_leader_that_never_ends_is_not_waited_for_long(self, site, fetch, environ_of):
        site.fields = FRESH
        layer = HTTPCacheMiddleware(site, collapse_timeout=0.05)
        hanging = layer(environ_of(), lambda *a: lambda b: None)  # its client never reads
        assert fetch(layer).body == b"answer 2"
        hanging.close()

    def test_a_client_that_leaves_lets_the_others_go_on(self, site, fetch, environ_of):
        site.fields = FRESH
        layer = HTTPCacheMiddleware(site, collapse_timeout=20.0)
        layer(environ_of(), lambda *a: lambda b: None).close()
        assert fetch(layer).body == b"answer 2"


@pytest.mark.parametrize("total", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_no_answer_crosses_over_between_users(environ_of, total):
    users = 50

    def app(environ, start_response):
        user, path = environ["HTTP_COOKIE"], environ["PATH_INFO"]
        kind = [
            "public, max-age=1",
            "private, max-age=60",
            "max-age=60",
            "no-store",
            "public, max-age=60",
        ][len(path) % 5]
        fields = [("Content-Type", "text/plain"), ("Cache-Control", kind)]
        if kind != "public, max-age=1":
            fields.append(("Vary", "Cookie"))
        start_response("200 OK", fields)
        said = path if kind == "public, max-age=1" else f"{path} for {user}"
        return [said.encode()]

    layer = HTTPCacheMiddleware(app, MemoryCacheStore(max_bytes=200_000))
    wrong = []

    def work(seed):
        for number in range(total // 8):
            turn = number * 7 + seed
            user, path = f"u={turn % users}", "/" + "x" * (turn % 11)
            body = b"".join(
                layer(environ_of(path, headers={"Cookie": user}), lambda *a: lambda b: None)
            ).decode()
            if body != path and body != f"{path} for {user}":
                wrong.append((user, path, body))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert wrong == []


def test_distinct_urls_stay_within_the_bound(environ_of, site):
    site.fields = FRESH
    store = MemoryCacheStore(max_bytes=500_000)
    layer = HTTPCacheMiddleware(site, store)
    for number in range(3000):
        body = layer(environ_of(f"/x?{number}"), lambda *a: lambda b: None)
        b"".join(body), body.close()
        site.bodies.clear(), site.seen.clear()
    assert store.used <= 500_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"store": "redsi://x"}, "did you mean 'redis'"),
        ({"heuristic": 2.0}, "between 0 and 1"),
        ({"purge_token": "short"}, "at least 8"),
        ({"purge_token": "geheim geheim \u00fc"}, "printable ASCII"),
        ({"purge_token": "a long\r\nsecret"}, "without blanks around"),
        ({"targeted": ("a b",)}, "targeted: expected names of fields"),
        ({"targeted": "CDN-Cache-Control, Surrogate-Control"}, "targeted: expected names"),
        ({"keep": -1}, "keep: expected seconds, got -1"),
        ({"keep": float("inf")}, "keep: expected seconds"),
        ({"stale_if_error": float("nan")}, "stale_if_error: expected seconds"),
        ({"collapse_timeout": -0.5}, "collapse_timeout: expected seconds"),
        ({"breaker_reset": -1}, "breaker_reset: expected seconds"),
        ({"breaker_failures": 0}, "breaker_failures: expected 1 or more"),
        ({"store": "memory:?max_byte=1M"}, "has no option 'max_byte'; did you mean 'max_bytes'"),
        ({"store": "file:///tmp/x?clock=5"}, "has no option 'clock'"),
        ({"store": "sqlite:////tmp/x.db?timeout=nan"}, "timeout: expected a number"),
        ({"store": "sqlite:////tmp/x.db?max_entries=-1"}, "max_entries: expected a number"),
        ({"name": 'a"b'}, "name of a cache"),
        ({"max_age": 1}, "has no option"),
        ({"store": 7}, "expected a store"),
        ({"keep": "soon"}, "keep"),
    ],
)
def test_a_wrong_option_fails_when_the_layer_is_built(options, message):
    with pytest.raises(ValueError, match=message):
        HTTPCacheMiddleware(print, **options)
    assert issubclass(OptionError, ValueError)


def test_the_layer_works_although_the_application_empties_the_environ(fetch):
    def app(environ, start_response):
        environ.clear()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Vary", "Accept"), *FRESH])
        return [b"x"]

    layer = HTTPCacheMiddleware(app)
    fetch(layer, headers={"Accept": "a"}, check=False)
    assert "hit" in fetch(layer, headers={"Accept": "a"}, check=False).headers["cache-status"]


def test_importing_the_layers_imports_no_webob():
    import subprocess

    code = "import sys, tropea.caching.httpcache, tropea.caching.conditional, tropea.caching.objectcache; assert 'webob' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


class TestWhatA304Brings:
    """A 304 speaks for everybody only where a 200 would have (RFC 9111 sections 3 and 4.3.4)."""

    @pytest.fixture
    def stale(self, cached, site, clock):
        def build(fields, *, first=(), **options):
            site.fields = [*FRESH, ("ETag", '"v"'), *first]
            get = cached(**options)
            get()
            clock.now += 61
            site.fields = [("ETag", '"v"'), *fields]
            site.status = lambda environ: (
                "304 Not Modified" if "HTTP_IF_NONE_MATCH" in environ else "200 OK"
            )
            return get

        return build

    def test_its_cookie_is_for_the_one_who_asked(self, stale):
        get = stale([*FRESH, ("Set-Cookie", "session=alice")])
        assert get().headers["set-cookie"] == "session=alice"
        again = get()
        assert "hit" in again.headers["cache-status"] and "set-cookie" not in again.headers

    def test_its_cookie_is_shared_when_told_to(self, stale):
        get = stale([*FRESH, ("Set-Cookie", "a=b")], store_cookies=True)
        assert (get().headers["set-cookie"], get().headers["set-cookie"]) == ("a=b", "a=b")

    @pytest.mark.parametrize(
        "fields",
        [
            [("Cache-Control", "private, max-age=60")],
            [("Cache-Control", "no-store")],
            [*FRESH, ("Vary", "*")],
            [*FRESH, ("Vary", "Cookie")],
        ],
        ids=str,
    )
    def test_what_it_takes_back_is_shared_no_more(self, stale, fields):
        get = stale(fields)
        assert get().body == b"answer 1"
        assert len(get.layer.store) == 0

    def test_fields_that_it_makes_private_are_not_stored(self, stale):
        get = stale([("Cache-Control", 'max-age=60, private="X-A"'), ("X-A", "mine")])
        get()
        assert "x-a" not in get().headers


def test_a_large_body_passes_through_in_constant_memory(site, environ_of, tmp_path):
    import tracemalloc

    from tropea.caching import FileCacheStore

    site.fields, site.body = FRESH, lambda call: []
    block = b"x" * 65536

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), *FRESH])
        return (block for _ in range(512))

    layer = HTTPCacheMiddleware(app, FileCacheStore(tmp_path))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    try:
        for _ in range(2):
            body = layer(environ_of(), lambda *a: lambda b: None)
            assert sum(map(len, body)) == 512 * 65536
            body.close()
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert len(list(tmp_path.glob("*/*/*.body"))) == 1
    assert peak < 4 << 20


def test_a_body_that_is_lost_while_parts_are_joined_is_a_miss(cached, site, clock, tmp_path):
    from tropea.caching import FileCacheStore

    site.status = "206 Partial Content"
    site.fields = [*FRESH, ("ETag", '"v"'), ("Content-Range", "bytes 0-7/100")]
    get = cached(store=FileCacheStore(tmp_path, clock=clock))
    get("/", {"Range": "bytes=0-7"})
    next(tmp_path.glob("*/*/*.body")).write_bytes(b"")
    site.fields = [*FRESH, ("ETag", '"v"'), ("Content-Range", "bytes 8-15/100")]
    assert get("/", {"Range": "bytes=8-15"}).status == 206


def test_an_answer_that_is_not_stored_passes_as_it_is(cached, site):
    site.fields = [("Cache-Control", "private")]
    answer = cached(name="")()
    assert answer.fields == [("Content-Type", "text/plain"), ("Cache-Control", "private")]


def test_a_flight_that_is_lost_is_not_waited_for_by_those_who_come_later():
    from tropea.caching.cachekeys import Key
    from tropea.caching.collapsing import Flights, Outcome

    now = [0.0]
    flights = Flights(clock=lambda: now[0])
    key = Key("http", "x", "/", "")
    lost, leads = flights.join(key, 5.0)
    assert leads and flights.join(key, 5.0) == (lost, False)
    now[0] = 6.0
    new, leads = flights.join(key, 5.0)
    assert leads and new is not lost
    flights.end(key, lost, Outcome.FAILED)
    assert flights.join(key, 5.0) == (new, False)
    flights.end(key, new, Outcome.PRIVATE)
    assert flights.join(key, 5.0) == (None, False)
    now[0] = 12.0
    assert flights.join(key, 5.0)[1]


class TestAdvisories:
    """What went wrong elsewhere, by the name it was published under."""

    def test_vary_star_in_any_place_is_never_reused_cve_2026_6907(self, cached, site):
        for number, vary in enumerate(["*", "Accept, *", "*, Accept", ", *", " * "]):
            site.fields = [*FRESH, ("Vary", vary.strip())]
            get = cached()
            assert get(f"/{number}").body != get(f"/{number}").body

    def test_directives_are_heard_in_any_case_cve_2026_8404(self, cached, site):
        for number, directive in enumerate(["Private", "PRIVATE", "No-Store", "nO-sToRe"]):
            site.fields = [("Cache-Control", f"max-age=60, {directive}")]
            get = cached()
            assert get(f"/{number}").body != get(f"/{number}").body

    def test_one_users_page_is_not_anothers_cve_2026_48588(self, cached, site):
        site.fields = FRESH
        get = cached()
        assert get("/", {"Cookie": "sessionid=a"}).body != get("/", {"Cookie": "sessionid=b"}).body

    def test_a_cookie_that_is_only_refreshed_is_not_shared_cve_2026_35192(self, cached, site):
        """A rolling session sends its cookie with pages that it changed nothing for."""
        for number, more in enumerate(
            ["public, max-age=60", "s-maxage=60", "must-revalidate, max-age=60"]
        ):
            site.fields = [("Cache-Control", more), ("Set-Cookie", "session=alice; Max-Age=60")]
            get = cached()
            get(f"/{number}", {"Cookie": "session=alice"})
            site.fields = FRESH
            assert "set-cookie" not in get(f"/{number}").headers

    def test_a_session_that_was_only_looked_at_keeps_users_apart_cve_2026_27205(self, cached, site):
        """Vary: Cookie may be all that an answer says of it, in any case and among others."""
        for number, vary in enumerate(["Cookie", "cookie", "Accept, COOKIE"]):
            site.fields = [("Cache-Control", "public, max-age=60"), ("Vary", vary)]
            get = cached()
            alice = get(f"/{number}", {"Cookie": "session=alice"})
            assert get(f"/{number}", {"Cookie": "session=bob"}).body != alice.body
            assert get(f"/{number}").body != alice.body
            assert get(f"/{number}", {"Cookie": "session=alice"}).body == alice.body

    def test_a_semicolon_separates_nothing_in_a_query_cve_2020_28473(self, cached, site):
        site.fields = FRESH
        get = cached()
        assert get("/x?q=1;q=evil").body != get("/x?q=1").body

    def test_a_path_that_looks_static_is_not_stored_for_its_looks(self, cached, site):
        site.fields = [("Content-Type", "text/css")]
        get = cached()
        assert get("/account/x.css").body != get("/account/x.css").body

    def test_an_error_cannot_be_planted_by_odd_fields(self, cached, site):
        """A 400 that one client's odd field caused is not given to the others (CPDoS)."""
        site.fields = []
        site.status = lambda environ: "400 Bad" if "HTTP_X_OVERSIZED" in environ else "200 OK"
        get = cached()
        assert get("/", {"X-Oversized": "x"}).status == 400
        assert get().status == 200


def test_no_secret_is_in_what_options_show():
    layer = HTTPCacheMiddleware(print, purge_token="opensesame")
    assert "opensesame" not in repr(layer.options) and "opensesame" not in repr(layer)
