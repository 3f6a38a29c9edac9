"""The pure policies of rewriting, each verdict on both sides of its limit."""

import re

import pytest

from tropea.rewrite import Rule, RuleList
from tropea.rewrite.apache.cookies import cookie_of
from tropea.rewrite.apache.escapes import escape_captured, escape_controls, escape_uri, to_octets
from tropea.rewrite.apache.flags import COND_FLAGS, RULE_FLAGS, Flag, nearest, read_flags, read_number, read_status
from tropea.rewrite.apache.lines import read_lines
from tropea.rewrite.charsets import EVERYTHING, bits, takes
from tropea.rewrite.errors import RuleError, RuleSyntaxError

from tropea.rewrite.locations import ends_in_domain, is_host, is_host_part, local_reference, quote_path, quote_query
from tropea.rewrite.segments import Keys, SegmentIndex, keys_of
from tropea.rewrite.templates import compile_template, cut, merge, read_backslashes, read_braces


class TestLocations:
    @pytest.mark.parametrize(
        ("path", "query", "reference"),
        [
            ("/a", "", "/a"),
            ("a", "b", "/a?b"),
            ("//a", "", "/a"),
            ("/\\/a", "", "/a"),
            ("", "", "/"),
            ("/a b?#", "x y", "/a%20b%3F%23?x%20y"),
            ("/\udce9", "", "/%E9"),
            ("/é", "", "/%C3%A9"),
        ],
    )
    def test_stay_on_their_site(self, path, query, reference):
        assert local_reference(path, query) == reference

    @pytest.mark.parametrize(
        ("query", "quoted"),
        [("a=1&b=%20", "a=1&b=%20"), ('"<>', "%22%3C%3E"), ("\xe9", "%E9"), ("\xff", "%FF"), ("Ā", "%C4%80"), ("\udc80", "%3F"), ("\x00\r\n", "%00%0D%0A")],
    )
    def test_hold_what_a_query_may_hold(self, query, quoted):
        assert quote_query(query) == quoted
        assert quote_path("/:@!$&'()*+,;=~-._") == "/:@!$&'()*+,;=~-._"

    @pytest.mark.parametrize(
        ("host", "is_one"),
        [("a", True), ("a.b:80", True), ("[::1]:8", True), ("a:", False), ("a:123456", False), ("", False), ("-a", False), ("a_", True), ("a\n", False)],
    )
    def test_name_hosts(self, host, is_one):
        assert is_host(host) is is_one

    @pytest.mark.parametrize(
        ("text", "is_one"),
        [(".com", True), (".a_b.example.com:80", True), ("-a.example.com", True), ("a.b.c.d", True), ("example.com", False), ("-a.com", False),
         ("com", False), (":80", False), (".", False), (".com.", False), (".com\n", False), (".com:", False), (".com/.org", False)],
    )  # fmt: skip
    def test_below_a_whole_domain_are_all_of_one_owner(self, text, is_one):
        assert ends_in_domain(text) is is_one

    def test_parts_of_hosts_have_no_marks(self):
        assert is_host_part("") is is_host_part("a-b._c") is True
        assert is_host_part("a:b") is is_host_part("a/b") is False


PATTERN = re.compile(r"/(?P<year>\d{4})/(\w+)(x)?")


