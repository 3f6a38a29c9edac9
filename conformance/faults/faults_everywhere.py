"""F35, F37, F38 and F40: every layer, at every point, for a long time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

from faultkit import HERE, ROOT, ask, environ_of, experiment, files, folder, ms, part, resident, size, together


def layers(where):
    """Name every layer that we have and how it is put around an application."""
    from tropea.auth import AddressMiddleware
    from tropea.caching import CacheMiddleware, HTTPCacheMiddleware, MemoryCacheStore, etag_middleware
    from tropea.core import Layer, ProxyMiddleware, RegistryMiddleware
    from tropea.errors import DebugMiddleware, ErrorMiddleware, MaintenanceMiddleware, StatusRedirectMiddleware
    from tropea.inspector import InspectorMiddleware
    from tropea.rewrite import Rule, urlrewriter
    from tropea.sessions import FileStore, MemoryStore, SessionMiddleware, SQLiteStore
    from tropea.static import StaticMiddleware

    (where / "static").mkdir(exist_ok=True)
    (where / "static" / "a.txt").write_text("a")
    return {
        "nothing": Layer, "proxy": lambda app: ProxyMiddleware(app, trusted=("127.0.0.1",)), "registry": RegistryMiddleware,
        "status redirect": StatusRedirectMiddleware, "errors": ErrorMiddleware, "debug": lambda app: DebugMiddleware(app, enabled=True),
        "maintenance": lambda app: MaintenanceMiddleware(app, switch=str(where / "no-such-file")),
        "rewrite": lambda app: urlrewriter(app, rules=[Rule("/old/(.*)", "/{1}", "redirect_permanent")]),
        "static": lambda app: StaticMiddleware(app, root=where / "static", prefix="/static/"),
        "http cache": lambda app: HTTPCacheMiddleware(app, store=MemoryCacheStore()), "conditional": etag_middleware,
        "object cache": CacheMiddleware, "session": lambda app: SessionMiddleware(app, store=MemoryStore()),
        "session in SQLite": lambda app: SessionMiddleware(app, store=SQLiteStore(where / "s.db")),
        "session in files": lambda app: SessionMiddleware(app, store=FileStore(where)),
        "addresses": lambda app: AddressMiddleware(app, allow=("127.0.0.1",)), "inspector": lambda app: InspectorMiddleware(app, enabled=True),
    }  # fmt: skip


class OnPurpose(Exception):
    """What the applications of the sweep raise."""


class Body:
    def __init__(self, app, blocks, at, closing):
        self.app, self.blocks, self.at, self.closing = app, blocks, at, closing

    def __iter__(self):
        for number in range(self.blocks):
            if number == self.at:
                raise OnPurpose(f"at block {number}")
            yield b"block"

    def close(self):
        self.app.closed += 1
        if self.closing:
            raise OnPurpose("in close()")


class Faulty:
    """An application that fails at the point it is told, and touches its session before."""

    def __init__(self, point):
        self.point, self.closed, self.made = point, 0, 0

    def __call__(self, environ, start_response):
        session = environ.get("tropea.session")
        if session is not None:
            session["n"] = 1
        if self.point == "before":
            raise OnPurpose("before start_response")
        start_response("200 OK", [("Content-Type", "text/plain"), ("Cache-Control", "max-age=60"), ("ETag", '"1"')])
        if self.point == "after":
            raise OnPurpose("after start_response")
        self.made += 1
        return Body(self, 5, self.point if isinstance(self.point, int) else None, self.point == "close")


POINTS = ("before", "after", 0, 1, 4, "close")
#: These answer for exceptions that come before anything was sent: it is what they are for.
ANSWERING = {"errors", "debug"}


def served(app, path="/"):
    """Run one request as a server does; return (statuses, the exception or None)."""
    heads, sent, problem = [], [], None

    def start(status, headers, exc_info=None):
        if exc_info and sent:
            raise exc_info[1]
        heads.append(status)
        return sent.append

    body = None
    try:
        body = app(environ_of(path, HTTP_HOST="localhost"), start)
        for block in body:
            if block:
                sent.append(block)
    except Exception as error:
        problem = error
    finally:
        try:
            getattr(body, "close", lambda: None)()
        except Exception as error:
            problem = problem or error
    return heads, problem


@experiment("F35", "an exception before start_response, after it, at block k, in close(), in every layer", "close() exactly once; the exception re-raised (or answered, by the layers whose purpose that is); nothing left open; the next request right", 0.3)
def exceptions():
    import logging

    logging.disable(logging.CRITICAL)
    cases = 0
    with folder() as where:
        for name, make in layers(where).items():
            for point in POINTS:
                app = Faulty(point)
                layer = make(app)
                served(make(Faulty(None)))
                before = files()
                heads, problem = served(layer)
                cases += 1
                assert app.closed == app.made, (name, point, app.closed)
                if name in ANSWERING and not isinstance(problem, OnPurpose):
                    assert heads[-1].startswith("500") or point == "close", (name, point, heads)
                else:
                    assert isinstance(problem, OnPurpose), (name, point, heads, problem)
                assert files() <= before, (name, point)
                app.point = None
                heads, problem = served(layer, "/next")
                assert (heads[-1][:3], problem) == ("200", None), (name, point, heads, problem)
    return f"{cases // len(POINTS)} layers × {len(POINTS)} points: close() once, nothing left open, the next request right, {cases} of {cases}"


@experiment("F37", "the client leaves at each block of a generator with try/finally, in every layer", "its finally runs exactly once, in the thread of the request", 0.2)
def generators():
    cases = 0
    with folder() as where:
        for name, make in layers(where).items():
            for steps in range(7):
                ended = []

                def app(environ, start_response, ended=ended):
                    start_response("200 OK", [("Content-Type", "text/plain")])
                    try:
                        for _ in range(5):
                            yield b"block"
                    finally:
                        ended.append(threading.get_ident())

                body = make(app)(environ_of("/", HTTP_HOST="localhost"), lambda *head: lambda block: None)
                walk = iter(body)
                taken = 0
                for _ in range(steps):
                    taken += next(walk, None) is not None
                getattr(body, "close", lambda: None)()
                getattr(body, "close", lambda: None)()
                assert ended in ([threading.get_ident()], []), (name, steps, ended)
                assert ended or not taken, (name, steps)  # a generator that never began has nothing to clean
                cases += 1
    return f"{cases} cases: the finally of every generator that had begun ran once, in the same thread"


WORKER = """
import sys, time
if sys.argv[1] == "greenlets":
    from gevent import monkey; monkey.patch_all()
