"""Byte ranges: RFC 9110 section 14."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.entitytags import EntityTag
from tropea.core.ranges import (
    MAX_RANGES,
    ByteRange,
    Unsatisfiable,
    coalesce,
    content_range,
    if_range_holds,
    parse_ranges,
    unsatisfied_range,
)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param("bytes=0-0", [(0, 1)], id="14.1.2-first-byte"),
        pytest.param("bytes=-1", [(18, 19)], id="14.1.2-suffix"),
        pytest.param("bytes=-500", [(0, 19)], id="14.1.2-suffix-beyond"),
        pytest.param("bytes=5-", [(5, 19)], id="14.1.2-open"),
        pytest.param("BYTES = 5-999", [(5, 19)], id="14.1-unit-without-case"),
        pytest.param("bytes=0-1,, 30-40 ,3-4", [(0, 2), (3, 5)], id="14.2-one-beyond-is-left-out"),
        pytest.param("bytes=9-9,0-0", [(9, 10), (0, 1)], id="order-kept"),
    ],
)
def test_reads(field, expected):
    assert list(parse_ranges(field, 19)) == expected


@pytest.mark.parametrize(
    "field",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=--1", "bytes=5-2", "bytes=a-b", "items=0-1", "bytes=0-1,x",
     "bytes=+1-2", "bytes=1_0-20", "bytes=１-2", "bytes= 1 - 2", "bytes=0-1-2", "bytes=,", "xbytes=0-1",
     "bytes=" + "0-0," * (MAX_RANGES + 1)],
)  # fmt: skip
def test_ignores_what_is_malformed_or_too_much(field):
    assert parse_ranges(field, 19) is None


@pytest.mark.parametrize(
    "field",
    ["bytes=19-", "bytes=-0", "bytes=20-30,40-", f"bytes={'9' * 30}-", f"bytes={'9' * 5000}-"],
    ids=["one-beyond", "no-suffix", "both-beyond", "30-digits", "5000-digits"],
)
def test_refuses_what_no_byte_satisfies(field):
    with pytest.raises(Unsatisfiable) as caught:
        parse_ranges(field, 19)
    assert unsatisfied_range(caught.value.size) == "bytes */19"


def test_an_empty_representation_satisfies_nothing():
    with pytest.raises(Unsatisfiable):
        parse_ranges("bytes=0-", 0)


@given(st.text(st.sampled_from("bytes=0123456789-, "), max_size=80), st.integers(0, 99))
def test_every_range_lies_inside_and_is_not_empty(field, size):
    try:
        ranges = parse_ranges("bytes=" + field, size) or ()
    except Unsatisfiable:
        return
    assert all(0 <= r.start < r.stop <= size for r in ranges)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=8), st.integers(0, 9))
def test_coalescing_keeps_every_byte_and_orders(pairs, gap):
    ranges = [ByteRange(start, start + length) for start, length in pairs]
    merged = coalesce(ranges, gap)
    wanted = {b for r in ranges for b in range(*r)}
    assert wanted <= {b for r in merged for b in range(*r)}
    assert all(one.stop + gap < other.start for one, other in zip(merged, merged[1:]))


def test_ranges_are_merged_that_eighty_bytes_part():
    assert coalesce((ByteRange(0, 10), ByteRange(90, 95))) == (ByteRange(0, 95),)
    assert coalesce((ByteRange(0, 10), ByteRange(91, 95))) == (ByteRange(0, 10), ByteRange(91, 95))


def test_sixty_four_ranges_are_read_and_one_more_is_too_much():
    assert len(parse_ranges("bytes=" + ",".join(["0-0"] * 64), 19)) == MAX_RANGES == 64
    assert parse_ranges("bytes=" + ",".join(["0-0"] * 65), 19) is None


def test_of_commas_twice_as_many_are_read_as_of_ranges():
    assert parse_ranges("bytes=0-0" + "," * 8, 19, max_ranges=4) == (ByteRange(0, 1),)
    assert parse_ranges("bytes=0-0" + "," * 9, 19, max_ranges=4) is None


def test_content_range_counts_inclusively():
    assert content_range(0, 10, 100) == "bytes 0-9/100"
    assert content_range(0, 10, None, "items") == "items 0-9/*"


STRONG, WEAK, THEN = EntityTag("v1"), EntityTag("v1", weak=True), 784111777


@pytest.mark.parametrize(
    ("field", "etag", "modified", "holds"),
    [
        pytest.param(None, STRONG, THEN, True, id="13.1.5-absent"),
        pytest.param('"v1"', STRONG, None, True, id="13.1.5-same"),
        pytest.param('W/"v1"', WEAK, None, False, id="13.1.5-weak-never"),
        pytest.param('"v1"', WEAK, None, False, id="13.1.5-weak-representation"),
        pytest.param('"v2"', STRONG, None, False, id="13.1.5-other"),
        pytest.param('"v1", "v2"', STRONG, None, False, id="13.1.5-no-list"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT", STRONG, THEN, True, id="13.1.5-exact-date"),
        pytest.param("Sun, 06 Nov 1994 08:49:38 GMT", STRONG, THEN, False, id="13.1.5-later-date"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT", STRONG, None, False, id="13.1.5-no-strong-date"),
        pytest.param("junk", STRONG, THEN, False, id="13.1.5-junk"),
        pytest.param("junk", STRONG, None, False, id="13.1.5-junk-and-no-date"),
    ],
)
def test_if_range_is_strong_and_exact(field, etag, modified, holds):
    assert if_range_holds(field, etag, modified) is holds


def test_a_position_of_any_number_of_digits_is_a_position():
    assert parse_ranges("bytes=0-" + "9" * 5000, 10) == (ByteRange(0, 10),)
    assert parse_ranges("bytes=-" + "9" * 26, 10) == (ByteRange(0, 10),)
    with pytest.raises(Unsatisfiable):
        parse_ranges("bytes=" + "9" * 26 + "-", 10)
