"""Hostile requests at each layer, and the property that has to hold of every answer."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from attack_kit import call, cases, check, environ_of, spelled

from tropea.caching import HTTPCacheMiddleware, MemoryCacheStore, etag_middleware
from tropea.core import ProxyMiddleware
from tropea.core.testing import assert_linear
from tropea.dispatch import DispatcherApp
from tropea.rewrite import RunawayPatternWarning, apache_rules, urlrewriter
from tropea.sessions import (
    FileStore, MemoryStore, RedisStore, SessionMiddleware, SignedCookieStore, SQLiteStore,
)
from tropea.static import StaticMiddleware, static_server


#: Where we do otherwise than a case says; README.md has the reasons.
DEVIATIONS = {"rewrite-redirect-016": {"status_in": [403]}}


def named(*areas):
    return [pytest.param(case, id=case["id"]) for case in cases(*areas)]


def says(text, *fields):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), *fields])
        return [text.encode()]

    return app


# -- files -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    above = tmp_path_factory.mktemp("above")
    root = above / "root"
    files = {
        "../secret.txt": "SECRET", "../root-secret/s.txt": "SECRET", "a.txt": "hello", "sub/b.txt": "b",
        "sub/.hidden": "SECRET", ".env": "SECRET", "css-config.env": "SECRET", "css/x.css": "x {}",
        "noindex/a.txt": "a", "per%41cent.txt": "PERCENT\n", ".well-known/x.txt": "known",
        "weird.xyzunknown": "<html>", "app.js": "let a = 1;" * 50, "app.js.gz": "packed",
        "r.bin": "r" * 1000, "big.bin": "b" * 3_000_000, "empty.txt": "",
        "<img src=x onerror=alert(1)>.txt": "x", "NUL.txt": "device", "aux.txt": "device",
    }  # fmt: skip
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (root / "link_out").symlink_to(above / "secret.txt")
    (root / "dirlink_out").symlink_to(above)
    (root / "link_to_hidden").symlink_to(root / ".env")
    os.mkfifo(root / "fifo")
    return root


@pytest.fixture(scope="module")
def file_stacks(site):
    none = says("none")
    return {
        "static": static_server(site),
        "static_listing": static_server(site, listing=True, index=""),
        "static_prefix": StaticMiddleware(
            lambda e, s: (s("404 Not Found", []), none(e, lambda *a: None))[1], site / "css", prefix="/css"
        ),
    }


@pytest.mark.parametrize("case", named("static-traversal", "static-response", "static-range"))
def test_files(case, file_stacks, site, caplog):
    app, expect, words = file_stacks[case["target"]], dict(case["expect"]), {"ABS": str(site.parent)}
    if "fault" in expect:
        return changing(expect, site)
    if "scale" in case:
        return grows(app, case)
    answers = []
    for step in case.get("steps") or [case]:
        request = {**step["request"], "verbatim": True}
        if "{{ETAG}}" in str(request):
            plain = {**request, "headers": {}, "method": "GET"}
            words["ETAG"] = call(app, environ_of(plain, **words)).get("ETag")
        answers.append(call(app, environ_of(request, **words)))
    return check(expect, answers, words=words, log=caplog)


def changing(expect, site):
    """Let a file shrink or grow while it is sent."""
    path = site / "changing.bin"
    path.write_bytes(b"b" * 3_000_000)
    app = static_server(site, autorefresh=True)
    heads, sent = [], []
    begun = time.thread_time()
    result = app(
        environ_of({"method": "GET", "path": "/changing.bin"}), lambda s, h, e=None: heads.append((s, dict(h)))
    )
    try:
        for block in result:
            sent.append(block)
            if len(sent) == 1:
                if expect["fault"] == "truncate_while_streaming":
                    os.truncate(path, len(block))
                else:
                    with path.open("ab") as file:
                        file.write(b"x" * 1_000_000)
    except OSError:
        assert expect["fault"] == "truncate_while_streaming"  # then the server cuts the connection
    finally:
        getattr(result, "close", lambda: None)()
        path.unlink()
    body = b"".join(sent)
    assert 1000 * (time.thread_time() - begun) <= expect.get("max_ms", 10_000)
    assert set(body) <= {ord("b")}
    assert len(body) <= 3_000_000
    if expect.get("content_length_true"):
        assert len(body) == int(heads[0][1]["Content-Length"])


def grows(app, case):
    """Four times as much takes at most six times as long."""
    scale = case["scale"]

    few, many = scale["n"]
    answers = []

    def asked(count):
        units = (scale["unit"].replace("{i2}", str(2 * i)).replace("{i}", str(i)) for i in range(count))
        request = {"method": "GET", "path": scale["path"],
                   "headers": {scale["header"]: scale.get("prefix", "") + "".join(units)}}  # fmt: skip
        return lambda: answers.append(call(app, environ_of(request)))

    assert case["expect"].get("linear") is True
    assert_linear(asked, few, factor=many // few)
    asked(many)()
    last = answers[-1]
    assert last.status < 500
    assert last.cpu_ms <= case["expect"]["max_ms"]


# -- validators --------------------------------------------------------------------------------


@pytest.mark.parametrize("case", named("etag-conditional"))
def test_conditional_requests(case):
    made = case.get("app", {})
    if "stream_mib" in made:
        block = b"x" * (1 << 20)

        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "application/octet-stream")])
            return (block for _ in range(made["stream_mib"]))
    elif "headers" in made:
        app = says(made["body"], *map(tuple, made["headers"]))
    else:
        app = says("hello", ("ETag", '"tag"'), ("Last-Modified", "Sun, 06 Nov 1994 08:49:38 GMT"))
    layer = etag_middleware(app)
    if "scale" in case:
        return grows(layer, case)
    tag = call(layer, environ_of({"method": "GET", "path": "/doc"})).get("ETag") if not made else ""
    words = {"ETAG": tag, "ETAG_UNQUOTED": tag.strip('"')}
    environ = environ_of(case["request"], **words)
    answer = call(layer, environ, memory="rss_growth_max_mib" in case["expect"])
    assert answer.status < 500
    return check(case["expect"], [answer])


# -- sessions ----------------------------------------------------------------------------------


def session_site(environ, start_response):
    path, query = environ["PATH_INFO"], dict(parse_qsl(environ["QUERY_STRING"], True))
    body, session = "", environ["tropea.session"]
    gate = environ.get("test.gate")
    if path == "/set":
        session.update(query)
    elif path == "/get":
        body = str(session.get("k", "")) if "k" in query else ""
    elif path in ("/slowset", "/slowget"):
        session.get("k")
        gate[0].set()
        assert gate[1].wait(30)
        if path == "/slowset":
            session.update(query)
    elif path == "/regenerate":
        session.regenerate()
    elif path == "/logout":
        session.invalidate()
    elif path == "/login":
        session.regenerate()
        session["user"] = query["u"]
        session.label(f"user:{query['u']}")
    elif path == "/whoami":
        body = session.get("user", "")
    elif path == "/endothers":
        environ["test.store"].destroy(f"user:{session['user']}", keep=session)
    elif path == "/touch":
        {
            "iter": lambda: list(session), "keys": lambda: list(session.keys()), "bool": lambda: bool(session),
            "setdefault": lambda: session.setdefault("a", 1), "pop": lambda: session.pop("a", None),
            "copy": lambda: dict(session), "eq": lambda: session == {},
        }[query["op"]]()  # fmt: skip
    else:
        assert path == "/plain"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body.encode()]


@pytest.fixture(scope="module")
def redis_url():
    program = shutil.which("redis-server")
    if os.environ.get("TROPEA_REDIS_URL"):
        yield os.environ["TROPEA_REDIS_URL"]
        return
    if program is None:
        if "redis" in os.environ.get("TROPEA_REQUIRE", "").split(","):
            pytest.fail("redis is required and there is no redis-server on PATH")
        pytest.skip("no redis-server on PATH")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
                               stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 0.1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


SECRET = "the secret of this test, long enough"


class Clock:
    ahead = 0.0

    def __call__(self):
        return time.time() + self.ahead


class Sessions:
    """A site with sessions in one kind of store."""

    def __init__(self, kind, folder, request, options):
        self.kind, self.outside, self.clock = kind, folder, Clock()
        self.folder = folder / "kept"
        self.folder.mkdir()
        if kind == "redis":
            import redis

            url = request.getfixturevalue("redis_url")
            self.client = redis.Redis.from_url(url)
            self.store = RedisStore(url, prefix=f"{folder.name}:")
        else:
            self.store = {
                "memory": lambda: MemoryStore(clock=self.clock), "file": lambda: FileStore(self.folder),
                "sql": lambda: SQLiteStore(self.folder / "s.db"),
                "signed-cookie": lambda: SignedCookieStore(SECRET),
            }[kind]()  # fmt: skip
        self.app = self.make(**({"rolling": True} if options.get("rolling") else {}))

    def make(self, **options):
        return SessionMiddleware(session_site, store=self.store, clock=self.clock,
                                 idle_timeout=None, absolute_timeout=None, **options)  # fmt: skip

    def entries(self):
        """Count the sessions; the store's own mark of its last purge is none."""
        return sum(1 for entry in self.store._entries.values() if entry.data)

    def stored(self):
        return repr(vars(self.store)) + repr(self.store._entries)

    def files(self):
        known = {"kept"}
        return [p.name for p in self.outside.iterdir() if p.name not in known] + [
            str(p) for p in (Path("/var/pwn"), Path("/tmp/pwn")) if p.exists()]  # fmt: skip

    def corrupt(self, how):
        data = b"cos\nsystem\n(S'touch /tmp/pwn'\ntR." if "pickle" in how else b'{"version": 999}'
        if self.kind == "file":
            changed = [p for p in self.folder.rglob("*") if p.is_file() and p.stat().st_size]
            assert changed
            for path in changed:
                path.write_bytes(data)
        elif self.kind == "redis":
            keys = self.client.keys(f"{self.outside.name}:*")
            assert keys
            for key in keys:
                self.client.delete(key)
                self.client.rpush(key, "x")
        else:
            self.corrupt_sql(data)

    def corrupt_sql(self, data):
        base = sqlite3.connect(self.folder / "s.db")
        changed = 0
        for (table,) in base.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall():
            for column in base.execute(f"PRAGMA table_info({table})").fetchall():
                if column[2] == "BLOB" and not column[5]:
                    changed += base.execute(f"UPDATE {table} SET {column[1]}=?", [data]).rowcount
        base.commit()
        base.close()
        assert changed

    def tampered(self, how, name, value, again):
        simple = {
            "cut the last character": lambda: [value[:-1]],
            "unsigned JSON payload": lambda: ['{"k": "v1"}'],
            "unsigned base64 JSON payload": lambda: ["eyJrIjoidjEifQ"],
            "algorithm field set to MD5/SHA-1": lambda: ["md5" + value[2:], "sha1" + value[2:], f"md5.{value}"],
            "flip one bit at every position": lambda: [
                value[:i] + chr(ord(value[i]) ^ 1) + value[i + 1 :] for i in range(len(value))],
        }  # fmt: skip
        if how in simple:
            return simple[how]()
        if "name" in how:
            return [call(self.make(name="other"), again).cookie[1]]
        assert how == "time stamp in the future (2095)"
        self.clock.ahead = 70 * 365 * 86400.0
        made = call(self.app, again).cookie[1]
        self.clock.ahead = 0.0
        return [made]


