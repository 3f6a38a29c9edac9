"""Which expressions run away, and that long texts are matched in linear time as short ones are."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from tropea.core.testing import assert_linear
from tropea.dispatch import DispatcherApp, Pattern, PatternError, automata
from tropea.dispatch.automata import COUNTED, END, Automaton, TooManyWays
from tropea.dispatch.rawpatterns import RegexPattern
from tropea.dispatch.regexes import (
    automaton_of,
    check_regex,
    literal_head,
    may_match,
    operators,
    parse,
    power,
    short,
    whole_matcher,
)

#: Shapes that are known to run away, beside those of test_attacks.
RUNAWAYS = [
    "(.*a){11}", "(.*?,){11}P", "(a?){20}a{20}", "(a|b|ab)*c", "(?:a+|b)*c", "(a*b?)*c", "(?:a|a?)+x", r"(\d+|\w+)*!",
    r"(.|\s)*!", "(?:(?:a|b)(?:c|d)|ac)*x", "(?:ab?|ba?)+c", "(?:a?b?)*c", "(?:a*?)*b", "(?:a{1,11})+b", "(?:a{2}|a{3})+b",
    "(?=(a+)*b)a", "(?!(a+)+b).*", "(?<!x)(a+)+b", "(?:(a)|b)*(?(1)a+|b+)*c", "(?>(?:a+)+b)c", "(?:(?:a+)+b)++c",
    "(?:[\u4e02-\u9fff]+|[\u4e01-\u4e10])+!", "(?:[^x]+|y)*z", "^(([a-z])+.)+[A-Z]([a-z])+$", "(?i:(?:a+|A+)+)!",
    "(?:a{12}b|(?:aa){6}b)+c", "(?:a|b|ab){12}c", "(?:a|b|ab){12,20}c", "(?:a{129}b|(?:aa){64}ab)+c",
    "(?:(?:a|b|ab){6}){6}c", "(?:(?:a|b|ab){1,6}?-?){2}c", "(?:(?:(?:a|b|ab){3}-?){2}){2}c", "(?:ab|[ab]b){24}c", "(?:(a)|b)(?(1)(?:a+)*|b)c", "(?:(?:a|b|ab){12}c){12}d",
    # one character alone is in both classes: the first of all, the last of all
    "(?:[^\x01-\U0010ffff]|[^\x01-\U0010ffff]{2})*b", "(?:[^\x00-\U0010fffe]|[^\x00-\U0010fffe]{2})*b",
    r"([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))",
]  # fmt: skip
#: Ordinary expressions, some of which look alike.
TAME = [
    r"\d+(?:\.\d+)*", r"(?:\w+/)*\w+", "(?:[a-z]+[0-9]+-)*x", r"(?:\\.|[^\\])*x", "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "(?:[0-9a-f]{32},)*[0-9a-f]{32}", "[a-z]{2,32}", r"v?\d+(?:\.\d+){0,2}", "(?:a++)+b", "(?:(?>a+))+b", r"(?:[^,]+,)*[^,]+",
    "(?:a{12}b|a{13}b)+c", "[a-z]{100}[a-z]{100}[a-z]{100}", "(?:[0-9a-f]{128},)*x", "(?:a{64})+b", "(?:x+-)?[a-z]{65}[a-z]{65}[a-z]{65}",
    ".*.*x", r"[^.]+\.[a-z]+", r"\w+\s+\w+", "(?:(?:jan|feb|mar)-)+x", "(?:foo|foot|bar)", r"[\w.+-]+@[\w-]+\.[\w.-]+", ".*[.]html?",
]  # fmt: skip


@pytest.mark.parametrize("regex", RUNAWAYS)
def test_a_runaway_is_refused_where_it_is_declared(regex):
    with pytest.raises(PatternError, match=r"test_regexes\.py:\d+: .*can run away"):
        DispatcherApp().matchre(f"/{regex}", GET=str)


def test_a_back_reference_may_read_anything_again_and_again():
    with pytest.raises(PatternError, match="can run away"):
        check_regex(r"(a)(?:\1+)*b")


def test_what_runs_away_only_where_case_is_ignored_is_refused_there():
    for pattern in ("/<x:re:(?:ab|AB)+c>", "/y-<x:re:(?:ab|AB)+c>"):
        assert Pattern(pattern).test("/x") is None
        with pytest.raises(PatternError, match="can run away"):
            Pattern(pattern, ignorecase=True)
    assert RegexPattern("/(?:ab|AB)+c").test("/abABc") == ((), {})
    with pytest.raises(PatternError, match="can run away"):
        RegexPattern("/(?:ab|AB)+c", ignorecase=True)


def test_long_texts_are_linear_where_only_ignoring_case_makes_the_time_grow():
    test = Pattern("/y-<x:re:[a-z]*[A-Z]*[0-9]>", ignorecase=True).test
    assert test("/Y-" + "q" * 2000 + "7")[1] == {"x": "q" * 2000 + "7"}

    def call_with(size):
        path = "/y-" + "q" * size + "-"
        return lambda: test(path)

    assert_linear(call_with, 1200)


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


@pytest.mark.parametrize(
    ("regex", "most"), [(".*.*x", 1000), (".*.*.*x", 150), (".*.*.*.*x", 50), (".*.*.*.*.*x", 50)]
)
def test_the_faster_the_time_grows_the_shorter_are_the_texts_that_are_left_to_python(regex, most):
    assert short(regex, 0) == most


def test_short_texts_are_read_by_python_and_long_ones_by_an_automaton():
    match = whole_matcher(".*.*x")
    assert isinstance(match("x" * 1000), re.Match) and match("x" * 999 + "-") is None
    assert match("x" * 1001) == {None: "x" * 1001} and match("x" * 1000 + "-") is None


def test_an_automaton_is_made_only_where_the_time_grows_and_it_finds_the_same(monkeypatch):
    assert automaton_of(".*x", 0) is None
    assert automaton_of(".*.*x", 0).read("yx") == {None: "yx"}
    assert automaton_of(".*.*.*x", 0).read("yx") == {None: "yx"}
    assert automaton_of("(?=y).*.*x", 0) is None
    with pytest.raises(PatternError, match="more than two parts"):
        automaton_of("(?=y).*.*.*x", 0)
    monkeypatch.setattr(automata, "MOST_WAYS", 100)
    assert automaton_of("-{0,200}[a-z]*[a-z0-9]*!", 0) is None
    with pytest.raises(PatternError, match="more than two parts"):
        automaton_of("-{0,200}[a-z]*[a-z0-9]*[a-z_]*!", 0)
    assert may_match("-{0,200}", "-") is True
    assert may_match("-{0,200}", "/") is True  # nobody knows


@pytest.mark.parametrize(
    ("regex", "head"),
    [
        ("/a[bc]d", "/a"), ("^/a", "/a"), (r"\A/a.b", "/a"), ("/a$b", "/a"), (r"/a\bb", "/a"), ("(?i)/a", ""), ("(?x)/a b", ""), ("/a?b", "/"),
        (r"\b/a", ""), ("", ""),
    ],
)  # fmt: skip
def test_every_match_begins_with_the_literal_head(regex, head):
    assert literal_head(regex) == head


@pytest.mark.parametrize(
    ("regex", "seen"),
    [
        ("a[b]c", "ac"), ("a[]b]c", "ac"), ("a[^]b]c", "ac"), (r"a[\]b]c", "ac"), (r"a\[b]", "ab]"), ("[[]a", "a"), (r"\\a", "a"), ("]a", "]a"),
    ],
)  # fmt: skip
def test_what_is_escaped_or_in_a_class_is_no_operator(regex, seen):
    assert "".join(char for _, char in operators(regex)) == seen


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


def automaton(regex: str, flags: int = 0, **more: int) -> Automaton:
    tree = parse(regex, flags)
    return Automaton(list(tree), tree.state.flags, **more)


class TestAutomaton:
    @pytest.mark.parametrize(
        ("regex", "texts"),
        [
            ("(a|ab)(c|bcd)(d*)", ["abcd", "acd", "abbcd", "ab", "a", ""]), ("(a|ab)", ["ab", "a", "b"]),
            ("(a*)((?:ab)*)(b*)", ["aabb", "abab", "ba"]), ("(a*?)(a*)", ["aa"]), ("(a??)(a?)", ["a", "aa", "aaa"]),
            ("(a{1,3}?)(a{0,2})(b)", ["aaab", "ab", "b", "aaaaaab"]), ("(a{1,3})(a{0,2})(b)", ["aaab", "ab", "aaaaab"]),
            ("(a{2,})(a*)", ["a", "aa", "aaa"]), ("(a{2})(.*)", ["a", "aa", "aa\n", "aab"]), ("(?s:(.*))(.*)", ["a\nb", "\n"]),
            ("((?:x|xy)+)(z?)", ["xyxz", "xyyz", "xy"]), ("([^ab]+)([^a])", ["cd", "cb", "ca"]), ("([c-e]+)", ["c", "e", "b", "f", "cde"]),
            (r"(\w+)(\s)(\d)", ["\xe9 \u0663", "_\xa01", "- 1", "a\x1c1"]), (r"(\W+)(\S)(\D)", ["\xe9a1", "-ab", "- b"]),
        ],
    )  # fmt: skip
    def test_it_finds_in_each_group_what_python_finds(self, regex, texts):
        for text in texts:
            found, read = re.fullmatch(regex, text), automaton(regex).read(text)
            assert (read is None) == (found is None), text
            if found is not None:
                groups = [group or "" for group in found.groups()]
                assert [read.get(n, "") for n in range(1, len(groups) + 1)] == groups

    @pytest.mark.parametrize(
        ("regex", "chars"),
        [
            ("(?i)s", "sS\u017fz"), ("(?i)K", "kK\u212a"), ("(?i)[a-z]", "aZ\u017f\u212a[`"), ("(?i)[^a]", "aAb"), ("(?i)[^a-c]", "bBd"),
            ("(?ia)k", "kK\u212a"), ("(?i)\u03c3", "\u03c3\u03c2\u03a3"), ("(?i)\u0130", "iI\u0130"), (r"(?i)\W", "aA-"),
            (r"(?a)\s", " \t\x1c\x85\xa0"), (r"\s", " \x1c\x85\xa0"), (r"(?a)\w", "a_\xe9"), (r"(?a)\W", "a_\xe9"), (r"(?a)\d", "1\u0663"),
            (r"(?a)(?u:\w)", "a\xe9"), (r"(?a:\w)", "a\xe9"), ("(?i)(?-i:a)", "aA"), ("(?i:a)", "aA"), (".", "a\n"), ("(?s).", "a\n"),
        ],
    )  # fmt: skip
    def test_a_character_is_read_in_any_case_that_python_reads(self, regex, chars):
        read = automaton(regex).read
        for char in chars:
            assert (read(char) is None) == (re.fullmatch(regex, char) is None), ascii(char)

    @pytest.mark.parametrize(
        ("regex", "exact"),
        [
            ("a{2,3}b*", True), ("a{1000}", True), ("a{1001}", False), ("a{0,1000}", True), ("a{0,1001}", False), ("a{1000,}", True),
            ("a{1001,}", False), ("^a", False), ("a(?=b)", False), ("a(?!b)", False), (r"(a)\1", False), ("(?>a)", False), ("a++", False),
            ("(a)?(?(1)b)", False),
        ],
    )  # fmt: skip
    def test_it_says_whether_it_matches_what_the_expression_matches(self, regex, exact):
        assert automaton(regex).exact is exact

    def test_an_exact_number_of_rounds_is_written_out_and_another_ends_in_a_loop(self):
        assert COUNTED == 64

        def shape(regex):
            made = automaton(regex, rounds=3)
            return len(made.tests), made.exact, len(made.inside)

        assert shape("a{3}") == (3, True, 0)
        assert shape("a{4}") == (4, True, 1)
        assert shape(f"a{{{COUNTED}}}") == (COUNTED, True, 1)
        assert shape(f"a{{{COUNTED + 1}}}") == (3, False, 1)  # outside of loops
        assert shape(f"(?:a{{{COUNTED + 1}}}b)*") == (5, False, 1)
        assert shape(f"b*a{{{COUNTED + 1}}}") == (4, False, 1)
        assert shape(f"a{{{COUNTED + 1}}}b*") == (4, False, 1)
        assert shape("a{0,3}") == (3, True, 0)
        assert shape("a{2,4}") == (3, False, 1)
        assert shape("a{3,}") == (4, True, 0)
        assert shape("a{4,}") == (4, False, 0)
        assert shape("(?:a?){4}") == (4, False, 1)
        assert shape("(?:a{4}b){5}") == (25, True, 2)  # each is looked into once
        assert shape("(?:a{2}b){2}") == (6, True, 1)  # rounds in rounds are four
        assert shape("(?:a?b){3}") == (6, True, 0)
        assert shape("(?:a?b){4}") == (8, True, 1)
        assert shape("a{3}b{3}") == (6, True, 0)
        assert shape("(?:a{3}b)*c{3}") == (7, True, 0)
        assert shape("(?:a*b{2})*") == (3, True, 0)

    def test_one_state_may_be_reached_in_as_many_ways_as_there_are(self):
        assert automaton("a{1,3}b").following == [[END], [0], [1, 0], [2, 0]]
        assert automaton("a{1,3}?b").following == [[END], [0], [0, 1], [0, 2]]
        assert automaton("(?:a|)*b").first == [1, 1, 0, 0]
        assert automaton("(?:a*)*").first == [0, 0, END, END]
        assert automaton("(?:a??b?)*?").first == [END, 0, END, 0, 1, 1]
        assert automaton("(?:(?:a|)*|b)*").first == [0, 0, 1, END, 0, 1, END, 1, END]

    @pytest.mark.parametrize(
        ("regex", "first"),
        [
            ("(?>a)b", [1]), ("(?>a?)b", [1, 0]), ("a++b", [1]), ("a*+b", [1, 0]), ("(?:a?)++b", [1, 0]), ("(?:ab)++c", [1]),
        ],
    )  # fmt: skip
    def test_what_never_goes_back_is_one_step_that_may_be_left_out_where_it_may_be_empty(
        self, regex, first
    ):
        assert automaton(regex).first == first

    def test_states_and_ways_from_one_of_them_are_followed_up_to_the_bound(self, monkeypatch):
        monkeypatch.setattr(automata, "MOST_WAYS", 12)
        assert len(automaton("a{12}").tests) == 12
        with pytest.raises(TooManyWays):
            automaton("a{13}")
        assert automaton("ax|bx|cx|dx|ex|fx").first == [1, 3, 5, 7, 9, 11]  # six lists of one
        with pytest.raises(TooManyWays):
            automaton("(?:ax|bx|cx|dx|ex|f)?")  # and one around them

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
