"""Reading, judging and matching patterns: each verdict on both sides of its limit."""

import re
import warnings
from inspect import currentframe

import pytest

from tropea.rewrite.errors import PatternError
from tropea.rewrite.linear import LinearMatch, LinearPattern, Unsupported, _remembering
from tropea.rewrite.patterns import LONGEST_SUBJECT, compile_pattern, searcher
from tropea.rewrite.pcre import translate
from tropea.rewrite.runaway import Risk, risk_of


class TestThePcreSpellings:
    @pytest.mark.parametrize(
        ("piece", "meant"),
        [
            (r"\Qa.b\E", r"a\.b"), (r"\Q\E", ""), (r"\E", ""), (r"\h", r"[ \t]"), (r"\Z", r"(?=\n?\Z)"),
            (r"\z", r"\Z"), (r"\e", r"\x1b"), (r"\b", r"\b"), (r"\d", r"\d"), (r"\_", "_"), (r"\.", r"\."), ("\\\xe9", "\xe9"),
            (r"\cA", r"\x01"), (r"\ca", r"\x01"), (r"\c{", r"\x3b"), (r"\c ", r"\x60"), (r"\c~", r"\x3e"),
            (r"\x{41}", r"\U00000041"), (r"\x41", r"\U00000041"), (r"\x4", r"\U00000004"), (r"\x", r"\U00000000"),
            (r"\x{10FFFF}", r"\U0010ffff"), (r"\o{101}", r"\U00000041"), (r"\101", r"\U00000041"), (r"\0", r"\U00000000"),
            (r"\012", r"\U0000000a"), ("{2}", "{2}"), ("{2,}", "{2,}"), ("{2,3}", "{2,3}"), ("{,2}", r"\{,2}"), ("{x", r"\{x"),
            ("$", r"\Z"), ("(?:c)", "(?:c)"), ("(?=c)", "(?=c)"), ("(?<!c)", "(?<!c)"), ("(?>c)", "(?>c)"), ("(?i:c)", "(?i:c)"),
            ("(?-i:c)", "(?-i:c)"), ("(?is-m:c)", "(?is-m:c)"), ("(?#note)", ""), ("(?#)", ""), ("|", "|"),
            ("[c]", "[c]"), ("[^c]", "[^c]"), ("[]]", r"[\]]"), ("[^]]", r"[^\]]"), ("[^^]", "[^^]"), ("[]c]", r"[\]c]"),
            ("[[:alpha:]]", "[a-zA-Z]"), ("[[:^digit:]]", r"[\D]"), ("[[.]", r"[\[.]"), ("[[:]", r"[\[:]"),
            ("[c-e]", "[c-e]"), ("[c-e-g]", r"[c-e\-g]"), ("[c-]", r"[c\-]"), ("[-c]", r"[\-c]"), ("[]-c]", r"[\]-c]"),
            ("[+--]", r"[+-\-]"), ("[--c]", r"[\--c]"), ("[c-e--g]", r"[c-e\--g]"), ("[&&||~~]", r"[\&\&\|\|\~\~]"),
            (r"[\w-.]", r"[\w\-.]"), (r"[.-\w]", r"[.\-\w]"), (r"[\h-c]", r"[ \t\-c]"), (r"[!-\h]", r"[!\- \t]"),
            ("[[:blank:]-c]", r"[ \t\-c]"), ("[!-[:blank:]]", r"[!\- \t]"), ("[+-[]", r"[+-\[]"), ("[[-c]", r"[\[-c]"),
            (r"[\x41-\x43]", r"[\U00000041-\U00000043]"), (r"[\n-\r]", r"[\n-\r]"), (r"[\Qa\E-c]", "[a-c]"), (r"[a\Q-\Ec]", r"[a\-c]"),
            (r"[\Q^]\E]", r"[\^\]]"), (r"[\b]", r"[\x08]"), (r"[\0]", r"[\U00000000]"), (r"[\1]", r"[\U00000001]"),
            (r"[\1012]", r"[\U000000412]"), (r"[\o{101}]", r"[\U00000041]"), (r"[\]]", r"[\]]"), (r"[\/]", "[/]"),
            ("[\\\xe9]", "[\xe9]"), (r"[\\]", r"[\\]"), (r"[\x{10FFFF}]", r"[\U0010ffff]"),
        ],
    )  # fmt: skip
    def test_are_told_in_those_of_re_with_the_place_of_each_character(self, piece, meant):
        ends = len(piece) + 2
        text, places = translate(f"ab{piece}x*")
        assert text == f"ab{meant}x*"
        assert (places[:2], places[-3:]) == ([0, 1], [ends, ends + 1, ends + 2])
        assert len(places) == len(text) + 1
        assert all(2 <= place < ends for place in places[2:-3])

    @pytest.mark.parametrize(
        ("source", "meant"),
        [
            (r"(a)\1x", r"(a)(?:\1)x"), (r"(a)\10x", r"(a)(?:\10)x"), (r"(a)\1002", "(a)\\U000000402"), (r"\9x", r"(?:\9)x"),
            (r"(a)\g1x", r"(a)(?:\1)x"), (r"(a)\g{1}x", r"(a)(?:\1)x"), (r"(a)\g12x", r"(a)(?:\12)x"),
            (r"(a)(b)\g{-1}x", r"(a)(b)(?:\2)x"), (r"(a)(b)\g{-2}x", r"(a)(b)(?:\1)x"),
            (r"(?:a)(?#b)(?=c)(d)(?i)\g{-1}", r"(?:a)(?=c)(d)(?i:(?:\1))"), ("(?<n>a)\\g{-1}", "(?P<n>a)(?:\\1)"),
            ("(?'n'a)\\g{-1}", "(?P<n>a)(?:\\1)"), ("(?P<n>a)(?P=n)x", "(?P<n>a)(?P=n)x"), (r"a\k<n>x", "a(?P=n)x"), (r"a\k{n}x", "a(?P=n)x"),
            (r"a\k'n'x", "a(?P=n)x"), (r"a\g{n}x", "a(?P=n)x"), ("(a)(?(1)b|c)x", "(a)(?(1)b|c)x"),
        ],
    )  # fmt: skip
    def test_of_references_name_the_same_group(self, source, meant):
        assert translate(source)[0] == meant

    @pytest.mark.parametrize(
        ("source", "meant"),
        [
            ("(?i)a", "(?i)a"), ("(?#note)(?i)a", "(?i)a"), ("(?)a", "(?:a)"), ("(?-i)a", "(?-i:a)"), ("a(?)b", "a(?:b)"),
            ("a(?i)b", "a(?i:b)"), ("a(?i-s)b", "a(?i-s:b)"), ("a(?i)b|c", "a(?i:b)|(?i:c)"), ("a|(?i)b(?s)c|d", "a|(?i:b(?s:c))|(?i:(?s:d))"),
            ("(a(?i)b|c)d", "(a(?i:b)|(?i:c))d"), ("(?i)a(?i)b", "(?i)a(?i:b)"), ("a(?i)(b)c", "a(?i:(b)c)"), (r"\Q\E(?i)a", "(?i)a"),
        ],
    )  # fmt: skip
    def test_of_flags_hold_up_to_the_end_of_the_group(self, source, meant):
        assert translate(source)[0] == meant

    @pytest.mark.parametrize(
        ("source", "meant"),
        [
            ("a$", r"a\Z"), ("(?m)a$", "(?m)a$"), ("(?i)a$", r"(?i)a\Z"), ("a(?m)b$|c$", "a(?m:b$)|(?m:c$)"), ("(a(?m)b$)c$", r"(a(?m:b$))c\Z"),
            ("(?m:a$)b$", r"(?m:a$)b\Z"), ("(?i:a$)b$", r"(?i:a\Z)b\Z"), ("(?m)(?i:a$)b$", "(?m)(?i:a$)b$"), ("(?m)(?-m:a$)b$", r"(?m)(?-m:a\Z)b$"),
            ("(?m)(a$)b$", "(?m)(a$)b$"), ("(?m)a(?-m)b$", r"(?m)a(?-m:b\Z)"), ("(?m)a(?-i)b$", "(?m)a(?-i:b$)"), ("(?m)(?#a)b$", "(?m)b$"),
            ("(?m)((?-m)a$)b$", r"(?m)((?-m:a\Z))b$"), ("(?i)(?m)a$", "(?i)(?m:a$)"), ("(?#a)b$", r"b\Z"), ("((?:a)$)(?m:b)$", r"((?:a)\Z)(?m:b)\Z"),
        ],
    )  # fmt: skip
    def test_of_an_end_mean_a_lines_end_under_the_flag_m_alone(self, source, meant):
        assert translate(source)[0] == meant

    def test_of_a_quotation_without_an_end_go_up_to_the_end(self):
        assert translate(r"ab\Qc.*") == (r"abc\.\*", [0, 1, 2, 2, 2, 2, 2, 7])

    def test_of_what_stands_open_at_the_end_end_there(self):
        assert translate("a(?i)b")[1] == [0, 1, 1, 1, 1, 5, 6, 6]

    @pytest.mark.parametrize(
        ("source", "column", "message"),
        [
            ("ab\\", 3, "lone backslash"), ("ab[c\\", 5, "lone backslash"), (r"ab\c", 3, "needs a character"), ("ab\\c\xdf", 3, "needs a character"),
            ("ab\\c\x1f", 3, "needs a character"), ("ab\\c\x7f", 3, "needs a character"), (r"ab\G", 3, r"\\G has no counterpart here"),
            (r"ab[c\G]", 5, r"\\G has no counterpart in a set"), (r"ab[\8]", 4, "no counterpart"), (r"ab\k", 3, "unfinished back"),
            (r"ab\g", 3, "unfinished back"), (r"ab\g{", 3, "unfinished back"), (r"(a)\g0", 4, "to no group"), (r"(a)\g{0}", 4, "to no group"),
            (r"(a)\g{-0}", 4, "to no group"), (r"(a)\g{-2}", 4, "to no group"), (r"ab\o", 3, "unfinished character"),
            (r"ab\x{110000}", 3, "too large"), (r"ab[\x{110000}]", 4, "too large"), ("ab[c", 3, "unterminated character"), ("ab[", 3, "unterminated character"),
            ("ab[]", 3, "unterminated character"), ("ab[^", 3, "unterminated character"), ("ab[^]", 3, "unterminated character"), ("ab[c-", 3, "unterminated character"),
            ("ab[[.c.]]", 4, "collating"), ("ab[[=c=]]", 4, "collating"), ("ab[[:c:]]", 4, r"unknown class \[:c:\]"), ("ab[[:^c:]]", 4, "unknown class"),
            (r"ab[\Qc]", 4, r"without \\E in a set"), ("ab(*UTF)", 3, "verbs"), ("ab(?#c", 3, "unterminated comment"), ("ab(?x)", 3, "flags U and x"),
            ("ab(?U:c)", 3, "flags U and x"), ("ab(?i-x:c)", 3, "flags U and x"), ("ab(?|cd)", 3, r"the group '\(\?\|c'… has"), ("ab)", 3, "unbalanced"),
            ("a(b))", 5, "unbalanced"), ("(?#a)b)", 7, "unbalanced"), ("(?i)b)", 6, "unbalanced"), ("ab(?&c)", 3, r"the group '\(\?&c'… has"),
        ],
    )  # fmt: skip
    def test_that_say_nothing_here_are_errors_with_their_column(self, source, column, message):
        with pytest.raises(PatternError, match=message) as caught:
            translate(source)
        assert caught.value.column == column


