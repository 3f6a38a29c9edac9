"""Dates: RFC 9110 section 5.6.7."""

import calendar
import importlib.util
import time
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.dates import LAST_SECOND, format_date, parse_date

THEN = 784111777


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT", id="5.6.7-imf-fixdate"),
        pytest.param("Sunday, 06-Nov-94 08:49:37 GMT", id="5.6.7-rfc850"),
        pytest.param("Sun Nov  6 08:49:37 1994", id="5.6.7-asctime"),
        pytest.param("  Sun, 06 Nov 1994 08:49:37 GMT\t", id="blanks-around"),
    ],
)
def test_three_forms_are_read(text):
    assert parse_date(text) == THEN


@pytest.mark.parametrize(
    "text",
    [
        None, "", "0", "-1", "784111777", "1994-11-06T08:49:37Z",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000", "Sun, 06 Nov 1994 08:49:37",
        "sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 99999 08:49:37 GMT", "Sun, 06 Nov 0000 08:49:37 GMT", "Sun, 06 Nov 1994  08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT; x", "Sun, ０６ Nov 1994 08:49:37 GMT", "x" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(text):
    assert parse_date(text) is None


def test_a_leap_second_is_the_first_of_the_next_minute():
    assert parse_date("Sat, 31 Dec 2016 23:59:60 GMT") == parse_date("Sun, 01 Jan 2017 00:00:00 GMT")


@pytest.mark.parametrize(("year", "full"), [("26", 2026), ("76", 2076), ("77", 1977), ("99", 1999), ("00", 2000)])
def test_two_digits_more_than_fifty_years_ahead_are_past(year, full):
    now = datetime(2026, 6, 1, tzinfo=timezone.utc).timestamp()
    seconds = parse_date(f"Sunday, 06-Nov-{year} 08:49:37 GMT", now=now)
    assert datetime.fromtimestamp(seconds, timezone.utc).year == full


def test_the_second_before_the_epoch_may_be_the_first_that_is_written():
    spec = importlib.util.find_spec("tropea.core.dates")
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    assert fresh.format_date(-1) == "Wed, 31 Dec 1969 23:59:59 GMT"


def test_one_form_is_written():
    assert format_date(THEN) == format_date(THEN + 0.9) == "Sun, 06 Nov 1994 08:49:37 GMT"


def test_the_first_and_the_last_second_of_four_digits_are_written():
    assert format_date(-62135596800) == "Mon, 01 Jan 0001 00:00:00 GMT"
    assert format_date(LAST_SECOND) == "Fri, 31 Dec 9999 23:59:59 GMT"


@given(st.integers(-62135596800, LAST_SECOND))
def test_what_is_written_is_read_back(seconds):
    assert parse_date(format_date(seconds)) == seconds


@pytest.mark.parametrize("seconds", [LAST_SECOND + 1, -62135596801, 10**30])
def test_no_date_beyond_four_digits_is_written(seconds):
    with pytest.raises(ValueError, match="no HTTP date"):
        format_date(seconds)


@given(st.text(max_size=64))
def test_no_text_breaks_the_reader(text):
    parse_date(text)


@pytest.mark.parametrize(("now", "year"), [(2040, 1994), (2044, 2094), (2094, 2094)])
def test_two_digits_are_completed_from_the_year_that_it_is_said_to_be(now, year):
    moment = calendar.timegm((now, 1, 1, 0, 0, 0))
    read = parse_date("Sunday, 06-Nov-94 08:49:37 GMT", now=moment)
    assert time.gmtime(read).tm_year == year


def test_the_longest_form_is_read_with_a_blank_at_each_end_and_nothing_longer_is():
    longest = "Wednesday, 06-Nov-94 08:49:37 GMT"
    assert parse_date(f" {longest} ") == parse_date("Sun, 06 Nov 1994 08:49:37 GMT")
    assert parse_date(f"  {longest} ") is None


def test_the_part_of_a_second_before_the_epoch_belongs_to_the_second_before():
    assert format_date(-0.5) == "Wed, 31 Dec 1969 23:59:59 GMT"
    assert format_date(0.5) == "Thu, 01 Jan 1970 00:00:00 GMT"
