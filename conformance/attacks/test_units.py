"""Hostile values at the interfaces, hostile bodies, logins and applications."""

from __future__ import annotations

import base64
import re
import sys
import threading
from pathlib import Path
from wsgiref.validate import validator

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from attack_kit import call, cases, check, clean, environ_of, same_origin, spelled

from tropea.auth import BasicAuthMiddleware, DigestAuthMiddleware, PasswordMap
from tropea.auth.hashing import password_digest, response_digest
from tropea.caching import HTTPCacheMiddleware, MemoryCacheStore, cache_control, etag_middleware
from tropea.core import ProxyMiddleware, RequestOptions, Response, content_disposition, redirect, to_wsgi
from tropea.core.cookies import Cookie, parse_cookie_header
from tropea.core.entitytags import EntityTag
from tropea.core.errors import TropeaError
from tropea.core.exceptions import HTTPException
from tropea.core.fields import add_vary, check_fields
from tropea.core.testing import make_environ
from tropea.dispatch import DispatcherApp
from tropea.errors import DebugMiddleware, ErrorMiddleware
from tropea.rewrite import apache_rules, urlrewriter
from tropea.sessions import MemoryStore, SessionMiddleware
from tropea.static import StaticMiddleware


def named(*areas):
    return [pytest.param(case, id=case["id"]) for case in cases(*areas)]


# -- what an application gives us to send ------------------------------------------------------


def send(response):
    return call(lambda e, s: response(e, s), environ_of({"method": "GET", "path": "/"}))


def set_cookie(**given):
    return send(Response(["x"], headers=[("Set-Cookie", str(Cookie(**{"name": "n", "value": "v", **given})))]))


def varied(value):
    fields = [("Vary", "Accept")]
    add_vary(fields, value)
    check_fields(fields)
    return send(Response(["x"], headers=fields))


def moved(value):
    try:
        return send(redirect(value))
    except HTTPException as raised:
        return call(raised, environ_of({"method": "GET", "path": "/"}))


#: How each interface is called; the answer that a client would get.
APIS = {
    "header_value": lambda value: send(Response(["x"], headers=[("X-A", value)])),
    "header_name": lambda value: send(Response(["x"], headers=[(value, "chunked")])),
    "status": lambda value: send(Response(["x"], status=value)),
    "cookie_name": lambda value: set_cookie(name=value),
    "cookie_value": lambda value: set_cookie(value=value),
    "cookie_domain": lambda value: set_cookie(domain=value),
    "cookie_path": lambda value: set_cookie(path=value),
    "etag": lambda value: send(Response(["x"], headers=[("ETag", str(EntityTag(value)))])),
    "location": moved,
    "filename": lambda value: send(
        Response(["x"], headers=[("Content-Disposition", content_disposition("attachment", value))])),
    "vary": varied,
    "cache_control": lambda value: call(
        to_wsgi(cache_control(**value)(lambda request: Response(["x"]))), environ_of({"method": "GET", "path": "/"})),
    "www_authenticate": lambda value: send(Response(["x"], status=401, headers=[("WWW-Authenticate", value)])),
}  # fmt: skip


@pytest.mark.parametrize("case", named("core-headers"))
def test_a_value_is_refused_or_made_safe(case):
    api, value = case["input"]["api"], case["input"]["value"]
    assert case["expect"] == {"raises_or_safe": True}
    try:
        answer = APIS[api](value)
    except (TropeaError, ValueError) as refused:
        assert str(refused)
        return
    assert clean(answer)
    assert re.fullmatch(r"[1-9][0-9]{2} [\t\x20-\x7e\x80-\xff]*", answer.raw_status)
    for pair in answer.fields:
        for text in pair:
            text.encode("latin-1")
    names = [name.lower() for name, _ in answer.fields]
    assert all(re.fullmatch(r"[!#$%&'*+.^_`|~0-9a-z-]+", name) for name in names)
    assert not {"transfer-encoding", "connection", "upgrade"} & set(names)
    assert same_origin(answer)
    if api == "cookie_value":
        pair = answer.get("Set-Cookie").partition(";")[0]
        (parsed,) = parse_cookie_header(pair)
        assert parsed.value == value
    if api in ("cookie_domain", "cookie_path"):
        assert len(answer.get("Set-Cookie").split(";")) == 2
    if api == "filename":
        field = answer.get("Content-Disposition")
        assert re.fullmatch(
            r'attachment(; filename="[^"\\;]*"|; filename=[^;"]*)?(; filename\*=UTF-8\'\'[\w.~%!$&+^`|-]*)?', field)
    if api == "cache_control":
        directives = [part.strip().partition("=")[0] for part in answer.get("Cache-Control").split(",")]
        assert directives == [name.replace("_", "-") for name in value]


