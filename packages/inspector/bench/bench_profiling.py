"""What the ways of profiling cost: cProfile, sampling, and sys.monitoring with callbacks in Python.

    python packages/inspector/bench/bench_profiling.py

CPU time of the whole process, interleaved rounds, medians; the answers are checked first.
``sys.monitoring`` is there from Python 3.12 on, where cProfile itself is made of it.
"""

import statistics
import sys
import time

from tropea.core.testing import make_environ
from tropea.inspector import ProfilerMiddleware

ROUNDS, CALLS = 9, 40


def tree(depth):
    return 1 if depth == 0 else tree(depth - 1) + tree(depth - 1)


def calling(environ, start_response):
    """8,191 calls of a small function."""
    start_response("200 OK", [])
    return [str(tree(12)).encode()]


def computing(environ, start_response):
    """Few calls, much work."""
    start_response("200 OK", [])
    total = 0
    for number in range(20_000):
        total += number * number
    return [str(total).encode()]


class Monitored:
    """The least that a profiler of sys.monitoring has to do in Python: who calls, how long."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        monitoring, events = sys.monitoring, sys.monitoring.events
        tool, clock = monitoring.PROFILER_ID, time.perf_counter
        stack, seconds, calls = [], {}, {}

        def began(code, offset):
            stack.append((code, clock()))

        def ended(code, offset, value):
            if stack:
                code, at = stack.pop()
                seconds[code] = seconds.get(code, 0.0) + clock() - at
                calls[code] = calls.get(code, 0) + 1

        monitoring.use_tool_id(tool, "bench")
        monitoring.register_callback(tool, events.PY_START, began)
        monitoring.register_callback(tool, events.PY_RETURN, ended)
        monitoring.set_events(tool, events.PY_START | events.PY_RETURN)
        try:
            return self.app(environ, start_response)
        finally:
            monitoring.set_events(tool, 0)
            monitoring.free_tool_id(tool)


def candidates(app):
    found = {
        "alone": app,
        "cProfile": ProfilerMiddleware(app, enabled=True),
        "samples, every 2 ms": ProfilerMiddleware(app, enabled=True, how="samples"),
        "samples, every 10 ms": ProfilerMiddleware(app, enabled=True, how="samples", interval=0.01),
    }
    if hasattr(sys, "monitoring"):
        found["sys.monitoring in Python"] = Monitored(app)
    return found


def measure(candidate):
    environs = [make_environ("/page", HTTP_HOST="localhost") for _ in range(CALLS)]
    start = lambda status, headers, exc_info=None: None
    began = time.process_time()  # of all threads: the sampler's, too
    for environ in environs:
        candidate(environ, start)
    return (time.process_time() - began) / CALLS * 1000


def main():
    print(f"CPython {sys.version.split()[0]}, CPU ms a request")
    for app in (calling, computing):
        known = candidates(app)
        answers = {
            name: b"".join(one(make_environ(), lambda *a: None)) for name, one in known.items()
        }
        assert len(set(answers.values())) == 1, answers
        times = {name: [] for name in known}
        for _ in range(ROUNDS):
            for name, candidate in known.items():
                times[name].append(measure(candidate))
        base = statistics.median(times["alone"])
        print(f"\n{app.__doc__:34}{'ms':>8}{'ratio':>8}")
        for name, values in times.items():
            middle = statistics.median(values)
            print(f"{name:34}{middle:8.2f}{middle / base:8.2f}")


if __name__ == "__main__":
    main()