def kinds_of(case):
    kind = case.get("store", "memory")
    return ["memory", "file", "sql"] if kind == "any" else [kind]


SESSION_CASES = [
    pytest.param(case, kind, id=f"{case['id']}-{kind}")
    for case in cases("sessions-cookie", "sessions-behaviour") for kind in kinds_of(case)
]


@pytest.mark.parametrize(("case", "kind"), SESSION_CASES)
def test_sessions(case, kind, tmp_path, request, caplog):
    caplog.set_level("INFO" if "log_lines_max" in case["expect"] else "DEBUG")
    site = Sessions(kind, tmp_path, request, case.get("options", {}))
    first = environ_of({"method": "GET", "path": "/set?k=v1"})
    name = call(Sessions("memory", Path(tmp_path_sub(tmp_path)), request, {}).app, dict(first)).cookie[0]
    words = {"NAME": name, "NAME_TAIL": name[1:], "NAME_UPPER": name.upper()}
    caplog.clear()
    answers, made = [], None
    for step in case.get("steps") or [case]:
        if "rotate_key" in step:
            new = "another secret, made the year after"
            site.store.rekey(new if step["rotate_key"] == "drop_old" else [new, SECRET])
        elif "corrupt" in step:
            site.corrupt(step["corrupt"])
        elif "parallel" in step:
            answers.extend(crossing(site, step["parallel"], words))
        else:
            values = [None]
            if "tamper" in step:
                values = site.tampered(step["tamper"], name, words["sid"], dict(first))
            for value in values:
                asked = spelled_request(step["request"], {**words, "tampered": value or ""})
                for _ in range(step.get("repeat", 1)):
                    made = environ_of(asked, **words)
                    made["test.store"] = site.store
                    answers.append(call(site.app, made))
                    if value is not None:
                        check(case["expect"], answers[-1:], files=site.files)
        for word in step.get("capture", {}):
            words[word] = answers[-1].cookie[1]
        if "expect" in step and step is not case:
            check(step["expect"], answers)
    sent = (made or {}).get("HTTP_COOKIE", "=").partition("=")[2]
    check(case["expect"], answers, words=words, log=caplog, files=site.files, entries=site.entries,
          stored=site.stored, sent=sent, again=lambda: call(site.app, {**made}))  # fmt: skip


