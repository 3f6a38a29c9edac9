"""What ErrorMiddleware adds to a good request, beside Paste's error layer.

    python packages/errors/bench/bench_errors.py

CPU time, interleaved rounds, medians; the answers are checked first.
"""

import statistics
import time

from tropea.errors import ErrorMiddleware, StatusRedirectMiddleware

ROUNDS, CALLS = 15, 20_000
HEADERS = [("Content-Type", "text/plain"), ("Content-Length", "5")]


def app(environ, start_response):
    start_response("200 OK", HEADERS)
    return [b"hello"]


def rows():
    yield "the application alone", app
    yield "ErrorMiddleware", ErrorMiddleware(app)
    yield "StatusRedirectMiddleware", StatusRedirectMiddleware(app)
    try:
        from paste.errordocument import StatusKeeper  # noqa: F401
        from paste.exceptions.errormiddleware import ErrorMiddleware as Paste

        yield "Paste's ErrorMiddleware", Paste(app, {})
    except ImportError:
        pass


def measure(candidate):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "QUERY_STRING": "", "paste.throw_errors": False}
    start = lambda status, headers, exc_info=None: None
    began = time.process_time()
    for _ in range(CALLS):
        body = candidate(environ, start)
        for _ in body:
            pass
        if hasattr(body, "close"):
            body.close()
    return (time.process_time() - began) / CALLS * 1e6


def main():
    candidates = dict(rows())
    for name, candidate in candidates.items():
        assert b"".join(candidate({"REQUEST_METHOD": "GET"}, lambda *a: None)) == b"hello", name
    times = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, candidate in candidates.items():
            times[name].append(measure(candidate))
    base = statistics.median(times["the application alone"])
    print(f"{'':28}{'us':>8}{'added':>8}")
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"{name:28}{middle:8.2f}{middle - base:8.2f}")


if __name__ == "__main__":
    main()
