"""Fresh cases, sent to the Apache that is installed here and to ours."""

import os
import random
import warnings
from urllib.parse import unquote

import pytest

from tropea.rewrite import RunawayPatternWarning, apache_rules
from tropea.rewrite.compare import ours, same
from tropea.rewrite.httpd import Apache, RuleText, find_apache

FILES = ["real.txt", "index.php", "dir/", "dir/file.txt", "blog/index.php"]
PATTERNS = [
    "^/a$", "^/a/(.*)$", "^/(.*)$", "/b", "^/([^/]+)/([^/]+)/?$", r"\.php$", "!^/a", "^/x(\\d*)y?$",
    "^(.*)/(.*)$", "^/(?:a|b)/(\\w+)$", "^/A/", "^/dir", "^",
]  # fmt: skip
TARGETS = [
    "/b", "/b/$1", "/q?x=$1", "-", "c/$1", "/b?", "/r/$1?y=2", "http://other.example.org/$1",
    "/s%{QUERY_STRING}/z", "$1", "/m/%1", "/a/$2$1", "/q?x=1&z=%{REQUEST_URI}", "/index.php/$1",
    "//$1", "/p\\%20q", "/a b",
]  # fmt: skip
FLAGS = [
    "L", "R", "R=301", "QSA", "QSD", "NC", "NE", "B", "C", "S=1", "F", "G", "END", "PT",
    "BNP,B", "QSL", "R=307", "N=3", "DPI", "B=&=", "BCTLS", "UnsafeAllow3F", "E=K:$1", "R=404",
]  # fmt: skip
CONDITIONS = [
    "%{QUERY_STRING} ^x=(.*)$", "%{QUERY_STRING} !^$", "%{HTTP_HOST} ^www\\.(.+)$ [NC]",
    "$1 ^(.)", "%{REQUEST_URI} ^/a", "%{HTTP:X-N} -gt5", "%{HTTP:X-N} >b", "%{REQUEST_METHOD} =GET",
    "%{HTTPS} off", "%{HTTP:X-N} =\"\" [OR]", "%{ENV:K} ^(.+)$", "%{DOCUMENT_ROOT}%{REQUEST_URI} -f",
    "%{DOCUMENT_ROOT}%{REQUEST_URI} !-d", "expr \"%{HTTP:X-N} in { '7', 'c' }\"", "%{REQUEST_FILENAME} !-f",
]  # fmt: skip
TARGET_URLS = [
    "/a", "/a/b", "/a/b?x=1", "/b", "/", "/x12y", "/a/caf%C3%A9", "/a/x%20y", "/a/x%26y?z=1", "/A/q",
    "/a/b%3Fc", "/dir/file.txt", "/real.txt", "/index.php?x=a%20b", "/a/%25/z?x=%25", "/nope/x.php",
    "/a/b/c/d/?q", "/dir/", "/a/'(x)!*;,@+$~=:", "/a/x%0Ay", "/a/%5Cz/", "/c/d?x=&y",
]  # fmt: skip


def random_rules(rng, context):
    lines = []
    for _ in range(rng.randint(1, 4)):
        for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
            condition = rng.choice(CONDITIONS)
            if condition.startswith("expr"):
                condition = condition.replace(" in {", " -in {")
            lines.append(f"RewriteCond {condition}")
        pattern = rng.choice(PATTERNS)
        if context == "dir":
            pattern = pattern.replace("^/", "^").replace("!^/", "!^")
        target = rng.choice(TARGETS)
        flags = ",".join(rng.sample(FLAGS, rng.choice([0, 1, 1, 2, 3])))
        if flags.count("R=") > 1:
            flags = "R"
        if "N=3" in flags.split(",") and target == "-":
            flags = "L"
        target = f'"{target}"'
        lines.append(f"RewriteRule {pattern} {target}" + (f' "[{flags}]"' if flags else ""))
    if context == "dir":
        lines.insert(0, "RewriteBase /")
    return "\n".join(lines)


def usable(rules, context):
    """Leave out what differs on purpose; the reasons are in the package's README."""
    parts = [line.split() for line in rules.splitlines() if line.startswith("RewriteRule")]
    # [R] that a later rule turns into a path again is answered without Location by Apache.
    redirects = [i for i, words in enumerate(parts) if "R" in words[-1] or "http://" in words[2]]
    if redirects and min(redirects) != len(parts) - 1:
        return False
    # PT with a redirect is a 400 in Apache; here it redirects.
    if redirects and "PT" in parts[-1][-1]:
        return False
    # A redirect to a path with two slashes at its start may leave the site.
    if redirects and "//$1" in rules:
        return False
    return True


def differences(count, seed):
    rng = random.Random(seed)
    texts = []
    while len(texts) < count:
        context = rng.choice(["server", "server", "dir"])
        text = random_rules(rng, context)
        if usable(text, context):
            texts.append(RuleText(text, context))
    found, asked = [], 0
    with Apache(texts, FILES) as apache, warnings.catch_warnings():
        warnings.simplefilter("ignore", RunawayPatternWarning)
        for index, text in enumerate(texts):
            rules = apache_rules(text.text, text.context, document_root=str(apache.root))
            for target in rng.sample(TARGET_URLS, 10):
                headers = rng.choice([{}, {"X-N": "7"}, {"X-N": "c"}, {"Host": "www.example.net"}])
                theirs = apache.ask(index, target, headers)
                mine = ours(rules, target, headers)
                asked += 1
                path, _, query = target.partition("?")
                if text.context == "dir" and "%" in unquote(path) + query:
                    continue  # what came out of a capture is decoded once more by Apache
                if text.context == "dir" and theirs.status == 404 and "B" in text.text:
                    continue  # a slash that B has encoded, which Apache refuses
                if mine.status == 500 and theirs.status in {403, 404, 500}:
                    continue  # a loop: in a directory's context, its files may end it before
                if not same(theirs, mine):
                    found.append((text, target, headers, theirs, mine))
    return found, asked


def test_fresh_cases_end_as_in_the_installed_apache():
    if find_apache() is None:
        if "apache" in os.environ.get("TROPEA_REQUIRE", "").split(","):
            pytest.fail("TROPEA_REQUIRE asks for apache, but there is none with mod_lua")
        pytest.skip("no Apache with mod_rewrite and mod_lua is installed")
    seed = int(os.environ.get("TROPEA_SEED", "20261121"))
    found, asked = differences(60, seed)
    told = "\n\n".join("\n".join(map(str, each)) for each in found[:5])
    assert asked == 600
    assert not found, f"{len(found)} of {asked} differ (seed {seed}):\n{told}"
