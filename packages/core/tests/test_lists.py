"""Directives, lists and quality values: RFC 9110 sections 5.6.1 and 12, RFC 9111 section 5.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.directives import parse_directives, parse_names, parse_vary, split_list, unquote
from tropea.core.negotiation import accepted_codings, choose_coding, coding_quality, parse_quality_list


@pytest.mark.parametrize(
    ("field", "members"),
    [
        ("", []),
        ("a, b ,,\tc", ["a", "b", "c"]),
        ('a="b, c", d', ['a="b, c"', "d"]),
        (r'"a\", b", c', [r'"a\", b"', "c"]),
        ('a"b,c', ['a"b', "c"]),
        ('"",a', ['""', "a"]),
        (',"a",', ['"a"']),
        ('x="a, b", y="c, d', ['x="a, b"', 'y="c', "d"]),
        ('"a, b","c', ['"a, b"', '"c']),
        ('"a, b', ['"a', "b"]),
        (r'\"a, b", c', [r'\"a, b"', "c"]),
        (r'"\", b', [r'"\"', "b"]),
    ],
)
def test_commas_inside_quotes_do_not_split(field, members):
    assert split_list(field) == members


@pytest.mark.parametrize("member", ["a", '"a,"', ""])
@pytest.mark.parametrize("last", ['"z"', "z", '"z'])
def test_the_members_after_the_1024th_are_not_read(member, last):
    named = 1 if member else 0
    assert split_list(f"{member}," * 1023 + last) == [member] * 1023 * named + [last]
    assert split_list(f"{member}," * 1024 + last) == [member] * 1024 * named


@given(st.text(st.sampled_from('",\\ ab=\n'), max_size=200))
def test_no_list_loses_what_stands_outside_quotes_nor_raises(text):
    assert all(member == member.strip(" \t") and member for member in split_list(text))
    parse_directives(text)
    parse_quality_list(text)


@pytest.mark.parametrize(
    ("field", "directives"),
    [
        pytest.param('Max-Age="60", no-cache', {"max-age": "60", "no-cache": None}, id="5.2-quoted"),
        pytest.param("max-age=1, max-age=2", {"max-age": "1"}, id="4.2.1-first-counts"),
        pytest.param('private="Set-Cookie, X"', {"private": "Set-Cookie, X"}, id="5.2.2.7-names"),
        pytest.param("max-age =1, =2, a b", {}, id="no-blank-around-equals"),
        pytest.param(None, {}, id="absent"),
        pytest.param("a=", {"a": ""}, id="empty-argument"),
    ],
)
def test_reads_directives(field, directives):
    assert parse_directives(field) == directives


def test_quotes_and_pairs_come_off():
    assert unquote(r'"a \"b\""') == 'a "b"'
    assert unquote('"') == '"'
    assert unquote('""') == ""


def test_a_star_in_vary_swallows_the_rest():
    assert parse_vary("Cookie, *") == {"*"}
    assert parse_vary("Cookie, ACCEPT") == {"cookie", "accept"}
    assert parse_names("Keep-Alive, a b, X") == {"keep-alive", "x"}


AVAILABLE = ("br", "gzip", "identity")


@pytest.mark.parametrize(
    ("field", "chosen"),
    [
        pytest.param(None, "identity", id="12.5.3-absent"),
        pytest.param("", "identity", id="12.5.3-empty-is-identity-only"),
        pytest.param("gzip;q=0.5, br", "br", id="quality"),
        pytest.param("gzip, br", "br", id="equal-the-server-chooses"),
        pytest.param("gzip;q=0.5, br;q=0.1", "gzip", id="quality-beats-the-server"),
        pytest.param("gzip;q=0", "identity", id="refused"),
        pytest.param("GZIP;Q=1.000", "gzip", id="without-case"),
        pytest.param("x-gzip", "gzip", id="alias"),
        pytest.param("*;q=0", None, id="star-refuses-identity"),
        pytest.param("*;q=0, identity", "identity", id="star-but-identity"),
        pytest.param("*", "br", id="star"),
        pytest.param("br;q=0, *", "gzip", id="star-covers-what-is-not-named"),
        pytest.param("identity;q=0, gzip;q=0, br;q=0", None, id="nothing-left"),
        pytest.param("gzip;q=2, br;q=abc", "identity", id="malformed-weights-are-skipped"),
        pytest.param("identity;q=0.5, gzip;q=0.4", "identity", id="identity-has-a-weight"),
        pytest.param("gzipped, brotli", "identity", id="no-substring-matching"),
        pytest.param("gzip;q=0.001", "gzip", id="asked-for-by-name-beats-silence"),
    ],
)
def test_chooses_a_coding(field, chosen):
    assert choose_coding(field, AVAILABLE) == chosen


def test_qualities_of_what_is_not_named():
    assert coding_quality(accepted_codings(None), "br") == 1
    assert coding_quality(accepted_codings("*;q=0.5"), "br") == 0.5
    assert coding_quality(accepted_codings("gzip"), "br") == 0


def test_a_weight_without_a_name_is_no_choice():
    assert parse_quality_list(";q=0.5, gzip;q=0.4, ;q=x") == {"gzip": 0.4}


def test_sixty_four_choices_are_read():
    assert list(parse_quality_list(",".join(f"a{n}" for n in range(65)))) == [f"a{n}" for n in range(64)]


def test_parameters_stay_part_of_the_name():
    assert parse_quality_list("text/html;level=1;q=0.3, text/html") == {"text/html;level=1": 0.3, "text/html": 1.0}
