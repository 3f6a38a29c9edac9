"""Hostile requests, each with the property that has to hold."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from tropea.dispatch import DispatcherApp, PatternError

CASES = json.loads((Path(__file__).parent / "data" / "attacks.json").read_text())


def says(text):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [text.encode()]

    return app


@pytest.fixture(scope="module")
def app():
    dispatcher = DispatcherApp(strict_slashes=False)
    dispatcher.match("/item/<n:int>", GET=lambda request, n: str(n))
    dispatcher.match("/float/<n:float>", GET=lambda request, n: str(n))
    dispatcher.match("/path/<p:path>", GET=lambda request, p: p)
    dispatcher.match("/x", GET=lambda request: "x")
    dispatcher.match("/trail/", GET=lambda request: "trail")
    dispatcher.mount("/admin", says("admin"))
    with_public = DispatcherApp()
    with_public.combine(dispatcher)
    with_public.mount("/", says("public"))
    return dispatcher, with_public


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_hostile_request(case, app, ask):
    request, expect = case["request"], case["expect"]
    environ = request.get("environ", {})
    path = environ.get("PATH_INFO", request["path"])
    mounts = "body_equals" in expect or "body_in" in expect
    answer = ask(app[mounts], path, request["method"], text=False)
    for name, value in answer.headerlist:
        assert not set(name + value) & set("\r\n\0")
    location = answer.headers.get("Location")
    if location is not None:
        there = urlsplit(urljoin("http://localhost/", location.replace("\\", "/")))
        assert there.netloc == "localhost" and not location.startswith("//")
    if "status_in" in expect:
        assert answer.status_code in expect["status_in"]
    assert answer.status_code < expect.get("status_lt", 600)
    assert expect.get("body_equals", answer.body_text) == answer.body_text
    if "body_in" in expect and answer.status_code == 200:
        assert answer.body_text in expect["body_in"]
    for text in expect.get("body_not_contains", ()):
        assert text not in answer.body_text


@pytest.mark.parametrize(
    "path", ["/item/" + "9" * 5000, "/item/٣", "/item/²", "/item/+7", "/item/ 7", "/item/7\n"]
)
def test_int_reads_ascii_digits_and_nothing_else(path, app, ask):
    assert ask(app[0], path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/float/inf", "/float/1e5", "/float/" + "9" * 400, "/float/.5", "/float/1."]
)
def test_float_reads_finite_decimals(path, app, ask):
    assert ask(app[0], path).status_code == 404


@pytest.mark.parametrize("method", ["PROPFIND", "FOO", "get", "<script>", "G\u00e9T"])
def test_unknown_methods_are_501_and_never_treated_as_get(method, app, ask):
    answer = ask(app[0], "/x", method)
    assert answer.status_code == 501
    assert method not in answer.body_text


def test_a_path_of_more_than_8_kib_is_414_whatever_is_in_it(app, ask):
    for path in ("/path/" + "a" * 8192, "/" * 8193, "/path/" + "\xff" * 9000):
        assert ask(app[0], path, text=False).status_code == 414
    assert ask(app[0], "/path/" + "a" * 8186, text=False).status_code == 200


def test_invalid_utf8_is_400_and_percent_signs_are_not_decoded_again(app, ask):
    assert ask(app[0], "/path/\xff", text=False).status_code == 400
    assert ask(app[0], "/path/%2e%2e%2f").body == b"%2e%2e%2f"


def test_slash_redirect_keeps_query_and_script_name_and_says_308(app, ask):
    answer = ask(app[0], "/trail", QUERY_STRING="a=1&b=%2F", SCRIPT_NAME="/shop")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/shop/trail/?a=1&b=%2F")


RUNAWAYS = [
    "(a+)+",
    "([a-z]+)*",
    "(a|a)*b",
    "(a|aa)+",
    "(?:[a-z]+x?)*!",
    r"(\w+\s?)*",
    "((ab)*)*",
    "(a*)*",
    "(x+x+)+y",
    "(?:aa?)*b",
]


@pytest.mark.parametrize("regex", RUNAWAYS)
def test_runaway_expressions_are_refused_with_the_line_that_declared_them(regex):
    for declare in (
        lambda d: d.match(f"/x:{regex}", GET=str),
        lambda d: d.match(f"/<x:re:{regex}>", GET=str),
        lambda d: d.matchre(f"/{regex}", GET=str),
        lambda d: d.set_filter("slow", regex),
    ):
        with pytest.raises(PatternError, match=r"test_attacks\.py:\d+: .*can run away"):
            declare(DispatcherApp())


TAME = [
    "[a-z]+(?:-[a-z]+)*", r"\d{4}-\d\d", "(?:[0-9]{1,3}[.]){3}[0-9]{1,3}", r"(?:[^,]+,)*[^,]+", "a|ab", "(?:a|b)*",
    "(?:ab|ac)+", ".+", "page_.+", r"[\w-]+@[\w-]+(?:[.][\w-]+)+", "(?:%[0-9a-f]{2})*", "(?:[a-z]++-?)*",
]  # fmt: skip


@pytest.mark.parametrize("regex", TAME)
def test_ordinary_expressions_are_accepted(regex):
    DispatcherApp().match(f"/x:{regex}", GET=lambda request, x: x)