class TestTemplates:
    @pytest.mark.parametrize(
        ("read", "text", "pieces"),
        [
            (read_braces, "/a", ["/a"]),
            (read_braces, "", []),
            (read_braces, "{year}{2}", [1, 2]),
            (read_braces, "a{{{0}}}b", ["a{", 0, "}b"]),
            (read_braces, "{3}", [3]),
            (read_backslashes, r"a\1\\b", ["a", 1, "\\b"]),
            (read_backslashes, r"\g<year>\03\g<2>", [1, 3, 2]),
            (read_backslashes, r"\.\-", [".-"]),
        ],
    )
    def test_are_split_at_their_places(self, read, text, pieces):
        assert read(text, PATTERN) == pieces

    @pytest.mark.parametrize(
        ("read", "text", "message"),
        [(read_braces, "{", "a lone '{'; write it twice"), (read_braces, "a}", "a lone '}'"), (read_braces, "{4}", "'4', but the pattern names ['year'] and has 3 groups"),
         (read_braces, "{month}", "uses 'month'"), (read_braces, "{}", "uses ''"), (read_braces, "{²}", "uses '²'"),
         (read_backslashes, "a\\", "unknown escape '\\\\'"), (read_backslashes, r"\n", "unknown escape '\\\\n'"),
         (read_backslashes, r"\4", "uses '4'"), (read_backslashes, r"\g<month>", "uses 'month'")],
    )  # fmt: skip
    def test_name_only_what_the_pattern_has(self, read, text, message):
        with pytest.raises(RuleError, match=re.escape(f"target {text!r}") + ".*" + re.escape(message)):
            read(text, PATTERN)

    @pytest.mark.parametrize(
        ("pieces", "filled", "encoded"),
        [([], "", ""), (["a%"], "a%", "a%"), ([1], "2026", "<2026>"), (["%", 2, "%d"], "%hello%d", "%<hello>%d"), ([1, "-", 3], "2026-", "<2026>-<>"), ([3], "", "<>")],
    )
    def test_are_filled_from_a_match(self, pieces, filled, encoded):
        match = PATTERN.match("/2026/hello")
        assert compile_template(pieces)(match) == filled
        assert compile_template(pieces, lambda text: f"<{text}>")(match) == encoded

    def test_are_cut_and_merged(self):
        assert merge(["a", "", "b", 1, "", 2, "c"]) == ["ab", 1, 2, "c"]
        assert cut(["a", 1, "b?c", 2, "?d"], "?") == (["a", 1, "b"], ["c", 2, "?d"])
        assert cut(["a", 1], "?") == (["a", 1], None)
        assert cut(["?"], "?") == ([], [])


def made(rule, path, query="", **environ):
    """What a rule makes of a request: where it redirects to, or path and query inside."""
    verdict = RuleList([rule]).decide(path, query, environ)
    return verdict.location or (verdict.path, verdict.query) if verdict.status in {0, 302} else verdict.status


def whole(pattern, target, *action):
    return Rule(pattern, target, *action, on="path?query", search=True, style="backslash")


