"""Static files against whitenoise, in process: CPU time, interleaved rounds, medians.

Run: python bench_static.py [--files 10000 100000] [--rounds 9] [--no-scan] [--only-scan]

Every answer is checked before anything is measured.  All features of ours are on: negotiation of
packed variants, the order of preconditions, If-Range, nosniff, immutable names.  Each server's
body is read to its end and closed, as a server would.
"""

import argparse
import gc
import gzip
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from whitenoise import WhiteNoise

from tropea.static import StaticMiddleware

BROWSER = {
    "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": "localhost", "SERVER_PORT": "8000",
    "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "QUERY_STRING": "", "REMOTE_ADDR": "127.0.0.1",
    "HTTP_HOST": "localhost:8000", "HTTP_USER_AGENT": "Mozilla/5.0", "HTTP_ACCEPT": "*/*",
    "HTTP_ACCEPT_LANGUAGE": "en", "HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd",
    "HTTP_CONNECTION": "keep-alive", "HTTP_REFERER": "http://localhost:8000/",
    "HTTP_SEC_FETCH_DEST": "style", "HTTP_SEC_FETCH_MODE": "no-cors", "HTTP_SEC_FETCH_SITE": "same-origin",
    "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": None, "wsgi.errors": None,
    "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
}  # fmt: skip


def app(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"none"]


def run(server, environ):
    """Make one request as a server does; return its status, head and body."""
    head = []

    def start_response(status, headers, exc_info=None):
        head.append((status, headers))

    body = server(environ, start_response)
    data = b"".join(body)
    close = getattr(body, "close", None)
    if close is not None:
        close()
    return head[0][0], dict(head[0][1]), data


def cost(server, environ, count):
    """CPU seconds of *count* requests."""

    def start_response(status, headers, exc_info=None):
        return None

    begin = time.process_time()
    for _ in range(count):
        body = server(environ.copy(), start_response)
        for _block in body:
            pass
        close = getattr(body, "close", None)
        if close is not None:
            close()
    return (time.process_time() - begin) / count * 1e6


def fill(root):
    (root / "small.css").write_bytes((b"a { color: red } \n" * 60)[:1024])
    (root / "large.bin").write_bytes(os.urandom(100 * 1024))
    (root / "plain.txt").write_bytes(b"x" * 1024)
    packed = gzip.compress((root / "small.css").read_bytes())
    (root / "small.css.gz").write_bytes(packed)
    (root / "small.css.br").write_bytes(packed[:-4])
    # A thousand more, so that the tables are tables.
    for number in range(1000):
        (root / f"other{number}.js").write_bytes(b"let a = 1;" * 30)


def rows(root, options):
    ours = StaticMiddleware(
        app,
        root,
        prefix="/static/",
        immutable=("*.[0-9a-f]*.js",),
        cache_control={"*.html": "no-cache"},
        **options,
    )
    peer = WhiteNoise(app, root=str(root), prefix="/static/")
    small, large, plain = (
        {**BROWSER, "PATH_INFO": f"/static/{name}"}
        for name in ("small.css", "large.bin", "plain.txt")
    )
    cases = {
        "200 1 kB, packed": (small, small, "200"),
        "200 1 kB, plain": (plain, plain, "200"),
        "200 100 kB": (large, large, "200"),
        "304 by tag": (*tagged(ours, peer, plain), "304"),
        "304 by tag, packed": (*tagged(ours, peer, small), "304"),
        "304 by date": (*dated(ours, peer, plain), "304"),
        "206 1 kB of 100 kB": (*[large | {"HTTP_RANGE": "bytes=1000-1999"}] * 2, "206"),
        "206 rest of 100 kB": (*[large | {"HTTP_RANGE": "bytes=100-"}] * 2, "206"),
        "HEAD": (*[plain | {"REQUEST_METHOD": "HEAD"}] * 2, "200"),
        "miss": (*[plain | {"PATH_INFO": "/page"}] * 2, "404"),
    }  # fmt: skip
    return ours, peer, cases


def tagged(ours, peer, environ):
    return tuple(
        environ | {"HTTP_IF_NONE_MATCH": run(server, environ)[1]["ETag"]} for server in (ours, peer)
    )


def dated(ours, peer, environ):
    return tuple(
        environ | {"HTTP_IF_MODIFIED_SINCE": run(server, environ)[1]["Last-Modified"]}
        for server in (ours, peer)
    )


def measure(root, title, options, rounds):
    ours, peer, cases = rows(root, options)
    print(f"\n{title}\n{'':<22}{'tropea':>9}{'whitenoise':>12}{'ratio':>8}   (µs, CPU)")
    for name, (mine, theirs, status) in cases.items():
        one, two = run(ours, mine), run(peer, theirs)
        assert one[0][:3] == two[0][:3] == status, (name, one[0], two[0])
        assert one[2] == two[2], name
        if status != "304":
            assert one[1].get("Content-Length") == two[1].get("Content-Length"), name
        first, second = [], []
        for _ in range(rounds):
            first.append(cost(ours, mine, 4000))
            second.append(cost(peer, theirs, 4000))
        a, b = statistics.median(first), statistics.median(second)
        print(f"{name:<22}{a:9.2f}{b:12.2f}{a / b:8.2f}")


SCAN = """
import gc, resource, sys, time
from tropea.static import StaticMiddleware
import tropea.static.middleware, hashlib
from whitenoise import WhiteNoise
import tracemalloc
which, root = sys.argv[1:]
make = {
    "tropea": lambda: StaticMiddleware(None, root, memory=0),
    "tropea in memory": lambda: StaticMiddleware(None, root),
    "tropea without hashes": lambda: StaticMiddleware(None, root, memory=0, hash_limit=0),
    "whitenoise": lambda: WhiteNoise(None, root=root),
}[which]
make()
gc.collect(); begin = time.process_time(); made = make(); took = time.process_time() - begin
del made; gc.collect()
tracemalloc.start(); made = make(); gc.collect(); held = tracemalloc.get_traced_memory()[0]
print(took, held)
"""


def scan(root, count, rounds):
    for number in range(count):
        folder = root / f"d{number % 100}"
        folder.mkdir(exist_ok=True)
        (folder / f"file{number}.js").write_bytes(b"%d" % number * 200)
    print(f"\nscan of {count:,} files\n{'':<24}{'seconds':>9}{'bytes a file':>14}")
    for which in ("whitenoise", "tropea", "tropea in memory", "tropea without hashes"):
        taken = [
            [float(word) for word in subprocess.run(
                [sys.executable, "-c", SCAN, which, str(root)], check=True, capture_output=True, text=True
            ).stdout.split()]
            for _ in range(rounds)
        ]  # fmt: skip
        seconds = statistics.median(one[0] for one in taken)
        print(f"{which:<24}{seconds:9.3f}{taken[0][1] / count:14,.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[10_000])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--no-scan", action="store_true")
    parser.add_argument("--only-scan", action="store_true")
    options = parser.parse_args()
    if not options.only_scan:
        measure_all(options.rounds)
    for count in () if options.no_scan else options.files:
        with tempfile.TemporaryDirectory() as folder:
            scan(Path(folder), count, 3 if count <= 10_000 else 1)


def measure_all(rounds):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        fill(root)
        time.sleep(2.1)  # a date of the last two seconds is no strong validator
        gc.disable()
        measure(root, "small files in memory (the default)", {}, rounds)
        measure(root, "every file opened (memory=0), as whitenoise does", {"memory": 0}, rounds)
        gc.enable()


if __name__ == "__main__":
    main()
