"""What Apache 2.4.71 answered to combinations of flags, conditions, expressions and odd paths.

Most of these rules were made at random; each says nothing useful, together they say how the parts
meet.  Where we differ on purpose is said in the package's documentation, and not recorded here.
"""

import json
import warnings
from pathlib import Path

import pytest

from tropea.rewrite import RunawayPatternWarning, apache_rules
from tropea.rewrite.compare import ours

DATA = json.loads((Path(__file__).parent / "data" / "apache-2.4.71-combinations.json").read_text())


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("htdocs")
    for name in DATA["files"]:
        path = root / name
        if name.startswith("link"):
            path.symlink_to(root / ("dir" if name == "linkdir" else "real.txt"))
        elif name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("" if name == "empty.txt" else name)
    (root.parent / "map.txt").write_text(DATA["txt"])
    return root


def rules_of(group, root):
    text = "\n".join([*DATA["maps"], group["rules"]])
    text = text.replace("{ROOT}", str(root)).replace("{M}", str(root.parent / "map.txt"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RunawayPatternWarning)
        return apache_rules(
            text, group["context"], base=group["base"], document_root=str(root), file="x.conf"
        )


@pytest.mark.parametrize("group", DATA["sets"], ids=range(len(DATA["sets"])))
def test_a_combination_ends_as_in_apache(root, group):
    rules = rules_of(group, root)
    for case in group["cases"]:
        target, headers = case["target"], case.get("headers", {})
        answer = ours(rules, target, headers, case.get("method", "GET"))
        told = f"{group['rules']}\n{case}\n{answer}"
        assert answer.status == case["status"], told
        if answer.status == 200:
            assert plain(answer.path) == plain(case["path"]), told
            assert answer.query == case["query"], told
        assert own(answer.location) == own(case.get("location", "")), told


def plain(path):
    """Bring a path into the form that servers with folders bring it into."""
    while "//" in path:
        path = path.replace("//", "/")
    return path


def own(location):
    """Leave the scheme and the host of this very site off, and a ``?`` without a query."""
    for host in ("www.example.com", "www.example.net", "example.com:8080"):
        for name in (host, f"{host}:80", host.upper()):
            if location.startswith(f"http://{name}/"):
                location = location.removeprefix(f"http://{name}")
    return location.removesuffix("?")


def test_the_recording_holds_what_it_shall():
    cases = [case for group in DATA["sets"] for case in group["cases"]]
    assert len(cases) > 1000
    assert {group["context"] for group in DATA["sets"]} == {"server", "dir"}
    assert len({case["status"] for case in cases}) >= 9
