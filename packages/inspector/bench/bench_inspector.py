"""What the inspector costs: nobody looks, every request is recorded, every request is profiled.

    python packages/inspector/bench/bench_inspector.py

CPU time, interleaved rounds, medians; the answers are checked first.
"""

import statistics
import time

from tropea.core import pipeline
from tropea.core.layer import Layer
from tropea.core.testing import make_environ
from tropea.inspector import ProfilerMiddleware, inspect

ROUNDS, CALLS, LAYERS = 7, 200, 7
HEADERS = [("Content-Type", "text/plain"), ("Content-Length", "5")]


def app(environ, start_response):
    start_response("200 OK", HEADERS)
    return [b"hello"]


def stack():
    return pipeline(*[Layer.layer()] * LAYERS, app)


def rows():
    yield f"{LAYERS} layers alone", stack()
    yield "inspected, nobody looks", inspect(stack(), announce=False)
    yield "inspected, recorded", inspect(stack(), announce=False, always=True)
    yield "profiled", ProfilerMiddleware(stack(), enabled=True)


def measure(candidate):
    environs = [make_environ("/page", HTTP_HOST="localhost") for _ in range(CALLS)]
    start = lambda status, headers, exc_info=None: None
    began = time.process_time()
    for environ in environs:
        candidate(environ, start)
    return (time.process_time() - began) / CALLS * 1e6


def main():
    candidates = dict(rows())
    for name, candidate in candidates.items():
        assert b"".join(candidate(make_environ(), lambda *a: None)) == b"hello", name
    times = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, candidate in candidates.items():
            times[name].append(measure(candidate))
    base = statistics.median(times[f"{LAYERS} layers alone"])
    print(f"{'':28}{'us':>9}{'added':>9}")
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"{name:28}{middle:9.2f}{middle - base:9.2f}")


if __name__ == "__main__":
    main()
