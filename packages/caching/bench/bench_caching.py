"""What the layers cost, beside their peers: CPU time, interleaved, medians; answers checked first.

python packages/caching/bench/bench_caching.py [rounds]
"""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import sys
import time
import warnings

warnings.filterwarnings("ignore", category=DeprecationWarning)

import webob  # noqa: E402

from tropea.caching import HTTPCacheMiddleware, MemoryCacheStore, RedisCacheStore, etag_middleware  # noqa: E402
from tropea.caching.cachekeys import Key  # noqa: E402
from tropea.caching.testing import make_entry  # noqa: E402

ENVIRON = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/page",
    "QUERY_STRING": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "HTTP_HOST": "localhost",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.url_scheme": "http",
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "HTTP_ACCEPT": "*/*",
    "HTTP_USER_AGENT": "bench",
}
HEAD = [("Content-Type", "text/plain"), ("Content-Length", "5"), ("ETag", '"v1"')]
BODY = [b"hello"]


def start_response(status, headers, exc_info=None):
    start_response.status = status


def call(app, environ):
    body = app(environ, start_response)
    data = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return start_response.status[:3], data


def tagged(environ, start_response):
    start_response("200 OK", list(HEAD))
    return BODY


def with_webob(app):
    def layer(environ, start_response):
        response = webob.Request(environ).get_response(app)
        response.conditional_response = True
        return response(environ, start_response)

    return layer


def timed(function, number):
    start = time.process_time()
    for _ in range(number):
        function()
    return (time.process_time() - start) / number * 1e6


def compare(rows, rounds, number):
    """Time every row in turns; return the medians in µs."""
    taken = {name: [] for name in rows}
    for _ in range(rounds):
        for name, function in rows.items():
            taken[name].append(timed(function, number))
    return {name: statistics.median(values) for name, values in taken.items()}


def conditional(rounds):
    ours, theirs = etag_middleware(tagged), with_webob(tagged)
    plain, held = dict(ENVIRON), {**ENVIRON, "HTTP_IF_NONE_MATCH": '"v1"'}
    missed = {**ENVIRON, "HTTP_IF_NONE_MATCH": '"v0"'}
    for environ, status in ((plain, "200"), (held, "304"), (missed, "200")):
        assert call(ours, dict(environ))[0] == call(theirs, dict(environ))[0] == status
    for label, environ in (
        ("200, no condition", plain),
        ("200, another tag", missed),
        ("304", held),
    ):
        found = compare({
            "none": lambda e=environ: call(tagged, e.copy()), "ours": lambda e=environ: call(ours, e.copy()),
            "webob": lambda e=environ: call(theirs, e.copy()),
        }, rounds, 3000)  # fmt: skip
        ratio = found["ours"] / found["webob"]
        print(
            f"conditional {label:18} none {found['none']:5.2f}  ours {found['ours']:5.2f}  webob {found['webob']:5.2f}"
            f"  ratio {ratio:.2f} (target 0.30)"
        )


def page(environ, start_response):
    start_response(
        "200 OK",
        [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Cache-Control", "max-age=86400"),
            ("ETag", '"v1"'),
            ("Content-Length", "10000"),
        ],
    )
    return [b"x" * 10_000]


def hits(rounds):
    rows = {}
    for count in (10, 1000, 100_000):
        store = MemoryCacheStore(max_bytes=4 << 30, max_entries=200_000)
        layer = HTTPCacheMiddleware(page, store)
        for number in range(count - 1):
            key = Key("http", "localhost", f"/other/{number}", "")
            store.put(key, make_entry(key, size=4), b"body")
        assert call(layer, dict(ENVIRON)) == ("200", b"x" * 10_000)
        assert call(layer, dict(ENVIRON)) == ("200", b"x" * 10_000)
        assert len(store) == count
        rows[f"{count} entries"] = lambda layer=layer: call(layer, ENVIRON.copy())
    for name, value in compare(rows, rounds, 3000).items():
        print(f"memory hit of 10 kB among {name:15} {value:5.2f} µs (target 10)")


def redis_hits(rounds):
    if not shutil.which("redis-server"):
        print("Redis hit: no redis-server here")
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    try:
        import redis

        client = redis.Redis(port=port)
        for _ in range(100):
            try:
                client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.05)
        client.set("bare", b"x" * 10_000)
        layer = HTTPCacheMiddleware(page, RedisCacheStore(f"redis://127.0.0.1:{port}/0", timeout=5))
        call(layer, dict(ENVIRON))
        assert call(layer, dict(ENVIRON)) == ("200", b"x" * 10_000)
        found = compare(
            {"hit": lambda: call(layer, ENVIRON.copy()), "get": lambda: client.get("bare")},
            rounds,
            500,
        )
        print(
            f"Redis hit of 10 kB {found['hit']:6.1f}  bare redis-py get {found['get']:6.1f}  ratio {found['hit'] / found['get']:.2f}"
        )
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    conditional(rounds)
    hits(rounds)
    redis_hits(rounds)
