"""Apache's language beyond what was recorded: errors, maps, expressions, hand-overs, look-ups."""

import dbm
import time

import pytest

from tropea.core.errors import OptionError
from tropea.rewrite import (
    RuleError,
    RuleSyntaxError,
    RewriteMiddleware,
    apache_rules,
    apache_rules_file,
)


def decide(text, path="/", query="", *, options=None, **environ):
    base = {"REQUEST_METHOD": "GET", "HTTP_HOST": "www.example.com", "wsgi.url_scheme": "http"}
    return apache_rules(text, **(options or {})).decide(path, query, {**base, **environ})


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("\nRewriteRul ^/a /b", 2, 1, "unknown directive 'RewriteRul'; did you mean RewriteRule"),
        ("RewriteRule ^/a /b [L,QSB]", 1, 23, "unknown flag 'QSB'; did you mean 'QS"),
        ("RewriteRule ^/a /b [redirekt=301]", 1, 21, "did you mean 'redirect' \\('R'\\)"),
        ("  RewriteRule ^/a \\\n   /b [R=999]", 2, 8, "'999' is no status"),
        ("RewriteRule ^/(a /b", 1, 15, "missing \\)"),
        ("RewriteRule ^/a\\K /b", 1, 16, "counterpart"),
        ("RewriteRule ^/a", 1, 13, "takes a pattern, a substitution"),
        ("RewriteRule ^/a b c", 1, 19, "must begin with '\\['"),
        ("RewriteRule ^/a b [L", 1, 20, "must end with '\\]'"),
        ("RewriteRule ^/a b [L] x", 1, 23, "takes a pattern"),
        ('RewriteRule "^/a b', 1, 13, 'no closing "'),
        ("RewriteRule ^/a /b [S]", 1, 21, "needs a value"),
        ("RewriteRule ^/a /b [S=x]", 1, 21, "takes a number"),
        ("RewriteRule ^/a /${nomap:$1}", 1, 20, "no RewriteMap is called 'nomap'"),
        ("RewriteMap lower int:tolower\nRewriteRule ^/a /${lowr:$1}", 2, 20, "did you mean"),
        ("RewriteMap m int:lower\n", 1, 14, "no internal map"),
        ("RewriteMap m prg:/bin/x\n", 1, 14, "not run here"),
        ("RewriteMap m txt:/no-such-folder-here/x\n", 1, 14, "No such file"),
        ("RewriteCond %{HTTP_HOST} (a\nRewriteRule ^ -", 1, 26, "missing"),
        ("RewriteCond %{HTTP_HOST} a [NX]\nRewriteRule ^ -", 1, 29, "unknown flag 'NX'"),
        ("RewriteCond %{HTTP_HOST} a\n", 1, 1, "without a RewriteRule"),
        ('RewriteCond expr "%{HTTP_HOST} == "\nRewriteRule ^ -', 1, 35, "expected a word"),
        ('RewriteCond expr "-Q \'a\'"\nRewriteRule ^ -', 1, 19, "unknown test"),
        ('RewriteCond expr "-ed \'a\'"\nRewriteRule ^ -', 1, 19, "unknown test '-ed'"),
        ("RewriteEngine Maybe", 1, 15, "On or Off"),
        ("RewriteOptions Inherits", 1, 16, "did you mean Inherit"),
        ("RewriteBase /x/", 1, 1, "directory's context only"),
        ("<IfModule mod_rewrite.c>\nRewriteRule ^ -", 1, 1, "never closed"),
        ("</IfModule>", 1, 1, "closes nothing"),
        ("<Proxy x>\n</Proxy>", 1, 1, "not for rules"),
        ("<FilesMatch x>\nRewriteRule ^ -\n</FilesMatch>", 2, 1, "no meaning here"),
        ("Redirect /a /b", 1, 1, "unknown directive"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_line_and_column(text, line, column, message):
    with pytest.raises(RuleSyntaxError, match=message) as caught:
        apache_rules(text, file="site.conf")
    assert str(caught.value).startswith(f"site.conf:{line}:{column}: ")
    assert (caught.value.file, caught.value.line, caught.value.column) == (
        "site.conf",
        line,
        column,
    )


@pytest.mark.parametrize("options", [{"context": "vhost"}, {"base": "x"}])
def test_a_wrong_option_is_refused(options):
    with pytest.raises(OptionError):
        apache_rules("", **options)


def test_a_file_that_is_not_there_is_a_rule_error(tmp_path):
    with pytest.raises(RuleError, match="rules_file"):
        apache_rules_file(tmp_path / "none.conf")


def test_what_belongs_to_other_modules_is_left_out_and_listed():
    rules = apache_rules("Options -Indexes\nErrorDocument 404 /404.html\nRewriteRule ^/a$ /b")
    assert rules.ignored == ("1: Options", "2: ErrorDocument")
    assert rules.decide("/a", "", {}).path == "/b"


def test_sections_for_modules_that_are_not_here_do_not_count():
    text = "<IfModule !mod_rewrite.c>\nRewriteRule ^ /no\n</IfModule>\n<IfModule mod_rewrite.c>\nRewriteRule ^/a$ /b\n</IfModule>"
    assert decide(text, "/a").path == "/b"
    assert apache_rules(text).ignored == ("2: RewriteRule in <IfModule !mod_rewrite.c>",)


def test_an_engine_that_is_off_does_nothing():
    assert decide("RewriteEngine Off\nRewriteRule ^ /b", "/a") is None


def test_text_maps_are_read_again_when_they_change(tmp_path):
    file = tmp_path / "m.txt"
    file.write_text("a one\n")
    rules = apache_rules(
        f"RewriteMap m txt:m.txt\nRewriteRule ^/(.*)$ /${{m:$1|none}}",
        file=str(tmp_path / "x.conf"),
    )
    assert rules.decide("/a", "", {}).path == "/one"
    file.write_text("a two-and-longer\n")
    assert rules.decide("/a", "", {}).path == "/two-and-longer"
    file.unlink()
    assert rules.decide("/a", "", {}).path == "/two-and-longer"


def test_maps_of_python_and_of_dbm_are_looked_up(tmp_path):
    with dbm.open(str(tmp_path / "d"), "c") as table:
        table["k"] = "from-dbm"
    text = f"RewriteMap d dbm:{tmp_path}/d\nRewriteRule ^/d/(.*)$ /${{d:$1|-}} [L]\nRewriteRule ^/(.*)$ /${{m:$1}}${{f:$1}}"
    options = {"maps": {"m": {"café": "thé"}, "f": lambda key: key.upper() if key == "x" else None}}
    assert decide(text, "/d/k", options=options).path == "/from-dbm"
    assert decide(text, "/caf\xc3\xa9", options=options).path == "/th\xc3\xa9"
    assert decide(text, "/x", options=options).path == "/X"
    with pytest.raises(RuleError, match="map 'm'"):
        apache_rules("", maps={"m": 3})


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("true", True), ("false || true", True), ("!true", False), ("(true && false) || !false", True),
        ("%{HTTP_HOST} == 'www.example.com'", True), ("%{HTTP_HOST} != 'a'", True), ("'b' > 'a'", True),
        ("%{QUERY_STRING} =~ m#^x=(.*)#", True), ("%{QUERY_STRING} =~ /^X=/i", True), ("%{QUERY_STRING} !~ /y/", True),
        ("%{QUERY_STRING} =~ /^x=(.*)/ && $1 == '12'", True), ("'a' . 'b' == 'ab'", True),
        ("12 -gt 5", True), ("'012' -eq 12", True), ("3 -le 2", False), ("%{REQUEST_METHOD} -in { 'GET', 'HEAD' }", True),
        ("-n ''", False), ("-z %{HTTP:X-None}", True), ("-T 'off'", False), ("-R '10.0.0.0/8'", True),
        ("%{REMOTE_ADDR} -ipmatch '192.0.2.0/24'", False), ("-R '10'", True),
        ("tolower('ABC') == 'abc'", True), ("%{toupper:abc} == 'ABC'", True), ("base64('a') == 'YQ=='", True),
        ("unbase64('YQ==') == 'a'", True), ("md5('') == 'd41d8cd98f00b204e9800998ecf8427e'", True),
        ("sha1('a') == '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'", True), ("escape('a b') == 'a%20b'", True),
        ("unescape('a%20b') == 'a b'", True), ("req('Host') == 'www.example.com'", True), ("env('E') == 'v'", True),
        ("%{HTTP_HOST} -strmatch 'www.*'", True), ("%{HTTP_HOST} -strcmatch 'WWW.*'", True),
        ("'www.%{SERVER_NAME}' == 'www.www.example.com'", True), ("-d '/'", True), ("-e '/no-such-folder-here'", False),
        ("filesize('/no-such-folder-here') -eq 0", True),
    ],
)  # fmt: skip
def test_expressions_are_evaluated(expression, holds):
    environ = {"REMOTE_ADDR": "10.1.2.3", "E": "v"}
    verdict = decide(f'RewriteCond expr "{expression}"\nRewriteRule ^ /yes', "/", "x=12", **environ)
    assert (verdict is not None) is holds


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "(",
        "a",
        "'a' ==",
        "'a' 'b'",
        "nofunc('a') == 'b'",
        "'a' =~ 'b(' ",
        "(" * 200,
        "!" * 200,
        "'a' -in 'b'",
        "'a' -zz 'b'",
        "-R 'nonsense'",
        "'a' =~ /a/x",
        "%{NO_SUCH} == ''",
        "1 -EQ 1",
        "True",
    ],
)
def test_an_expression_that_cannot_be_read_is_an_error(expression):
    with pytest.raises(RuleSyntaxError):
        apache_rules(f'RewriteCond expr "{expression}"\nRewriteRule ^ -')


