"""Matching: our table beside falcon's, werkzeug's and bottle's, 10 to 10,000 routes.

CPU time of one lookup in µs, medians of interleaved rounds; every router's answer is checked
before it is timed.  Run: python packages/dispatch/bench/bench_matching.py [routes …]
"""

from __future__ import annotations

import statistics
import sys
import time
import tracemalloc

from tropea.dispatch.patterns import Pattern
from tropea.dispatch.routes import Route
from tropea.dispatch.table import RouteTable

ROUNDS, SECONDS = 9, 0.02


def names(count):
    """One third static, one third with a last parameter, one third with two parameters."""
    return [f"r{at}" for at in range(max(count // 3, 1))]


def tropea(words):
    routes = []
    for word in words:
        for text in (f"/{word}/list", f"/{word}/<id>", f"/api/{word}/<id>/parts/<part>"):
            routes.append(Route(None, text, ("GET",), text, compiled=Pattern(text)))
    match = RouteTable(routes).match

    def find(path, method):
        route, groups = match(path, method)
        return (route.pattern, groups) if route else groups

    return match, find


def falcon(words):
    from falcon.routing import CompiledRouter

    class Resource:
        def __init__(self, text):
            self.text = text

        def on_get(self, req, resp, **kw): ...

    router = CompiledRouter()
    for word in words:
        for text in (f"/{word}/list", f"/{word}/{{id}}", f"/api/{word}/{{id}}/parts/{{part}}"):
            router.add_route(text, Resource(text))

    def look(path, method):
        found = router.find(path)
        if found is None:
            return None
        resource, methods, params, template = found
        return methods.get(method), params

    look("/warm/up", "GET")
    shown = lambda path, method: (  # noqa: E731
        (found := router.find(path))
        and (found[0].text.replace("{", "<").replace("}", ">"), found[2])
    )
    return look, shown


def werkzeug(words):
    from werkzeug.exceptions import HTTPException
    from werkzeug.routing import Map, Rule

    rules = []
    for word in words:
        for text in (f"/{word}/list", f"/{word}/<id>", f"/api/{word}/<id>/parts/<part>"):
            rules.append(Rule(text, methods=["GET"], endpoint=text))
    adapter = Map(rules).bind("localhost")

    def look(path, method):
        try:
            return adapter.match(path, method)
        except HTTPException:
            return None

    return look, look


def bottle(words):
    from bottle import HTTPError, Router

    router = Router()
    for word in words:
        for text in (f"/{word}/list", f"/{word}/<id>", f"/api/{word}/<id>/parts/<part>"):
            router.add(text, "GET", text)

    def look(path, method):
        try:
            return router.match({"PATH_INFO": path, "REQUEST_METHOD": method})
        except HTTPError:
            return None

    return look, look


ROUTERS = {"tropea": tropea, "falcon": falcon, "werkzeug": werkzeug, "bottle": bottle}


def shapes(words):
    last = words[-1]
    return {
        "static": (f"/{last}/list", "GET", f"/{last}/list", {}),
        "item": (f"/{last}/42", "GET", f"/{last}/<id>", {"id": "42"}),
        "deep": (
            f"/api/{last}/42/parts/7",
            "GET",
            f"/api/{last}/<id>/parts/<part>",
            {"id": "42", "part": "7"},
        ),
        "404": ("/nowhere/at/all", "GET", None, None),
        "404 item": ("/nowhere/42", "GET", None, None),
        "405": (f"/{last}/42", "DELETE", None, None),
        "405 static": (f"/{last}/list", "DELETE", None, None),
    }


def timed(look, path, method, number):
    rounds = range(number)
    start = time.process_time()
    for _ in rounds:
        look(path, method)
    return (time.process_time() - start) / number * 1e6


def main(counts):
    print(
        f"{'routes':>7} {'shape':<11}"
        + "".join(f"{name:>10}" for name in ROUTERS)
        + "   tropea/falcon"
    )
    for count in counts:
        words = names(count)
        kept = [n for n in ROUTERS if count <= 1000 or n in ("tropea", "falcon", "werkzeug")]
        made = {name: ROUTERS[name](words) for name in kept}
        for shape, (path, method, text, groups) in shapes(words).items():
            for name, (_, find) in made.items():
                if text is not None:
                    found = find(path, method)
                    assert (found[0], dict(found[1])) == (text, groups), (name, shape, found)
            number = {
                name: max(int(SECONDS / (timed(look, path, method, 20) / 1e6)), 3)
                for name, (look, _) in made.items()
            }
            results = {name: [] for name in made}
            for _ in range(ROUNDS):
                for name, (look, _) in made.items():
                    results[name].append(timed(look, path, method, number[name]))
            medians = {name: statistics.median(values) for name, values in results.items()}
            row = "".join(f"{medians[n]:>10.3f}" if n in medians else f"{'-':>10}" for n in ROUTERS)
            print(
                f"{count:>7} {shape:<11}{row}   {medians['tropea'] / medians['falcon']:.2f}",
                flush=True,
            )
    memory()


def memory():
    """Bytes that a route takes, pattern and tables included."""
    words = names(3000)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = tropea(words)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    print(
        f"memory: {(after - before) / 3000:.0f} bytes a route ({len(words)} names, three routes each)"
    )
    del kept


if __name__ == "__main__":
    main([int(arg) for arg in sys.argv[1:]] or [10, 100, 1000, 10000])
