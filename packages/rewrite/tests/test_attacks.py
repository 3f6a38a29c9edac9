"""Hostile requests: whatever they hold, a redirect stays here and an answer comes soon."""

from functools import partial
import warnings
from urllib.parse import urljoin, urlsplit

import pytest

from tropea.core.testing import assert_linear
from tropea.rewrite import (
    RewriteMiddleware,
    Rule,
    RunawayPatternWarning,
    apache_rules,
    urlrewriter,
)
from tropea.rewrite.patterns import compile_pattern
from tropea.rewrite.ready import maintenance

STRIP = "RewriteRule ^(.*)/$ $1 [R=301]"
OLD = "RewriteRule ^/old/(.*)$ /new/$1 [R=301]"
GO = "RewriteRule ^/go(.*)$ $1 [R=302]"
HOST = "RewriteRule ^/(.*)$ https://%{HTTP_HOST}/$1 [R=301]"
ALLOWED = {200, 301, 302, 307, 308, 400, 403, 404}


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        *[(STRIP, path) for path in (
            "//evil.invalid/", "/\\evil.invalid/", "\\\\evil.invalid/", "/\r\n/evil.invalid/",
            "//evil.invalid/%2f../", "/%09/evil.invalid/", "///evil.invalid/", "/\t/evil.invalid/")],
        *[(OLD, "/old/" + tail) for tail in (
            "/evil.invalid", "\\evil.invalid", "../../evil", "?x=1", "#frag", "%0d%0aX: y", "\xc3\xa9",
            "@evil.invalid", "\r\nSet-Cookie: a=b", "x\x00y")],
        (GO, "/go//evil.invalid"), (GO, "/gohttp://evil.invalid"), (GO, "/go\\\\evil.invalid"),
        (GO, "/gohttps:evil.invalid"), (GO, "/gojavascript:alert(1)"), (GO, "/go.evil.invalid"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("more", ["", "NE,"])
def test_a_capture_never_leads_to_another_site(run, rules, path, more):
    text = rules.replace("[R", f"[{more}R")
    seen = run(urlrewriter(rules=apache_rules(text)), path)
    assert seen.status in ALLOWED
    for name, value in seen.headers:
        assert not set("\r\n\0") & set(name + value)
    if seen.location is not None:
        at = urlsplit(urljoin("http://here.invalid/x", seen.location.replace("\\", "/")))
        assert at.netloc == "here.invalid"


@pytest.mark.parametrize(
    "host", ["a b", "a\tb", "[::1", "", "a.invalid,evil.invalid", "a/b", "a@b"]
)
def test_a_host_field_that_is_none_becomes_no_redirect(run, host):
    seen = run(urlrewriter(rules=apache_rules(HOST)), "/x", headers={"Host": host})
    assert (seen.status, seen.location) == (400, None)


def test_forwarded_fields_name_no_host(run):
    seen = run(urlrewriter(rules=apache_rules(OLD)), "/old/x", headers={"X-Forwarded-Host": "evil"})
    assert seen.location == "/new/x"


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("RewriteRule ^(.*)$ https://www.example.com$1 [R]", "x"),
        ("RewriteRule ^/?(.*)$ https://www.example.com$1 [R]", "/.evil.invalid"),
        ("RewriteRule ^/?(.*)$ https://www.example.com$1 [R]", "/@evil.invalid"),
        ("RewriteRule ^/(.*)$ https://$1.example.com/ [R]", "/evil.invalid/"),
        ("RewriteRule ^/(.*)$ https://$1.example.com/ [R]", "/evil.invalid#"),
        ("RewriteRule ^/(.*)$ https://$1/ [R]", "/evil.invalid"),
        ("RewriteRule ^/(.*)$ https://$1example.com/ [R]", "/evil"),
        ("RewriteRule ^/(.*)$ https://www.$1-example.com/ [R]", "/x.evil"),
        ("RewriteRule ^/(.*)$ http:///$1 [R]", "/evil.invalid"),
    ],
)  # fmt: skip
def test_a_capture_cannot_become_the_host_that_the_text_leaves_open(run, rule, path):
    seen = run(urlrewriter(rules=apache_rules(rule)), path)
    assert seen.location is None or urlsplit(seen.location).hostname == "www.example.com"


def test_a_host_that_a_condition_took_from_the_host_field_may_be_used(run):
    rules = apache_rules(
        "RewriteCond %{HTTP_HOST} ^www\\.(.+)$ [NC]\nRewriteRule ^ https://%1%{REQUEST_URI} [R=301,L,NE]"
    )
    seen = run(urlrewriter(rules=rules), "/a", headers={"Host": "www.example.com"})
    assert seen.location == "https://example.com/a"


def test_a_map_may_name_other_sites_but_a_capture_in_it_may_not(run):
    maps = {"go": {"w": "https://other.example.org/"}}
    rules = apache_rules("RewriteRule ^/go/(.*)$ ${go:$1|/none} [R,L]", maps=maps)
    assert run(urlrewriter(rules=rules), "/go/w").location == "https://other.example.org/"
    assert run(urlrewriter(rules=rules), "/go/x").location == "/none"


