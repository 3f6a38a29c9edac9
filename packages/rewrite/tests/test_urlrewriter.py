"""urlrewriter and addrewrite, as Pesto had them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.errors import OptionError
from tropea.core import pipeline
from tropea.rewrite import Rule, RuleError, RuleList, urlrewriter


def rewriter(*rules):
    made = urlrewriter(lambda environ, start_response: [])
    for rule in rules:
        made.addrewrite(*rule)
    return made


def test_the_example_of_pestos_manual_redirects_for_good(run):
    layer = rewriter((r"(.*)/index.php\?article=(.*)$", r"\1/articles/\2", "redirect_permanent"))
    seen = run(layer, "/blog/index.php", "article=7")
    assert (seen.status, seen.location) == (301, "/blog/articles/7")
    assert seen.environ is None


def test_a_rewrite_is_invisible_to_the_client(run):
    seen = run(rewriter((r"^/old/(\w+)$", r"/new?name=\1", "rewrite")), "/old/x")
    assert (seen.status, seen.path, seen.query) == (200, "/new", "name=x")
    assert seen.environ["tropea.rewrite.original"] == ("/old/x", "")


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("redirect", 302), ("redirect_temporary", 302), ("redirect_permanent", 301),
        (303, 303), (307, 307), (308, 308), ("forbidden", 403), ("gone", 410), ("not_found", 404),
    ],
)  # fmt: skip
def test_every_action_answers_with_its_status(run, action, status):
    seen = run(rewriter((r"^/a$", "/b", action)), "/a")
    assert seen.status == status
    assert seen.location == ("/b" if 300 <= status < 400 else None)


def test_a_callable_action_is_handed_the_rewritten_request(run):
    def other(environ, start_response):
        start_response("202 Accepted", [])
        return [environ["PATH_INFO"].encode()]

    seen = run(rewriter((r"^/api/(.*)$", r"/\1", other)), "/api/v1")
    assert (seen.status, seen.body) == (202, b"/v1")


def test_the_first_rule_that_matches_wins(run):
    layer = rewriter((r"^/a", "/first", "rewrite"), (r"^/a$", "/second", "rewrite"))
    assert run(layer, "/a").path == "/first"


def test_a_request_that_no_rule_matches_keeps_its_environ(run):
    seen = run(rewriter((r"^/a$", "/b", "rewrite")), "/other")
    assert seen.path == "/other"
    assert "tropea.rewrite.original" not in seen.environ


def test_the_callers_environ_is_left_alone():
    app = rewriter((r"^/a$", "/b", "rewrite"))
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/a", "QUERY_STRING": ""}
    before = dict(environ)
    app(environ, lambda *a: None)
    assert environ == before


def test_without_an_application_it_is_a_layer(run):
    layer = urlrewriter(rules=[Rule("/a", "/b")])
    assert run(layer, "/a").path == "/b"
    assert len(pipeline(layer, lambda e, s: []).layers) == 2


def test_tuples_are_read_as_the_arguments_of_a_rule(run):
    assert run(urlrewriter(rules=[("/a", "/b", "redirect")]), "/a").location == "/b"


def test_what_the_pattern_took_from_the_path_is_encoded_in_the_query(run):
    layer = rewriter((r"^/u/(.+)$", r"/user?name=\1", "rewrite"))
    assert run(layer, "/u/a&admin=1").query == "name=a%26admin%3D1"


def test_what_the_pattern_took_from_the_query_is_decoded_once_in_the_path(run):
    layer = rewriter((r"^/p\?id=(.*)$", r"/page/\1", "rewrite"))
    assert run(layer, "/p", "id=a%2520b").path == "/page/a%20b"


def test_an_encoded_question_mark_of_the_path_starts_no_query(run):
    layer = rewriter((r"^/p\?id=(.*)$", r"/page/\1", "rewrite"), (r"^/p(.*)$", r"/q\1", "rewrite"))
    seen = run(layer, "/p?id=1")
    assert (seen.path, seen.query) == ("/q?id=1", "")


@pytest.mark.parametrize(
    "path",
    ["//evil.invalid/", "/\\evil.invalid/", "\\\\evil.invalid/", "/\r\n/evil.invalid/",
     "//evil.invalid/%2f../", "/%09/evil.invalid/", "///evil.invalid/"],
)  # fmt: skip
def test_stripping_a_slash_never_leads_to_another_site(run, path):
    seen = run(rewriter((r"^(.*)/$", r"\1", 301)), path)
    assert seen.status == 301
    assert seen.location[0] == "/"
    assert seen.location[1:2] not in {"/", "\\"}
    assert seen.location.isprintable()
    assert seen.location.isascii()


def test_a_scheme_in_a_capture_is_only_a_path(run):
    assert run(rewriter(("^/go(.*)$", r"\1", 302)), "/gohttp://evil.invalid").location == (
        "/http://evil.invalid"
    )


def test_a_host_in_the_rules_own_text_is_followed(run):
    layer = rewriter(("^/x/(.*)$", r"https://www.example.com/\1", 301))
    assert run(layer, "/x/a b").location == "https://www.example.com/a%20b"


@pytest.mark.parametrize("target", ["https://{1}/", "http://{1}:80/x", "https://a.{1}/"])
def test_a_target_that_lets_the_request_name_the_host_is_refused(target):
    with pytest.raises(RuleError, match="leaves it to the request"):
        Rule("/(.*)", target)


def test_a_capture_below_a_named_host_cannot_end_the_host(run):
    layer = urlrewriter(rules=[Rule("/shop/(.*)", "https://{1}.example.com/", 302)])
    assert run(layer, "/shop/a").location == "https://a.example.com/"
    assert run(layer, "/shop/evil.invalid/").status == 400
    assert run(layer, "/shop/evil.invalid\\").status == 400


@given(st.text(st.characters(max_codepoint=255), max_size=30))
def test_no_path_makes_a_redirect_leave_the_site(path):
    rules = RuleList([Rule("(?s:/?go)?((?s:.*))", "{1}", 302)])
    location = rules.decide("/go" + path, "", {}).location
    assert location[0] == "/"
    assert location[1:2] not in {"/", "\\"}
    assert all("!" <= c <= "~" for c in location)


@given(st.text(st.characters(max_codepoint=255), max_size=20), st.text(st.characters(max_codepoint=255), max_size=20))
def test_a_replacement_by_the_whole_changes_no_octet(path, query):
    rules = RuleList([Rule("^(.*)$", r"\1", on="path?query", search=True, style="backslash")])
    verdict = rules.decide(f"/{path}", query, {})
    assert (verdict.path, verdict.query) == (f"/{path}", query)


def test_where_the_application_is_mounted_is_part_of_the_location(run):
    seen = run(rewriter(("^/a$", "/b", 302)), "/a", SCRIPT_NAME="/shop")
    assert seen.location == "/shop/b"
    assert run(rewriter(("^/a$", "/b", 302)), "/a", SCRIPT_NAME="/").location == "/b"


def test_a_path_that_is_too_long_to_be_looked_at_is_refused(run):
    layer = rewriter(("^/x/(.*)$", r"/y/\1", "rewrite"))
    assert run(layer, "/x/" + "a" * 65536).status == 414


def test_missing_keys_of_the_environ_do_no_harm():
    app = rewriter(("^/a$", "/b", "rewrite"))
    assert app({"REQUEST_METHOD": "GET"}, lambda *a: None) == []


def test_a_redirect_to_head_has_no_body(run):
    seen = run(rewriter(("^/a$", "/b", 302)), "/a", method="HEAD")
    assert (seen.status, seen.body) == (302, b"")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (("(", "/", "rewrite"), "column 1"),
        (("/", r"\1", "rewrite"), "has 0 groups"),
        (("/", "/b", "redirekt"), "unknown action 'redirekt'"),
        (("/", "/b", 299), "300 to 599"),
        (("/", None, "redirect"), "needs a target"),
        (("/", "/a\nb", "redirect"), "control character"),
        (("/", r"\q", "redirect"), "unknown escape"),
    ],
)
def test_a_rule_that_cannot_work_fails_when_it_is_added(rule, message):
    with pytest.raises(RuleError, match=message):
        rewriter(rule)


def test_an_unknown_option_is_named():
    with pytest.raises(OptionError, match="did you mean 'rules'"):
        urlrewriter(rulez=())