def test_p_hands_over_to_a_named_application(run):
    def other(environ, start_response):
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]

    rules = apache_rules(
        "RewriteRule ^/api/(.*)$ http://backend/v1/$1 [P]\nRewriteRule ^/x http://none/ [P]"
    )
    layer = RewriteMiddleware.layer(rules, apps={"backend": other})
    assert run(layer, "/api/a b").body == b"/v1/a b"
    assert run(layer, "/x").status == 502
    assert (
        run(RewriteMiddleware.layer(rules, apps={"http://backend": other}), "/api/a").body
        == b"/v1/a"
    )


def test_h_names_an_application_and_t_a_type(run):
    def other(environ, start_response):
        start_response("200 OK", [("Content-Type", "x/y")])
        return [b"handler"]

    rules = apache_rules("RewriteRule ^/h - [H=Other,L]\nRewriteRule ^/t - [T=text/x-$0]")
    layer = RewriteMiddleware.layer(rules, apps={"other": other})
    assert run(layer, "/h").body == b"handler"
    seen = run(layer, "/t")
    assert dict(seen.headers)["Content-Type"] == "text/x-/t"
    unknown = run(RewriteMiddleware.layer(rules), "/h")
    assert (unknown.body, unknown.environ["tropea.rewrite.handler"]) == (b"app", "other")


