"""Send made-up requests through the whole onion, in one process: no 5xx, no exception, no hang.

    python fuzz/onion.py --requests 2000000 --seed 1
    python fuzz/onion.py --requests 10000000          # the long run
    python fuzz/onion.py --seed 1 --only 123456       # one request again, as it was made

Every request is made from the seed and its own number alone, so that a finding can be made again.
Each answer is held to what SECURITY.md promises: a status below 500 (but 501 for a method that nobody knows, and
504 where the client itself asked for nothing but what is cached), header fields without CR, LF and
NUL, a true Content-Length, no body where there must be none, one close(), at most LONGEST seconds of
processor time.  A request that breaks one of these is printed with its number, and the run fails.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections import Counter
from io import BytesIO, StringIO
from pathlib import Path

#: Seconds of processor time that one request may take.
LONGEST = 1.0
BARE = frozenset((204, 304))
#: Other methods may be answered 501 (RFC 9110 section 15.6.2).
KNOWN = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"))

METHODS = ("GET",) * 40 + ("HEAD",) * 8 + ("POST",) * 10 + (
    "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "PURGE", "get", "G\xe9T", "")  # fmt: skip
PATHS = (
    "/", "/recipes/new", "/sign-in", "/sign-out", "/counter.svg", "/cached/page", "/cached/vary", "/cached/private",
    "/recipes/toast", "/recipes/red-onion-soup", "/static/onion.svg", "/static/style.css", "/static/", "/static",
    "/pictures/", "/index.php", "/favicon.ico", "/guarded/page", "/nowhere", "", "*", "/cached/raises", "/old/7")  # fmt: skip
PIECES = (
    "/", "//", ".", "..", "...", "%2e%2e", "%", "%00", "\\", ":", "~", ";", "?", "#", "\x00", "\n", "\r\n", " ", "\xff", "\xc3\xa9",
    "\xed\xa0\x80", "a", "onion.svg", "style.css", "static", "recipes", "CON", "nul.txt", ".git", "@evil.example", "x" * 300, "-", "0")  # fmt: skip
SHARP = (
    '"', "\\", ",", ";", "=", "/", "*", "%", "%00", "%ff", "..", "-", "0", "1", "9" * 30, "bytes=", "W/", '"abc"', "q=", "q=0.5", " ", "\t",
    "\xff", "\xb2", "a", "gzip", "br", "identity", "*/*", "text/html", ":", "[::1]", "[", "]", "@", "max-age=", "no-cache", "no-store",
    "only-if-cached", "max-stale", "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 99999 08:49:37 GMT", "$Version=1", "\\377", "session=",
    "tropea=", "chunked", "close", "Digest ", "Basic ", "Bearer ", 'username="ann"', "realm=", "nonce=", "for=", "by=", "proto=https",
    "127.0.0.1", "x" * 2000)  # fmt: skip
FIELDS = (
    "HTTP_HOST", "HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_ACCEPT_LANGUAGE", "HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH",
    "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_RANGE", "HTTP_CACHE_CONTROL", "HTTP_PRAGMA", "HTTP_AUTHORIZATION",
    "HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_CONNECTION", "HTTP_COOKIE",
    "HTTP_RANGE", "HTTP_ORIGIN", "HTTP_REFERER", "HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_EXPECT", "HTTP_UPGRADE", "HTTP_TE",
    "CONTENT_TYPE", "CONTENT_LENGTH", "QUERY_STRING", "REMOTE_ADDR", "SCRIPT_NAME", "SERVER_PROTOCOL")  # fmt: skip
KINDS = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "multipart/form-data", "application/json", "text/plain; charset=\xff", "")  # fmt: skip
#: Values that mean something, so that more than the refusals is tried.
MEANT = {
    "HTTP_RANGE": ("bytes=0-9", "bytes=-5", "bytes=9-", "bytes=0-0,5-6,100-", "bytes=999999-"),
    "HTTP_IF_NONE_MATCH": ("*", '"v"', 'W/"v", "w"'), "HTTP_IF_MATCH": ("*", '"v"'), "HTTP_IF_RANGE": ('"v"', "Sun, 06 Nov 1994 08:49:37 GMT"),
    "HTTP_IF_MODIFIED_SINCE": ("Sun, 06 Nov 2094 08:49:37 GMT",), "HTTP_CACHE_CONTROL": ("no-cache", "max-age=0", "only-if-cached", "no-store"),
    "HTTP_HOST": ("localhost", "example.org:8080", "[::1]"), "HTTP_ACCEPT_ENCODING": ("gzip, br;q=0.5", "identity;q=0"),
    "HTTP_X_FORWARDED_FOR": ("10.0.0.1, 192.0.2.7",), "HTTP_X_FORWARDED_PROTO": ("https",), "HTTP_COOKIE": ("session=" + "A" * 43, "a=1; b=2"),
    "QUERY_STRING": ("a=1&b=2", "article=toast", "%ff=%00"), "CONTENT_LENGTH": ("0", "-1", "99999999999"), "CONTENT_TYPE": KINDS[:-1],
    "HTTP_AUTHORIZATION": ('Digest username="ann", realm="Kitchen", nonce="x", uri="/", response="' + "0" * 32 + '"', "Basic YTpi")}  # fmt: skip
BODIES = (
    b"", b"a=1&b=2", b"cook=Ann&csrf=", b"%", b"a" * 5000, b"\xff\x00" * 50, b"{}", b'{"a": ' * 50,
    b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nx\r\n--b--\r\n', b"--b\r\n\r\n--b", b"--b--")  # fmt: skip


def build(var):
    """Put the family's layers around the recipe book, in the recommended order."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples" / "onion"))
    from onion.app import HERE, make_recipes
    from onion.rules import RULES

    from tropea.auth import DigestAuthMiddleware, PasswordMap
    from tropea.caching import HTTPCacheMiddleware, MemoryCacheStore, etag_middleware
    from tropea.core import ProxyMiddleware, RegistryMiddleware, pipeline
    from tropea.errors import ErrorMiddleware, StatusRedirectMiddleware
    from tropea.rewrite import Rule, urlrewriter
    from tropea.sessions import MemoryStore, SessionMiddleware
    from tropea.static import StaticMiddleware

    passwords = PasswordMap()
    passwords.set("Kitchen", "ann", "secret")
    guarded = DigestAuthMiddleware(says("guarded"), "Kitchen", passwords, secret_key="the key of this fuzzer")
    recipes = make_recipes(var=str(var))

    def inner(environ, start_response):
        path = environ["PATH_INFO"]
        if path.startswith("/guarded"):
            return guarded(environ, start_response)
        if path.startswith("/cached/"):
            return CACHED.get(path, CACHED["/cached/page"])(environ, start_response)
        return recipes(environ, start_response)

    rules = (*RULES, Rule(r"/old/(?P<name>.+)", "/recipes/{name}", "redirect"))
    return pipeline(
        ProxyMiddleware.layer(trusted=("127.0.0.1",)), RegistryMiddleware.layer(), StatusRedirectMiddleware.layer(),
        ErrorMiddleware.layer(), urlrewriter(rules=rules), StaticMiddleware.layer(root=HERE / "static", prefix="/static/"),
        HTTPCacheMiddleware.layer(store=MemoryCacheStore(max_bytes=2_000_000)), etag_middleware(),
        SessionMiddleware.layer(store=MemoryStore(cache_size=1000), secure=False), inner)  # fmt: skip


