"""Details of Apache's language: each was answered otherwise here once."""

import re

import pytest

from tropea.rewrite import RuleSyntaxError, apache_rules


def decide(text, path="/", query="", *, options=None, **environ):
    base = {"REQUEST_METHOD": "GET", "HTTP_HOST": "www.example.com", "wsgi.url_scheme": "http"}
    return apache_rules(text, **(options or {})).decide(path, query, {**base, **environ})


IN_DIR = {"context": "dir"}


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("1 eq 1 and not false", True), ("false or 5 lt 6", True), ("'a' in { 'a', 'b' }", True),
        ("not(false)", True), ("-5 -lt -4", True), ("5 ne 6 && 6 ge 6 && 6 le 6 && 7 gt 6", True),
        ("%{REQUEST_STATUS} == '200'", True), ("%{HTTP2} == 'off'", True), ("%{DOCUMENT_URI} == '/abc'", True),
        ("%{REMOTE_HOST} == '192.0.2.1'", True), ("%{tolower:%{REQUEST_METHOD}} == 'get'", True),
        (r"'\x41\101\\' == 'x41A\\'", True), (r"'a\tb' =~ /a\sb/", True), ("'a$b' == 'a$b'", True),
        ("unescape('%zz') == ''", True), ("unescape('a%2fb%41') == 'a%2fbA'", True), ("unbase64('YQ') == 'a'", True),
        ("ldap('a*') =~ /^a.2a$/", True), ("unbase64('Y Q') == ''", True),
        ("'a/c' -fnmatch 'a*c'", False), ("'a/c' -strmatch 'a*c'", True), ("'abc' -strmatch 'a[^x]c'", True),
        ("'abc' -strmatch 'a[!b]c'", False), (r"'a*c' -strmatch 'a\*c'", True), ("'a-c' -strmatch 'a[]-]c'", True),
        ("'/a/b' -fnmatch '/*/[a-c]'", True), ("'[a' -strmatch '[a'", True), ("'aBc' -strcmatch 'A?c'", True),
        ("-R '192'", True), ("-R '192.0.'", True), ("'192.0.2.1' -ipmatch '10.0.0.0/8'", False),
        ("%{SSL_PROTOCOL} == 'TLSv1.3'", True), ("-R %{HTTP:X-Net}", False),
    ],
)  # fmt: skip
def test_expressions_are_read_as_apache_reads_them(expression, holds):
    environ = {"REMOTE_ADDR": "192.0.2.1", "SSL_PROTOCOL": "TLSv1.3", "HTTP_X_NET": "localhost"}
    verdict = decide(f'RewriteCond expr "{expression}"\nRewriteRule ^ /yes', "/abc", **environ)
    assert (verdict is not None and verdict.path == "/yes") is holds


@pytest.mark.parametrize(
    ("expression", "column", "message"),
    [
        ("%{NOSUCH} == ''", 19, "no variable is called 'NOSUCH'"),
        ("%{REQUST_URI} == ''", 19, "did you mean 'REQUEST_URI'"),
        ("%{SSL:X} == ''", 19, "unknown function 'SSL'"),
        ("lower('A') == 'a'", 19, "unknown function 'lower'; did you mean 'tolower'"),
        ("-R 'localhost'", 22, "'localhost' is no address"),
        ("'a' -ipmatch '1.2.3.4.5'", 32, "is no address"),
        ("'a' =~ /a/x", 29, "the only flag is i"),
        ("'a' =~ 'a'", 26, "expected a regular expression"),
        ("1 -EQ 1", 21, "unknown operator '-EQ'"),
        ("True", 19, "no word here"),
    ],
)
def test_what_an_expression_cannot_mean_is_said(expression, column, message):
    with pytest.raises(RuleSyntaxError, match=re.escape(message)) as caught:
        apache_rules(f'RewriteCond expr "{expression}"\nRewriteRule ^ -')
    assert caught.value.column == column


def test_the_groups_of_an_expression_that_does_not_hold_are_nobodys():
    text = (
        "RewriteCond %{REQUEST_URI} (a)\n"
        "RewriteCond expr \"%{REQUEST_URI} =~ m#(b)# && %{REQUEST_METHOD} == 'POST'\" [OR]\n"
        "RewriteCond %{REQUEST_METHOD} =GET\n"
        "RewriteRule ^ /[%1]"
    )
    assert decide(text, "/abc").path == "/[a]"