import threading
sys.path[:0] = [%r, %r]
from faultkit import ask, resident
import tempfile, pathlib, logging
logging.disable(logging.CRITICAL)
from faults_everywhere import onion
total, count = int(sys.argv[2]), int(sys.argv[3])
with tempfile.TemporaryDirectory() as folder:
    app = onion(pathlib.Path(folder))
    wrong, samples, done = [], [], [0]
    def client(number):
        cookie = None
        for turn in range(total // count):
            name = f"{number}-{turn}"
            code, fields, body = ask(app, f"/page/{turn %% 7}?id={name}", **({"HTTP_COOKIE": cookie} if cookie else {}))
            if "set-cookie" in fields:
                cookie = fields["set-cookie"].partition(";")[0]
            said = body.decode().split()
            if code != 200 or said != [name, str(number)] and said != [name, "None"]:
                wrong.append((name, code, body))
            if turn and said[1:] != [str(number)]:
                wrong.append((name, "lost its session", body))
            done[0] += 1
            if done[0] %% (total // 20) == 0:
                samples.append(resident())
            if sys.argv[1] == "greenlets" and turn %% 5 == 0:
                time.sleep(0)
    threads = [threading.Thread(target=client, args=(n,)) for n in range(count)]
    [t.start() for t in threads]; [t.join() for t in threads]
    assert not wrong, wrong[:3]
    print(done[0], round(samples[-1] - samples[len(samples) // 2], 2))
"""


def onion(where):
    """All layers in the recommended order, around a page that says who asked."""
    from tropea.caching import HTTPCacheMiddleware, MemoryCacheStore, etag_middleware
    from tropea.core import ProxyMiddleware, RegistryMiddleware, pipeline
    from tropea.errors import ErrorMiddleware, StatusRedirectMiddleware
    from tropea.rewrite import Rule, urlrewriter
    from tropea.sessions import MemoryStore, SessionMiddleware
    from tropea.static import StaticMiddleware

    (where / "static").mkdir(exist_ok=True)
    (where / "static" / "a.txt").write_text("a" * 1000)

    def app(environ, start_response):
        name = environ["QUERY_STRING"].partition("=")[2]
        session = environ["tropea.session"]
        before = session.get("user")
        session.setdefault("user", name.partition("-")[0])
        start_response("200 OK", [("Content-Type", "text/plain"), ("Vary", "Cookie")])
        return [f"{name} {before}".encode()]

    return pipeline(
        ProxyMiddleware.layer(), RegistryMiddleware.layer(), StatusRedirectMiddleware.layer(), ErrorMiddleware.layer(),
        urlrewriter(rules=[Rule("/old/(.*)", "/{1}", "redirect_permanent")]), StaticMiddleware.layer(root=where / "static", prefix="/static/"),
        HTTPCacheMiddleware.layer(store=MemoryCacheStore(max_bytes=1_000_000)), etag_middleware(),
        SessionMiddleware.layer(store=MemoryStore(), secure=False), app)  # fmt: skip


@experiment("F38", "32 threads; 500 greenlets; 4 forked workers: 100,000 requests each with an id in the body", "0 crossed answers, 0 deadlocks, memory grows < 1 MiB per 100,000", 3)
def crossed():
    total, said = size(100_000, 4000), []
    for kind, count in (("threads", 32), ("greenlets", 500)):
        ran = subprocess.run([sys.executable, "-W", "ignore", "-c", WORKER % (str(HERE), str(ROOT)), kind, str(total), str(count)],
                             capture_output=True, text=True, timeout=1500)  # fmt: skip
        assert ran.returncode == 0, ran.stderr[-2000:]
        done, growth = ran.stdout.split()
        assert QUICK_OR(float(growth) < 0.5 + 0.5 * (total / 100_000)), growth
        said.append(f"{count} {kind}: {done} requests, 0 crossed, {float(growth):+.2f} MiB in the second half")
    children = [subprocess.Popen([sys.executable, "-W", "ignore", "-c", WORKER % (str(HERE), str(ROOT)), "threads", str(total // 4), "4"],
                                 stdout=subprocess.PIPE, text=True) for _ in range(4)]  # fmt: skip
    outs = [child.communicate(timeout=1500)[0].split() for child in children]
    assert all(child.returncode == 0 for child in children)
    said.append(f"4 processes: {sum(int(out[0]) for out in outs)} requests, 0 crossed")
    return "; ".join(said)


def QUICK_OR(held):
    from faultkit import QUICK

    return QUICK or held


@experiment("F40", "a soak at a steady rate", "memory grows < 5 MiB after warm-up, descriptors constant, the 99th of 100 at the end ≤ 1.2 × that at the start", 12)
def soak():
    """TROPEA_SOAK_MINUTES: 10 by default; 30 is the long run."""
    minutes = float(os.environ.get("TROPEA_SOAK_MINUTES", size(10, 0.3)))
    from faultkit import paced
    from tropea.core.testing import make_environ  # noqa: F401  imported before memory is looked at

    import tempfile
    from pathlib import Path

    span = minutes * 60
    early, late, seen = [0] * 20_000, [0] * 20_000, [0]  # how many took so many ten µs: it does not grow
    memory, opened = [], set()
    with tempfile.TemporaryDirectory() as name:
        app = onion(Path(name))
        cookies = {}

        def action(number, now):
            before = time.thread_time()
            path = ("/page/1?id=%d-0" % number, "/static/a.txt", "/page/2?id=%d-1" % number, "/old/page?id=%d-2" % number)[seen[0] % 4]
            code, fields, _ = ask(app, path, **({"HTTP_COOKIE": cookies[number]} if number in cookies else {}))
            assert code in (200, 301), code
            if "set-cookie" in fields:
                cookies[number] = fields["set-cookie"].partition(";")[0]
            window = early if span * 0.05 < now < span * 0.25 else late if now > span * 0.8 else None
            if window is not None:
                window[min(19_999, int((time.thread_time() - before) * 100_000))] += 1
            seen[0] += 1
            if seen[0] % 1000 == 0 and now > span * 0.2:
                memory.append(resident())
                opened.add(files())

        hung = paced(span, 4, size(600, 300), action)
    first, last = (percentile(window, 0.99) / 100_000 for window in (early, late))
    growth = memory[-1] - memory[0]
    assert not hung
    assert len(opened) == 1, opened
    assert growth < 5, growth
    assert last <= 1.2 * first or last - first < 0.001, (first, last)
    return (f"{minutes:g} minutes, {seen[0]} requests: memory {growth:+.1f} MiB after warm-up, descriptors {opened.pop()} throughout, "
            f"99 % in {ms(first)} of processor time at the start and {ms(last)} at the end")  # fmt: skip


def percentile(counts, share):
    """The bucket below which *share* of what was counted is."""
    left = share * sum(counts)
    for bucket, count in enumerate(counts):
        left -= count
        if left <= 0:
            return bucket + 1
    return len(counts)