class TestTargets:
    @pytest.mark.parametrize(
        ("target", "options", "query", "left"),
        [
            ("/b", {}, "x=1", "x=1"),
            ("/b", {"keep_query": False}, "x=1", ""),
            ("/b?y={1}", {}, "x=1", "y=&x=1"),
            ("/b?y=2", {}, "", "y=2"),
            ("/b?y=2", {"keep_query": False}, "x=1", "y=2"),
            ("/b?{1}", {}, "x=1", "x=1"),
            ("/b?{1}", {"keep_query": False}, "x=1", ""),
            ("/b?é=a b&{2}", {}, "", "%C3%A9=a b&%C3%A9+%26%FF"),
        ],
    )
    def test_put_their_own_query_before_the_requests(self, target, options, query, left):
        assert made(Rule("/a(x)?/(.*)", target, **options), "/a/\xc3\xa9 &\xff", query) == ("/b", left)

    @pytest.mark.parametrize(
        ("target", "location"),
        [
            ("https://www.example.com", "https://www.example.com/?x=1"),
            ("HTTPS://www.example.com?next=/{1}", "https://www.example.com/?next=/p%26&x=1"),
            ("http://www.example.com#{1}/a?b", "http://www.example.com/?x=1#p&/a?b"),
            ("http://www.example.com/?a/b#c", "http://www.example.com/?a/b&x=1#c"),
            ("https://[::1]:8080/{1}", "https://[::1]:8080/p&?x=1"),
            ("https://{host}/{1}", "https://here.test:81/p&?x=1"),
            ("HTTP://{host}?{1}", "http://here.test:81/?p%26&x=1"),
        ],
    )
    def test_name_a_host_up_to_the_first_mark_after_it(self, target, location):
        assert made(Rule("/(.*)", target), "/p&", "x=1", HTTP_HOST="here.test:81") == location

    @pytest.mark.parametrize(
        ("target", "message"),
        [
            ("https:///{1}", "names no host"),
            ("https://a b.example.com/", "names no host"),
            ("https://{host}.example.com/", "names no host"),
            ("https://{1}.exam ple.com/", "names no host"),
            ("https://{1}", "leaves it to the request"),
            ("https://www.{1}", "leaves it to the request"),
            ("https://{1}:80/.example.com", "leaves it to the request"),
            ("https://{1}?.example.com", "leaves it to the request"),
            ("https://{1}example.com/", "leaves it to the request"),
            ("https://www.{1}-example.com", "leaves it to the request"),
            ("https://{host}/{host}", "'host'"),
            ("/x/{host}", "'host'"),
            (3, "expected a target's text or a function"),
        ],
    )
    def test_that_leave_a_host_open_fail_at_once(self, target, message):
        with pytest.raises(RuleError, match=message):
            Rule("/(.*)", target)

    def test_that_capture_a_host_are_no_host_field(self):
        below = Rule("/(?P<host>.*)", "https://{host}.example.com:81/")
        assert made(below, "/a", HTTP_HOST="here.test") == "https://a.example.com:81/"
        assert made(below, "/a/", HTTP_HOST="here.test") == 400
        assert made(Rule("/(.*)", "https://{1}-shop.example.com"), "/a") == "https://a-shop.example.com/"
        with pytest.raises(RuleError, match="leaves it to the request"):
            Rule("/(?P<host>.*)", "https://{host}/")

    @pytest.mark.parametrize(("script", "before"), [("/\xc3\xa9", "/%C3%A9"), ("/\xe9", "/%E9"), ("/s", "/s"), ("", "")])
    def test_keep_the_bytes_of_where_the_application_is_mounted(self, script, before):
        assert made(Rule("/a", "/b", 302), "/a", SCRIPT_NAME=script) == f"{before}/b"

    @pytest.mark.parametrize(
        ("target", "location"),
        [("/b#é x", "/b#%C3%A9%20x"), ("/b#{1}", "/b#50%25%20%C3%A9?"), ("/b#%41?{1}", "/b#%41?50%25%20%C3%A9?"), ("/b#", "/b")],
    )
    def test_end_in_a_fragment_that_a_reference_may_hold(self, target, location):
        assert made(Rule("/a/(.*)", target, 302), "/a/50% \xc3\xa9?") == location

    @pytest.mark.parametrize(
        ("pattern", "target", "path", "query", "becomes"),
        [
            ("^/p(.*)$", r"/q\1", "/p/a%?", "b=%2B&c?d", ("/q/a%?", "b=%2B&c?d")),
            ("^/p(.*)$", r"/q\1", "/p?b=1", "", ("/q?b=1", "")),
            (r"^/p(\?.*)?$", r"/q\1", "/p", "b=%2B", ("/q", "b=%2B")),
            (r"^/p(\?.*)?$", r"/q\1", "/p", "", ("/q", "")),
            (r"^/p\?a(\?.*)$", r"/q\1", "/p", "a?b=%26", ("/q?b=&", "")),
            (r"^/(.*)\?(.*)$", r"\1/é \2", "/p", "b=%2B\xc3\xa9", ("/p/é b=+é", "")),
            (r"^/(.*)\?b=(.*)$", r"/\1?c=\2", "/p", "b=%2B\xe9", ("/p", "c=%2B\xe9")),
            (r"^/(.*)\?b=(.*)$", r"/?c=\1&é=\2", "/p?é &".encode().decode("latin-1"), "b=1", ("/", "c=p%3F%C3%A9+%26&%C3%A9=1")),
            (r"^/(.*)$", r"/q?c=\1", "/p?%", "b=%2B?", ("/q", "c=p%3F%25&b=%2B?")),
            (r"^/(.*)$", r"/q?c=\1", "/p", "", ("/q", "c=p")),
            (r"^/p(\?.*)$", r"/q?c=\1", "/p", "b", ("/q", "c=&b")),
            (r"^/p(.*)$", r"/q\1?c=1", "/p", "b=%2B?", ("/q?b=+?", "c=1")),
            (r"^/(p)(\?b=)(.*)$", r"/q\2\1é&\3", "/p", "b=%26c", ("/q", "b=p%C3%A9&%26c")),
            (r"^/(p)?(.*)$", r"\1\2", "/a", "", ("/a", "")),
            (r"^\?b=(.*)$", r"/q/\1", "", "b=%2B", ("/q/+", "")),
        ],
    )
    def test_bring_what_was_captured_into_the_form_of_its_place(self, pattern, target, path, query, becomes):
        path, query = made(whole(pattern, target), path, query)
        assert (path.encode("latin-1").decode(), query) == becomes

    def test_bring_it_into_a_fragment_too(self):
        assert made(whole("^/p(.*)$", r"/q#\1é", 302), "/p%?", "b=%2B\xe9 ?") == "/q#%25??b=%2B%E9%20?%C3%A9"
        assert made(whole(r"^/p\?(.*)$", r"/q#\1", 302), "/p", "b=%2B") == "/q#b=%2B"

    @pytest.mark.parametrize(
        ("given", "options", "becomes"),
        [
            ("/b", {}, ("/b", "x=1")),
            ("b?c", {"keep_query": False}, ("/b?c", "")),
            ("/b", {"on": "path?query"}, ("/b", "")),
            ("b?c=%2B?&d=\xe9\u0100\udc80", {"on": "path?query"}, ("/b", "c=%2B?&d=\xe9%C4%80%80")),
        ],
    )
    def test_that_functions_make_are_a_path_or_both(self, given, options, becomes):
        assert made(Rule(r"/a.*", lambda match: given, **options), "/a", "x=1") == becomes

    def test_that_functions_make_keep_the_question_marks_of_the_path(self):
        rule = Rule(r"/a.*", lambda match: match[0] + match[0], on="path?query")
        assert made(rule, "/a?", "x=1") == ("/a?", "x=1/a%3F?x=1")
        with pytest.raises(TypeError, match="not text"):
            made(Rule("/a", lambda match: None), "/a")


