"""Patterns and converters: what they read, and that a URL leads back to its values."""

from __future__ import annotations

import datetime
import enum
import re
import uuid

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tropea.core.testing import assert_linear
from tropea.dispatch import (
    DispatcherApp,
    EnumConverter,
    Pattern,
    PatternError,
    RegexConverter,
    RegexPattern,
    URLGenerationError,
)
from tropea.dispatch.converters import NO
from tropea.dispatch.regexes import any_but_slash, check_regex, literal_head, may_match
from tropea.dispatch.conditions import is_host
from tropea.dispatch.urls import encode_path


class Colour(enum.Enum):
    RED = "red"
    DARK = "dark-red"


UUID = "12345678-1234-5678-1234-567812345678"


class TestConverters:
    @pytest.mark.parametrize(
        ("converter", "text", "value"),
        [
            ("str", "a b", "a b"), ("unicode", "é", "é"), ("int", "007", 7), ("int(signed)", "-7", -7),
            ("float", "3", 3.0), ("float", "3.25", 3.25), ("float(signed)", "-0.5", -0.5), ("word", "žluť_1", "žluť_1"),
            ("hex", "DEADbeef", "DEADbeef"), ("slug", "a-b_C9", "a-b_C9"), ("uuid", UUID, uuid.UUID(UUID)),
            ("date", "2024-02-29", datetime.date(2024, 2, 29)), ("path", "a//../b\n", "a//../b\n"),
            ("any('about', 'help')", "help", "help"), ('any("a b", c, 7)', "a b", "a b"), ("any(a, 7)", "7", "7"),
            ("re:[A-F]+", "AB", "AB"), ("re:a(b|c)", "ac", "ac"), ("re:[^(]+", "a)", "a)"), (r"re:[\[(]a", "[a", "[a"),
            ("re:[>)]+", ">)", ">)"), ("any(007)", "007", "007"), ("any(1.50, +3)", "1.50", "1.50"), ("any(1e5)", "1e5", "1e5"),
        ],
    )  # fmt: skip
    def test_reads(self, converter, text, value):
        assert Pattern(f"/<x:{converter}>").test("/" + text) == ((), {"x": value})

    @pytest.mark.parametrize(
        ("converter", "text"),
        [
            ("str", ""), ("str", "a/b"), ("int", ""), ("int", "-7"), ("int", "1_0"), ("int", " 7"), ("int", "٧"),
            ("int(signed)", "--7"), ("int(signed)", "+7"), ("int(signed)", "-"), ("float", "nan"), ("float", "1e5"),
            ("float", "-1.0"), ("word", "a-b"), ("hex", "g"), ("hex", "ab\n"), ("slug", "é"), ("uuid", UUID[:-1]),
            ("uuid", UUID + "\n"), ("date", "2023-02-29"), ("date", "2023-2-1"), ("path", ""), ("any('a')", "b"),
            ("re:[A-F]+", "ab"),
        ],
    )  # fmt: skip
    def test_refuses(self, converter, text):
        assert Pattern(f"/<x:{converter}>").test("/" + text) is None

    def test_enum_members_are_read_from_their_values(self):
        dispatcher = DispatcherApp()
        dispatcher.register_converter("colour", EnumConverter(Colour))
        handler = lambda request, c: ""  # noqa: E731
        dispatcher.match("/<c:colour>.html", GET=handler)
        assert dispatcher.gettarget("/dark-red.html")[1] == {"c": Colour.DARK}
        assert dispatcher.gettarget("/blue.html") is None
        assert handler.url(c=Colour.RED) == handler.url(c="red") == "/red.html"
        assert Pattern("/<m:enum('http:HTTPMethod')>").test("/GET")[1]["m"].value == "GET"

    def test_only_a_value_error_means_no_match(self):
        def read(text):
            raise KeyError(text)

        with pytest.raises(KeyError):
            RegexConverter(".*", read).read("x")
        assert RegexConverter("x", float).read("x") is NO

    def test_flags_of_a_converter_hold_inside_a_segment_and_nowhere_else(self):
        known = {
            "loud": lambda: RegexConverter("abc", flags=re.IGNORECASE),
            "spaced": lambda: RegexConverter("a b # two letters", flags=re.VERBOSE),
        }
        for text, path, other in (
            ("/<x:loud>", "/ABC", "/x"),
            ("/is-<x:loud>", "/is-ABC", "/IS-abc"),
            ("/is-<x:spaced>", "/is-ab", "/is-a b"),
        ):
            pattern = Pattern(text, registry=known)
            assert pattern.test(path) == ((), {"x": path.rpartition("-")[2].lstrip("/")})
            assert pattern.test(other) is None

    def test_members_of_an_enumeration_are_found_without_case_by_imatch(self):
        pattern = Pattern(
            "/<c:colour>", registry={"colour": lambda: EnumConverter(Colour)}, ignorecase=True
        )
        assert pattern.test("/DARK-Red") == ((), {"c": Colour.DARK})
        assert pattern.test("/red") == ((), {"c": Colour.RED})
        assert pattern.test("/blue") is None

    @pytest.mark.parametrize("text", ["/<x:re:>", "/<x:re:[(]", "/<x:any(a b)>", "/<x:any(a,,b)>"])
    def test_what_cannot_be_read_is_refused(self, text):
        with pytest.raises(PatternError):
            Pattern(text)


