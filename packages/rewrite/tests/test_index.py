"""The index finds what a loop over all rules finds."""

import warnings

from hypothesis import given, settings
from hypothesis import strategies as st

from tropea.rewrite import Rule, RuleList, RunawayPatternWarning, apache_rules
from tropea.rewrite import conditions as on
from tropea.rewrite.segments import keys_of, literal_segments

PIECES = ["a", "b", "old", r"(\d+)", "([a-z]+)", "(.*)", "x", r"y\.php", "(?P<n>[ab]+)", "(old)",
          "a|b", "o?ld", "(?:a|old)", "ol[d]", "(?i:old)", "[^/]*", "a+", r"\x61", "()", "(?=a)a"]  # fmt: skip
SEGMENTS = [
    "a",
    "b",
    "old",
    "12",
    "zz",
    "x",
    "y.php",
    "",
    "ab",
    "OLD",
    "a\n",
    "\xe9",
    "K\u212a",
    "old?",
]
pattern = st.builds(
    lambda start, pieces, end: start + "/".join(pieces) + end,
    st.sampled_from(["^/", "/", "", "^"]),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).filter(
        lambda pieces: pieces.count("(?P<n>[ab]+)") < 2
    ),
    st.sampled_from(["$", "", "/", "/?", r"\.php$", "?x=1$"]),
)
path = st.builds(
    lambda parts: "/" + "/".join(parts), st.lists(st.sampled_from(SEGMENTS), max_size=4)
)
query = st.sampled_from(["", "x=1", "a/old/b", "old"])
when = st.sampled_from(
    [(), on.host("a.test"), on.host("b.test"), on.method("GET"), ~on.host("a.test")]
)
rule = st.builds(
    dict, pattern=pattern, search=st.booleans(), ignore_case=st.booleans(), when=when,
    on=st.sampled_from(["path", "path", "path?query"]), last=st.booleans(),
)  # fmt: skip


def naive(rules, path, query, environ):
    """Each compiled rule in turn; what the list does with its index taken away."""
    whole = RuleList(rules)
    whole.index.candidates = lambda *_: whole.index.entries
    return whole._run(path, query, environ, None)


@given(
    st.lists(rule, min_size=1, max_size=8), path, query, st.sampled_from(["a.test", "b.test:80"])
)
@settings(max_examples=100, deadline=None)
def test_the_index_and_a_loop_agree_on_random_rules(made, path, query, host):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RunawayPatternWarning)
        rules = [Rule(target=f"/r{n}/{{0}}", **options) for n, options in enumerate(made)]
        environ = {"HTTP_HOST": host, "REQUEST_METHOD": "GET"}
        path = path.encode().decode("latin-1")
        assert RuleList(rules).decide(path, query, environ) == naive(rules, path, query, environ)


flags = st.lists(
    st.sampled_from(["L", "NC", "C", "S=1", "R", "QSA", "F", "END", "NS"]), max_size=2, unique=True
)
line = st.builds(
    lambda cond, negate, pattern, target, flags: "".join(
        [f"RewriteCond {cond}\n" if cond else "", f'RewriteRule "{negate}{pattern}" {target}',
         f" [{','.join(flags)}]" if flags else ""]
    ),
    st.sampled_from(["", "", "%{HTTP_HOST} ^a\\.test$", "%{HTTP_HOST} =b.test", "%{QUERY_STRING} x",
                     "%{HTTP:X-A} !^n$", "%{HTTP:X-A} ^y [NV]", "%{HTTP_ACCEPT} =Y [NC]",
                     "%{REQUEST_METHOD} >F\nRewriteCond %{HTTP:X-A} -gt3", "%{REMOTE_ADDR} ^(1)",
                     "%{HTTP:X-A} ^(.)\nRewriteCond %1 y", "%{HTTP:X-B} . [OR]\nRewriteCond %{HTTP:X-A} ."]),
    st.sampled_from(["", "", "", "!"]), pattern, st.sampled_from(["/r/$1", "-", "/old/a", "/q?z=$0", "$1"]),
    flags,
)  # fmt: skip


asked = st.fixed_dictionaries(
    {"HTTP_HOST": st.sampled_from(["a.test", "b.test"])},
    optional={"HTTP_X_A": st.sampled_from(["", "y", "n", "4"]), "HTTP_X_B": st.just("b"),
              "HTTP_ACCEPT": st.sampled_from(["y", "x"]), "REQUEST_METHOD": st.sampled_from(["GET", "POST"]),
              "REMOTE_ADDR": st.just("1.2.3.4")},
)  # fmt: skip


@given(st.lists(line, min_size=1, max_size=8), path, query, asked)
@settings(max_examples=200, deadline=None)
def test_the_index_and_a_loop_agree_on_random_rule_files(lines, path, query, environ):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RunawayPatternWarning)
        indexed, looped = apache_rules("\n".join(lines)), apache_rules("\n".join(lines))
    looped._simple = False
    looped.engine.queue = lambda state, note: looped.engine.index.entries
    path = path.encode().decode("latin-1")
    assert indexed.decide(path, query, environ) == looped.decide(path, query, environ)


def test_only_whole_literal_segments_are_keys():
    assert literal_segments(r"^/blog/(\d+)/old-(\w+)/print\Z") == ["blog", "print"]
    assert literal_segments(r"^/(?:a|b)/c+/d?/") == []
    assert literal_segments(r"^(/x)/(y)\Z") == ["x", "y"]
    assert literal_segments(r"(?m)^/old$") == []


def test_a_rule_is_filed_under_its_rarest_segment():
    rules = RuleList([Rule(f"/shop/item{n}/(.*)", "/x") for n in range(20)])
    assert len(rules.index.segments) == 20
    assert len(rules.index.candidates("/shop/item7/a")) == 1


def test_extensions_and_hosts_are_keys_where_there_is_no_segment():
    keys = keys_of(r"^/(.*)\.php\Z")
    assert (keys.segments, keys.extension) == ((), ".php")
    rules = RuleList(
        [Rule(r".*\.php", "/x"), Rule(".*", "/y", when=on.host("a.test")), Rule("/z", "/zz")]
    )
    assert rules.index.always == []
    assert rules.decide("/a.php", "", {}).path == "/x"
    assert rules.decide("/a", "", {"HTTP_HOST": "A.test:80"}).path == "/y"
    assert rules.decide("/a", "", {"HTTP_HOST": "b.test"}) is None


def test_a_rule_on_path_and_query_is_found_by_a_segment_of_the_query():
    rules = RuleList(
        [Rule(rf"/p\?a=./x\?item{n}/z", f"/{n}", on="path?query") for n in range(3)]
    )
    assert set(rules.index.segments) == {"item0", "item1", "item2"}
    assert rules.decide("/p", "a=9/x?item1/z", {}).path == "/1"
    assert rules.decide("/p?a=9/x", "item1/z", {}) is None
