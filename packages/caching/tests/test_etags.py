"""Pesto's tag functions, as Pesto 25 answered; where ours differ, the reason stands beside it."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.testing import assert_linear
from tropea.caching import etags_match, make_etag, parse_entity_tags, quoted_string
from tropea.core.entitytags import ValidatorError


@pytest.mark.parametrize(
    ("field", "tags"),
    [
        (r'"tag a", W/"tag b"', [(False, "tag a"), (True, "tag b")]),
        (r'"\"a\"", "b"', [(False, '"a"'), (False, "b")]),
        (r'"\"a\",\\b", "b"', [(False, '"a",\\b'), (False, "b")]),
        (r'"\"a\",\\b\\", "b"', [(False, '"a",\\b\\'), (False, "b")]),
        ('W/"a",W/"b"', [(True, "a"), (True, "b")]),
        # Pesto found one empty tag in nothing, in a star and in what never ends.
        ("", []),
        ("*", [(False, "*")]),
        ('"unterminated', []),
    ],
)
def test_parse_entity_tags_answers_as_recorded(field, tags):
    assert parse_entity_tags(field) == tags


def test_make_etag_refuses_what_no_tag_can_hold():
    for text in ('a"b', "a\r\nb", "ä€", "\x00"):
        with pytest.raises(ValidatorError):
            make_etag(text)


def test_a_blank_in_a_tag_is_kept():
    assert make_etag("whoa nelly!") == '"whoa nelly!"'


@pytest.mark.parametrize(
    ("tag", "others", "allow_weak", "expected"),
    [
        ((False, "a"), [(True, "a"), (False, "b")], False, False),
        ((False, "a"), [(True, "a"), (False, "b")], True, True),
        ((True, "b"), [(True, "a"), (False, "b")], True, True),
        ((False, "a"), [(False, "*")], True, True),
        # RFC 9110 8.8.3.2: a weak tag is never strongly equal, not even to itself.
        ((True, "a"), [(True, "a")], False, False),
        ((False, "a"), [], True, False),
    ],
)
def test_etags_match_answers_as_recorded(tag, others, allow_weak, expected):
    assert etags_match(tag, others, allow_weak=allow_weak) is expected


@given(
    st.lists(st.tuples(st.booleans(), st.text(st.characters(codec="latin-1")))).filter(
        lambda tags: [(False, "*")] != tags
    )
)
def test_what_is_quoted_is_read_back(tags):
    field = ", ".join(("W/" if weak else "") + quoted_string(text) for weak, text in tags)
    assert parse_entity_tags(field) == tags


def test_256_tags_are_read():
    assert len(parse_entity_tags('"a",' * 256)) == len(parse_entity_tags('"a",' * 257)) == 256


def test_tags_are_compared_weakly_unless_asked():
    assert etags_match((True, "a"), [(False, "a")])


@given(st.text())
def test_no_field_makes_the_parser_raise(field):
    parse_entity_tags(field)


def test_reading_tags_takes_linear_time():
    assert_linear(lambda size: partial(parse_entity_tags, '"' + "\\" * size), 100_000)