def says(text, *fields):
    """Make an application that answers one text, whatever it is asked."""
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text))), *fields])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [text.encode()]

    return app


CACHED = {
    "/cached/page": says("page", ("Cache-Control", "public, max-age=5")),
    "/cached/vary": says("vary", ("Cache-Control", "max-age=5"), ("Vary", "Accept, Accept-Language"), ("ETag", '"v"')),
    "/cached/private": says("private", ("Cache-Control", "private, max-age=5"), ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")),
}  # fmt: skip


def made(chance):
    """Make one request: an environ that a server could hand over."""
    environ = {
        "REQUEST_METHOD": chance.choice(METHODS), "SCRIPT_NAME": "", "QUERY_STRING": "", "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http", "wsgi.errors": StringIO(), "wsgi.multithread": False, "wsgi.multiprocess": False,
        "wsgi.run_once": False}  # fmt: skip
    path = chance.choice(PATHS)
    if chance.random() < 0.4:
        path += "".join(chance.choices(PIECES, k=chance.randrange(1, 6)))
    environ["PATH_INFO"] = path
    for _ in range(chance.randrange(5)):
        field = chance.choice(FIELDS)
        if field == "REMOTE_ADDR" and chance.random() < 0.5:
            continue
        if field in MEANT and chance.random() < 0.5:
            environ[field] = chance.choice(MEANT[field])
        else:
            environ[field] = "".join(chance.choices(SHARP, k=chance.randrange(5)))
    body = b""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or chance.random() < 0.02:
        body = chance.choice(BODIES)
        if chance.random() < 0.8:
            environ["CONTENT_LENGTH"] = str(len(body))
            environ.setdefault("CONTENT_TYPE", chance.choice(KINDS))
    environ["wsgi.input"] = BytesIO(body)
    return environ


class Finding(AssertionError):
    """A request that was not answered as it should."""


def asked(app, environ, visitors, chance):
    """Answer one request as a server does; return the status, or raise Finding."""
    if visitors and chance.random() < 0.2:
        cookie, token = chance.choice(visitors)
        environ["HTTP_COOKIE"] = cookie
        if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] in ("/sign-in", "/sign-out"):
            body = b"cook=Ann&csrf=" + token
            environ.update({"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": KINDS[0]})
    method, alone = environ["REQUEST_METHOD"], "only-if-cached" in environ.get("HTTP_CACHE_CONTROL", "")
    heads = []

    def start_response(status, fields, exc_info=None):
        heads.append((status, fields))
        return lambda block: None

    result = app(environ, start_response)
    try:
        body = b"".join(result)
    finally:
        if hasattr(result, "close"):
            result.close()
    status, fields = heads[-1]
    code = int(status[:3])
    if code >= 500 and not (code == 504 and alone) and not (code == 501 and method not in KNOWN):
        raise Finding(f"{status}")
    for name, value in (("status", status), *fields):
        if "\r" in value or "\n" in value or "\0" in value or "\n" in name:
            raise Finding(f"{name}: {value!r}")
        if name.lower() == "content-length" and method != "HEAD" and code not in BARE and int(value) != len(body):
            raise Finding(f"Content-Length {value}, {len(body)} octets")
    if body and (method == "HEAD" or code in BARE):
        raise Finding(f"{len(body)} octets after {method}, {status}")
    return code


