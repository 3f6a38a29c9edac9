"""The pure policies of static files, each verdict on both sides of its limit."""

import pytest

from tropea.core.errors import OptionError
from tropea.static.accepting import prefers_json, wants_html
from tropea.static.dispositions import content_disposition
from tropea.static.fieldrules import FieldRules, read_manifest
from tropea.static.mediatypes import content_type, media_type
from tropea.static.options import StaticOptions
from tropea.static.paths import is_name, may_serve, path_key, read_path
from tropea.static.references import has_references, relative, replace_references, resolve


class TestPaths:
    def test_4096_characters_and_128_segments_are_the_most(self):
        assert read_path("/" + "a" * 4095) is not None
        assert read_path("/" + "a" * 4096) is None
        assert len(read_path("/a" * 128).segments) == 128
        assert read_path("/a" * 129) is None

    @pytest.mark.parametrize("code", [0x200C, 0x200F, 0x202A, 0x202E, 0x206A, 0x206F, 0xFEFF])
    def test_a_name_that_hfs_takes_for_a_dot_file_is_none(self, code):
        assert not is_name(chr(code) + ".git")
        assert is_name(chr(code) + ".git", dotfiles=True)

    @pytest.mark.parametrize("code", [0x200B, 0x2010, 0x2029, 0x202F, 0x2069, 0x2070, 0xFEFE])
    def test_other_characters_in_front_are_a_name(self, code):
        assert is_name(chr(code) + ".git")

    @pytest.mark.parametrize(
        ("name", "short"),
        [
            ("a~1", True),
            ("abcdef~123456.txt", True),
            ("abcdefg~1", False),
            ("a~1234567", False),
            ("a~1.text", False),
            ("~1", False),
            ("a~", False),
        ],
    )
    def test_short_names_have_their_form(self, name, short):
        assert is_name(name, short_names=False) is not short
        assert is_name(name)

    @pytest.mark.parametrize(
        ("segments", "served"),
        [((".well-known", "a"), True), ((".well-known",), True), (("a", ".well-known"), False), ((".well-known", ".a"), False),
         ((".git", "config"), False), ((".well-known", ".well-known"), False), ((), True)],
    )  # fmt: skip
    def test_only_what_is_well_known_begins_with_a_dot(self, segments, served):
        assert may_serve(segments) is served
        assert may_serve(segments, dotfiles=True)

    @pytest.mark.parametrize(
        ("path", "segments", "is_folder"),
        [
            ("", (), True),
            ("/", (), True),
            ("/a", ("a",), False),
            ("/a/", ("a",), True),
            ("a/b", ("a", "b"), False),
        ],
    )
    def test_a_path_is_a_file_or_a_folder(self, path, segments, is_folder):
        assert read_path(path) == (segments, is_folder)
        assert read_path("/" + path.lstrip("/")) == (segments, is_folder)

    def test_dot_files_are_read_where_they_are_served(self):
        assert read_path("/.env") is None
        assert read_path("/.env", dotfiles=True).segments == (".env",)
        assert path_key("a\udc80") != "a\udc80"
        assert read_path(path_key("a\udc80")) is None


class TestAccepting:
    @pytest.mark.parametrize(
        ("field", "html", "json"),
        [
            (None, False, False),
            ("", False, False),
            ("*/*", False, False),
            ("text/plain", False, False),
            ("text/html", True, False),
            ("application/xhtml+xml", True, False),
            ("text/html;q=0", False, False),
            ("text/html;q=0, application/xhtml+xml;q=0.1", True, False),
            ("application/json", False, True),
            ("application/json, text/html", True, True),
            ("application/json;q=0.9, text/html", True, False),
            ("application/json;q=0.9, text/*", False, False),
            ("application/json;q=0.9, */*", False, False),
            ("application/json;q=0.5, */*;q=0.1", False, True),
            ("application/json;q=0.5, text/*;q=0.4, */*", False, True),
            ("application/json;q=0", False, False),
            ("application/json;q=0, text/html;q=0", False, False),
        ],
    )
    def test_what_kind_of_answer_is_asked_for(self, field, html, json):
        assert (wants_html(field), prefers_json(field)) == (html, json)


