"""Hostile requests, each with the property that must hold, seen in many servers' advisories."""

from functools import partial
import json
import os
import re
import socket
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from tropea.core.testing import assert_linear
from tropea.static import StaticMiddleware, static_server

CASES = json.loads((Path(__file__).parent / "data" / "hostile.json").read_text())
MODES = {"scanned": {}, "lazy": {"lazy": 5}, "autorefresh": {"autorefresh": True}}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    above = tmp_path_factory.mktemp("above")
    root = above / "root"
    files = {
        "../secret.txt": "SECRET",
        "../root-secret/s.txt": "SECRET",
        "a.txt": "hello",
        "sub/b.txt": "b",
        "sub/.hidden": "SECRET",
        ".env": "SECRET",
        "css-config.env": "SECRET",
        "css/x.css": "x {}",
        "noindex/a.txt": "a",
        "per%41cent.txt": "PERCENT\n",
        ".well-known/x.txt": "known",
        "weird.xyzunknown": "<html>",
        "app.js": "let a = 1;" * 50,
        "app.js.gz": "packed",
        "r.bin": "r" * 1000,
        "big.bin": "b" * 3_000_000,
        "empty.txt": "",
        "<img src=x onerror=alert(1)>.txt": "x",
        "NUL.txt": "device",
        "aux.txt": "device",
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (root / "link_out").symlink_to(above / "secret.txt")
    (root / "dirlink_out").symlink_to(above)
    (root / "link_to_hidden").symlink_to(root / ".env")
    os.mkfifo(root / "fifo")
    here = Path.cwd()
    try:
        os.chdir(root)  # a socket's name must be short
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("sock")
    finally:
        os.chdir(here)
    return root


def nothing(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"none"]


@pytest.fixture(scope="module", params=MODES.values(), ids=MODES.keys())
def targets(request, site):
    return {
        "static": static_server(site, **request.param),
        "static_listing": static_server(site, listing=True, index="", **request.param),
        "static_prefix": StaticMiddleware(nothing, site / "css", prefix="/css", **request.param),
    }


def spelled(value):
    if isinstance(value, dict):
        prefix, unit, count, suffix = value["$rep"]
        return prefix + unit * count + suffix
    return value


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["id"]) for case in CASES if "fault" not in case["expect"]]
)
def test_the_property_holds(targets, site, ask, case):
    app = targets[case["target"]]
    if "scale" in case:
        return check_scale(app, ask, case)
    answers = []
    for step in case.get("steps") or [case]:
        answers.append(make(app, ask, site, step["request"]))
    check(case["expect"], answers, site)
    return None


def make(app, ask, site, request):
    path = spelled(request["path"]).replace("{{ABS}}", str(site.parent))
    headers = {}
    for name, value in request.get("headers", {}).items():
        value = spelled(value)
        if "{{ETAG}}" in value:
            value = value.replace("{{ETAG}}", ask(app, path, validate=False)["ETag"])
        headers[name] = value
    environ = request.get("environ", {})
    return ask(app, path, request["method"], headers, validate=False, **environ)


def check(expect, answers, site):
    answer = answers[-1]
    text = answer.body.decode("latin-1")
    head = "\n".join(f"{name}: {value}" for name, value in answer.fields)
    location = answer.headers.get("location", "")
    if "or" in expect:
        return any(passes(one, answers, site) for one in expect["or"]) or pytest.fail(str(answer))
    for key, wanted in expect.items():
        if key == "status_in":
            assert answer.status in wanted
        elif key == "headers_clean":
            assert all(re.fullmatch(r"[^\r\n\0]*", part) for pair in answer.fields for part in pair)
        elif key == "location_same_origin":
            meant = re.sub(r"[\t\r\n]", "", location).replace("\\", "/")
            assert urlsplit(urljoin("http://good.invalid/", meant)).netloc == "good.invalid"
        elif key == "location_relative_or_absent":
            assert not urlsplit(location).netloc
        elif key == "body_not_contains":
            assert not any(word in text for word in wanted)
        elif key == "response_not_contains":
            words = [word.replace("{{ABS}}", str(site.parent)) for word in wanted]
            assert not any(word in text or word in head for word in words)
        elif key == "body_equals":
            assert text == wanted
        elif key == "body_max":
            assert len(answer.body) <= wanted
        elif key == "body_len":
            assert len(answer.body) == wanted
        elif key == "content_length_true":
            assert int(answer["Content-Length"]) == len(answer.body)
        elif key == "header_equals":
            assert {name: answer[name] for name in wanted} == wanted
        elif key == "header_not_re":
            assert not any(re.search(value, answer[name]) for name, value in wanted.items())
        elif key == "allow_if_405":
            assert answer.status != 405 or answer["Allow"]
        elif key == "same_status_as_step":
            assert answer.status == answers[wanted].status
        elif key == "same_headers_as_step":
            assert answer.fields == answers[wanted].fields
        elif key == "header_differs_from_step":
            step, name = wanted
            assert answer[name] != answers[step][name]
        elif key == "log_clean":
            assert "fake log line" not in text + head
        else:
            pytest.fail(f"nobody checks {key}")
    return None


