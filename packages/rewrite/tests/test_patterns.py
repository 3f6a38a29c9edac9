"""Patterns: PCRE's spelling, those that run away, and matching them in linear time."""

import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tropea.rewrite import PatternError, RunawayPatternWarning
from tropea.rewrite import withre2
from tropea.rewrite.linear import LinearPattern, Unsupported
from tropea.rewrite.patterns import compile_pattern
from tropea.rewrite.runaway import Risk, risk_of


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (r"^(?<y>\d+)-\k<y>$", "1-1", "1-2"), (r"^(a|b)\g1$", "aa", "ab"), (r"^(a|b)\g{-1}$", "bb", "ba"),
        (r"^[[:alpha:]_]+$", "a_B", "a1"), (r"^[[:^digit:]]$", "a", "1"), (r"^\Qa.b\E$", "a.b", "axb"),
        (r"^a\h+b$", "a\tb", "a\nb"), (r"^a$", "a", "a\n"), (r"^a\Z", "a\n", "a\n\n"), (r"^a\z", "a", "a\n"),
        (r"^a.b$", "a\nb", "ab"), (r"^a(?i)b|c$", "aB", "AB"), (r"^x(?:a(?i)b|c)$", "xC", "XC"),
        (r"^(?i)ab(?-i)c$", "ABc", "ABC"), (r"^a{,2}$", "a{,2}", "aa"), (r"^[]x]$", "]", "a"),
        (r"^[a[]$", "[", "b"), (r"^[a&&b]$", "&", "c"), (r"^\x{41}\x42\103$", "ABC", "abc"),
        (r"^a\R$", "a\r\n", "a"), (r"^a(?#note)b$", "ab", "a"), (r"^(?!x)\w$", "y", "x"),
        (r"^(?>a+)b$", "aab", "aac"), (r"^a++b$", "aab", "aa"), (r"^(?m)a$", "a\nb", "b"), (r"^\cA$", "\x01", "A"),
    ],
)  # fmt: skip
def test_pcre_spellings_mean_the_same_here(pattern, yes, no):
    compiled = compile_pattern(pattern, octets=True)
    assert compiled.search(yes)
    assert not compiled.search(no)


@pytest.mark.parametrize(
    ("pattern", "column", "message"),
    [
        (r"ab\K", 3, "counterpart"), ("a(?|b)", 2, "counterpart"), ("a(?R)", 2, "counterpart"),
        ("a[b", 2, "unterminated"), ("a(b", 2, "missing"), ("ab)", 3, "unbalanced"), ("a**", 3, "multiple"),
        (r"\p{L}", 1, "counterpart"), ("(*UTF8)a", 1, "verbs"), ("[[:foo:]]", 2, "unknown class"),
        ("a\\", 2, "backslash"), (r"\Qab\E(", 7, "missing"), ("(?<=a+)b", 1, "look-behind"), (r"(a)\g{-2}", 4, "no group"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_an_error_with_its_column(pattern, column, message):
    with pytest.raises(PatternError, match=message) as caught:
        compile_pattern(pattern)
    assert caught.value.column == column


@given(st.text("a(b)[c]*+?{1,}\\^$|.:=!<>-Qdw", max_size=12))
@settings(max_examples=150, deadline=None)
def test_no_text_makes_the_compiler_fail_otherwise(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RunawayPatternWarning)
        try:
            compile_pattern(text)
        except PatternError as error:
            assert 1 <= error.column <= len(text) + 1


@pytest.mark.parametrize(
    ("pattern", "risk"),
    [
        ("^(a+)+$", Risk.EXPONENTIAL), ("^(a*)*$", Risk.EXPONENTIAL), ("^(.*,)*x", Risk.EXPONENTIAL),
        ("^([a-z]+|[0-9]+)*$", Risk.EXPONENTIAL), (r"^(\w|\d\d)*$", Risk.EXPONENTIAL), (r"^(\w+-\w+)*$", Risk.EXPONENTIAL),
        ("^(?:/[^/]+)+$", Risk.LOW), ("^(?:[^/]+/)*x$", Risk.LOW), (r"^/(\d+)/(\w+)-(\w+)\.html$", Risk.LOW),
        ("^(.*)$", Risk.LOW), ("^(.*)/(.*)$", Risk.LOW), (r"^(.*)/(.*)/(.*)\.html$", Risk.CUBIC), ("x.*y", Risk.SQUARE),
    ],
)  # fmt: skip
def test_the_heuristic_tells_what_can_run_away(pattern, risk):
    assert risk_of(re.compile(pattern, re.DOTALL)) is risk


@pytest.mark.parametrize("pattern", ["^(a+)+$", r"^(.*)/(.*)/(.*)\.html$"])
def test_a_dangerous_pattern_is_announced(pattern):
    with pytest.warns(RunawayPatternWarning, match="linear time"):
        compile_pattern(pattern)
    with pytest.warns(RunawayPatternWarning, match="cannot be matched in linear time"):
        compile_pattern(f"(?=x){pattern[1:]}" if "+" in pattern else rf"(/)\1{pattern[1:]}")


piece = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", "c", "1", r"\b", r"\w", "x"])
tree = st.recursive(
    piece,
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner), st.builds("(?:{}|{})".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds("({})".format, inner), st.builds("(?:{}){}".format, inner, st.sampled_from(["+", "??", "?", "{2}", "{1,2}", "+?"])),
    ),
    max_leaves=6,
)  # fmt: skip


@given(tree, st.text("ab1c", max_size=8), st.sampled_from(["^", ""]), st.sampled_from([r"\Z", ""]))
@settings(max_examples=200, deadline=None)
def test_the_linear_engine_captures_what_re_captures(source, subject, start, end):
    pattern = re.compile(f"{start}{source}{end}", re.DOTALL)
    try:
        linear = LinearPattern(pattern)
    except Unsupported:
        return
    for name in ("search", "match", "fullmatch"):
        one, other = getattr(pattern, name)(subject), getattr(linear, name)(subject)
        assert (one and one.span()) == (other and other.span()), name
        if linear.same_captures and one:
            assert [one.span(n) for n in range(pattern.groups + 1)] == [
                other.span(n) for n in range(pattern.groups + 1)
            ], name


def test_the_linear_engine_ignores_case_and_names_groups():
    linear = LinearPattern(re.compile("/(?P<n>[a-c]+)x", re.IGNORECASE))
    match = linear.search("..../AbCX")
    assert (match["n"], match[0], match.groupdict(), match.groups()) == (
        "AbC",
        "/AbCX",
        {"n": "AbC"},
        ("AbC",),
    )


@pytest.mark.parametrize(
    "pattern",
    [r"(a)\1", "(?=a)b", "(?>a)", "a++", "(?i:a)", "(?:a{1000}){9}", "(?:a??)+", "(?:|a)*"],
)
def test_what_the_linear_engine_cannot_do_it_refuses(pattern):
    with pytest.raises(Unsupported):
        LinearPattern(re.compile(pattern))


def test_re2_is_used_for_dangerous_patterns_of_octets_where_it_is_installed():
    re2 = pytest.importorskip("re2", reason="the extra re2 is not installed")
    assert re2
    with pytest.warns(RunawayPatternWarning):
        pattern = compile_pattern(r"^/(a+)+(?P<n>x|\\Z)?$", octets=True)
    assert isinstance(pattern, withre2.Re2Pattern)
    match = pattern.search("/aax")
    assert (match[0], match["n"], match.span(1), match.string) == ("/aax", "x", (1, 3), "/aax")
    assert pattern.search("/" + "a" * 8000 + "!\xe9") is None