def sign_in(app):
    """Return the cookie and the token of somebody who signed in."""
    heads = []
    environ = made(random.Random(0)) | {"REQUEST_METHOD": "GET", "PATH_INFO": "/sign-in", "HTTP_HOST": "localhost"}
    page = b"".join(app(environ, lambda status, fields, exc_info=None: heads.append(fields)))
    cookie = next(value.partition(";")[0] for name, value in heads[-1] if name == "Set-Cookie")
    return cookie, page.partition(b'name="csrf" value="')[2].partition(b'"')[0]


def resident():
    """Tell the resident memory of this process, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def run(app, options):
    """Send the requests; return the figures."""
    visitors = [sign_in(app) for _ in range(8)]
    statuses, findings, slowest, warm = Counter(), [], (0.0, -1), 0.0
    began, numbers = time.process_time(), range(options.start, options.start + options.requests)
    if options.only is not None:
        numbers = [options.only]
    for number in numbers:
        chance = random.Random(f"{options.seed}:{number}")
        environ = made(chance)
        before = time.process_time()
        try:
            statuses[asked(app, environ, visitors, chance)] += 1
        except Exception as problem:
            findings.append(number)
            shown = {k: v for k, v in environ.items() if isinstance(v, str)}
            print(f"request {number}: {type(problem).__name__}: {problem}\n  {shown}", flush=True)
            if len(findings) >= 20:
                break
        taken = time.process_time() - before
        if taken > slowest[0]:
            slowest = (taken, number)
        if number % 20_000 == 0:
            visitors = [sign_in(app) for _ in range(8)]
        if number - options.start == options.requests // 10:
            warm = resident()
        if number % 500_000 == 499_999:
            print(f"{number + 1 - options.start} requests, {len(findings)} findings, {resident():.0f} MiB", flush=True)
    if slowest[0] > LONGEST:
        print(f"request {slowest[1]} took {slowest[0]:.2f} s")
        findings.append(slowest[1])
    seconds = time.process_time() - began
    return {"requests": sum(statuses.values()), "seed": options.seed, "findings": len(findings),
            "statuses": {str(code): statuses[code] for code in sorted(statuses)},
            "slowest_ms": round(slowest[0] * 1000, 1), "growth_mib": round(resident() - warm, 1) if warm else None,
            "cpu_seconds": round(seconds), "a_second": round(sum(statuses.values()) / seconds) if seconds else None}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="the number of the first request")
    parser.add_argument("--only", type=int, help="make this request alone")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # the counter's database waits for no disk
    with tempfile.TemporaryDirectory(prefix="tropea-onion-", dir=memory) as var:
        figures = run(build(Path(var)), options)
    print(json.dumps(figures))
    return bool(figures["findings"])


if __name__ == "__main__":
    sys.exit(main())