def test_dots_lead_a_rewrite_nowhere_else(run):
    rules = apache_rules("RewriteRule ^/pub/(.*)$ /files/$1")
    assert run(urlrewriter(rules=rules), "/pub/../admin").status == 400
    assert run(urlrewriter(rules=rules), "/pub/../../admin").status == 400
    assert run(urlrewriter(rules=rules), "/pub/a/../b").path == "/files/b"


def test_a_forbidden_path_cannot_be_reached_by_another_spelling(run):
    rules = apache_rules("RewriteRule ^/admin - [F]")
    for path in ("/admin", "//admin", "/./admin", "/x/../admin", "/admin\n", "///x/..//admin"):
        assert run(urlrewriter(rules=rules), path).status == 403


def test_rules_that_go_round_in_circles_end(run, caplog):
    rules = apache_rules("RewriteRule ^/a$ /b\nRewriteRule ^/b$ /a [N]")
    assert run(urlrewriter(rules=rules), "/a").status == 500
    assert "'/a' -> '/b' by line 1" in caplog.text


def test_a_path_that_grows_ends(run, caplog):
    rules = apache_rules("RewriteRule ^/(.*)$ /x/$1$1 [N]")
    assert run(urlrewriter(rules=rules), "/a").status == 500
    assert "grows without bound" in caplog.text


def test_a_directory_whose_rules_send_round_for_ever_ends(run, caplog):
    rules = apache_rules("RewriteRule ^(.*)$ x/$1", "dir", base="/")
    assert run(urlrewriter(rules=rules), "/a").status == 500
    assert "internal redirects" in caplog.text


def test_a_pattern_that_runs_away_is_announced_and_still_ends(run):
    with pytest.warns(RunawayPatternWarning, match="doubles"):
        rules = apache_rules("RewriteRule ^/(a+)+$ /x")
    assert "doubles" in rules.notes[0]
    assert run(urlrewriter(rules=rules), "/" + "a" * 3000 + "!").status == 200
    assert run(urlrewriter(rules=rules), "/aaa").path == "/x"


def test_a_long_path_is_not_looked_at(run):
    rules = apache_rules("RewriteRule ^/x/(.*)$ /y/$1")
    assert run(urlrewriter(rules=rules), "/x/" + "a" * 65536).status == 414


@pytest.mark.parametrize(
    "pattern", [r"^/(a+)+$", r"(.*)/x(.*)/y(.*)\.z", r"^(.*)/(.*)/(.*)\.html$"]
)
@pytest.mark.parametrize("filler", ["/", "a"])
def test_matching_takes_time_linear_in_the_subject(pattern, filler):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RunawayPatternWarning)
        search = compile_pattern(pattern, octets=True).search

    assert search("/" + filler * 1000 + "!") is None
    assert_linear(lambda size: partial(search, "/" + filler * size + "!"), 1000)


def test_a_control_character_in_a_cookie_or_variable_does_no_harm(run):
    rules = apache_rules("RewriteRule ^/(.*)$ /x [CO=a:$1:example.com,E=N:$1]")
    seen = run(urlrewriter(rules=rules), "/x\r\nSet-Cookie: b=c; Domain=x")
    (cookie,) = [value for name, value in seen.headers if name == "Set-Cookie"]
    assert "\r" not in cookie
    assert "; Domain=x" not in cookie


def test_two_threads_do_not_see_each_others_captures():
    from concurrent.futures import ThreadPoolExecutor

    rules = apache_rules("RewriteCond %{QUERY_STRING} ^q=(.*)$\nRewriteRule ^/(.*)$ /r/$1/%1? [L]")

    def one(number):
        return rules.decide(f"/p{number}", f"q=v{number}", {}).path == f"/r/p{number}/v{number}"

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(400)))


def test_a_middleware_around_itself_can_be_called_from_inside():
    def app(environ, start_response):
        if environ["PATH_INFO"] == "/outer":
            return stack({**environ, "PATH_INFO": "/b"}, start_response)
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]

    stack = RewriteMiddleware(app, [("/a", "/outer"), ("/b", "/inner")])
    assert stack({"REQUEST_METHOD": "GET", "PATH_INFO": "/a"}, lambda *a: None) == [b"/inner"]


def test_bytes_that_are_no_utf_8_go_into_every_part_of_a_target(run):
    for target in ("/x/{1}", "/x?q={1}", "/x#{1}", "/x/{1}?a={1}#{1}"):
        seen = run(urlrewriter(rules=[Rule("/f/(.*)", target, 302)]), "/f/\xff\xc3\xa9\r\n")
        assert seen.status == 302
        assert "%FF%C3%A9%0D%0A" in seen.location


def test_a_client_from_a_socket_for_both_families_is_known_by_its_address():
    rule = maintenance(allow=["192.0.2.0/24"])
    assert not rule.when[0]({"REMOTE_ADDR": "::ffff:192.0.2.7"})
    assert rule.when[0]({"REMOTE_ADDR": "::ffff:198.51.100.7"})
