"""Cookies: what is written stays in its place, what is read never raises.

Oracle: recorded answers of Pesto 25.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tropea.core import Cookie, CookieError, expire_cookie, parse_cookie_header
from tropea.core.cookies import MAX_COOKIES, as_cookie, cookie_pairs
from tropea.core.testing import assert_linear, strategies


def test_attributes_are_written_in_pestos_order():
    cookie = Cookie("a", "b", secure=True, http_only=True, maxage=60)
    assert str(cookie).split("Expires")[0] == "a=b;"
    assert cookie.set_cookie(now=0) == (
        "a=b;Expires=Thu, 01 Jan 1970 00:01:00 GMT;Max-Age=60;Secure;HttpOnly"
    )


def test_an_expired_cookie_says_so_twice_and_in_gmt():
    assert str(Cookie("foo", "", maxage=0, path="/")) == (
        "foo=;Expires=Tue, 01 Jan 1980 00:00:00 GMT;Max-Age=0;Path=/"
    )
    assert str(expire_cookie("Customer", path="/")) == (
        "Customer=;Expires=Tue, 01 Jan 1980 00:00:00 GMT;Max-Age=0;Path=/"
    )


def test_expiring_keeps_what_the_cookie_was_set_with():
    cookie = Cookie(
        "__Host-id", "1", path="/", secure=True, http_only=True, samesite="None", partitioned=True
    )
    gone = expire_cookie(cookie)
    assert (gone.value, gone.maxage, gone.secure, gone.partitioned) == ("", 0, True, True)
    assert "Secure" in str(expire_cookie("__Secure-x"))


def test_every_attribute_has_its_place():
    cookie = Cookie(
        "a", "1", path="/acme", domain="example.com", expires=datetime(2030, 1, 1, tzinfo=UTC),
        secure=True, samesite="none", partitioned=True,
    )  # fmt: skip
    assert str(cookie) == (
        "a=1;Expires=Tue, 01 Jan 2030 00:00:00 GMT;Path=/acme;Domain=example.com;Secure;"
        "SameSite=None;Partitioned"
    )
    assert "Max-Age=120" in str(Cookie("a", maxage=timedelta(minutes=2)))


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": ""}, {"name": "a b"}, {"name": "a=b"}, {"name": "a;b"}, {"name": "é"},
        {"name": "a\r\nX"}, {"value": "a\r\nSet-Cookie: x=1"}, {"value": "a\0b"},
        {"value": "a\x7fb"}, {"path": "acme"}, {"path": "/; Domain=evil.invalid"},
        {"path": "/\r\n"}, {"domain": "x; HttpOnly=0"}, {"domain": "a b"}, {"domain": ""},
        {"samesite": "Sometimes"}, {"samesite": "None"}, {"partitioned": True},
        {"name": "__Secure-a"}, {"name": "__secure-a"}, {"name": "__Host-a", "path": "/"},
        {"name": "__Host-a", "secure": True},
        {"name": "__Host-a", "secure": True, "path": "/", "domain": "example.org"},
        {"value": "x" * 4097},
    ],
    ids=repr,
)  # fmt: skip
def test_what_would_break_out_or_be_dropped_by_browsers_is_refused(arguments):
    with pytest.raises(CookieError):
        Cookie(**{"name": "a", **arguments})


@pytest.mark.parametrize("value", ["€", 'a,b"c\\d', "a b", "a;b", "100%", "", "é", "a=b"])
def test_any_other_value_is_encoded_and_comes_back(value):
    sent = str(Cookie("a", value))
    assert sent.isascii()
    assert ";" not in sent
    assert [(c.name, c.value) for c in parse_cookie_header(sent)] == [("a", value)]


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=60))
def test_values_round_trip_through_our_own_reader(value):
    (received,) = parse_cookie_header(str(Cookie("a", value)))
    assert received.value == value


@given(strategies.tokens, st.text("abc-_.~", max_size=20))
def test_the_standard_library_reads_what_we_write(name, value):
    header = str(Cookie("n" + name.strip("$"), value, path="/"))
    jar = SimpleCookie()
    jar.load(header)
    assert [morsel.value for morsel in jar.values()] in ([value], [])


@pytest.mark.parametrize(
    ("header", "pairs"),
    [
        ('a=1; b="q q"; c; d=e=f; =x', [("a", "1"), ("b", "q q"), ("d", "e=f")]),
        ("a=1; =x", [("a", "1")]),
        (
            '$Version="1"; Customer="WILE_E_COYOTE"; $Path="/acme"; Part="1"; Part="2"; x=a%20b; bad; y=',
            [("$Version", "1"), ("Customer", "WILE_E_COYOTE"), ("$Path", "/acme"), ("Part", "1"),
             ("Part", "2"), ("x", "a b"), ("y", "")],
        ),
        ("a=\\377", [("a", "\\377")]),
        ('a="\\377"', [("a", "\\377")]),
        ("a=1,b=2", [("a", "1,b=2")]),
        (" a = 1 ", [("a", "1")]),
        ("a=\xc3\xa9", [("a", "é")]),
        ("a=\xff", [("a", "\xff")]),
        ("a=%ff", [("a", "\ufffd")]),
        ("a=x\r\nX: y", []),
        ("=", []),
        (";;;", []),
        (None, []),
    ],
)  # fmt: skip
def test_rfc6265_5_4_cookies_are_read(header, pairs):
    assert [(c.name, c.value) for c in parse_cookie_header(header)] == pairs


@pytest.mark.parametrize("around", [b"", b"\t", b"\x7f", b"\xa0", b"\xc3\xa9"])
@pytest.mark.parametrize("name", ["a", "_a1", "1a", "a.b", "$a", "a b", "\xe9", "a\x00", ""])
def test_what_one_cookie_holds_does_not_change_how_others_are_read(around, name):
    other = around.decode("latin-1")
    alone = cookie_pairs(f"{name}=1")
    assert alone == ([(name, "1")] if name in {"a", "_a1", "1a", "a.b", "$a"} else [])
    beside = cookie_pairs(f"{name}=1; o=x{other}x")
    assert beside == alone + ([] if other in {"\t", "\x7f"} else [("o", f"x{other}x")])


@given(strategies.cookie_headers)
def test_no_cookie_field_raises(header):
    for cookie in parse_cookie_header(header):
        assert cookie.name


def test_no_more_cookies_are_read_than_browsers_keep():
    assert len(cookie_pairs("a=1;" * 10_000)) == MAX_COOKIES == 512


@pytest.mark.parametrize(("value", "read"), [('"', '"'), ('""', ""), ('"a', '"a'), ('a"', 'a"'), ('"a"', "a")])
def test_quotes_come_off_where_there_are_two(value, read):
    assert cookie_pairs(f"a={value}") == [("a", read)]


def test_a_name_and_a_value_of_4096_bytes_are_kept():
    assert len(Cookie("ab", "x" * 4094).value) == 4094
    with pytest.raises(CookieError, match="4096 bytes"):
        Cookie("ab", "x" * 4095)


@pytest.mark.parametrize(("maxage", "expires"), [(1, "Thu, 01 Jan 1970 00:00:11 GMT"), (0, "Tue, 01 Jan 1980 00:00:00 GMT"), (-1, "Tue, 01 Jan 1980 00:00:00 GMT")])
def test_a_second_is_a_life(maxage, expires):
    assert f"Expires={expires};Max-Age={max(maxage, 0)}" in Cookie("a", maxage=maxage).set_cookie(now=10)


def test_what_was_read_has_no_attributes():
    (cookie,) = parse_cookie_header("a=1")
    assert (cookie.secure, cookie.http_only, cookie.partitioned, cookie.maxage, cookie.path) == (False, False, False, None, None)


def test_a_cookie_is_not_changed_but_made_anew():
    cookie = Cookie("a", "1")
    assert as_cookie(cookie, "2", path="/x") is cookie
    with pytest.raises(AttributeError):
        cookie.value = "2"


@pytest.mark.parametrize("unit", ["a=1; ", "%", '"', "=", "\\", ";", "a=%ff"])
def test_reading_takes_linear_time(unit):
    def call_with(size):
        header = "a=" + unit * (size // len(unit))
        return lambda: parse_cookie_header(header)

    assert_linear(call_with, 16_000)


def test_webobs_arguments_make_the_same_cookie():
    assert as_cookie("a", b"1", max_age=5, httponly=True, samesite=b"lax") == Cookie(
        "a", "1", path="/", maxage=5, http_only=True, samesite="Lax"
    )
    assert as_cookie("a", None).maxage == 0


@pytest.mark.parametrize("maxage", [float("inf"), float("nan"), "soon", object(), [60]], ids=repr)
def test_a_lifetime_that_is_no_number_is_refused_where_the_cookie_is_made(maxage):
    with pytest.raises(CookieError, match="a number of seconds"):
        Cookie("a", "1", maxage=maxage)


@pytest.mark.parametrize("expires", ["tomorrow", float("nan"), 1e300, object()], ids=repr)
def test_an_expiry_that_is_no_date_is_refused_where_the_cookie_is_made(expires):
    with pytest.raises(CookieError, match="a date"):
        Cookie("a", "1", expires=expires)


def test_a_lifetime_beyond_the_last_date_expires_with_it():
    assert (
        Cookie("a", maxage=10**12).set_cookie()
        == "a=;Expires=Fri, 31 Dec 9999 23:59:59 GMT;Max-Age=1000000000000"
    )


def test_a_moment_without_a_zone_is_utc_and_an_http_date_is_taken(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        written = {
            Cookie("a", expires=moment).set_cookie()
            for moment in (datetime(2030, 1, 1), "Tue, 01 Jan 2030 00:00:00 GMT")
        }
    finally:
        monkeypatch.undo()
        time.tzset()
    assert written == {"a=;Expires=Tue, 01 Jan 2030 00:00:00 GMT"}


def test_bytes_and_nothing_are_values():
    assert (Cookie("a", "é".encode()).value, Cookie("a", None).value) == ("é", "")