class TestEscapes:
    def test_are_apaches(self):
        assert escape_uri("aZ09$-_.+!*'(),:;@&=/~") == "aZ09$-_.+!*'(),:;@&=/~"
        assert escape_uri('?%"\xe9 \n') == "%3f%25%22%e9%20%0a"
        assert escape_controls("a b\x1f\x7f\x00") == "a b%1f%7f%00"
        assert to_octets("é\udc80a") == "\xc3\xa9\x80a"

    @pytest.mark.parametrize(
        ("text", "only", "never", "plus", "controls", "escaped"),
        [
            ("a_1 &é/", "", "", False, False, "a_1%20%26%e9%2f"),
            ("a b&", "", "", True, False, "a+b%26"),
            ("a b&/", "", "/", True, False, "a+b%26/"),
            ("a b&/", "&", "", True, False, "a b%26/"),
            ("a b&/", "&/", "/", True, False, "a b%26/"),
            ("a b&\n", "", "", False, True, "a%20b&%0a"),
            ("a b&\n", "&", "", True, True, "a+b%26%0a"),
            ("a b", "", " ", True, False, "a b"),
        ],
    )
    def test_of_captures_are_as_the_flags_say(self, text, only, never, plus, controls, escaped):
        assert escape_captured(text, only, never, plus=plus, controls_only=controls) == escaped


def words(text):
    (directive,) = read_lines(text)
    return directive, directive.arguments()[-1]


class TestFlags:
    @pytest.mark.parametrize(
        ("text", "flags"),
        [
            ("A [L]", [Flag("L", "", 3)]),
            ('A "[ last , R=301 ,,e=a:b]"', [Flag("L", "", 5), Flag("R", "301", 12), Flag("E", "a:b", 20)]),
            ("A []", []),
            ("A [E=]x=]", None),
            ("A [E=a=b]", [Flag("E", "a=b", 3)]),
        ],
    )
    def test_are_read_with_their_places(self, text, flags):
        if flags is None:
            flags = [Flag("E", "]x=", 3)]
        assert read_flags(*words(text), RULE_FLAGS) == flags

    @pytest.mark.parametrize(
        ("text", "message", "column"),
        [
            ("A L]", "must begin with '\\[', found 'L': ", 3),
            ("A [L", "must end with", 4),
            ("A [", "must end with", 3),
            ("A [L,Q=1]", "unknown flag 'Q'", 6),
            ('A "[L, CO]"', "the flag 'CO' needs a value", 8),
            ("A [E=]", "the flag 'E' needs a value", 4),
        ],
    )
    def test_that_are_wrong_are_pointed_at(self, text, message, column):
        with pytest.raises(RuleSyntaxError, match=message) as caught:
            read_flags(*words(text), RULE_FLAGS)
        assert caught.value.column == column

    @pytest.mark.parametrize(
        ("word", "known", "said"),
        [("lst", RULE_FLAGS, "; did you mean 'last' ('L')?"), ("qsaa", RULE_FLAGS, "; did you mean 'QSA'?"),
         ("@@@", COND_FLAGS, "; there are NC, OR, NV")],
    )  # fmt: skip
    def test_that_are_unknown_are_compared(self, word, known, said):
        assert nearest(word, known) == said

    @pytest.mark.parametrize(("value", "status"), [("", 302), ("permanent", 301), ("TEMP", 302), ("seeother", 303), ("308", 308), ("200", 200), ("404", 404),
                                                   ("299", None), ("x", None), ("²", None), ("-1", None), ("0301", 301)])  # fmt: skip
    def test_of_redirects_have_a_status(self, value, status):
        directive, word = words("A [R]")
        if status is None:
            with pytest.raises(RuleSyntaxError, match="no status for R"):
                read_status(directive, Flag("R", value, 3))
        else:
            assert read_status(directive, Flag("R", value, 3)) == status

    @pytest.mark.parametrize(("value", "number"), [("0", 0), ("999999999", 999999999), ("1000000000", None), ("", None), ("-1", None), ("²", None)])
    def test_that_count_have_a_number(self, value, number):
        directive, word = words("A [S]")
        if number is None:
            with pytest.raises(RuleSyntaxError, match="S takes a number"):
                read_number(directive, Flag("S", value, 3))
        else:
            assert read_number(directive, Flag("S", value, 3)) == number


