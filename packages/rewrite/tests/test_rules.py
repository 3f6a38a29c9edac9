"""Rule, its conditions, the ready rules and URLs built back."""

import pytest

from tropea.core.errors import OptionError
from tropea.rewrite import Rule, RuleError, RuleList, ready, urlrewriter
from tropea.rewrite import conditions as on


def decide(rules, path="/", query="", **environ):
    return RuleList(rules).decide(path, query, {"REQUEST_METHOD": "GET", **environ})


def test_named_groups_feed_the_target_and_the_query_is_kept():
    rule = Rule(r"/(?P<year>\d{4})/(?P<slug>[\w-]+)", "/post/{slug}?y={year}")
    verdict = decide([rule], "/2026/hello", "p=2")
    assert (verdict.path, verdict.query) == ("/post/hello", "y=2026&p=2")


def test_the_query_can_be_dropped():
    assert decide([Rule("/a", "/b", keep_query=False)], "/a", "x=1").query == ""


def test_a_rule_matches_the_whole_path():
    assert decide([Rule("/a", "/b")], "/a/c") is None
    assert decide([Rule("/a", "/b")], "/a\n") is None


def test_rules_that_are_not_the_last_let_the_next_see_their_result():
    rules = [Rule("/a", "/b", last=False), Rule("/b", "/c"), Rule("/c", "/d")]
    assert decide(rules, "/a").path == "/c"


def test_paths_beyond_ascii_are_text_to_the_pattern_and_bytes_to_the_application():
    rule = Rule("/café/(?P<rest>.*)", "/thé/{rest}")
    inside = decide([rule], "/café/ü".encode().decode("latin-1"))
    assert inside.path.encode("latin-1").decode() == "/thé/ü"
    outside = decide(
        [Rule("/café/(.*)", "/thé/{1}", 302)], "/café/\xff".encode("latin-1").decode("latin-1")
    )
    assert outside is None
    sent = decide([Rule(r"/x/(.*)", "/thé/{1}", 302)], "/x/\xff")
    assert sent.location == "/th%C3%A9/%FF"


def test_letters_of_either_case_match_where_a_rule_says_so():
    rules = [Rule("/Old/(.*)", "/new/{1}", ignore_case=True)]
    assert decide(rules, "/oLD/x").path == "/new/x"
    assert decide(rules, "/\xe2\x84\xaa") is None


def test_a_fragment_of_the_target_stays_one():
    assert decide([Rule("/a/(.*)", "/b#{1}", 302)], "/a/x y").location == "/b#x%20y"


def test_a_function_can_make_the_target():
    assert decide([Rule("/(.*)", lambda match: match[1].upper())], "/abc").path == "/ABC"


@pytest.mark.parametrize(
    ("condition", "environ", "other"),
    [
        (on.method("POST"), {"REQUEST_METHOD": "POST"}, {}),
        (on.host("a.test"), {"HTTP_HOST": "A.test:81"}, {"HTTP_HOST": "b.test"}),
        (on.host("*.a.test"), {"HTTP_HOST": "x.a.test"}, {"HTTP_HOST": "a.test"}),
        (on.scheme("https"), {"wsgi.url_scheme": "https"}, {"wsgi.url_scheme": "http"}),
        (on.header("Accept", "json"), {"HTTP_ACCEPT": "application/JSON"}, {"HTTP_ACCEPT": "*/*"}),
        (on.header("Content-Type"), {"CONTENT_TYPE": "x"}, {}),
        (on.query("^a="), {"QUERY_STRING": "a=1"}, {"QUERY_STRING": "b=1"}),
        (on.path_query("id", r"\d+"), {"QUERY_STRING": "x=1&id=42"}, {"QUERY_STRING": "id=4x"}),
        (on.environ("REMOTE_ADDR", r"^10\."), {"REMOTE_ADDR": "10.0.0.1"}, {"REMOTE_ADDR": "11.0.0.1"}),
        (on.predicate(lambda environ: environ.get("k") == 1), {"k": 1}, {"k": 2}),
        (on.method("GET") & ~on.query("x"), {"QUERY_STRING": "y"}, {"QUERY_STRING": "x"}),
        (on.query("x") | on.query("y"), {"QUERY_STRING": "y"}, {"QUERY_STRING": "z"}),
    ],
)  # fmt: skip
def test_a_condition_decides_whether_a_rule_applies(condition, environ, other):
    rules = [Rule("/", "/b", when=condition)]
    assert decide(rules, **environ).path == "/b"
    assert decide(rules, **other) is None


def test_what_a_condition_looks_at_is_named_in_vary(run):
    layer = urlrewriter(rules=[Rule("/a", "/b", when=on.header("Accept", "json"))])
    assert dict(run(layer, "/a", headers={"Accept": "json"}).headers)["Vary"] == "Accept"
    assert "Vary" not in dict(run(layer, "/a", headers={"Accept": "x"}).headers)