class TestTheRisk:
    @pytest.mark.parametrize(
        "source",
        [
            "^(?:a+b*){2,}$", "^(?:a+){1,21}$", "^(?:a+(?>a))+$", "^(?:a+(?>b|))+$", "^(?:a+a++)+$", "^(?:a+b*+)+$", r"^(?:a+\b)+$",
            "^(?:a+(?=b))+$", "^(?:a+(?!b))+$", r"^(b)(?:a+\1)+$", "^(x(a+)+y)$", "^(?:x(?:a+)+y){2}$", "^(?=(a+)+$)a", "^(?>(a+)+)$", "^(?:x|(a+)+y)$",
            "^(?:(?:ab)*+(a+)+c)$", "^(?:xa+a)*$", "^(?:a|bc|ad)*$", "^(?:ab|cd|ae)*$", "^(?:xab|(a+)b*)+$", "^(?:(a+)b*c*)+$", "^(?:x*a+b*)+$",
        ],
    )  # fmt: skip
    def test_is_the_highest_where_a_round_may_end_in_many_places(self, source):
        assert risk_of(re.compile(source)) is Risk.EXPONENTIAL

    @pytest.mark.parametrize(
        "source",
        [
            "^(a|aa)*$", "^(?:a?a?)*$", "^(?:a{1,2})*$", r"^(\d{1,3}\.?)*$", "^(?:a(?:|a))*$", "^(?:ab(?:ab|c|))*$", "^(?:a{2,3}?)+$", "^(?:xa?(?:a|b))*$",
        ],
    )  # fmt: skip
    def test_is_the_highest_where_a_piece_of_a_round_may_be_the_next_ones(self, source):
        assert risk_of(re.compile(source)) is Risk.EXPONENTIAL

    @pytest.mark.parametrize(
        "source",
        [
            "^(?:a+){1,20}$", "^(?:a+(?>b))+$", "^(?:a+b++)+$", r"^(?:a+\bb)+$", "^(?:a+(?=b)b)+$", "^(?:a+(?!b)c)+$", "^(?:a+b{1,3}c)+$",
            "^(?:a+b{2})+$", "^(?:a+b+)+$", "^(?:ab|cd)*$", "^(?:a{2})*$", "^(?:a{1,2}b)*$", "^(?:(a+)x)*$", "^(?:ab?)*$", "^(?:a(?:|b))*$",
            "^(?:a+b)*$", "^(?:[a-z]+/)*$", "^(?:/[a-z]+(?:-[a-z]+)?)*$",
            # the first character of all is taken by none of these either
            "^(?:a+\x00)+$", "^(?:(?:ab|cd)+\x00)+$", "^(?:\x00+(?:ab|cd))+$", "^(?:\x00a|bc)*$", "^(?:(\x00+)x)*$", "^(?:\x00+\\ba)+$",
            "^(?:\x00+(?=a)a)+$", "^(?:\x00+(?:)a)+$",
        ],
    )  # fmt: skip
    def test_is_low_where_each_round_ends_in_one_place(self, source):
        assert risk_of(re.compile(source)) is Risk.LOW

    @pytest.mark.parametrize(
        ("source", "exponential"),
        [
            ("^(?:\u0430+)+$", True), ("^(?:[\u0430-\u044f]+)+$", True), ("^(?:[\u0430\u0431]+\u0430)+$", True), ("^(?:[^a]+\u0100)+$", True),
            ("^(?:[^\u4e00]+\u4e01)+$", True), ("^(?:[^\u4e00a]+\u4e01)+$", True), ("^(?:\u0430+,)+$", False), ("^(?:\u0100+)+$", True),
            ("^(?:\xff+\u0100)+$", False), ("^(?:[^\xff]+\xff)+$", False), ("^(?:[\xf0-\xff]+\u0100)+$", False),
            ("^(?:[\xf0-\u0100]+\u0101)+$", True), (r"^(?:[\da]+\u0101)+$", False),
        ],
    )  # fmt: skip
    def test_of_characters_beyond_latin_1_is_that_of_one_character_for_them_all(
        self, source, exponential
    ):
        assert risk_of(re.compile(source)) is (Risk.EXPONENTIAL if exponential else Risk.LOW)

    def test_knows_upper_and_lower_letters_for_the_same_under_that_flag_alone(self):
        assert risk_of(re.compile("^(?:a+A)*$")) is Risk.LOW
        assert risk_of(re.compile("^(?:a+A)*$", re.IGNORECASE)) is Risk.EXPONENTIAL

    @pytest.mark.parametrize(
        ("source", "risk"),
        [
            ("^a*a*$", Risk.SQUARE), ("^a*a*a*$", Risk.CUBIC), ("^a*a*a*a*$", Risk.CUBIC), ("a*a*$", Risk.CUBIC), ("a*$", Risk.SQUARE), ("^a*$", Risk.LOW),
            (r"\Aa*a*", Risk.SQUARE), ("(^a*)b", Risk.LOW), ("(a*)b", Risk.SQUARE), ("a{2}", Risk.LOW), ("^$(?#*)", Risk.LOW), ("^a{1,20}a{1,20}$", Risk.LOW),
            ("^a{1,21}a{1,21}$", Risk.SQUARE), ("^a*ba*$", Risk.LOW), ("^a*b{2}a*$", Risk.LOW), ("^a*b++a*$", Risk.LOW), ("^a*(bc|de)a*$", Risk.LOW),
            ("^a*(?>b)a*$", Risk.LOW), ("^a*aba*a*$", Risk.SQUARE), ("^a*aa*$", Risk.SQUARE), ("^a*b*$", Risk.LOW), ("^(a*)(a*)$", Risk.SQUARE),
            ("^a*[^b]*$", Risk.SQUARE), ("^a*.*", Risk.SQUARE), (r"^a*[\s\S]*", Risk.LOW), (r"^a*[\s\S]*b", Risk.SQUARE), (r"[\s\S]*", Risk.LOW),
            ("^a*b*a*$", Risk.LOW), ("^a*a*ba*$", Risk.SQUARE), ("^\x00*a*\x00*$", Risk.LOW),
        ],
    )  # fmt: skip
    def test_grows_with_the_repetitions_in_a_row_that_take_from_each_other(self, source, risk):
        assert risk_of(re.compile(source)) is risk

    def test_is_one_less_where_a_pattern_is_only_tried_at_the_start(self):
        assert risk_of(re.compile("a*b"), anchored=True) is Risk.LOW
        assert risk_of(re.compile("a*a*b"), anchored=True) is Risk.SQUARE