class TestCookies:
    @pytest.mark.parametrize(
        ("text", "field"),
        [
            ("a:b:c", "a=b; path=/; domain=c"),
            ("a:b", None),
            (";a;b:x;c", "a=b:x; path=/; domain=c"),
            ("a:b:c:0:/p", "a=b; path=/p; domain=c"),
            ("a:b:c:2", "a=b; path=/; domain=c; expires=Thu, 01 Jan 1970 00:02:00 GMT"),
            ("a:b:c:0:/:secure:httponly:Lax", "a=b; path=/; domain=c; secure; HttpOnly; SameSite=Lax"),
            ("a:b:c:0:/:TRUE:1:0", "a=b; path=/; domain=c; secure; HttpOnly"),
            ("a:b:c:0:/:no:no:FALSE", "a=b; path=/; domain=c"),
            ("a:b;c\r:d", "a=b%3bc%0d; path=/; domain=d"),
        ],
    )
    def test_are_read_in_apaches_notation(self, text, field):
        assert cookie_of(text, 0) == (field and ("a", field))


class TestSegments:
    @pytest.mark.parametrize(
        ("source", "options", "keys"),
        [
            (r"^/a/b\Z", {}, Keys(("a", "b"))),
            (r"a/b/c", {"whole": True}, Keys(("a", "b", "c"))),
            (r"a/b/c", {}, Keys(("b",))),
            (r"^/a/b", {}, Keys(("a",))),
            (r"^/a\.php\Z", {}, Keys(("a.php",), ".php")),
            (r"^/(.*)\.php\Z", {}, Keys((), ".php")),
            (r"^/(.*)php\Z", {}, Keys()),
            (r"^/a/?\Z", {}, Keys(("a",))),
            (r"^/a/?x\Z", {}, Keys()),
            (r"^/a/?\Z", {"whole": True}, Keys(("a",))),
            (r"^/a$", {}, Keys()),
            (r"^/a\bc", {}, Keys()),
            (r"\ba/", {}, Keys()),
            (r"^/a-/?\Z", {"delimiters": "-"}, Keys(("/a",))),
            (r"^/A/b", {"flags": re.IGNORECASE}, Keys(("a",), folded=True)),
            (r"(?i)^/\xc9/b\.PHP\Z", {}, Keys(("b.php",), ".php", folded=True)),
            (r"(?i)^/(.*)\.\xc9\Z", {}, Keys(folded=True)),
            (r"(?m)^/a/", {"host": "h"}, Keys(host="h")),
            (r"^/a/", {"host": "h"}, Keys(("a",), host="h")),
            (r"^/(a)/(?i:b)/", {}, Keys(("a",))),
            (r"\A/a/", {}, Keys(("a",))),
            (r"^/a?b/", {"delimiters": "/?"}, Keys()),
            (r"^/a\?b/", {"delimiters": "/?"}, Keys(("a", "b"))),
        ],
    )
    def test_of_a_pattern_are_keys(self, source, options, keys):
        assert keys_of(source, **options) == keys

    def test_narrow_the_rules_that_are_tried(self):
        index = SegmentIndex(
            [((0,), Keys(("a",))), ((1,), Keys()), ((2,), Keys(("a", "b"))), ((3,), Keys((), ".php")), ((4,), Keys(host="h")),
             ((5,), Keys(("c",), folded=True)), ((6,), Keys((), ".htm", folded=True))]
        )  # fmt: skip
        assert index.plain is False
        for subject, more, host, found in [
            ("/a", (), "", [0, 1]), ("/b", (), "", [1, 2]), ("/x", ["b"], "", [1, 2]), ("/x.php", (), "", [1, 3]), ("/x", (), "h", [1, 4]),
            ("/C", (), "", [1, 5]), ("/x.HTM", (), "", [1, 6]), ("/\xe9", (), "", [1, 5, 6]), ("/b/a/c.php", (), "h", [0, 1, 2, 3, 4]),
            ("/b/a/c/x.php", (), "h", [0, 1, 2, 3, 4, 5]), ("/x.phpx", (), "", [1]), ("/xphp", (), "", [1]),
        ]:  # fmt: skip
            assert [place for (place,) in index.candidates(subject, more, host)] == found, subject
        assert [place for (place,) in index.always] == [1]

    def test_alone_need_no_more_than_a_table(self):
        index = SegmentIndex([((0,), Keys(("a",))), ((1,), Keys(("b",))), ((2,), Keys(("b", "b")))])
        assert index.plain is True
        assert index.candidates("/b") is index.segments["b"]
        assert index.candidates("/x") == []
        assert index.candidates("/b/a") == [(0,), (1,), (2,)]
        assert sorted(map(len, index.segments.values())) == [1, 2]

    def test_that_are_rarest_are_taken(self):
        index = SegmentIndex([((n,), Keys(("shop", f"item{n}"), ".php", "h")) for n in range(3)])
        assert set(index.segments) == {"item0", "item1", "item2"}
        twice = SegmentIndex([((0,), Keys(("a", "a", "b"))), ((1,), Keys(("b",)))])
        assert set(twice.segments) == {"a", "b"}