def passes(expect, answers, site):
    try:
        check(expect, answers, site)
    except AssertionError:
        return False
    return True


def check_scale(app, ask, case):
    """Four times as many ranges take at most six times as long."""
    scale = case["scale"]
    few, many = scale["n"]
    assert many == 4 * few

    def asked(count):
        field = scale["prefix"] + "".join(
            scale["unit"].replace("{i2}", str(2 * number)) for number in range(count)
        )
        return partial(ask, app, scale["path"], headers={scale["header"]: field}, validate=False)

    assert_linear(asked, few)


def test_a_device_a_fifo_and_a_socket_are_never_opened(targets, ask, monkeypatch):
    opened = []
    real = os.open

    def spy(path, *args, **kwargs):
        opened.append(path)
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", spy)
    for path in ("/fifo", "/sock"):
        assert ask(targets["static"], path).status == 404
    assert not {"fifo", "sock"} & {Path(os.fspath(path)).name for path in opened if path}


def test_a_link_inside_the_root_is_followed_unless_it_leads_to_a_dot_file(tmp_path, fill, ask):
    root = fill(tmp_path / "site", {"real/a.txt": "a", ".env": "SECRET"})
    (root / "linked").symlink_to("real")
    (root / "env.txt").symlink_to(".env")
    (root / "loop").symlink_to(".")
    for options in MODES.values():
        app = static_server(root, **options)
        assert ask(app, "/linked/a.txt").body == b"a"
        assert ask(app, "/env.txt").status == 404
    closed = static_server(root, links="none")
    assert ask(closed, "/linked/a.txt").status == 404
    assert ask(closed, "/real/a.txt").status == 200


def test_links_out_of_the_root_are_followed_where_the_option_says_so(tmp_path, fill, ask):
    root = fill(tmp_path / "site", {"a.txt": "a"})
    outside = fill(tmp_path / "outside", {"b.txt": "b"})
    (root / "out").symlink_to(outside)
    (root / "b").symlink_to(outside / "b.txt")
    for options in MODES.values():
        assert ask(static_server(root, links="all", **options), "/out/b.txt").body == b"b"
        assert ask(static_server(root, links="all", **options), "/b").body == b"b"
        assert ask(static_server(root, **options), "/out/b.txt").status == 404


def test_dot_files_are_served_where_the_option_says_so(targets, site, ask):
    assert ask(static_server(site, dotfiles=True), "/.env").body == b"SECRET"
    assert ask(targets["static"], "/.well-known/x.txt").body == b"known"


def test_a_file_that_is_swapped_for_a_link_after_the_scan_is_not_followed(tmp_path, fill, ask):
    root = fill(tmp_path / "site", {"a.txt": "a", "sub/b.txt": "b"})
    outside = fill(tmp_path / "outside", {"b.txt": "SECRET", "a.txt": "SECRET"})
    for options in ({"keep": 0}, {"lazy": 5}, {"autorefresh": True}):
        app = static_server(root, **options)
        assert (ask(app, "/a.txt").status, ask(app, "/sub/b.txt").status) == (200, 200)
        (root / "a.txt").unlink()
        (root / "a.txt").symlink_to(outside / "a.txt")
        (root / "sub").rename(root / "old")
        (root / "sub").symlink_to(outside)
        assert b"SECRET" not in ask(app, "/a.txt").body
        assert b"SECRET" not in ask(app, "/sub/b.txt").body
        (root / "a.txt").unlink()
        (root / "sub").unlink()
        (root / "old").rename(root / "sub")
        (root / "a.txt").write_text("a")