class TestAllStatesAtOnce:
    @pytest.mark.parametrize(
        "source",
        [
            "a", "ab", "(a)(b)?", "(a*)b", "(a*)(a*)", "(a*?)(a*)", "(a+?)(a*)", "(a??)(a?)", "(a{2})(a*)", "(a{1,2})(a*)", "(a{1,2}?)(a*)", "(a{2,})(b*)",
            "(a{2,}?)(a*)", "a{3}", "(a|ab)(c|bcd)?", "(ab|a)(bc)?", "(a|b|ab)*", "(?:(a)|(b)|(c))+", "((a)|b)*", "(?P<n>[ab]+)(?P<m>c)?", ".", "a.b", "[^a]+",
            "a$", "^a", r"\Aa", r"a\Z", "^", "$", r"\A", r"\Z", "^$", r"^\Z", r"\b", r"\B", r"\ba", r"a\b", r"\Ba", r"a\B", r"a\Bb", r"\b\w+\b", r"(\w+)\W(\w+)",
            "(?:)", "()a", "a|", "(?:b|)a", "x*", "(?:ab??)*b", "(?:(?:bc|d)*a)*", "(a{1,2}){2}", "(a+)+b", "(.*)(.*)a",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("flags", [0, re.DOTALL, re.MULTILINE, re.IGNORECASE, re.ASCII])
    def test_find_and_capture_what_re_does(self, source, flags):
        pattern = re.compile(source, flags)
        states = LinearPattern(pattern, short=-1)
        assert states.same_captures
        for subject in (
            "a", "b", "ab", "ba", "aab", "aaa", "abcd", "bcda", "caab", "a\n", "\na", "a\nb", "b\na\n", "a\n\n", "\n", "\n\na", "A", "aB", "\xe9", "a\xe9", "\xe9a b",
            "a b", " a", "a ", "_a", "xaabbab", "aaaab", "xx", "b\nb", "ab\nabc", "aab aab",
        ):  # fmt: skip
            for name in ("search", "match", "fullmatch"):
                one, other = getattr(pattern, name)(subject), getattr(states, name)(subject)
                assert (one is None) is (other is None), (subject, name)
                if one:
                    spans = [one.span(group) for group in range(pattern.groups + 1)]
                    assert [other.span(group) for group in range(pattern.groups + 1)] == spans, (subject, name)  # fmt: skip
                    assert (other[0], other.groups(), other.groupdict()) == (
                        one[0],
                        one.groups(),
                        one.groupdict(),
                    )

    @pytest.mark.parametrize("source", ["(a*)*", "(?:(a)?b*)*", "(a*)+", "(?:(a?){2}b?)*", "(a?){2}"])
    def test_tell_where_a_group_may_keep_what_the_round_before_took(self, source):
        pattern = re.compile(source)
        states = LinearPattern(pattern)
        assert states.same_captures is False
        for subject in ("a", "ab", "ba", "aab", "x"):
            assert states.search(subject).span() == pattern.search(subject).span()

    @pytest.mark.parametrize("source", ["(a)*", "(?:ab?)*", "(a*)", "a*", "(?:a*b)+"])
    def test_capture_the_same_where_no_round_is_empty(self, source):
        assert LinearPattern(re.compile(source)).same_captures is True

    @pytest.mark.parametrize(
        "source",
        [
            "(?:a??)+", "(?:(a??)b*)*", "(?:(?:a*?)*)*", "(?:|a)*", "(?:a|)*", "(?:bc|d*)*", "(?:(?:ab??|cd)*)*", "(?:(?:ab??)*)*", "((a??))+", "(?:(ab??)*)*",
            "(?:(?:x|(ab??)*y)*)*",
        ],
    )  # fmt: skip
    def test_refuse_to_repeat_what_would_rather_be_empty(self, source):
        with pytest.raises(Unsupported, match="rather be empty"):
            LinearPattern(re.compile(source))

    @pytest.mark.parametrize(
        "source", ["(?:(?:bc|d)*)*", "(?:ab??)*", "(?:a*)*", "(?:(a*)b*)*", "a??", "(?:a??b)*", "|a"]
    )
    def test_do_not_refuse_what_is_empty_where_there_is_nothing_else(self, source):
        assert LinearPattern(re.compile(source)).search("abc") is not None

    @pytest.mark.parametrize(
        ("source", "reason"),
        [("(?i:a)", "flags inside"), ("(?-i:a)", "flags inside"), (r"(a)\1", "groupref"), ("(?=a)", "it uses assert"), ("(?>a)", "atomic group"), ("a++", "possessive repeat")],
    )  # fmt: skip
    def test_refuse_what_asks_for_more_than_a_state(self, source, reason):
        with pytest.raises(Unsupported, match=reason):
            LinearPattern(re.compile(source, re.IGNORECASE if "-i" in source else 0))

    def test_are_at_most_two_thousand_and_the_last(self):
        assert LinearPattern(re.compile("a{2000}")).match("a") is None

    @pytest.mark.parametrize("source", ["a{2001}", "a{1998}b*", "(?:a|b|cd){500}"])
    def test_are_refused_where_there_are_more(self, source):
        with pytest.raises(Unsupported, match="too large"):
            LinearPattern(re.compile(source))

    def test_are_soon_listed_for_many_rounds_of_nothing(self):
        assert LinearPattern(re.compile("(?:){4000000000}a")).search("ba").span() == (1, 2)

    def test_leave_a_short_subject_to_re(self):
        states = LinearPattern(re.compile("a+"), short=3)
        for ask in (states.search, states.match, states.fullmatch):
            assert isinstance(ask("aaa"), re.Match)
            assert isinstance(ask("aaaa"), LinearMatch)
        assert isinstance(LinearPattern(re.compile("a+")).search("a"), LinearMatch)

    def test_name_what_was_matched_as_a_match_of_re_does(self):
        states = LinearPattern(re.compile("(?P<n>a*)b(c)?"))
        match = states.search("b")
        assert (match.re, match.string) == (states, "b")
        assert (match.span(), match.span("n"), match.span(1), match.span(2)) == ((0, 1), (0, 0), (0, 0), (-1, -1))  # fmt: skip
        assert (match[0], match["n"], match.group(1), match[2]) == ("b", "", "", None)
        assert (match.groups(), match.groupdict()) == (("", None), {"n": ""})
        for number in (-1, 3):
            with pytest.raises(IndexError, match="no such group"):
                match.span(number)

    def test_ask_once_for_each_of_512_characters_and_remember_no_more(self):
        asked = []
        takes = _remembering(lambda char: asked.append(char) or char == "\x00")
        subject = [chr(code) for code in range(514)]
        answers = [takes(char) for char in subject * 2]
        assert answers == [True, *[False] * 513] * 2
        assert asked == [*subject, *subject[512:]]


class TestCompiledPatterns:
    def test_look_at_8192_characters(self):
        assert LONGEST_SUBJECT == 8192

    @pytest.mark.parametrize(
        ("source", "column"), [("(", 1), ("a(", 2), ("({", 1), (r"(?<year>\d)(", 12), ("(?<y>a)(?<y>b)", 8)]
    )
    def test_name_the_column_of_the_source_where_they_are_wrong(self, source, column):
        with pytest.raises(PatternError, match=f"^column {column}: "):
            compile_pattern(source)

    def test_read_characters_unless_octets_are_asked_for(self):
        assert compile_pattern(r"\w").search("é")
        assert not compile_pattern(r"\w", octets=True).search("é")

    def test_are_judged_by_where_they_will_be_tried(self):
        assert not isinstance(compile_pattern("a*b"), re.Pattern)  # every place of the subject
        assert isinstance(compile_pattern("a*b", anchored=True), re.Pattern)

    def test_that_run_away_are_announced_where_the_rule_is_written(self):
        def rule():
            return compile_pattern("(a+)+b")

        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            rule()
            line = currentframe().f_lineno - 1
        assert [(one.lineno, one.filename) for one in told] == [(line, __file__)]

    @pytest.mark.parametrize(
        ("source", "way"),
        [("^a", "match"), (r"\Aa", "match"), ("a", "search"), ("", "search"), ("(?m)^a", "search"), ("a^", "search")],
    )
    def test_are_tried_once_where_they_are_tied_to_the_start(self, source, way):
        pattern = re.compile(source)
        assert searcher(pattern) == getattr(pattern, way)

    def test_of_other_engines_are_searched(self):
        other = LinearPattern(re.compile("^a"))
        assert searcher(other) == other.search
