"""Cache-Control, read to the safe side and written without contradictions."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.caching.cachecontrol import (
    FOREVER,
    delta_seconds,
    named_fields,
    parse_cache_control,
    write_directives,
)
from tropea.core.errors import OptionError


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("Private, max-age=60", {"private": None, "max-age": "60"}),
        ("NO-STORE", {"no-store": None}),
        ("max-age=60 ,  private", {"private": None, "max-age": "60"}),
        ('max-age="60"', {"max-age": "60"}),
        ('no-cache="a, b", max-age=1', {"no-cache": "a, b", "max-age": "1"}),
        ("foo bar, max-age=1", {"max-age": "1"}),
        ("max-age =1", {}),
        ('private="", no-cache="', {"private": "", "no-cache": '"'}),
        ("x=1, x=2, y, y=1", {"x": "1", "y": None}),
    ],
)
def test_directives_are_read_whatever_their_case_and_spacing(field, found):
    assert parse_cache_control(field) == found


@pytest.mark.parametrize(
    "field",
    [
        "max-age=60;no-store",
        "max-age=60 no-store",
        "no-store;",
        "no-store ;x",
        "max-age=60 ; no-store",
        "max-age=60; NO-STORE",
        'no-store"',
        "x" * 2000 + " no-store",
    ],
)
def test_a_restriction_is_heard_in_a_malformed_member(field):
    assert "no-store" in parse_cache_control(field)


def test_the_smallest_of_contradicting_ages_counts():
    assert parse_cache_control("max-age=60, max-age=0")["max-age"] == "0"
    assert parse_cache_control("max-age=0, max-age=60")["max-age"] == "0"
    assert parse_cache_control("max-age=x, max-age=60")["max-age"] == "0"


def test_private_as_a_whole_swallows_private_fields():
    assert parse_cache_control('private="a", private')["private"] is None
    assert parse_cache_control('private, private="a"')["private"] is None
    assert parse_cache_control('private="a", private="b"')["private"] == "a, b"


@pytest.mark.parametrize("text", ["", "-1", "1.5", "0x60", "²", "٣", "+1", " 1", "1_0", "a", None])
def test_what_is_no_number_of_seconds_is_stale(text):
    assert delta_seconds(text) == 0


@pytest.mark.parametrize(
    ("text", "seconds"), [("0" * 30, 0), ("0" * 30 + "60", 60), ("02147483647", FOREVER - 1)]
)
def test_leading_zeros_count_for_nothing(text, seconds):
    assert delta_seconds(text) == seconds


@pytest.mark.parametrize("text", ["2147483648", "99999999999", "9" * 5000])
def test_too_many_seconds_are_for_ever_and_cost_nothing(text):
    assert delta_seconds(text) == FOREVER


def test_named_fields_without_a_name_mean_all():
    assert named_fields("Set-Cookie, X-A") == {"set-cookie", "x-a"}
    assert named_fields(None) is None
    assert named_fields("") is None
    assert named_fields("?? ,") is None


@given(st.text())
def test_no_field_makes_the_parser_raise(field):
    for value in parse_cache_control(field).values():
        delta_seconds(value)


@pytest.mark.parametrize(
    ("given_", "written"),
    [
        ({"public": True, "max_age": 60}, "public, max-age=60"),
        ({"max_age": datetime.timedelta(minutes=1)}, "max-age=60"),
        ({"max_age": "5m", "must_revalidate": True}, "max-age=300, must-revalidate"),
        ({"no_cache": True}, "no-cache"),
        ({"private": "Set-Cookie"}, 'private="Set-Cookie"'),
        ({"s_maxage": 0, "immutable": False}, "s-maxage=0"),
        ({"max_age": FOREVER}, "max-age=2147483648"),
        (
            {"stale_while_revalidate": 5, "stale_if_error": 6},
            "stale-while-revalidate=5, stale-if-error=6",
        ),
    ],
)
def test_directives_are_written_from_pythons_spelling(given_, written):
    assert write_directives(given_) == written


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"maxage": 1}, "did you mean 's_maxage'|did you mean 'max_age'"),
        ({"max_age": "soon"}, "expected a number of seconds, got 'soon'"),
        ({"max_age": -1}, "expected a number of seconds"),
        ({"max_age": FOREVER + 1}, "expected a number of seconds"),
        ({"max_age": True}, "expected a number of seconds"),
        ({"public": "yes"}, "expected True or False"),
        ({"public": True, "private": True}, "contradicts"),
        ({"no_store": True, "max_age": 5}, "contradicts"),
        ({"private": "Set Cookie"}, "private: expected names of fields, got 'Set Cookie'"),
        ({"private": ""}, "private: expected names of fields, got ''"),
        ({"private": []}, "private: expected names of fields"),
        ({"no_cache": 5}, "no-cache: expected names of fields, got 5"),
        ({"max_stale": 5}, "has no directive 'max_stale'"),
        ({"min_fresh": 5}, "has no directive 'min_fresh'"),
    ],
)
def test_a_wrong_directive_fails_where_it_is_written(given_, message):
    with pytest.raises(ValueError, match=message):
        write_directives(given_)
    assert issubclass(OptionError, ValueError)