def test_a_reversible_rule_builds_the_url_it_matches():
    layer = urlrewriter(
        lambda e, s: [],
        [
            Rule(r"/(?P<year>\d{4})/(?P<slug>[^/]+)/?", "/p?{slug}"),
            Rule(r"/(?P<y>\d+)/(?P<t>.+)", "/x", name="post"),
        ],
    )
    assert layer.url("post", y=2026, t="a b/é") == "/2026/a%20b/%C3%A9"


@pytest.mark.parametrize(
    ("values", "message"),
    [({}, "needs a value"), ({"y": "x"}, "would not match"), ({"y": 1, "z": 2}, "no group 'z'")],
)
def test_values_that_do_not_fit_are_refused(values, message):
    with pytest.raises(RuleError, match=message):
        RuleList([Rule(r"/(?P<y>\d+)", "/x", name="n")]).url("n", **values)


def test_a_rule_that_cannot_be_reversed_says_so():
    with pytest.raises(RuleError, match="cannot be reversed"):
        RuleList([Rule("/a|/b", "/x", name="n")]).url("n")
    with pytest.raises(RuleError, match="no rule is called"):
        RuleList([]).url("n")


class TestReadyRules:
    def test_the_canonical_host_keeps_scheme_path_and_query(self):
        rules = ready.canonical_host("www.example.com")
        environ = {"HTTP_HOST": "example.com", "wsgi.url_scheme": "https"}
        assert (
            decide([rules], "/a b", "c=d", **environ).location
            == "https://www.example.com/a%20b?c=d"
        )
        assert decide([rules], "/a", HTTP_HOST="www.example.com") is None

    def test_https_takes_a_sound_host_only(self):
        assert (
            decide([ready.https()], "/a", HTTP_HOST="a b", **{"wsgi.url_scheme": "http"}).status
            == 400
        )
        fixed = decide([ready.https("x.test")], "//e.test/a", **{"wsgi.url_scheme": "http"})
        assert fixed.location == "https://x.test//e.test/a"

    def test_a_slash_is_added_to_folders_and_taken_from_pages(self):
        assert decide([ready.trailing_slash()], "/a/b").location == "/a/b/"
        assert decide([ready.trailing_slash()], "/a/b.css") is None
        assert decide([ready.trailing_slash()], "/a/b", REQUEST_METHOD="POST") is None
        assert decide([ready.trailing_slash(add=False)], "/a/").location == "/a"
        assert decide([ready.trailing_slash(add=False)], "/") is None
        assert (
            decide([ready.trailing_slash(add=False)], "//evil.invalid/").location == "/evil.invalid"
        )

    def test_capitals_and_index_pages_are_redirected(self):
        assert decide([ready.lower_case()], "/A/b").location == "/a/b"
        assert decide([ready.lower_case()], "/a/b") is None
        assert decide([ready.index_html()], "/index.html").location == "/"
        assert decide([ready.index_html("default.asp")], "/x/default.asp").location == "/x/"

    def test_maintenance_answers_everybody_but_the_allowed(self, run):
        layer = urlrewriter(rules=[ready.maintenance(retry_after=60, allow=["10.0.0.0/8"])])
        closed = run(layer, "/x", REMOTE_ADDR="192.0.2.1")
        assert (closed.status, dict(closed.headers)["Retry-After"]) == (503, "60")
        assert run(layer, "/x", REMOTE_ADDR="10.1.1.1").status == 200
        assert run(layer, "/x", method="HEAD", REMOTE_ADDR="192.0.2.1").body == b""

    def test_maintenance_can_be_switched(self, run):
        closed = []
        layer = urlrewriter(rules=[ready.maintenance(active=lambda: closed)])
        assert run(layer).status == 200
        closed.append(1)
        assert run(layer).status == 503

    @pytest.mark.parametrize("make", [ready.canonical_host, ready.https])
    def test_a_host_that_is_none_is_refused(self, make):
        with pytest.raises(RuleError, match="expected a host"):
            make("a b")


def test_python_rules_and_rule_files_run_in_declared_order(run):
    from tropea.rewrite import apache_rules

    layer = urlrewriter(
        rules=[
            Rule("/a", "/b"),
            apache_rules("RewriteRule ^/b$ /c [E=K:v]"),
            Rule("/c", "/d", when=on.environ("K")),
        ]
    )
    seen = run(layer, "/a")
    assert (seen.path, seen.environ["K"]) == ("/d", "v")


@pytest.mark.parametrize("rules", ["text", [3], [Rule("/a"), object()]])
def test_what_is_no_rule_is_refused(rules):
    with pytest.raises((RuleError, OptionError)):
        urlrewriter(lambda e, s: [], rules)


@pytest.mark.parametrize("name", ["localhost:8080", "www.example.com.", "*.example.com:80"])
def test_a_host_with_a_port_would_never_hold_and_is_refused(name):
    with pytest.raises(RuleError, match="without a port"):
        on.host(name)


def test_the_roots_dot_is_no_way_around_a_host():
    rules = RuleList([Rule("/.*", None, "forbidden", when=on.host("admin.example.com"))])
    for field in ("admin.example.com", "ADMIN.example.com.", "admin.example.com.:80"):
        assert rules.decide("/a", "", {"HTTP_HOST": field}).status == 403
