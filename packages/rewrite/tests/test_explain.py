"""What rules did, as a table, as JSON and on the command line."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tropea.rewrite import Rule, apache_rules, urlrewriter
from tropea.rewrite import conditions as on
from tropea.rewrite.__main__ import main
from tropea.rewrite.convert import convert
from tropea.rewrite.errors import RuleError

RULES = "RewriteRule ^/never$ /x\nRewriteCond %{QUERY_STRING} ^id=(\\d+)$\nRewriteRule ^/item$ /item/%1? [R=301,L]\n"


def rewriter(*rules):
    return urlrewriter(lambda environ, start_response: [], rules)


def test_every_rule_that_was_tried_is_told_with_its_conditions():
    told = rewriter(apache_rules(RULES)).explain("GET", "http://www.example.com/item?id=42", {})
    assert [(step["rule"], step["matched"]) for step in told.steps] == [(1, False), (3, True)]
    assert told.steps[1]["conditions"] == [
        {"condition": "%{QUERY_STRING} ^id=(\\d+)$", "subject": "id=42", "held": True}
    ]
    assert (told.status, told.location) == (301, "/item/42")
    assert "answered 301 /item/42" in str(told)


def test_python_rules_are_told_too():
    told = rewriter(Rule("/a", "/b", when=on.header("X", "1"))).explain("GET", "/a", {"X": "2"})
    assert told.steps[0]["conditions"] == [{"condition": "header X matches '1'", "held": False}]
    assert not told.changed
    assert "no rule applies" in told.outcome()


def test_the_table_has_a_line_for_each_step():
    told = rewriter(apache_rules(RULES)).explain("GET", "/item?id=x")
    lines = str(told).splitlines()
    assert lines[0].split() == ["rule", "subject", "match", "what", "it", "says", "or", "made"]
    assert any("failed  if %{QUERY_STRING}" in line for line in lines)


def test_json_holds_what_the_table_holds():
    data = json.loads(rewriter(apache_rules(RULES)).explain("GET", "/item?id=1").to_json())
    assert (data["status"], data["location"], len(data["steps"])) == (301, "/item/1", 2)


def test_explaining_and_deciding_come_to_the_same():
    rules = apache_rules(
        "RewriteRule ^/a$ /b [C]\nRewriteRule ^/b$ /c [S=1]\nRewriteRule ^/c$ /no\nRewriteRule ^/c$ /d"
    )
    assert rewriter(rules).explain("GET", "/a").path == rules.decide("/a", "", {}).path == "/d"


@pytest.fixture
def conf(tmp_path):
    file = tmp_path / "rewrite.conf"
    file.write_text(RULES)
    return str(file)


def test_the_command_line_explains(conf, capsys):
    assert main(["explain", conf, "/item?id=7", "-H", "Accept: x"]) == 0
    assert "answered 301 /item/7" in capsys.readouterr().out
    assert main(["explain", conf, "/item?id=7", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["location"] == "/item/7"


def test_the_command_line_checks(conf, tmp_path, capsys):
    assert main(["check", conf]) == 0
    assert "2 rules" in capsys.readouterr().out
    odd = tmp_path / "odd.conf"
    odd.write_text("Options +X\nRewriteRule ^(a+)+$ /b\n")
    assert main(["check", str(odd)]) == 1
    out = capsys.readouterr().out
    assert "doubles with each character" in out
    assert "1: Options is left out" in out
    odd.write_text("RewriteRule ^a b [XX]\n")
    assert main(["check", str(odd)]) == 2
    assert "odd.conf:1:19: unknown flag 'XX'" in capsys.readouterr().err


def test_the_module_runs_as_a_program(conf):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tropea.rewrite", "explain", conf, "/x"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "no rule applies" in done.stdout


@pytest.mark.parametrize(
    ("dialect", "line", "path", "query", "expected"),
    [
        ("nginx", "rewrite ^/old/(.*)$ /new/$1 permanent;", "/old/a", "q=1", (301, "/new/a?q=1")),
        ("nginx", "rewrite ^/u/(\\d+)$ /user?id=$1 last;", "/u/7", "a=b", (0, "/user?id=7&a=b")),
        ("nginx", "rewrite ^/u/(\\d+)$ /user?id=$1? break;", "/u/7", "a=b", (0, "/user?id=7")),
        ("nginx", "rewrite ^ https://$host$request_uri redirect;", "/a", "", (302, "https://www.example.com/a")),
        ("nginx", "return 301 https://www.example.org$request_uri;", "/a", "b=c", (301, "https://www.example.org/a?b=c")),
        ("nginx", "return https://x.test/;", "/a", "b=c", (302, "https://x.test/")),
        ("nginx", "return 410;", "/a", "", (410, "")),
        ("caddy", "redir /old /new permanent", "/old", "a=b", (301, "/new")),
        ("caddy", "redir https://www.example.org{uri}", "/a", "b=c", (302, "https://www.example.org/a?b=c")),
        ("caddy", "redir /old/* /new 308", "/old/x", "", (308, "/new")),
        ("caddy", "rewrite /add /add/?x=1", "/add", "y=2", (0, "/add/?x=1")),
        ("caddy", "rewrite * /index.php", "/a", "y=2", (0, "/index.php?y=2")),
    ],
)  # fmt: skip
def test_lines_of_others_become_rules_that_do_the_same(dialect, line, path, query, expected):
    made = convert(line, dialect)
    assert made.left_out == []
    environ = {"HTTP_HOST": "www.example.com", "wsgi.url_scheme": "http", "REQUEST_METHOD": "GET"}
    verdict = apache_rules(made.text).decide(path, query, environ)
    target = verdict.location if verdict.status else f"{verdict.path}?{verdict.query}".rstrip("?")
    assert (verdict.status, target) == expected


@pytest.mark.parametrize(
    ("dialect", "line", "reason"),
    [
        ("nginx", "location / {", "blocks"), ("nginx", "proxy_pass http://x;", "neither"),
        ("nginx", "return 200 hello;", "text to answer"), ("nginx", "rewrite ^ $foo last;", "variable"),
        ("nginx", "return 444;", "closing"), ("nginx", "rewrite ^ /a now;", "unknown flag"),
        ("caddy", "redir @x /y", "named matchers"), ("caddy", "handle /x", "neither"), ("caddy", "redir / /x html", "no redirect"),
        ("caddy", "redir {env.X}", "variable"),
    ],
)  # fmt: skip
def test_what_cannot_be_turned_is_said(dialect, line, reason):
    made = convert(f"# a comment\n{line}", dialect)
    ((number, text, why),) = made.left_out
    assert (number, text) == (2, line)
    assert reason in why
    assert "not turned" in made.text
    apache_rules(made.text)


def test_an_unknown_dialect_is_refused():
    with pytest.raises(RuleError, match="expected 'nginx' or 'caddy'"):
        convert("", "lighttpd")


def test_the_command_line_converts(tmp_path, capsys):
    file = tmp_path / "nginx.conf"
    file.write_text("return 404;\nfoo bar;\n")
    assert main(["convert", str(file), "--from", "nginx"]) == 1
    captured = capsys.readouterr()
    assert 'RewriteRule "^" "-" [R=404]' in captured.out
    assert "line 2: 'foo' is neither" in captured.err


def test_the_command_line_records_and_compares_where_there_is_an_apache(conf, capsys):
    from tropea.rewrite.httpd import find_apache

    if find_apache() is None:
        assert main(["record", conf, "/a"]) == 2
        assert "no Apache" in capsys.readouterr().err
        return
    assert main(["record", conf, "/item?id=3"]) == 0
    assert json.loads(capsys.readouterr().out)["/item?id=3"]["status"] == 301
    assert main(["compare", conf, "/item?id=3", "/other"]) == 0


@pytest.fixture
def readable():
    """A folder that everybody may enter: started by root, Apache turns into nobody."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_apache_and_ours_look_into_the_same_folder(readable, capsys):
    from tropea.rewrite.httpd import find_apache

    if find_apache() is None:
        if "apache" in os.environ.get("TROPEA_REQUIRE", "").split(","):
            pytest.fail("TROPEA_REQUIRE asks for apache, but there is none with mod_lua")
        pytest.skip("no Apache with mod_rewrite and mod_lua is installed")
    root = readable / "root"
    (root / "shop").mkdir(parents=True)
    (root / "shop" / "real.txt").write_text("x")
    conf = readable / "rules"
    conf.write_text("RewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^(.*)$ /gone/$1 [R,L]\n")
    options = [str(conf), "--context", "dir", "--base", "/shop/", "--document-root", str(root)]
    asked = ["/shop/real.txt", "/shop/none", "/shop/", "/other"]
    assert main(["compare", *options, *asked]) == 0
    assert main(["record", *options, *asked]) == 0
    recorded = json.loads(capsys.readouterr().out)
    assert [recorded[url]["status"] for url in asked] == [200, 302, 302, 200]


def test_explaining_names_the_fields_in_vary_that_deciding_names():
    text = """RewriteCond expr "%{HTTP:X-N} -gt 5"
        RewriteCond %{HTTP:X-M} never
        RewriteRule ^/a /b [L]
        RewriteRule ^/a /c"""
    rules, environ = apache_rules(text), {"HTTP_X_N": "9", "HTTP_X_M": "m"}
    told = rules.decide("/a", "", environ, lambda step: None)
    assert told == rules.decide("/a", "", environ)
