"""The pure policies of routing, each verdict on both sides of its limit."""

from __future__ import annotations

import datetime
import enum
import http
import re
import uuid

import pytest

from tropea.dispatch import Pattern, PatternError, RegexConverter, RegexPattern, URLGenerationError
from tropea.dispatch.automata import Automaton
from tropea.dispatch.converters import NO, Converter, SegmentConverter, StringConverter
from tropea.dispatch.kinds import (
    AnyConverter, DateConverter, EnumConverter, FloatConverter, HexConverter, IntConverter, PathConverter, SlugConverter, UUIDConverter,
    WordConverter,
)  # fmt: skip
from tropea.dispatch.mounting import MountPattern
from tropea.dispatch.patterns import ExtensiblePattern, first_segment
from tropea.dispatch.regexes import may_match
from tropea.dispatch.registry import CONVERTERS
from tropea.dispatch.segments import Segment
from tropea.dispatch.syntax import Parameter, _arguments, _closing


class Colour(enum.Enum):
    RED = "red"
    REDDER = "redder"
    ONE = 1


def shape(text, **options):
    """Show the tokens of a pattern: literals as they are, parameters by their keys and converters."""
    return [
        t if isinstance(t, str) else (t.key, type(t.converter).__name__, t.converter.pattern)
        for t in Pattern(text, **options).template
    ]


class TestSyntax:
    @pytest.mark.parametrize(
        ("text", "tokens"),
        [
            ("/", ["/"]),
            ("", []),
            ("/a/", ["/a/"]),
            ("a", ["a"]),
            ("/<a>", ["/", ("a", "StringConverter", "[^/]+")]),
            ("/<a>/", ["/", ("a", "StringConverter", "[^/]+"), "/"]),
            ("/x<a>y", ["/x", ("a", "StringConverter", "[^/]+"), "y"]),
            ("/<:int>/<:word>", ["/", (0, "IntConverter", "[0-9]+"), "/", (1, "WordConverter", r"\w+")]),
            ("/<n:int(signed)>", ["/", ("n", "IntConverter", "-?[0-9]+")]),
            ("/<n:any('a>b', \"c)d\")>!", ["/", ("n", "AnyConverter", r"a>b|c\)d"), "!"]),
            (r"/<n:any('a\'b')>", ["/", ("n", "AnyConverter", "a'b")]),
            ("/<n:re:a(b>c)[>]>d", ["/", ("n", "RegexConverter", "a(b>c)[>]"), "d"]),
            (r"/<n:re:\>>", ["/", ("n", "RegexConverter", r"\>")]),
            ("/n:a.", ["/", ("n", "SegmentConverter", "a[^/]")]),
            ("/n:a/m:b", ["/", ("n", "SegmentConverter", "a"), "/", ("m", "SegmentConverter", "b")]),
            ("/1n:a", ["/1n:a"]),
        ],
    )  # fmt: skip
    def test_a_pattern_is_literals_and_parameters(self, text, tokens):
        assert shape(text) == tokens

    def test_the_hybrid_form_can_be_off(self):
        assert shape("/n:a", hybrid=False) == ["/n:a"]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("/<a", "never closed"),
            ("/<n:re:(>", "never closed"),
            ("/<n:any('a>", "never closed"),
            ("/<a>/<a>", "stands twice"),
            ("/<a>/a:b", "stands twice"),
            ("/<>", "is not <name>"),
            ("/<a:>", "is not <name>"),
            ("/<a b>", "is not <name>"),
            ("/<(x)>", "is not <name>"),
            ("/<a(x)>", "is not <name>"),
            ("/<a:int(signed>", "never closed|lacks the closing"),
            ("/<a:int(x)y>", "lacks the closing parenthesis"),
            ("/<a:re:>", "needs a regular expression after re:"),
            ("/a:", "needs a regular expression after its colon"),
            ("/a:(b/c)", "a slash cannot stand in the expression of a segment"),
            ("/a:(", "wrong regular"),
            ("/<a:any('x' 'y')>", "cannot read the arguments"),
            ("/<a:any(,)>", "cannot read the arguments"),
            ("/<a:any()>", "needs the words"),
            ("/<a:int(unsigned)>", "takes the argument signed"),
            ("/<a:float(1)>", "takes the argument signed"),
            ("/<a:word(1)>", "takes no arguments"),
            ("/<a:enum('x:Y', 'z')>", "takes one enumeration"),
            ("/<a:enum('re:compile')>", "needs an Enum class"),
            ("/<1a:re:x>", "cannot name a parameter|is not <name>"),
        ],
    )
    def test_what_cannot_work_is_said(self, text, message):
        with pytest.raises(PatternError, match=message):
            Pattern(text)

    @pytest.mark.parametrize(
        ("text", "cut"),
        [("/a:(b/c)", True), ("/a:(b", False), ("/(/a:(", False), ("/a:(b/c:d", True), ("/a:(b+)+c/d", False)],
    )  # fmt: skip
    def test_a_slash_is_blamed_where_it_cuts_a_wrong_expression_off(self, text, cut):
        with pytest.raises(PatternError) as raised:
            Pattern(text)
        assert ("a slash cannot stand" in str(raised.value)) is cut

    @pytest.mark.parametrize(
        ("text", "values"),
        [
            ("", ()), ("  ", ()), ("a", ("a",)), (" a , 'b' ", ("a", "b")), ("3, 3.5, -2", (3, 3.5, -2)), ("007, 1.50, 1e5, +3", ("007", "1.50", "1e5", "+3")),
            ("'3'", ("3",)), (r"'a\\b', \"c\"".replace(r"\"", '"'), ("a\\b", "c")), ("'',", ("",)), ("nan, inf", ("nan", "inf")),
        ],
    )  # fmt: skip
    def test_arguments_are_values_and_nothing_is_evaluated(self, text, values):
        read = _arguments(text)
        assert read == values
        assert list(map(type, read)) == list(map(type, values))

    @pytest.mark.parametrize(
        ("text", "end"),
        [
            ("<a>", 2),
            ("<a(>)>", 5),
            ("<a('>')>", 7),
            ("<a(\\')>", 6),
            ("<'\"'>", 4),
            ("<a)>", 3),
            ("<a(()>)>", 7),
            ("<a:re:(>)>", 9),
            ("<a:re:(()>)>", 11),
            ("<a:re:)>", 7),
        ],
    )
    def test_a_parameter_ends_past_quotes_and_parentheses(self, text, end):
        assert _closing(text, 0) == end


