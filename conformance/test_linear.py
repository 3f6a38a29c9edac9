"""Every parser of what a client sends takes time in proportion to its length: t(4n) ≤ 6·t(n), in processor time.

PARSERS names each of them, with inputs made to hurt; a function ``parse_…`` that is in no line of it fails the last test.
"""

from __future__ import annotations

import importlib
import io
import re
from pathlib import Path

import pytest

from tropea.core.testing import assert_linear

ROOT = Path(__file__).resolve().parents[1]

#: Texts of about n characters; each is one way in which a parser of header fields was once quadratic.
HURTING = {
    "commas": lambda n: "," * n,
    "items": lambda n: "a," * (n // 2),
    "open quotes": lambda n: '"' + "a" * n,
    "backslashes": lambda n: '"' + "\\" * n,
    "quoted": lambda n: '"a",' * (n // 4),
    "pairs": lambda n: "a=b;" * (n // 4),
    "equals": lambda n: "=" * n,
    "blanks": lambda n: "a" + " " * n + "b",
    "blank items": lambda n: " ,\t" * (n // 3),
    "digits": lambda n: "1" * n,
    "parameters": lambda n: "a/b" + ";c=d" * (n // 4),
    "percent": lambda n: "%41" * (n // 3),
    "brackets": lambda n: "[" * n,
    "ranges": lambda n: "bytes=" + "0-1," * (n // 4),
    "high": lambda n: "\xff" * n,
    "digest": lambda n: "Digest " + "a=b, " * (n // 5),
}

#: Each parser: (module, name, how it is called with a text).
FIELDS = [
    ("tropea.core.cookies", "parse_cookie_header", None),
    ("tropea.core.cookies", "decode_value", None),
    ("tropea.core.dates", "parse_date", None),
    ("tropea.core.directives", "parse_directives", None),
    ("tropea.core.directives", "parse_names", None),
    ("tropea.core.directives", "parse_vary", None),
    ("tropea.core.directives", "split_list", None),
    ("tropea.core.directives", "unquote", None),
    ("tropea.core.entitytags", "parse_list", None),
    ("tropea.core.entitytags", "read_tag", None),
    ("tropea.core.forms", "parse_urlencoded", lambda parse, text: parse(text.encode("latin-1"))),
    ("tropea.core.forwarded", "read_forwarded", lambda parse, text: parse(text, "10.0.0.1", trust())),
    ("tropea.core.forwarded", "read_x_forwarded", lambda parse, text: parse({"for": text, "proto": text, "host": text}, "10.0.0.1", trust())),
    ("tropea.core.forwarded", "read_node", None),
    ("tropea.core.jsonvalues", "parse_json", lambda parse, text: parse(text.encode("latin-1"))),
    ("tropea.core.mediatypes", "parse_media_type", None),
    ("tropea.core.negotiation", "accepted_codings", None),
    ("tropea.core.negotiation", "choose_coding", lambda parse, text: parse(text, ["br", "gzip"])),
    ("tropea.core.negotiation", "parse_quality_list", None),
    ("tropea.core.pages", "choose_page", None),
    ("tropea.core.partial", "parse_range", None),
    ("tropea.core.query", "parse_fields", None),
    ("tropea.core.query", "parse_leniently", None),
    ("tropea.core.ranges", "parse_ranges", lambda parse, text: parse(text, 1000)),
    ("tropea.core.ranges", "if_range_holds", lambda parse, text: parse(text, None, 784111777)),
    ("tropea.core.request_fields", "parse_authorization", None),
    ("tropea.core.stores", "parse_store_url", None),
    ("tropea.core.uris", "check_host", None),
    ("tropea.auth.authorization", "parse_authorization", None),
    ("tropea.caching.cachecontrol", "parse_cache_control", None),
    ("tropea.caching.entries", "loads", lambda parse, text: parse(text.encode("latin-1"))),
    ("tropea.caching.etags", "parse_entity_tags", None),
    ("tropea.caching.freshness", "read_wishes", lambda parse, text: parse(text, text)),
    ("tropea.caching.structured", "parse_dictionary", None),
    ("tropea.caching.structured", "parse_strings", None),
    ("tropea.dispatch.refusals", "decode_path", lambda parse, text: parse(text, 10**9)),
    ("tropea.openapi.styles", "decode", None),
    ("tropea.sessions.records", "unpack", lambda parse, text: parse(text.encode("latin-1"), "id")),
    ("tropea.sessions.payloads", "unpack", lambda parse, text: parse(text.encode("latin-1"))),
    ("tropea.static.paths", "read_path", None),
]
#: Parsers that read no field: each has its own inputs below, or reads what a developer writes, at start-up.
ELSEWHERE = {
    "tropea.core.multipart_forms.parse_multipart": "test_multipart_bodies",
}


def trust():
    from tropea.core.forwarded import Trust

    return Trust(("10.0.0.0/8",), 0)


def called(module, name, how):
    """Return a function of one text that swallows the parser's own refusals."""
    parse = getattr(importlib.import_module(module), name)

    def call(text):
        try:
            how(parse, text) if how else parse(text)
        except TypeError:
            raise  # it was called wrongly, and nothing was measured
        except Exception:
            pass  # whether it may refuse is other tests' business

    return call


@pytest.mark.parametrize(("module", "name", "how"), FIELDS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_parser_takes_time_in_proportion(module, name, how):
    call = called(module, name, how)
    for make in HURTING.values():
        assert_linear(lambda n: lambda text=make(n): call(text), 2000, rounds=3)


def test_multipart_bodies():
    from tropea.core.exceptions import HTTPException
    from tropea.core.forms import read_form

    def call(body):
        environ = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "multipart/form-data; boundary=b", "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
        try:
            read_form(environ)
        except HTTPException:
            pass

    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    for make in (
        lambda n: part + b"\r\n--" * (n // 4) + b"\r\n--b--", lambda n: part + b"x" * n + b"\r\n--b--", lambda n: b"-" * n,
        lambda n: part + b"\r\n" * (n // 2), lambda n: b"--b\r\nA: " + b"a" * n, lambda n: (part + b"x\r\n") * min(60, n // 50) + b"--b--",
    ):  # fmt: skip
        assert_linear(lambda n: lambda body=make(n): call(body), 20_000, rounds=3)


@pytest.mark.parametrize("pattern", ["/<name>/x", "/a/<rest:path>", "/<number:int>-<slug:slug>", r"/page:.*/end"])
def test_patterns_of_routes(pattern):
    from tropea.core.testing import call, make_environ
    from tropea.dispatch import DispatcherApp

    app = DispatcherApp()
    try:
        app.match(pattern, GET=lambda request, *args, **kwargs: "")
    except Exception as error:
        pytest.fail(f"{pattern}: {error}")
    for unit in ("/a", "-", "a", "//", "%"):
        assert_linear(lambda n: lambda path="/" + unit * (n // len(unit)): call(app, make_environ(path)), 2000, rounds=3)


def test_rules_of_rewriting():
    from tropea.core.testing import call, make_environ
    from tropea.rewrite import Rule, urlrewriter

    def app(environ, start_response):
        start_response("200 OK", [])
        return []

    layer = urlrewriter(app, rules=[Rule(r"/old/(?P<a>[^/]+)/(?P<b>.*)", "/{b}/{a}", "redirect"), Rule("/x/(.*)y", "/{1}")])
    for unit in ("/a", "y", "old/", "%"):
        for start in ("/old/", "/x/", "/"):
            assert_linear(lambda n: lambda path=start + unit * (n // len(unit)): call(layer, make_environ(path)), 1000, rounds=3)


def test_cookies_that_hold_a_session():
    from tropea.core.testing import call, make_environ
    from tropea.sessions import SessionMiddleware, SignedCookieStore

    def app(environ, start_response):
        dict(environ["tropea.session"])
        start_response("200 OK", [])
        return []

    layer = SessionMiddleware(app, store=SignedCookieStore("the secret of this test, long enough"))
    for make in (lambda n: "session=" + "A" * n, lambda n: "session=A; " * (n // 11), lambda n: "".join(f"session.{i}=A; " for i in range(n // 14))):
        assert_linear(lambda n: lambda cookie=make(n): call(layer, make_environ(HTTP_COOKIE=cookie)), 2000, rounds=3)


def test_every_parser_is_in_the_list():
    listed = {f"{module}.{name}" for module, name, _ in FIELDS} | set(ELSEWHERE)
    missing = []
    for file in sorted(ROOT.glob("packages/*/src/tropea/**/*.py")):
        module = "tropea." + ".".join(file.relative_to(ROOT).with_suffix("").parts[4:])
        for name in re.findall(r"^def (parse_\w+)\(", file.read_text(), re.M):
            if f"{module}.{name}" not in listed:
                missing.append(f"{module}.{name}")
    assert not missing