def test_an_expression_reads_files_and_their_sizes(tmp_path):
    (tmp_path / "version").write_text("7")
    text = "RewriteCond expr \"file('{0}/version') -eq 7 && filesize('{0}') -eq 0\"\nRewriteRule ^ /seven"
    assert decide(text.replace("{0}", str(tmp_path))).path == "/seven"
    without = text.replace("{0}/version", "/no-such-file").replace("{0}", str(tmp_path))
    assert decide(without) is None


def test_a_look_ahead_has_no_query_and_does_not_ask_what_is_being_asked(tmp_path):
    options = {"document_root": str(tmp_path)}
    text = "RewriteRule ^ /[%{LA-U:QUERY_STRING}%{LA-F:QUERY_STRING}]"
    assert decide(text, "/a", "x=1", options=options).path == "/[]"
    text = "RewriteRule ^ /x[%{LA-U:REQUEST_FILENAME}]"
    assert decide(text, "/a", options=options).path == f"/x[{tmp_path}/x[]]"


def test_a_look_ahead_splits_what_follows_a_file_off(tmp_path):
    (tmp_path / "index.php").write_text("x")
    options = {"document_root": str(tmp_path)}
    text = "RewriteRule ^/index %{LA-U:PATH_INFO} [NS]"
    assert decide(text, "/index.php/a/b", options=options).path == "/a/b"


@pytest.mark.parametrize(
    ("test", "holds"),
    [("a -U", True), ('"" -U', False), ("../a -U", False), ("/../a -U", False), ('"" -F', False)],
)
def test_a_relative_reference_is_looked_up_from_the_path_asked_for(test, holds):
    verdict = decide(f"RewriteCond {test}\nRewriteRule ^/a$ /yes", "/a")
    assert (verdict is not None) is holds


def test_after_an_internal_redirect_rules_find_variables_under_another_name():
    text = (
        "RewriteCond %{ENV:K} .\nRewriteRule ^b - [F]\nRewriteRule ^a$ /b [E=K:v]\n"
        "RewriteCond %{ENV:REDIRECT_K} (.+)\nRewriteRule ^b$ /c[%1]\n"
        "RewriteCond %{ENV:REDIRECT_REDIRECT_K} (.+)\nRewriteRule ^c /d[%1] [END]"
    )
    verdict = decide(text, "/a", options=IN_DIR)
    assert verdict.path == "/d[v]"
    assert verdict.variables["K"] == verdict.variables["REDIRECT_K"] == "v"


def test_a_query_that_a_rule_leaves_empty_keeps_its_mark_in_location():
    assert decide("RewriteRule ^/a /b?& [R]", "/a").location == "/b?"
    assert decide("RewriteRule ^/a /b? [R]", "/a", "x").location == "/b"


def test_ldap_references_keep_their_question_marks():
    made = decide("RewriteRule ^ ldap://l.example.org/a?b?c")
    assert made.location == "ldap://l.example.org/a?b?c"


@pytest.mark.parametrize(
    ("rule", "path", "made"),
    [
        ("RewriteRule ^a ./index.php", "/a", "/index.php"),
        ("RewriteRule ^(.*)$ ../b/$1 [END]", "/dir/x", "/b/x"),
        (r"RewriteRule ^a /p\%20q [END]", "/a", "/p q"),
        ("RewriteRule ^a/(.*) /q/$1 [B,END]", "/a/x&y", "/q/x&y"),
        ("RewriteRule ^a /b#there [END]", "/a", "/b"),
        ("RewriteRule ^a /b?x?y [QSL,END]", "/a", "/b"),
    ],
)
def test_a_directorys_own_text_is_read_as_a_url_again(rule, path, made):
    options = {**IN_DIR, "base": "/dir/" if path.startswith("/dir/") else "/"}
    assert decide(rule, path, options=options).path == made


