"""Reading, judging and matching patterns: each verdict on both sides of its limit."""

import re

import pytest

from tropea.rewrite.errors import PatternError
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