class TestHybrid:
    @pytest.mark.parametrize(
        ("pattern", "path", "groups"),
        [
            ("/page:page_.+", "/page_1", {"page": "page_1"}), ("/page:page_.+", "/page_1/2", None),
            ("/recipes/recipe:.*", "/recipes/", {"recipe": ""}), ("/recipes/recipe:.*", "/recipes", None),
            ("/x:[^a]+", "/b/c", None), ("/x:[^a]+", "/bc", {"x": "bc"}), (r"/x:a\.b", "/a.b", {"x": "a.b"}),
            (r"/x:a\.b", "/aXb", None), ("/x:[.]", "/.", {"x": "."}), ("/x:[.]", "/y", None),
            ("/x:a|b", "/b", {"x": "b"}), ("/x:a|b/c", "/b/c", {"x": "b"}), ("/x:(a)(b)", "/ab", {"x": "ab"}),
            (r"/x:(.)\1", "/aa", {"x": "aa"}), (r"/x:(.)\1", "/ab", None), ("/index.html", "/indexXhtml", None),
            ("/a:[0-9]+/<b>/c:.", "/1/2/3", {"a": "1", "b": "2", "c": "3"}), ("/x:.+", "/a\n", {"x": "a\n"}),
            ("/my-blog", "/my-blog", {}), ("/a%20b", "/a b", None), ("/x:[]]", "/]", {"x": "]"}),
        ],
    )  # fmt: skip
    def test_segments(self, pattern, path, groups):
        found = Pattern(pattern).test(path)
        assert (found and found[1]) == groups

    def test_a_point_is_any_character_but_a_slash(self):
        assert any_but_slash(r".[.]\.[^.].") == r"[^/][.]\.[^.][^/]"


class TestMixedSegments:
    @pytest.mark.parametrize(
        ("pattern", "path", "groups"),
        [
            ("/<a>.<b>", "/x.y.z", {"a": "x.y", "b": "z"}), ("/v<n:int>", "/v12", {"n": 12}), ("/v<n:int>", "/vx", None),
            ("/<y:int>-<m:int>", "/2026-11", {"y": 2026, "m": 11}), ("/a/<p:path>/edit", "/a/b/c/edit", {"p": "b/c"}),
            ("/a/<p:path>/edit", "/a//edit", None), ("/<p:path>.<ext:word>", "/a/b.tar.gz", {"p": "a/b.tar", "ext": "gz"}),
            ("/<d:date>.txt", "/2023-02-30.txt", None), ("/p-<x:re:(?i)abc>", "/p-ABC", {"x": "ABC"}),
            ("/p-<x:re:(?i)abc>", "/P-abc", None), ("/<x:re:(?P<n>a)>-<y:re:(?P<n>b)>", "/a-b", {"x": "a", "y": "b"}),
            ("/<a:any('x>y')>/<b:re:[0-9]+>", "/x>y/1", {"a": "x>y", "b": "1"}), ("/<x:re:[(?P<n>)]+>.y", "/?P<.y", {"x": "?P<"}),
        ],
    )  # fmt: skip
    def test_pieces(self, pattern, path, groups):
        found = Pattern(pattern).test(path)
        assert (found and found[1]) == groups


