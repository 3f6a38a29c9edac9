"""Which expressions run away, and that long texts are matched in linear time as short ones are."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from tropea.core.testing import assert_linear
from tropea.dispatch import DispatcherApp, Pattern, PatternError
from tropea.dispatch.automata import Automaton, TooManyWays
from tropea.dispatch.regexes import check_regex, parse, power, whole_matcher

#: Shapes that are known to run away, beside those of test_attacks.
RUNAWAYS = [
    "(.*a){11}", "(.*?,){11}P", "(a?){20}a{20}", "(a|b|ab)*c", "(?:a+|b)*c", "(a*b?)*c", "(?:a|a?)+x", r"(\d+|\w+)*!",
    r"(.|\s)*!", "(?:(?:a|b)(?:c|d)|ac)*x", "(?:ab?|ba?)+c", "(?:a?b?)*c", "(?:a*?)*b", "(?:a{1,11})+b", "(?:a{2}|a{3})+b",
    "(?=(a+)*b)a", "(?!(a+)+b).*", "(?<!x)(a+)+b", "(?:(a)|b)*(?(1)a+|b+)*c", "(?>(?:a+)+b)c", "(?:(?:a+)+b)++c",
    "(?:[\u4e02-\u9fff]+|[\u4e01-\u4e10])+!", "(?:[^x]+|y)*z", "^(([a-z])+.)+[A-Z]([a-z])+$", "(?i:(?:a+|A+)+)!",
    r"([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))",
]  # fmt: skip
#: Ordinary expressions, some of which look alike.
TAME = [
    r"\d+(?:\.\d+)*", r"(?:\w+/)*\w+", "(?:[a-z]+[0-9]+-)*x", r"(?:\\.|[^\\])*x", "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "(?:[0-9a-f]{32},)*[0-9a-f]{32}", "[a-z]{2,32}", r"v?\d+(?:\.\d+){0,2}", "(?:a++)+b", "(?:(?>a+))+b", r"(?:[^,]+,)*[^,]+",
    r"[^.]+\.[a-z]+", r"\w+\s+\w+", "(?:(?:jan|feb|mar)-)+x", "(?:foo|foot|bar)", r"[\w.+-]+@[\w-]+\.[\w.-]+", ".*[.]html?",
]  # fmt: skip


@pytest.mark.parametrize("regex", RUNAWAYS)
def test_a_runaway_is_refused_where_it_is_declared(regex):
    with pytest.raises(PatternError, match=r"test_regexes\.py:\d+: .*can run away"):
        DispatcherApp().matchre(f"/{regex}", GET=str)


@pytest.mark.parametrize("regex", TAME)
def test_an_ordinary_expression_is_accepted(regex):
    check_regex(regex)


@pytest.mark.parametrize("regex", RUNAWAYS)
def test_the_expression_of_a_converter_class_is_looked_at_too(regex):
    from tropea.dispatch import Converter

    class Slow(Converter):
        pattern = regex

    with pytest.raises(PatternError, match="can run away"):
        Pattern("/<x:slow>", registry={"slow": Slow})


@pytest.mark.parametrize(
    ("regex", "found"),
    [
        (".*x", 1), (".*.*x", 2), (".*.*.*x", 3), (r"\d+\d+x", 2), (r"\w+-\w+-x", 1), ("[^/]+-[^/]+-[^/]+[.]x", 3),
        ("[a-z]*[a-z0-9]*[0-9]*x", 3), ("(?:ab)+(?:ab)+c", 2), ("(?:ab)+(?:ba)+c", 1), ("[^/]+-[^/]+", 1), ("a|b", 1),
    ],
)  # fmt: skip
def test_loops_that_share_a_text_multiply_the_time(regex, found):
    assert power(regex) == found


def test_a_raw_expression_whose_groups_share_a_text_three_times_is_refused():
    with pytest.raises(PatternError, match="more than two parts of it repeat the same"):
        DispatcherApp().matchre("/(.+)-(.+)-(.+)[.]x", GET=lambda request, *args: "")


ATOMS = ["a", "b", ".", "[ab]", "[^a]", r"\w", "(?:a|b)", "(?:ab|a)", "(?:a|)", "(?i:a)"]
EXPRESSIONS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(
            inner,
            st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{2,}", "{0,2}?"]),
        ).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=6,
)


class TestAutomaton:
    @settings(max_examples=400, deadline=None)
    @given(st.lists(EXPRESSIONS, min_size=1, max_size=3), st.text("abA\n-", max_size=7))
    def test_it_finds_what_python_finds_group_by_group(self, parts, text):
        regex = "-?".join(f"({part})" for part in parts)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = re.fullmatch(regex, text)
        try:
            automaton = Automaton(list(parse(regex)), re.UNICODE.value)
        except TooManyWays:  # loops within loops that read nothing: such a one is refused
            reject()
        assert automaton.exact
        read = automaton.read(text)
        assert (read is None) == (found is None)
        if found is not None and not _reads_nothing_in_a_loop(regex):
            assert [read.get(n, "") for n in range(1, len(parts) + 1)] == list(found.groups())

    @pytest.mark.parametrize(
        ("pattern", "unit"),
        [
            ("/<a>-<b>-<c>-<d:int>", "-"),
            ("/<a>.<b>.<c>.<d>.x", "."),
            ("/<a:word><b:word><c:int>.x", "1"),
            ("/<p:path>/x/<q:path>/y/<r:path>/z", "/x/y"),
            ("/x:[a-z]*[a-z0-9]*-", "a"),
            ("/<x:re:.*a.*b>", "a"),
        ],
    )
    def test_a_segment_of_many_parts_is_refused_in_linear_time(self, pattern, unit):
        test = Pattern(pattern).test

        def call_with(size):
            path = "/" + (unit * size)[:size]
            return lambda: test(path)

        assert_linear(call_with, 1200)

    @pytest.mark.parametrize(
        ("pattern", "parts"),
        [
            ("/<a>-<b>.<c>", ("x-", "-", "y.", ".", "html")),
            ("/<a>-<b:int>-<c>", ("x-1", "-", "2", "-", "y")),
            ("/<a:any('ab','a')><b:word>-<c>", ("ab", "c", "-", "c-d")),
        ],
    )
    @pytest.mark.parametrize("more", [0, 30, 3000])
    def test_long_texts_are_read_as_short_ones_are(self, pattern, parts, more):
        last = parts[-1] + "z" * more
        path = "/" + "".join(parts[:-1]) + last
        short = Pattern(pattern).test("/" + "".join(parts))[1]
        assert Pattern(pattern).test(path)[1] == {**short, "c": short["c"] + "z" * more}

    def test_case_is_ignored_in_long_texts_too(self):
        pattern = Pattern("/IS-<a>-<b>.x", ignorecase=True)
        assert pattern.test("/is-" + "Q" * 2000 + "-b.X")[1] == {"a": "Q" * 2000, "b": "b"}

    def test_an_expression_that_needs_no_automaton_is_left_to_python(self):
        assert whole_matcher("[a-z]+").__self__.pattern == "[a-z]+"

    def test_an_automaton_that_would_be_too_large_is_done_without(self):
        pattern = Pattern("/x:(?:[a-z]{0,200}-){0,190}[a-z]*[a-z0-9]*")
        assert pattern.test("/a-b-c1")[1] == {"x": "a-b-c1"}
        with pytest.raises(PatternError, match="can run away"):
            Pattern("/<a>-<b>-<c:re:(?:[a-z]{0,200}-){0,190}[a-z]*>-<d>.x")

    def test_thousands_of_words_are_no_runaway(self):
        words = ", ".join(f"word{n}" for n in range(2000))
        assert Pattern(f"/<w:any({words})>-<n:int>").test("/word7-1")[1] == {"w": "word7", "n": 1}


def _reads_nothing_in_a_loop(regex: str) -> bool:
    """Whether a loop may go round without reading, where matchers differ in what groups keep."""

    def of(item):
        if isinstance(item, tuple) and item and str(item[0]) in {"MAX_REPEAT", "MIN_REPEAT"}:
            low, high, body = item[1]
            if body.getwidth()[0] == 0 and high > 1:
                return True
        return (isinstance(item, (list, tuple)) or hasattr(item, "data")) and any(map(of, item))

    return of(parse(regex))
