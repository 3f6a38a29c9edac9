"""Why the rules did what they did, for a developer who listens."""

import pytest

from tropea.core.keys import TRACE
from tropea.core.probing import Trace
from tropea.rewrite import RewriteMiddleware, Rule, apache_rules
from tropea.rewrite import conditions as on


@pytest.fixture
def told(run):
    """Send a request that somebody listens to; return what was noted."""

    def told(rules, path, query="", **asked):
        trace = Trace()
        run(RewriteMiddleware.layer(rules), path, query, **asked, **{TRACE: trace})
        return trace.notes

    return told


def test_a_rule_that_applied_is_named_with_what_it_made(told):
    rules = [Rule("/x", "/y"), Rule("/old/(.*)", "/new/{1}", 301)]
    expected = "rule 2: /old/(.*) -> /new/{1} [301]: made 301 /new/a"
    assert told(rules, "/old/a") == [("rewrite", expected)]


def test_a_condition_that_failed_is_named_with_what_it_saw(told):
    text = "RewriteCond %{QUERY_STRING} ^id=\nRewriteRule ^/item$ /items [L]"
    expected = "rule 2: ^/item$ /items [L]: not applied, for %{QUERY_STRING} ^id= fails with 'x=1'"
    assert told(apache_rules(text), "/item", "x=1") == [("rewrite", expected)]
    python = [Rule("/a", "/b", when=on.method("POST"))]
    assert told(python, "/a")[0][1].endswith("not applied, for method in ['POST'] fails")


def test_each_step_of_several_is_told_in_order(told):
    rules = [Rule("/a", "/b", last=False), Rule("/b", "/c"), apache_rules("RewriteRule ^/c$ - [F]")]
    assert [text.rpartition(": ")[2] for _, text in told(rules, "/a")] == [
        "made /b",
        "made /c",
        "made 403",
    ]


def test_rules_that_are_not_for_a_request_say_nothing(told):
    assert told([Rule("/a", "/b")], "/z") == []


def test_what_is_refused_before_any_rule_is_told(told):
    assert told([Rule("/a", "/b")], "/" + "x" * 9000) == [
        ("rewrite", "414: the path is refused before any rule sees it")
    ]


def test_a_loop_is_told_within_bounds_and_still_logged(told, caplog):
    notes = told(apache_rules("RewriteRule ^/(.*)$ /$1 [N=50]"), "/a")
    assert 1 <= len(notes) <= 20
    assert "rules loop" in caplog.text


def test_listening_changes_nothing_of_the_answer(run):
    rules = apache_rules("RewriteCond %{HTTP:X-A} y\nRewriteRule ^/a$ /b?$0 [E=K:v,CO=c:1:x.test]")
    for headers in ({}, {"X-A": "y"}):
        quiet = run(RewriteMiddleware.layer(rules), "/a", headers=headers)
        heard = run(RewriteMiddleware.layer(rules), "/a", headers=headers, **{TRACE: Trace()})
        assert (quiet.path, quiet.query, quiet.headers) == (heard.path, heard.query, heard.headers)


class Counting(dict):
    """An environ that counts who asks for the trace."""

    asked = 0

    def __contains__(self, key):
        self.asked += key == TRACE
        return super().__contains__(key)

    def get(self, key, default=None):
        self.asked += key == TRACE
        return super().get(key, default)


def test_nobody_listening_costs_one_look_up():
    layer = RewriteMiddleware(lambda environ, start_response: [], [Rule("/a", "/b")])
    for path in ("/a", "/z"):
        environ = Counting(REQUEST_METHOD="GET", PATH_INFO=path)
        layer(environ, lambda *_: None)
        assert environ.asked == 1