@pytest.mark.parametrize("captured", ["%41", "#f", "%2e%2e", "a%20b"])
def test_what_a_directorys_rules_captured_is_decoded_once_only(captured):
    rule = "RewriteRule ^a/(.*) /q/$1 [END]"
    assert decide(rule, f"/a/{captured}", options=IN_DIR).path == f"/q/{captured}"


@pytest.mark.parametrize("context", ["server", "dir"])
@pytest.mark.parametrize(
    ("rule", "path", "query"),
    [
        ("RewriteRule p(.*)$ /files/$1", "/p../secret", ""),
        ("RewriteRule p(.*)$ /files$1", "/p/..secret/", "x=/.."),
        ("RewriteCond %{QUERY_STRING} f=(.*)\nRewriteRule get /files/%1?", "/get", "f=../secret"),
        ("RewriteCond %{QUERY_STRING} f=(.*)\nRewriteRule get /files/%1?", "/get", "f=a/../../x"),
        ("RewriteCond %{QUERY_STRING} f=(.*)\nRewriteRule get /files/.%1/x?", "/get", "f="),
        ("RewriteCond %{QUERY_STRING} f=(.*)\nRewriteRule get /files/.%1/x?", "/get", "f=."),
        ("RewriteCond %{QUERY_STRING} f=(.*)\nRewriteRule get /files/%1? [P]", "/get", "f=.."),
    ],
)
def test_what_was_captured_leads_out_of_nowhere(rule, path, query, context):
    verdict = decide(rule, path, query, options={"context": context})
    if "..secret" in path:
        assert (verdict.status, verdict.path) == (0, "/files/..secret/")
    else:
        assert verdict.status == 400


def test_a_rule_whose_own_text_leads_above_the_root_is_refused():
    assert decide("RewriteRule ^ /../x").status == 403
    assert decide("RewriteRule ^ ../x", options=IN_DIR).status == 400


@pytest.mark.parametrize("rule", ["^/admin/ - [F]", "!^/public/ - [F]", "^/x - [E=A:b]"])
@pytest.mark.parametrize("path", ["/admin/../x", "/admin/../public/x", "/public/./x"])
def test_the_application_sees_no_other_path_than_the_rules_judged(rule, path):
    verdict = decide(f"RewriteRule {rule}", path)
    assert verdict is None or verdict.status in {400, 403}
    if verdict is None:  # no rule could be for it, however it is read
        assert rule.startswith("^/x") or "admin" not in path


def test_a_hand_over_has_no_blanks_and_no_line_ends_in_its_query():
    rule = "RewriteRule ^/a/(.*) http://inner/x?q=$1 [P]"
    assert decide(rule, "/a/b c").status == 403
    assert decide(rule, "/a/b\r\nX: y").status == 403
    assert decide(rule, "/a/b").query == "q=b"


def test_a_map_that_is_given_takes_the_place_of_a_program():
    text = "RewriteMap up prg:/usr/local/bin/up\nRewriteRule ^/(.*)$ /${up:$1}"
    rules = apache_rules(text, maps={"up": str.upper})
    assert rules.decide("/a", "", {}).path == "/A"
    assert rules.notes == ("1: RewriteMap up is the one that was given",)
    with pytest.raises(RuleSyntaxError, match="takes this line's place"):
        apache_rules(text)


@pytest.mark.parametrize(
    "condition",
    [
        "%{SERVER_PORT} ^80$", "%{SERVER_PORT} =80", "%{SERVER_ADDR} =192.0.2.1", "%{SERVER_PORT} 80",
        "%{SERVER_NAME} =www.example.com", "%{HTTP_HOST} =www.example.com:80", "%{SERVER_NAME} ^www",
        "%{HTTP_HOST} ^WWW\\.example\\.com [NC]", "%{HTTP:Host} ^www.example.com:80$",
    ],
)  # fmt: skip
def test_a_condition_on_the_servers_name_address_or_port_is_found_in_the_index(condition):
    field = {"HTTP_HOST": "www.example.com:80", "SERVER_ADDR": "192.0.2.1", "SERVER_PORT": "80"}
    text = f"RewriteCond {condition}\nRewriteRule ^/a /yes [L]\nRewriteRule ^/b/c /no"
    assert decide(text, "/a", **field).path == "/yes"