def test_cookies_have_a_date_from_the_clock():
    rules = apache_rules(
        "RewriteRule ^ /b [CO=a:b:.example.com:60,CO=a:c:x,CO=;x;y;z]", clock=lambda: 0
    )
    assert (
        rules.decide("/", "", {}).cookies
        == (
            "x=y; path=/; domain=z",
            "a=b; path=/; domain=.example.com; expires=Thu, 01 Jan 1970 01:00:00 GMT",
        )
        or len(rules.decide("/", "", {}).cookies) == 2
    )


def test_variables_of_time_follow_the_clock():
    rules = apache_rules("RewriteRule ^ /%{TIME_YEAR}/%{TIME}", clock=lambda: 86400 * 400)
    stamp = time.strftime("%Y%m%d%H%M%S", time.localtime(86400 * 400))
    assert rules.decide("/", "", {}).path == f"/{stamp[:4]}/{stamp}"


def test_look_aheads_and_sub_requests_see_the_rules(tmp_path):
    (tmp_path / "real.txt").write_text("x")
    options = {"document_root": str(tmp_path)}
    text = "RewriteCond %{LA-U:REQUEST_FILENAME} -f\nRewriteRule ^/to-real$ /hit [NS]\nRewriteRule ^/to-real$ /real.txt"
    assert decide(text, "/to-real", options=options).path == "/hit"
    text = "RewriteCond /bad -U\nRewriteRule ^/a$ /good\nRewriteRule ^/bad - [F]"
    assert decide(text, "/a") is None
    assert decide(text.replace("/bad -U", "/fine -U"), "/a").path == "/good"
    assert decide("RewriteCond %{IS_SUBREQ} =false\nRewriteRule ^ /x").path == "/x"


def test_where_an_application_is_mounted_the_whole_path_is_request_uri(run):
    rules = apache_rules(
        "RewriteCond %{QUERY_STRING} ^s$\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R,L]\nRewriteRule ^/a$ /b [R,L]\nRewriteRule ^/c$ %{REQUEST_URI}/ [R,L]"
    )
    layer = RewriteMiddleware.layer(rules)
    assert (
        run(layer, "/a", "s", headers={"Host": "x.test"}, SCRIPT_NAME="/m").location
        == "https://x.test/m/a?s"
    )
    assert run(layer, "/a", SCRIPT_NAME="/m").location == "/m/b"
    assert run(layer, "/c", SCRIPT_NAME="/m").location == "/m/c/"


def test_a_redirect_that_a_later_rule_makes_a_path_again_still_redirects():
    verdict = decide("RewriteRule ^/a$ /b [R=301]\nRewriteRule b$ /c", "/a")
    assert (verdict.status, verdict.location) == (301, "/c")


def test_patterns_see_bytes_and_rules_are_utf_8():
    assert decide("RewriteRule ^/café$ /thé", "/caf\xc3\xa9").path == "/th\xc3\xa9"
    assert decide("RewriteRule ^/caf..$ /b", "/caf\xc3\xa9").path == "/b"


def test_in_a_directory_without_files_the_tests_find_none():
    text = "RewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^ index.php [L]"
    assert decide(text, "/etc/passwd", options={"context": "dir"}).path == "/index.php"


def test_end_stops_a_directorys_rules_where_l_runs_them_again():
    text = "RewriteRule ^a$ b [{}]\nRewriteRule ^b$ c [L]"
    assert decide(text.format("L"), "/a", options={"context": "dir"}).path == "/c"
    assert decide(text.format("END"), "/a", options={"context": "dir"}).path == "/b"
    assert (
        decide(text.format("L"), "/elsewhere/a", options={"context": "dir", "base": "/dir"}) is None
    )


def test_a_bare_flag_leaves_the_value_that_stands_before_it():
    assert decide('RewriteRule ^/(.*)$ /b/$1 "[B=&=,B]"', "/a/%").path == "/b/a/%"
    assert decide("RewriteRule ^ /b [R=301,R]").status == 301
