"""What Apache 2.4.71 answered, case by case; the exceptions and their reasons are below."""

import json
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from tropea.rewrite import RewriteMiddleware, apache_rules

DATA = json.loads((Path(__file__).parent / "data" / "apache-2.4.71.json").read_text())
CASES = [(group, case) for group in DATA["sets"] for case in group["cases"]]

#: Cases that WSGI does not decide: the server does, before the first layer.
NOT_WSGI = {
    "cond-the-request/2": "a raw blank in the request line is refused by the server",
    "b-path/1": "a raw blank in the request line is refused by the server",
}
#: Cases that are answered otherwise on purpose.
OTHERWISE = {
    "dir-r-nobase/1": "the document root's place on the disk is not published in Location",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("htdocs")
    for name in DATA["docroot"]:
        if name.endswith("/"):
            (root / name).mkdir(parents=True, exist_ok=True)
        elif name == "link.txt":
            (root / name).symlink_to(root / "real.txt")
        else:
            (root / name).write_text("" if name == "empty.txt" else name)
    return root


def answer(root, group, request, tmp_path):
    text = group["rules"].replace("{ROOT}", str(root))
    for name, content in group["maps"].items():
        (tmp_path / name).write_text(content)
        text = text.replace("{%s}" % name, str(tmp_path / name))
    base = group["dir"] or "/"
    rules = apache_rules(text, group["context"], base=base, document_root=str(root))
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        start_response("200 OK", [])
        return []

    path, mark, query = request["target"].partition("?")
    host = request["headers"]["Host"].partition(":")[0]
    environ = {
        "REQUEST_METHOD": request["method"], "SCRIPT_NAME": "", "SERVER_NAME": host,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query,
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_URI": request["target"], "wsgi.url_scheme": "http",
    }  # fmt: skip
    for name, value in request["headers"].items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    sent = []
    list(
        RewriteMiddleware(app, rules)(environ, lambda status, fields: sent.append((status, fields)))
    )
    status, fields = sent[0]
    got = {"status": int(status[:3])}
    fields = [(k.lower(), v) for k, v in fields]
    headers = dict(fields)
    if got["status"] == 200:
        got |= {"path": utf8(seen["PATH_INFO"]), "query": utf8(seen["QUERY_STRING"]) or None}
    if "location" in headers:
        got["location"] = headers["location"]
        if got["location"].startswith("/"):
            got["location"] = f"http://{request['headers']['Host']}{got['location']}"
    got["vary"] = headers.get("vary", "").replace(" ", "")
    got["set_cookie"] = [value for name, value in fields if name == "set-cookie"]
    got["env"] = {name: seen[name] for name in group["env"] if name in seen}
    return got


def utf8(text):
    return text.encode("latin-1").decode("utf-8", "replace")


def agrees(expected, got, group):
    wanted = {"status": expected["status"]}
    if "path" in expected:
        wanted |= {"path": expected["path"], "query": expected["query"] or None}
    for name in ("location", "vary", "set_cookie"):
        if name in expected:
            wanted[name] = expected[name]
    if group["env"] and "env" in expected:
        return wanted.items() <= got.items() and expected["env"].items() <= got["env"].items()
    return all(got.get(name) == value for name, value in wanted.items())


@pytest.mark.parametrize(("group", "case"), CASES, ids=[case["id"] for _, case in CASES])
def test_a_request_ends_as_in_apache(root, group, case, tmp_path):
    got = answer(root, group, case["request"], tmp_path)
    expected = case.get("any_of") or [case["result"]]
    held = any(agrees(one, got, group) for one in expected)
    if case["id"] in NOT_WSGI or case["id"] in OTHERWISE:
        assert not held, f"{case['id']} is listed as an exception but agrees now"
        return
    assert held, f"{group['rules']}\n{case['request']}\nexpected {expected}\ngot {got}"


def test_at_most_one_case_in_a_hundred_differs_on_purpose():
    decided = len(CASES) - len(NOT_WSGI)
    assert len(OTHERWISE) <= decided / 100