class TestFields:
    def rules(self, listed=frozenset(), kind=None, **options):
        return FieldRules(StaticOptions(root=".", **options), listed, kind)

    @pytest.mark.parametrize(
        ("name", "kind"),
        [("a.HTML", "text/html"), (".html", "application/octet-stream"), ("a", "application/octet-stream"), ("a.", "application/octet-stream"),
         ("a.html.gz", "application/gzip"), ("a.nothing", "application/octet-stream")],
    )  # fmt: skip
    def test_an_extension_is_a_type(self, name, kind):
        assert media_type(name) == kind
        assert media_type(name, {"html": "x/y"}) == kind.replace("text/html", "x/y")

    @pytest.mark.parametrize(
        ("name", "charset", "kind"),
        [("a.txt", "utf-8", "text/plain; charset=utf-8"), ("a.txt", "", "text/plain"), ("a.png", "utf-8", "image/png"),
         ("a.xsl", "utf-8", "text/xml"), ("a.foo", "utf-8", "text/foo; charset=x")],
    )  # fmt: skip
    def test_text_alone_has_a_charset(self, name, charset, kind):
        assert content_type(name, charset, {"foo": "text/foo; charset=x"}) == kind

    @pytest.mark.parametrize(
        ("path", "kind"),
        [
            ("a/b.css", "text/css; charset=utf-8"),
            ("a.css/b", "application/octet-stream"),
            (".css", "application/octet-stream"),
            ("a.x", "x/y"),
        ],
    )
    def test_equal_types_are_one_field(self, path, kind):
        rules = self.rules(types={".X": "x/y"})
        field = rules.type_field(path)
        assert field == ("Content-Type", kind)
        assert rules.type_field("other/" + path) is field
        assert self.rules(kind="a/b").type_field(path) == ("Content-Type", "a/b")
        assert rules.type_field("a.js") == ("Content-Type", "text/javascript; charset=utf-8")

    @pytest.mark.parametrize(
        ("path", "control"),
        [("a.css", "max-age=60"), ("deep/a.html", "no-cache"), ("img/a.png", "max-age=5"), ("deep/img/a.png", "max-age=60"),
         ("x.1a.js", "max-age=31536000, immutable"), ("deep/x.1a.js", "max-age=31536000, immutable"),
         ("listed.js", "max-age=31536000, immutable"), ("Listed.js", "max-age=60"), ("a.HTML", "max-age=60")],
    )  # fmt: skip
    def test_the_first_rule_says_how_long_it_is_kept(self, path, control):
        rules = self.rules(
            frozenset(["listed.js"]),
            cache_control={"*.html": "no-cache", "/img/*": "max-age=5"},
            immutable=("*.[0-9]?.js",),
        )
        assert rules.cache_fields(path) == (("Cache-Control", control),)

    def test_nothing_is_said_where_nothing_is_set(self):
        assert self.rules(max_age=None).cache_fields("a") == ()
        assert self.rules(max_age=0).cache_fields("a") == (("Cache-Control", "max-age=0"),)
        assert self.rules(max_age=None).fields_for("a") == [
            ("Accept-Ranges", "bytes"),
            ("X-Content-Type-Options", "nosniff"),
        ]

    def test_what_is_attached_is_so_in_any_case_and_by_its_own_name(self):
        rules = self.rules(attachment=("*.html", "x/*"))
        for path, name in (("a/b.HTML", "b.HTML"), ("x/y", "y"), ("b.html", "b.html")):
            assert ("Content-Disposition", f'attachment; filename="{name}"') in rules.fields_for(
                path
            )
        for path in ("a.htm", "z/x", "z/x/y"):
            assert "Content-Disposition" not in dict(rules.fields_for(path))

    def test_a_field_that_is_asked_for_takes_the_place_of_ours(self):
        fields = self.rules(headers={"cache-control": "no-store", "X-A": "1"}).fields_for("a")
        assert fields == [
            ("Accept-Ranges", "bytes"),
            ("X-Content-Type-Options", "nosniff"),
            ("cache-control", "no-store"),
            ("X-A", "1"),
        ]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"headers": {"Content-Type": "x"}}, "is what the types of the files say"),
            ({"headers": {"etag": '"x"'}}, "is made from the file itself"),
            ({"headers": {"A B": "x"}}, "headers: not a header name"),
            ({"headers": {"A": "x\r\n"}}, "headers: not a header value"),
            ({"cache_control": {"*": "x\n"}}, "cache_control: not a header value"),
            ({"types": {"x": "y\n"}}, "types: not a header value"),
            ({"charset": "x\n"}, "charset: not a header value"),
            ({"kind": "x\n"}, "type: not a header value"),
            ({"prefix": 5}, "prefix: expected a path"),
        ],
    )
    def test_a_field_that_must_not_be_sent_fails_at_the_start(self, options, message):
        with pytest.raises(OptionError, match=message):
            self.rules(**options)

    @pytest.mark.parametrize(
        ("text", "held"),
        [('{"files": {"a": "b"}}', {"a": "b"}), ('{"files": {}}', {}), ('{"files": {"a": 1}}', None), ('{"files": []}', None), ("{}", None),
         ("[]", None), ("", None), ('{"files": null}', None)],
    )  # fmt: skip
    def test_a_manifest_names_files(self, tmp_path, text, held):
        (tmp_path / "m.json").write_text(text)
        if held is None:
            with pytest.raises(OptionError, match="cannot be read as one"):
                read_manifest(tmp_path / "m.json")
        else:
            assert read_manifest(tmp_path / "m.json") == held
        with pytest.raises(OptionError):
            read_manifest(tmp_path / "none.json")

    @pytest.mark.parametrize(
        ("name", "field"),
        [(None, "inline"), ("", "inline"), ("..", "inline"), ("a/.", "inline"), ("/a\\b.txt", 'inline; filename="b.txt"'),
         ('a"b%', "inline; filename=\"a_b_\"; filename*=UTF-8''a%22b%25")],
    )  # fmt: skip
    def test_a_disposition_names_the_last_segment(self, name, field):
        assert content_disposition(name, "inline") == field
        with pytest.raises(ValueError, match="not a disposition"):
            content_disposition(name, "in line")