class TestKinds:
    @pytest.mark.parametrize(
        ("converter", "reads", "refuses"),
        [
            (IntConverter(), {"0": 0, "007": 7}, ["", "-7", "+7", "٧", "1_0", " 7", "9" * 5000]),
            (IntConverter("signed"), {"-7": -7, "7": 7}, ["-", "--7", "+7", "-٧", "7-"]),
            (
                FloatConverter(),
                {"3": 3.0, "3.25": 3.25},
                ["", ".5", "3.", "-1", "1e5", "nan", "9" * 400],
            ),
            (FloatConverter("signed"), {"-0.5": -0.5, "1": 1.0}, ["--1", "+1"]),
            (WordConverter(), {"aé_1": "aé_1"}, ["a-b", ""]),
            (HexConverter(), {"aF0": "aF0"}, ["g", ""]),
            (SlugConverter(), {"a-B_9": "a-B_9"}, ["é", ""]),
            (
                UUIDConverter(),
                {
                    "1" * 8 + "-1111-1111-1111-" + "1" * 12: uuid.UUID(
                        int=0x11111111111111111111111111111111
                    )
                },
                ["1" * 32],
            ),
            (
                DateConverter(),
                {"2024-02-29": datetime.date(2024, 2, 29)},
                ["2023-02-29", "20240229"],
            ),
            (PathConverter(), {"a/b\n": "a/b\n"}, [""]),
            (AnyConverter("a", "ab", 7), {"a": "a", "ab": "ab", "7": "7"}, ["b", ""]),
            (EnumConverter(Colour), {"red": Colour.RED, "1": Colour.ONE}, ["RED", "Colour.RED"]),
            (EnumConverter("http:HTTPMethod"), {"GET": http.HTTPMethod.GET}, ["get"]),
            (RegexConverter("a+", len), {"aaa": 3}, ["b", ""]),
            (RegexConverter("a+"), {"aaa": "aaa"}, ["A"]),
            (RegexConverter("a+", flags=re.IGNORECASE), {"aA": "aA"}, ["b"]),
            (StringConverter(), {"a b": "a b"}, ["", "a/b"]),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_read_what_they_know(self, converter, reads, refuses):
        for text, value in reads.items():
            read = converter.read(text)
            assert (type(read), read) == (type(value), value)
        assert [text for text in refuses if converter.read(text) is not NO] == []

    @pytest.mark.parametrize(
        ("converter", "value", "text"),
        [
            (IntConverter(), 7, "7"), (IntConverter(), "7", "7"), (FloatConverter(), 1e-7, "0.0000001"), (FloatConverter(), 2, "2.0"),
            (EnumConverter(Colour), Colour.ONE, "1"), (EnumConverter(Colour), "red", "red"), (StringConverter(), 5, "5"), (StringConverter(), "é", "é"),
        ],
    )  # fmt: skip
    def test_write_what_they_read(self, converter, value, text):
        assert converter.to_string(value) == text

    def test_what_is_no_text_is_not_written(self):
        for wrong in (b"a", bytearray(b"a")):
            with pytest.raises(TypeError, match="expected text"):
                StringConverter().to_string(wrong)
        with pytest.raises(TypeError):
            IntConverter().to_string(7.5)

    def test_the_longest_word_is_tried_first(self):
        assert AnyConverter("a", "ab", "abc").pattern == "abc|ab|a"
        assert EnumConverter(Colour).pattern == "redder|red|1"

    def test_members_are_found_in_any_case(self):
        converter = EnumConverter(Colour)
        assert (
            converter.read_any_case("REDDER") is converter.read_any_case("redder") is Colour.REDDER
        )
        assert converter.read_any_case("blue") is NO

    @pytest.mark.parametrize("name", sorted({*CONVERTERS} - {"any", "enum"}))
    def test_what_they_say_of_slashes_is_what_their_expressions_tell(self, name):
        converter = CONVERTERS[name]()
        assert converter.spans is may_match(converter.pattern, "/") is (name == "path")

    def test_texts_are_read_by_what_reads_them_in_any_case(self):
        assert IntConverter().from_string("007") == 7
        assert EnumConverter(Colour).from_string("redder") is Colour.REDDER
        with pytest.raises(ValueError, match="^REDDER$"):
            EnumConverter(Colour).from_string("REDDER")
        assert Pattern("/V<n:int>", ignorecase=True).test("/v7") == ((), {"n": 7})
        assert Pattern("/V<n:int>", ignorecase=True).test("/v" + "9" * 5000) is None

    def test_a_slug_is_ascii_in_any_case(self):
        pattern = Pattern("/<s:slug>", ignorecase=True)
        assert pattern.test("/sK-S") == ((), {"s": "sK-S"})
        for long_s_or_kelvin in ("ſ", "\N{KELVIN SIGN}"):
            assert pattern.test(f"/{long_s_or_kelvin}") is None

    def test_slashes_are_crossed_by_what_says_so_or_can(self):
        crossing = [
            PathConverter(),
            RegexConverter(".*"),
            RegexConverter("[^a]"),
            AnyConverter("a/b"),
        ]
        staying = [
            StringConverter(),
            IntConverter(),
            SegmentConverter("[^a]+"),
            RegexConverter("[a-z]+"),
            AnyConverter("a"),
        ]
        assert all(converter.crosses_slashes() for converter in crossing)
        assert not any(converter.crosses_slashes() for converter in staying)

    def test_converters_of_one_kind_take_the_same(self):
        class Odd(Converter):
            def __init__(self):
                self.held = []

        assert IntConverter().kind() == IntConverter().kind() != IntConverter("signed").kind()
        assert StringConverter().kind() != WordConverter().kind()
        odd = Odd()
        assert odd.kind() == odd.kind() != Odd().kind()


class TestPatterns:
    @pytest.mark.parametrize(
        ("text", "path", "found"),
        [
            ("/a", "/a", ((), {})), ("/a", "/A", None), ("/a", "/a/", None), ("/a/", "/a", None), ("/<a>", "/", None), ("/<a>", "/x/", None),
            ("/<:int>/<n:int>", "/1/2", ((1,), {"n": 2})), ("/<p:path>", "/a/b", ((), {"p": "a/b"})), ("/<p:path>/x", "/x", None),
            ("/v<n:int>", "/v", None), ("/<a:int>-<b:int>", "/1-2", ((), {"a": 1, "b": 2})), ("/<a:int>-<b:int>", "/1-", None),
            ("/<p:path>/<n:int>", "/a/b/7", ((), {"p": "a/b", "n": 7})),
        ],
    )  # fmt: skip
    def test_read_their_paths(self, text, path, found):
        assert Pattern(text).test(path) == found

    def test_may_mind_no_case(self):
        pattern = Pattern("/Recipes/<n:re:[a-z]+>/X", ignorecase=True)
        assert pattern.test("/rECIPES/Ab/x") == ((), {"n": "Ab"})
        assert pattern.head == ""
        assert Pattern("/Recipes/<n>").head == "/Recipes/"
        assert (Pattern("/a/<n>").first, Pattern("/a<n>").first, Pattern("/<n>/a").first) == (
            "a",
            None,
            None,
        )

    @pytest.mark.parametrize(
        ("head", "first"),
        [
            ("/a/", "a"),
            ("/a/b", "a"),
            ("/a/b/", "a"),
            ("/a/b/c/d", "a"),
            ("/a", None),
            ("a/b/", None),
            ("", None),
            ("//", ""),
        ],
    )
    def test_fix_their_first_segment_or_not(self, head, first):
        assert first_segment(head) == first

    @pytest.mark.parametrize(
        ("text", "args", "named", "path"),
        [("/<a>", (), {"a": "x y"}, "/x y"), ("/<:int>/<n>", (7,), {"n": "b"}, "/7/b"), ("/<p:path>.<e:word>", (), {"p": "a/b", "e": "c"}, "/a/b.c"),
         ("/x<n:int>y/", (), {"n": 5}, "/x5y/"), ("/<d:date>", (), {"d": datetime.date(2024, 1, 2)}, "/2024-01-02")],
    )  # fmt: skip
    def test_lead_back_to_a_path(self, text, args, named, path):
        pattern = Pattern(text)
        assert pattern.pathfor(*args, **named) == path
        assert pattern.test(path) == (args, named)

    @pytest.mark.parametrize(
        ("text", "args", "named", "message"),
        [("/<a>", (), {}, "lacks a value for a"), ("/<a>", (), {"a": None}, "lacks a value"), ("/<a>", (), {"a": "x", "b": 1}, "no place for b"),
         ("/<a>", ("x",), {}, "no place for 0"), ("/<a>", (), {"a": "x/y"}, "does not match"), ("/<a:int>", (), {"a": -1}, "does not match"),
         ("/<a:int>", (), {"a": 1.5}, "a: "), ("/<a>-<b>", (), {"a": "x", "b": "y-z"}, "does not match"), ("/<a>", (), {"a": ""}, "does not match"),
         ("/<p:path>.<e:word>", (), {"p": "a", "e": "b.c"}, "does not match")],
    )  # fmt: skip
    def test_say_what_does_not_fit(self, text, args, named, message):
        with pytest.raises(URLGenerationError, match=message):
            Pattern(text).pathfor(*args, **named)

    @pytest.mark.parametrize(
        ("text", "values"),
        [
            ("/<a>", {"a": "x/y"}), ("/<a>/x", {"a": "x/y"}), ("/v<a:int>", {"a": -1}), ("/<p:path>.<e:word>", {"p": "a", "e": "b-c"}),
        ],
    )  # fmt: skip
    def test_a_test_of_ones_own_makes_no_value_fit_that_cannot_be_told_from_the_path(
        self, text, values
    ):
        class Lenient(Pattern):
            def test(self, path):
                return (), values

        pattern = Lenient(text)
        with pytest.raises(URLGenerationError, match="does not match the path made of"):
            pattern.pathfor(**values)

    def test_of_ones_own_decide_by_themselves(self):
        class Own(Pattern):
            def test(self, path):
                return (("x",), {"n": path}) if path == "/own" else None

        assert (Own.opaque, Pattern.opaque) == (True, False)
        assert Own("/a").groups("/own") == {0: "x", "n": "/own"}
        assert Own("/a").groups("/a") is None
        assert repr(Own("/a")) == "Own('/a')"
        assert ExtensiblePattern is Pattern

    def test_a_mount_point_minds_case(self):
        pattern = MountPattern("/a")
        assert not pattern.ignorecase
        assert [pattern.test(path) for path in ("/a", "/A")] == [((), {}), None]


class TestSegments:
    def test_a_segment_is_literal_or_has_values(self):
        literal, empty = Segment(("a",), False), Segment((), False)
        assert (literal.literal, empty.literal, literal.values("a"), literal.values("b")) == (
            "a",
            "",
            (),
            None,
        )
        plain = Segment((Parameter("n", StringConverter()),), False)
        assert (plain.plain, plain.values("x"), plain.values(""), plain.texts("x"), plain.keys) == (
            True,
            ("x",),
            None,
            ("x",),
            ("n",),
        )
        number = Segment((Parameter("n", IntConverter()),), False)
        assert (
            number.plain,
            number.values("7"),
            number.values("x"),
            number.kind == number.kind,
        ) == (False, (7,), None, True)
        mixed = Segment(("v", Parameter("n", IntConverter())), False)
        assert (mixed.values("v7"), mixed.values("7"), mixed.texts("v7"), mixed.texts("x")) == (
            (7,),
            None,
            ("7",),
            None,
        )
        assert literal.texts("a") == ()

    @pytest.mark.parametrize(
        ("text", "longest"),
        [
            ("/<a>-<b>-<c>", 1000), ("/<a>-<b>-<c>-<d>", 150), ("/<a:word><b:word>.x", 1000), ("/x<a:re:[a-z]*[a-z0-9]*>", 1000), ("/<a>.x", None), ("/<a>", None), ("/a:[a-z]+", None),
        ],
    )  # fmt: skip
    def test_long_texts_are_left_to_an_automaton_where_there_are_many_ways_to_split_them(
        self, text, longest, monkeypatch
    ):
        read = []
        monkeypatch.setattr(Automaton, "read", lambda self, text: read.append(len(text)))
        pattern = Pattern(text)
        sizes = (10, 150, 151, 1000, 1001)
        for size in sizes:
            pattern.test("/" + "x" * size)
        assert read == [size for size in sizes if longest is not None and size > longest]

    def test_values_are_put_under_their_keys(self):
        segment, found = Segment(("v", Parameter("n", IntConverter())), False), {}
        assert segment.add("v7", found) is True
        assert found == {"n": 7}
        assert segment.add("x", found) is False
        assert found == {"n": 7}


class TestRawPatterns:
    @pytest.mark.parametrize(
        ("text", "path", "found"),
        [
            ("/a(.)(.)", "/abc", (("b", "c"), {})),
            ("/a(?P<x>.)(.)", "/abc", ((), {"x": "b"})),
            ("/a", "/ab", None),
            ("/a", "/A", None),
            ("/a(b)?", "/a", ((None,), {})),
        ],
    )
    def test_pass_their_groups(self, text, path, found):
        assert RegexPattern(text).test(path) == found

    def test_may_mind_no_case(self):
        assert RegexPattern("/A(.)", ignorecase=True).test("/aB") == (("B",), {})
        assert (
            RegexPattern("/a/(.)").head,
            RegexPattern("/a/(.)", ignorecase=True).head,
            RegexPattern("/a/(.)").first,
        ) == ("/a/", "", "a")

    @pytest.mark.parametrize(
        ("text", "args", "named", "path"),
        [("/a/(?P<x>.+)/b.html", (), {"x": "c"}, "/a/c/b.html"), ("^/a/(.)$", ("c",), {}, "/a/c"), ("/a(?:/(?P<x>.))?", (), {}, "/a"),
         ("/a(?:/(?P<x>.))?", (), {"x": "b"}, "/a/b"), (r"/a\.b", (), {}, "/a.b")],
    )  # fmt: skip
    def test_lead_back_to_a_path(self, text, args, named, path):
        assert RegexPattern(text).pathfor(*args, **named) == path

    @pytest.mark.parametrize(
        ("regex", "values", "path"),
        [
            (r"/list(?:/pages(?:-(?P<page>\d+))?)?", {"page": 3}, "/list/pages-3"),
            (r"/list(?:/pages(?:-(?P<page>\d+))?)?", {}, "/list"),
            (r"/a(?:/(?i:b)(?i:/(?P<n>.)))?", {"n": "c"}, "/a/b/c"),
            (r"/a(?:/(?i:b)(?i:/(?P<n>.)))?", {}, "/a"),
            (r"/a(?:/(b)(?P<n>.))?", {"n": "c"}, "/a/bc"),
            (r"/a(?:/(b)(?P<n>.))?", {}, "/a"),
        ],
    )
    def test_what_may_be_absent_is_there_for_a_value_however_deep_its_group_is(
        self, regex, values, path
    ):
        assert RegexPattern(regex).pathfor(**values) == path

    def test_a_part_with_flags_of_its_own_is_no_group(self):
        pattern = RegexPattern("/(?i:a)/(.)(?:/(?i:b)/(.))?")
        assert pattern.pathfor("x") == "/a/x"
        assert pattern.pathfor("x", "y") == "/a/x/b/y"

    @pytest.mark.parametrize(
        ("text", "args", "named", "message"),
        [
            ("/(.)", (), {}, "lacks a value"),
            ("/(.)", ("a", "b"), {}, "no place for 1"),
            ("/([a])", ("b",), {}, "does not match"),
        ],
    )
    def test_say_what_does_not_fit(self, text, args, named, message):
        with pytest.raises(URLGenerationError, match=message):
            RegexPattern(text).pathfor(*args, **named)

    def test_that_are_wrong_are_named(self):
        with pytest.raises(PatternError, match=re.escape("pattern '/(': ")):
            RegexPattern("/(")