def tmp_path_sub(folder):
    import tempfile

    return tempfile.mkdtemp(dir=folder / "kept")


def spelled_request(request, words):
    headers = {name: spelled(value, **words) for name, value in request.get("headers", {}).items()}
    return {**request, "path": spelled(request["path"], **words), "headers": headers}


def crossing(site, requests, words):
    """Run the second request while the first waits in the application."""
    gate = (threading.Event(), threading.Event())
    slow, quick = (environ_of(spelled_request(one["request"], words)) for one in requests)
    slow["test.gate"] = gate
    done = []
    thread = threading.Thread(target=lambda: done.append(call(site.app, slow)))
    thread.start()
    assert gate[0].wait(30)
    second = call(site.app, quick)
    gate[1].set()
    thread.join(30)
    assert not thread.is_alive()
    assert len(done) == 1
    return [done[0], second]


# -- the shared cache --------------------------------------------------------------------------


@pytest.mark.parametrize("case", named("caching-storage"))
def test_shared_cache(case):
    made, configured = case["app"], 4 << 20
    numbers = iter(range(10**9))

    def app(environ, start_response):
        if made.get("delay_ms"):
            time.sleep(made["delay_ms"] / 1000)  # so that the requests meet
        text = f"counter {next(numbers):06d}" if made["body"] == "counter" else made["body"]
        fields = [tuple(field) for field in made["headers"]]
        start_response(made["status"], fields)
        if "raise_after" in made:
            return cut(text.encode())
        return [text.encode()]

    def cut(block):
        yield block
        raise ConnectionError("half-way")

    store = MemoryCacheStore(max_bytes=configured, max_entries=10**6)
    layer, answers = HTTPCacheMiddleware(app, store=store), []
    for step in case["steps"]:
        if "parallel_n" in step:
            threads = [
                threading.Thread(target=lambda: answers.append(call(layer, environ_of(step["request"]))))
                for _ in range(step["parallel_n"])
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            assert len(answers) == step["parallel_n"]
            continue
        for i in range(step.get("repeat", 1)):
            asked = {**step["request"], "path": step["request"]["path"].replace("{i}", str(i))}
            try:
                answer = call(layer, environ_of(asked))
            except ConnectionError:
                assert "raise_after" in made
                continue
            answers = [answer] if step.get("repeat") else [*answers, answer]
    check(case["expect"], answers or [None], entries=lambda: len(store._data), configured=configured,
          store_bytes=lambda: store._data.bytes)  # fmt: skip


# -- rewriting, dispatch, proxies --------------------------------------------------------------


def as_apache(rule):
    found = re.fullmatch(r"(\S+) -> (\S+)(?: (\[.*\]))?", rule)
    return f"RewriteRule {found[1]} {found[2]} {found[3] or ''}"


@pytest.mark.parametrize("case", named("rewrite-redirect"))
@pytest.mark.filterwarnings("ignore::tropea.rewrite.RunawayPatternWarning")
def test_rewriting(case):
    inner = {}

    def app(environ, start_response):
        inner.update(environ)
        return says("found")(environ, start_response)

    rules = apache_rules("\n".join(map(as_apache, case["rules"])))
    answer = call(urlrewriter(app, rules=rules), environ_of({**case["request"], "verbatim": True}))
    expect = {**case["expect"], **DEVIATIONS.get(case["id"], {})}
    check(expect, [answer], inner=inner)


def test_an_expression_that_can_run_away_is_told_of_when_it_is_read():
    with pytest.warns(RunawayPatternWarning):
        urlrewriter(rules=apache_rules("RewriteRule ^/(a+)+$ /x"))


@pytest.fixture(scope="module")
def dispatcher():
    app = DispatcherApp(strict_slashes=False)
    app.match("/item/<n:int>", GET=lambda request, n: str(n))
    app.match("/float/<n:float>", GET=lambda request, n: str(n))
    app.match("/path/<p:path>", GET=lambda request, p: p)
    app.match("/x", GET=lambda request: "x")
    app.match("/trail/", GET=lambda request: "trail")
    app.mount("/admin", says("admin"))
    public = DispatcherApp()
    public.combine(app)
    public.mount("/", says("public"))
    return app, public


@pytest.mark.parametrize("case", named("dispatch-routing"))
def test_dispatching(case, dispatcher):
    mounts = "body_equals" in case["expect"] or "body_in" in case["expect"]
    answer = call(dispatcher[mounts], environ_of({**case["request"], "verbatim": True}))
    assert answer.status < 500 or answer.status == 501
    check(case["expect"], [answer])


@pytest.mark.parametrize("case", named("core-forwarded"))
def test_forwarded_fields(case):
    inner = {}
    fields = ("for", "proto", "ssl", "host", "port", "prefix")
    # The right-most element of Forwarded is looked at by those who read Forwarded, too.
    families = ["x-forwarded"]
    if "Forwarded" in case["request"]["headers"]:
        families.append("forwarded")
    for family in families:
        layer = ProxyMiddleware(
            lambda e, s: (inner.update(e), says("env")(e, s))[1], fields=fields, family=family, **case["options"]
        )
        answer = call(layer, environ_of(case["request"]))
        check(case["expect"], [answer], inner=inner)