# -- bodies ------------------------------------------------------------------------------------


def form_app():
    app = DispatcherApp()

    def take(request):
        request.options = RequestOptions(max_memory=1 << 20, max_field=1 << 20)
        kept = [part.filename for part in request.files.values()]
        assert not any("/" in name for name in kept)
        return f"{len(request.form)} {kept}"

    app.match("/", POST=take)
    return app


MEBI = 16 << 20


def part(name, content, filename=None, extra=b""):
    more = f'; filename="{filename}"' if filename else ""
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n'.encode() + extra + b"\r\n" + content + b"\r\n"


MULTIPART = {
    "file part of 16 MiB beginning CR then no CR LF": lambda: part("f", b"\r" + b"a" * MEBI, "f.bin") + b"--b--\r\n",
    "epilogue of 16 MiB of CR LF": lambda: part("f", b"x") + b"--b--\r\n" + b"\r\n" * (MEBI // 2),
    "one part with 16 MiB of headers": lambda: part("f", b"x", extra=b"X-A: " + b"a" * MEBI + b"\r\n") + b"--b--\r\n",
    "non-file field of 16 MiB": lambda: part("f", b"a" * MEBI) + b"--b--\r\n",
    "boundary=safe; boundary=evil": lambda: part("f", b"x") + b"--b--\r\n",
    'filename="../../etc/passwd"': lambda: part("f", b"x", "../../etc/passwd") + b"--b--\r\n",
}  # fmt: skip


class Guarded:
    """A server's input that would hang whoever reads more than there is."""

    def __init__(self, body):
        self.left = body

    def read(self, size=-1):
        assert 0 <= size <= len(self.left), "that would wait for ever"
        block, self.left = self.left[:size], self.left[size:]
        return block

    readline = read


@pytest.mark.parametrize("case", named("core-body"))
def test_a_body(case, caplog):
    given, request = case["input"], {"method": "POST", "path": "/"}
    environ = environ_of({**request, "body": given.get("body", "")})
    if "CONTENT_LENGTH" in given:
        environ["CONTENT_LENGTH"] = given["CONTENT_LENGTH"]
        environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    elif "read" in given:
        environ |= {"CONTENT_LENGTH": "5", "wsgi.input": Guarded(b"a=123"),
                    "CONTENT_TYPE": "application/x-www-form-urlencoded"}  # fmt: skip
    elif "multipart" in given:
        environ = environ_of({**request, "body": MULTIPART[given["multipart"]]()})
        boundary = given["multipart"] if given["multipart"].startswith("boundary") else "boundary=b"
        environ["CONTENT_TYPE"] = f"multipart/form-data; {boundary}"
    else:
        environ = environ_of({**request, "body": spelled(given["urlencoded"])})
        environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    answer = call(form_app(), environ, memory="rss_growth_max_mib" in case["expect"])
    assert answer.status < 500
    check(case["expect"], [answer], log=caplog)


# -- Digest and Basic --------------------------------------------------------------------------

REALM = "Kitchen"


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


class Login:
    """One client of a site with Digest, which can lie about anything."""

    def __init__(self):
        self.clock, self.passwords = Clock(), PasswordMap()
        self.passwords.set(REALM, "ann", "secret")
        whoami = lambda e, s: (s("200 OK", []), [e["REMOTE_USER"].encode()])[1]
        self.app = DigestAuthMiddleware(whoami, REALM, self.passwords, secret_key="k" * 32, clock=self.clock,
                                        auth_algorithm=("SHA-256",))
        self.basic = BasicAuthMiddleware(whoami, REALM, lambda u, p: (u, p) == ("ann", "secret"))
        field = self.ask(None).all("WWW-Authenticate")[0]
        self.nonce = re.search(r'nonce="([^"]+)"', field)[1]

    def ask(self, field, app=None):
        headers = {"Authorization": field} if field is not None else {}
        return call(app or self.app, environ_of({"method": "GET", "path": "/", "headers": headers}))

    def field(self, method="GET", password="secret", **changed):
        given = {"username": "ann", "realm": REALM, "nonce": self.nonce, "uri": "/", "algorithm": "SHA-256",
                 "qop": "auth", "nc": "00000001", "cnonce": "c0ffee", **changed}  # fmt: skip
        algorithm = given["algorithm"] if given["algorithm"] in ("SHA-256", "MD5") else "SHA-256"
        kept = password_digest(algorithm, given["username"], REALM, password)
        given["response"] = response_digest(algorithm, kept, method, given, "auth")
        bare = {"algorithm", "qop", "nc"}
        return "Digest " + ", ".join(f"{k}={v}" if k in bare else f'{k}="{v}"' for k, v in given.items())


def digest_attacks(login, what):
    """Make the answers to one attack."""
    ask, field = login.ask, login.field
    if what.startswith("nonce older"):
        made = field()
        login.clock.now += 10**6
        answer = ask(made)
        assert any("stale=true" in f for f in answer.all("WWW-Authenticate"))
        return [answer]
    if what.startswith("Basic"):
        encoded = lambda text: "Basic " + base64.b64encode(text).decode()
        tries = ["Basic !!!", encoded(b"nocolon"), encoded(b"ann\0:secret"), "Basic " + "A" * 60_000, "Basic \xff"]
        return [ask(text, login.basic) for text in tries]
    if what == "unknown user":
        unknown, wrong = ask(field(username="nobody")), ask(field(password="wrong"))
        assert (unknown.status, unknown.body) == (wrong.status, wrong.body)
        assert [n for n, _ in unknown.fields] == [n for n, _ in wrong.fields]
        return [unknown, wrong]
    return [ask({
        "nonce not made by us (forged)": lambda: field(nonce="f" * len(login.nonce)),
        "uri parameter differs from the request target": lambda: field(uri="/other"),
        "algorithm=MD5 when only SHA-256 is offered": lambda: field(algorithm="MD5"),
        "algorithm=none": lambda: field(algorithm="none"),
        "username with CR LF": lambda: field(username="ann\r\nX: y"),
        "64 KB Authorization": lambda: "Digest " + 'a="b",' * 11_000,
        "proxied through another method": lambda: field(method="POST"),
    }[what]())]  # fmt: skip


@pytest.mark.parametrize("case", named("auth-digest"))
def test_logins(case, caplog):
    login = Login()
    assert login.ask(login.field()).status == 200  # the honest client gets in
    login = Login()
    for answer in digest_attacks(login, case["input"]):
        assert clean(answer)
        check(case["expect"], [answer])
    assert not re.search(r"[\r\0]|\nX: y", caplog.text)


# -- the error layer ---------------------------------------------------------------------------


def developing(app):
    """Put the page for developers between; whoever has its key sees it, and runs nothing."""
    page = DebugMiddleware(app, enabled=True, key="k" * 43, announce=False)
    environ = environ_of({"method": "GET", "path": "/?__debugger__=yes&cmd=print(6*7*1000003)"})
    environ |= {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost", "SERVER_NAME": "localhost",
                "HTTP_COOKIE": page.gate.set_cookie.partition(";")[0]}  # fmt: skip
    seen = call(page, environ)
    assert "ValueError" in seen.text
    assert "42000126" not in seen.text
    return ErrorMiddleware(page)


@pytest.mark.parametrize("case", named("core-errors"))
def test_errors(case, caplog, capsys):
    given = case["input"]

    def app(environ, start_response):
        if given.get("recursion"):
            raise LookupError("first")
        raise ValueError(given.get("app_raises", "broken"))

    def fails(request, error):
        raise RuntimeError("and the handler too")

    layer = ErrorMiddleware(app, **({"answers": {LookupError: fails}} if given.get("recursion") else {}))
    if given.get("debug"):
        layer = developing(app)
    environ = environ_of({"method": "GET", "path": given.get("path", "/x"), "headers": given.get("header", {})})
    answer = call(layer, environ)
    assert answer.status >= 400
    if "log_clean" in case["expect"] or "log_not_contains" in case["expect"]:
        assert caplog.records  # the error was reported
    if given.get("recursion"):
        assert "first" in caplog.text
        assert "and the handler too" in caplog.text
    check(case["expect"], [answer], log=caplog, words={})


# -- the protocol, at each layer ---------------------------------------------------------------


def dispatching(app):
    made = DispatcherApp()
    made.mount("/", app)
    return made


LAYERS = {
    "static": lambda app, folder: StaticMiddleware(app, folder, prefix="/static/"),
    "etag": lambda app, folder: etag_middleware(app),
    "sessions": lambda app, folder: SessionMiddleware(app, store=MemoryStore()),
    "caching": lambda app, folder: HTTPCacheMiddleware(app, store=MemoryCacheStore()),
    "rewrite": lambda app, folder: urlrewriter(app, rules=apache_rules("RewriteRule ^/old$ /new")),
    "dispatch": lambda app, folder: dispatching(app),
    "forwarded": lambda app, folder: ProxyMiddleware(app, trusted_hops=1),
}
PLAIN = [("Content-Type", "text/plain")]


class Told(Exception):
    """What an application raises."""


class App:
    """An application that does one thing that applications do."""

    def __init__(self, kind):
        self.kind, self.closed, self.made, self.calls = kind, 0, 0, 0

    def __call__(self, environ, start_response):
        self.calls += 1
        kind = self.kind
        if kind == "raises_on_call" and self.calls == 1:
            raise Told
        if kind == "never_starts":
            return [b"x"]
        if kind == "generator":
            return self.late(start_response, [b"ok"])
        if kind == "yield_empty_first":
            return self.late(start_response, [b"", b"ok"], first=b"")
        if kind == "exc_info_after":
            return self.twice(start_response)
        if kind == "write":
            start_response("200 OK", PLAIN)(b"written-")
            return [b"returned"]
        start_response("200 OK", PLAIN)
        if kind == "str_body":
            return ["text"]
        if kind == "infinite_stream":
            return self.endless()
        if kind == "mutates_environ":
            environ.update(PATH_INFO="/changed", REQUEST_METHOD="PUT", mine=1)
        return [environ.get("QUERY_STRING", "ok").encode()]

    def late(self, start_response, blocks, first=None):
        if first is not None:
            yield first
        start_response("200 OK", PLAIN)
        yield from blocks

    def twice(self, start_response):
        start_response("200 OK", PLAIN)
        yield b"sent"
        try:
            raise Told
        except Told:
            start_response("500 Late", PLAIN, sys.exc_info())

    def endless(self):
        while True:
            self.made += 1
            yield b"x"


PROTOCOL = [
    pytest.param(case, layer, id=f"{case['id']}-{layer}")
    for case in cases("wsgi-protocol") for layer in case["target"]
]  # fmt: skip


@pytest.mark.parametrize(("case", "layer"), PROTOCOL)
def test_protocol(case, layer, tmp_path):
    given, expect = case["input"], case["expect"]
    app = App(given.get("app", "any"))
    (tmp_path / "a.txt").write_text("hello")
    stack = LAYERS[layer](app, tmp_path)
    environ = make_environ(PATH_INFO="/page", QUERY_STRING="ok", **given.get("env", {}))
    for key in given.get("drop_env", ()):
        environ.pop(key, None)
    if "threads" in given:
        return crosstalk(stack, given["threads"], given["requests"])
    if expect.get("raises"):
        with pytest.raises((Told, TypeError, AssertionError, RuntimeError, TropeaError)):
            call(stack, environ)
        return None
    if "next_ok" in expect:
        with pytest.raises(Told):
            call(stack, environ)
        assert call(stack, make_environ(PATH_INFO="/page", QUERY_STRING="ok")).status == 200
        return None
    if "produced_max" in expect:
        body = stack(environ, lambda *head: None)
        blocks = iter(body)
        assert [next(blocks) for _ in range(given["take"])] == [b"x"] * given["take"]
        assert app.made <= expect["produced_max"]
        body.close()
        return None
    if "validator" in expect:
        answer = call(validator(LAYERS[layer](validator(app), tmp_path)), environ)
        assert answer.status == 200
        return None
    return ordinary(case, layer, app, stack, environ, tmp_path)


def ordinary(case, layer, app, stack, environ, folder):
    given, expect = case["input"], case["expect"]
    if given.get("reentrant"):
        stack = reentrant(layer, folder)
    if given.get("app") == "HEAD_body":
        return answers_without_body(layer, folder)
    if given.get("app") == "tuple_list_len1":
        assert len(stack(dict(environ), lambda *head: lambda block: None)) == 1
    before = {k: v for k, v in environ.items() if k.isupper()}
    answer = call(stack, environ)
    if given.get("app") == "mutates_environ":
        own = {"PATH_INFO", "REQUEST_METHOD"}  # what the application itself changed
        assert {k: environ.get(k) for k in before if k not in own} == {
            k: v for k, v in before.items() if k not in own}  # fmt: skip
    check(expect, [answer])


class Page:
    """An application whose body says when it was closed; it sends one to HEAD, too."""

    def __init__(self):
        self.closed = 0

    def __call__(self, environ, start_response):
        start_response("200 OK", [*PLAIN, ("ETag", '"v"'), ("Cache-Control", "max-age=60"), ("Content-Length", "4")])
        return self

    def __iter__(self):
        return iter([b"page"])

    def close(self):
        self.closed += 1


#: A request with HEAD that the layer answers itself, after one with GET; sessions and forwarded answer none.
OWN_ANSWERS = {
    "static": {"PATH_INFO": "/static/a.txt"},
    "etag": {"PATH_INFO": "/page", "HTTP_IF_NONE_MATCH": '"v"'},
    "caching": {"PATH_INFO": "/page"},
    "rewrite": {"PATH_INFO": "/moved"},
    "dispatch": {"PATH_INFO": "/nowhere"},
}


def answers_without_body(layer, folder):
    """Where a layer makes the answer to HEAD, nothing is sent; else the body is the application's, closed once."""
    app = Page()
    stack = {
        "rewrite": lambda: urlrewriter(app, rules=apache_rules("RewriteRule ^/moved$ /new [R]")),
        "dispatch": lambda: DispatcherApp(),
    }.get(layer, lambda: LAYERS[layer](app, folder))()
    for method in ("GET", "HEAD"):
        heads = []
        environ = make_environ(**{"PATH_INFO": "/page", "REQUEST_METHOD": method, **OWN_ANSWERS.get(layer, {})})
        closed, body = app.closed, stack(environ, lambda *head: heads.append(head) or (lambda block: None))
        sent = b"".join(body)
        getattr(body, "close", lambda: None)()
    if layer in OWN_ANSWERS:
        assert sent == b""
        assert heads[0][0][:3] in ("200", "304", "302", "404")
        assert app.closed <= closed + 1
    else:
        assert sent == b"page"
        assert app.closed == closed + 1


def reentrant(layer, folder):
    """Make a stack whose application asks the whole stack for another page."""

    def app(environ, start_response):
        if environ["QUERY_STRING"] != "inner":
            inner = call(stack, make_environ(PATH_INFO="/inner", QUERY_STRING="inner"))
            assert inner.text == "inner"
        start_response("200 OK", PLAIN)
        return [environ["QUERY_STRING"].encode()]

    stack = LAYERS[layer](app, folder)
    return stack


def crosstalk(stack, threads, requests):
    """Ask from many threads; each body has to be the asker's own."""
    wrong, done = [], []

    def run(number):
        for i in range(requests // threads):
            text = f"{number}.{i}"
            if call(stack, make_environ(PATH_INFO=f"/{i % 7}", QUERY_STRING=text)).text != text:
                wrong.append(text)
        done.append(number)

    running = [threading.Thread(target=run, args=[n]) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(120)
    assert len(done) == threads
    assert wrong == []