class TestReferences:
    @pytest.mark.parametrize(
        ("path", "text", "made"),
        [
            (
                "a.css",
                "url(x) url('x') url( \"x\" ) URL(x)",
                "url(X!) url('X!') url( \"X!\" ) URL(X!)",
            ),
            ("a.css", "@import 'x';@import\n\"x\"", "@import 'X!';@import\n\"X!\""),
            ("a.css", "/* url(x) */ 'url(x)' \"url(x)\"", "/* url(x) */ 'url(x)' \"url(x)\""),
            ("a.css", "/*# sourceMappingURL=x */", "/*# sourceMappingURL=X! */"),
            ("a.css", "url() url('') @import ''", "url() url('') @import ''"),
            ("a.js", "a\n//# sourceMappingURL=x \nb", "a\n//# sourceMappingURL=X!\nb"),
            ("a.mjs", "//@ sourceMappingURL=x", "//@ sourceMappingURL=X!"),
            ("a.cjs", " //# sourceMappingURL=x", " //# sourceMappingURL=x"),
            ("a.map", '{"file": "x"}', '{"file":"X!"}'),
            ("a.map", '{"file": "x", "sources": ["ö"]}', '{"file":"X!","sources":["ö"]}'),
            ("a.map", '{"file": "X!"}', '{"file": "X!"}'),
            ("a.map", '{"file": 5}', '{"file": 5}'),
            ("a.map", '["x"]', '["x"]'),
            ("a.map", "{", "{"),
            ("a.html", "url(x)", "url(x)"),
        ],
    )
    def test_are_replaced_where_they_are_some(self, path, text, made):
        assert (
            replace_references(
                path, text, lambda name: name.upper() + "!" * (not name.endswith("!"))
            )
            == made
        )
        assert has_references(path) is (not path.endswith(".html"))

    @pytest.mark.parametrize(
        ("path", "reference", "found"),
        [
            ("a.css", "x.png?v#i", ("x.png", "?v#i")),
            ("a.css", "x.png#i?v", ("x.png", "#i?v")),
            ("css/a.css", "./../x.png", ("x.png", "")),
            ("css/a.css", "../../x.png", None),
            ("css/a.css", "%2e%2e/x.png", ("x.png", "")),
            ("a.css", "/x.png", None),
            ("a.css", "//h/x.png", None),
            ("a.css", "data:x", None),
            ("a.css", "?v", None),
            ("a.css", "#i", None),
            ("a.css", "", None),
            ("a.css", "a/b:c", ("a/b:c", "")),
        ],
    )
    def test_are_resolved_within_the_tree(self, path, reference, found):
        assert resolve(path, reference) == found

    @pytest.mark.parametrize(
        ("path", "target", "spelled"),
        [("a.css", "b/c d", "b/c%20d"), ("x/a.css", "x/b", "b"), ("x/a.css", "b~", "../b~")],
    )
    def test_are_spelled_relative(self, path, target, spelled):
        assert relative(path, target) == spelled