class TestCharacters:
    @pytest.mark.parametrize(
        ("source", "flags", "inside", "outside"),
        [
            (".", 0, "a\x00\u4e00", "\n"),
            (".", re.DOTALL, "a\n", ""),
            ("a", 0, "a", "Ab"),
            ("a", re.IGNORECASE, "aA", "b"),
            ("[^a]", 0, "Ab\n", "a"),
            ("[^a]", re.IGNORECASE, "b", "aA"),
            ("[a-c]", 0, "abc", "`dA"),
            ("[a-c]", re.IGNORECASE, "abcABC", "dD"),
            ("[k-s]", re.IGNORECASE, "kKsS\u212a\u017f", "jT"),
            ("[k-s]", re.IGNORECASE | re.ASCII, "kKsS", "\u212a\u017f"),
            ("\xe9", re.IGNORECASE, "\xe9\xc9", "e"),
            ("\xe9", re.IGNORECASE | re.ASCII, "\xe9", "\xc9"),
            ("[ab]", 0, "ab", "c"),
            ("[^a-c]", 0, "dA", "abc"),
            (r"[\dx]", 0, "0x٣", "a"),
            (r"[\dx]", re.ASCII, "0x", "a٣"),
            (r"[\W]", 0, "-", "a_é"),
            (r"[\s\S]", 0, "a \n", ""),
        ],
    )
    def test_of_a_step_are_known(self, source, flags, inside, outside):
        from re import _parser

        ((op, argument),) = _parser.parse(source, flags)
        test = takes(op, argument, flags)
        assert all(test(char) for char in inside)
        assert not any(test(char) for char in outside)
        assert not test("")

    def test_of_other_steps_are_none(self):
        from re import _parser

        ((op, argument),) = _parser.parse("a*", 0)
        assert takes(op, argument, 0) is None

    def test_are_a_number_with_a_bit_for_each(self):
        assert bits(lambda char: True) == EVERYTHING == 2**257 - 1
        assert bits(lambda char: char == "\x00") == 1
        assert bits(lambda char: char == "a") == 1 << 97
        assert bits(lambda char: ord(char) > 255) == 1 << 256