NAMES = st.sampled_from(
    [
        "<{}>",
        "<{}:int>",
        "<{}:path>",
        "<{}:word>",
        "{}:[a-c]+",
        "<{}:uuid>",
        "<{}:date>",
        "<{}:float>",
    ]
)
VALUES = {
    "": st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=6),
    "int": st.integers(0, 10**20),
    "path": st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
    "word": st.text("ab_9ž", min_size=1),
    "[a-c]+": st.text("abc", min_size=1),
    "uuid": st.uuids(),
    "date": st.dates(),
    "float": st.floats(0, 1e15, allow_nan=False),
}


@st.composite
def patterns_with_values(draw):
    pieces, values = [], {}
    for at, piece in enumerate(draw(st.lists(NAMES, min_size=1, max_size=3))):
        kind = piece.strip("<>{}").lstrip(":")
        values[f"g{at}"] = draw(VALUES[kind])
        pieces.append(
            draw(st.sampled_from(["{}", "{}", "x.{}.y"])) if piece.startswith("<") else "{}"
        )
        pieces[-1] = pieces[-1].format(piece.format(f"g{at}"))
    return "/lit/" + "/".join(pieces), values


class TestThereAndBack:
    @given(patterns_with_values())
    def test_a_url_leads_back_to_its_values(self, made):
        text, values = made
        pattern = Pattern(text)
        try:
            path = pattern.pathfor(**values)
        except URLGenerationError:
            # Only paths that take more than one segment can be ambiguous.
            assert "path>" in text
            return
        assert pattern.test(path) == ((), values)

    @given(st.text(st.characters(codec="utf-8"), min_size=1))
    def test_an_encoded_path_is_decoded_once_to_the_same(self, text):
        from urllib.parse import unquote

        path = "/" + text
        assume(not {".", ".."} & set(path.split("/")))
        encoded = encode_path(path)
        assert unquote(encoded) == path
        assert encoded.isascii() and encoded.isprintable() and not encoded.startswith("//")
        assert not set(encoded) & set("\"'<>&?#\\ ")

    def test_raw_expressions_check_their_result(self):
        pattern = RegexPattern("/(?P<a>[a-z]+)/(?P<b>[0-9]+)")
        assert pattern.test(pattern.pathfor(a="x", b=1)) == ((), {"a": "x", "b": "1"})
        for wrong in ({"a": "x"}, {"a": "X", "b": "1"}, {"a": "x", "b": "1", "c": "2"}):
            with pytest.raises(URLGenerationError):
                pattern.pathfor(**wrong)


class TestExpressions:
    @pytest.mark.filterwarnings("ignore:Possible:FutureWarning")
    @given(st.text("ab()[]|*+?.^$\\{}1,<>:/-", max_size=14))
    def test_no_text_breaks_the_readers(self, text):
        for make in (Pattern, RegexPattern):
            try:
                make("/" + text).test("/abab")
            except ValueError:
                pass

    @given(
        st.from_regex(r"(?:[a-c]|\(\?:[ab]+\)|\.|[ab]\*){1,4}", fullmatch=True),
        st.text("abc/", max_size=5),
    )
    def test_every_match_begins_with_the_literal_head(self, regex, text):
        if re.fullmatch(regex, text):
            assert text.startswith(literal_head(regex))
            assert "/" not in text or may_match(regex, "/")

    @pytest.mark.parametrize(
        "regex", ["(?:[a-z]+-)*[a-z]+", "(?:ab|ac)+", "[a-z]+(?:,[a-z]+)*", "(?:[0-9]{1,3}[.])*x"]
    )
    def test_an_accepted_expression_takes_linear_time(self, regex):
        check_regex(regex)
        match = re.compile(regex).fullmatch

        def call_with(size):
            text = ("ab" * size)[:size] + "!"
            return lambda: match(text)

        assert_linear(call_with, 2000)  # small enough for the caches: the expression is measured


def test_hosts_match_whole_labels():
    assert is_host("a.example", "a.example")
    assert is_host("x.a.example", "*.a.example")
    assert not is_host("xa.example", "*.a.example")
    assert not is_host(".a.example", "*.a.example")
