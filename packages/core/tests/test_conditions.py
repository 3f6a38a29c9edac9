"""Entity tags and preconditions: RFC 9110 sections 8.8 and 13."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.entitytags import MAX_TAGS, EntityTag, ValidatorError, parse_list, read_tag
from tropea.core.preconditions import Conditions, Representation, Verdict, conditions_of, evaluate, names

TAGS = st.builds(EntityTag, st.text(st.sampled_from("!#abc,*/\\~\xff"), max_size=5), weak=st.booleans())


class TestEntityTag:
    @given(TAGS)
    def test_parse_undoes_str(self, tag):
        assert EntityTag.parse(str(tag)) == tag == read_tag(str(tag))

    @given(st.lists(TAGS), st.sampled_from([",", ", ", "\t,"]))
    def test_a_list_of_any_tags_survives_the_field(self, tags, comma):
        assert list(parse_list(comma.join(map(str, tags)))) == tags

    @given(TAGS, TAGS)
    def test_identical_implies_equivalent(self, one, other):
        assert not one.is_identical(other) or one.is_equivalent(other)

    @pytest.mark.parametrize("text", ["", "v1", '"', 'w/"a"', '"a" x', '"a\x7f"', '"a"b"'])
    def test_refuses_what_the_grammar_refuses(self, text):
        with pytest.raises(ValidatorError):
            EntityTag.parse(text)
        assert read_tag(text) is None

    @pytest.mark.parametrize("opaque", ['"', "a b", "\r\n", "€", "\0"])
    def test_what_the_grammar_forbids_is_never_sent(self, opaque):
        with pytest.raises(ValidatorError):
            EntityTag.make(opaque)

    @given(TAGS)
    def test_a_tag_that_may_be_sent_is_made_as_it_was_asked_for(self, tag):
        assert EntityTag.make(tag.opaque) == EntityTag(tag.opaque, weak=False)
        assert EntityTag.make(tag.opaque, weak=tag.weak) == tag

    @pytest.mark.parametrize(
        ("field", "tags"),
        [
            pytest.param(r'"a\", "tag"', ['"a\\"', '"tag"'], id="8.8.3-backslash-is-ordinary"),
            pytest.param('"a,b", junk, W/"c"', ['"a,b"', 'W/"c"'], id="junk-hides-nothing"),
            pytest.param('w/"a", "b"', ['"b"'], id="8.8.3-weakness-has-case"),
            pytest.param('"tag a", "b"', ['"tag a"', '"b"'], id="blank-inside-is-taken"),
            pytest.param('"*"', ['"*"'], id="quoted-star-is-a-tag"),
            pytest.param("*", [], id="star-is-none"),
            pytest.param('"open, "b"', ['"b"'], id="an-unclosed-member-is-skipped"),
            pytest.param(",,", [], id="5.6.1-empty-members"),
        ],
    )
    def test_reads_lists(self, field, tags):
        assert [str(tag) for tag in parse_list(field)] == tags

    def test_reads_no_more_tags_than_honest_clients_send(self):
        assert len(parse_list('"a",' * 10_000)) == MAX_TAGS == 256

    @given(st.text(st.sampled_from('",W/*\\ \t\na\x00€'), max_size=200))
    def test_no_field_value_breaks_the_list_parser(self, text):
        parse_list(text)


V1 = Representation(EntityTag("v1"), modified=784111777)
WEAK = Representation(EntityTag("v1", weak=True))
UNDATED = Representation(EntityTag("v1"))
THEN = "Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"


@pytest.mark.parametrize(
    ("conditions", "current", "method", "verdict"),
    [
        pytest.param({}, V1, "GET", "PERFORM", id="13-none"),
        pytest.param({"if_match": '"v1"'}, V1, "PUT", "PERFORM", id="13.1.1"),
        pytest.param({"if_match": 'W/"v1"'}, V1, "PUT", "FAILED", id="13.1.1-strong"),
        pytest.param({"if_match": 'W/"v1"'}, WEAK, "PUT", "FAILED", id="13.1.1-weak-never-matches-itself"),
        pytest.param({"if_match": "*"}, None, "PUT", "FAILED", id="13.1.1-absent"),
        pytest.param({"if_match": "*"}, Representation(), "PUT", "PERFORM", id="13.1.1-star-needs-no-tag"),
        pytest.param({"if_match": '"v2"'}, V1, "GET", "FAILED", id="13.1.1-get-too"),
        pytest.param({"if_match": '"v1"', "if_unmodified_since": BEFORE}, V1, "PUT", "PERFORM", id="13.2.2-1-shadows-2"),
        pytest.param({"if_unmodified_since": BEFORE}, V1, "PUT", "FAILED", id="13.1.4"),
        pytest.param({"if_unmodified_since": THEN}, V1, "PUT", "PERFORM", id="13.1.4-equal"),
        pytest.param({"if_unmodified_since": "0"}, V1, "PUT", "PERFORM", id="13.1.4-not-a-date"),
        pytest.param({"if_unmodified_since": BEFORE}, UNDATED, "PUT", "PERFORM", id="13.1.4-no-date-to-compare"),
        pytest.param({"if_none_match": 'W/"v1"'}, V1, "GET", "NOT_MODIFIED", id="13.1.2-weak"),
        pytest.param({"if_none_match": '"v1"'}, V1, "HEAD", "NOT_MODIFIED", id="13.1.2-head"),
        pytest.param({"if_none_match": '"v1"'}, V1, "PUT", "FAILED", id="13.1.2-unsafe"),
        pytest.param({"if_none_match": "*"}, V1, "PUT", "FAILED", id="13.1.2-star-exists"),
        pytest.param({"if_none_match": " * "}, V1, "GET", "NOT_MODIFIED", id="13.1.2-star-blanks"),
        pytest.param({"if_none_match": "*"}, None, "PUT", "PERFORM", id="13.1.2-star-absent"),
        pytest.param({"if_none_match": '"*"'}, V1, "GET", "PERFORM", id="13.1.2-quoted-star-is-a-tag"),
        pytest.param({"if_none_match": '"v0"', "if_modified_since": THEN}, V1, "GET", "PERFORM", id="13.2.2-3-shadows-4"),
        pytest.param({"if_modified_since": THEN}, V1, "GET", "NOT_MODIFIED", id="13.1.3"),
        pytest.param({"if_modified_since": BEFORE}, V1, "GET", "PERFORM", id="13.1.3-changed"),
        pytest.param({"if_modified_since": THEN}, V1, "POST", "PERFORM", id="13.1.3-unsafe"),
        pytest.param({"if_modified_since": "0"}, V1, "GET", "PERFORM", id="13.1.3-not-a-date"),
        pytest.param({"if_match": '"v1"', "if_none_match": '"v1"'}, V1, "GET", "NOT_MODIFIED", id="13.2.2-both"),
    ],
)  # fmt: skip
def test_follows_the_order_of_precedence(conditions, current, method, verdict):
    assert evaluate(Conditions(**conditions), current, method) is Verdict[verdict]


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT"])
@pytest.mark.parametrize(
    "conditions",
    [{"if_match": '"no"'}, {"if_none_match": "*"}, {"if_unmodified_since": BEFORE}],
    ids=str,
)
def test_section_13_2_1_methods_without_a_representation_have_no_preconditions(conditions, method):
    assert evaluate(Conditions(**conditions), V1, method) is Verdict.PERFORM


def test_a_request_without_conditions_has_none():
    assert conditions_of({"HTTP_HOST": "x"}) is None
    assert conditions_of({"HTTP_IF_MATCH": "*"}) == Conditions(if_match="*")


@pytest.mark.parametrize("strong", [True, False])
def test_no_tag_names_a_representation_that_has_none(strong):
    assert names('"a"', Representation(etag=None), strong=strong) is False
    assert names("*", Representation(etag=None), strong=strong) is True
    assert names("*", None, strong=strong) is False
