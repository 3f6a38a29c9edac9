"""Finding a route among 10 … 10,000, without a request around it."""

from functools import cache

from timing import Contender, FUNCTION_FLOOR, Row, Target

SHAPES = ("/{word}/list", "/{word}/<id>", "/api/{word}/<id>/parts/<part>")


def words(count):
    return [f"r{number}" for number in range(max(count // len(SHAPES), 1))]


def texts(count):
    return [shape.replace("{word}", word) for word in words(count) for shape in SHAPES]


@cache
def our_table(count):
    from tropea.dispatch.patterns import Pattern
    from tropea.dispatch.routes import Route
    from tropea.dispatch.table import RouteTable

    return RouteTable(
        [Route(None, text, ("GET",), text, compiled=Pattern(text)) for text in texts(count)]
    )


def tropea(count, path, method):
    match = our_table(count).match

    def answer():
        route, groups = match(path, method)
        return (route.pattern, groups) if route else None

    return Contender(lambda given: match(given, method), lambda: path, answer)


@cache
def falcons_router(count):
    from falcon.routing import CompiledRouter

    class Resource:
        def __init__(self, text):
            self.text = text

        def on_get(self, request, response, **groups): ...

    router = CompiledRouter()
    for text in texts(count):
        router.add_route(text.replace("<", "{").replace(">", "}"), Resource(text))
    return router


def falcon(count, path, method):
    router = falcons_router(count)

    def look(given):
        found = router.find(given)
        if found is None:
            return None
        resource, responders, groups, _ = found
        return responders.get(method), resource, groups

    def answer():
        responder, resource, groups = look(path) or (None, None, None)
        # falcon finds a responder of its own for what answers 405
        found = getattr(responder, "__name__", "") == "on_get"
        return (resource.text, groups) if found else None

    return Contender(look, lambda: path, answer)


@cache
def werkzeugs_adapter(count):
    from werkzeug.routing import Map, Rule

    rules = [Rule(text, methods=["GET"], endpoint=text) for text in texts(count)]
    return Map(rules).bind("localhost")


def werkzeug(count, path, method):
    from werkzeug.exceptions import HTTPException

    adapter = werkzeugs_adapter(count)

    def look(given):
        try:
            return adapter.match(given, method)
        except HTTPException:
            return None

    return Contender(look, lambda: path, lambda: look(path))


@cache
def bottles_router(count):
    from bottle import Router

    router = Router()
    for text in texts(count):
        router.add(text, "GET", text)
    return router


def bottle(count, path, method):
    from bottle import HTTPError

    router = bottles_router(count)

    def look(given):
        try:
            return router.match({"PATH_INFO": given, "REQUEST_METHOD": method})
        except HTTPError:
            return None

    return Contender(look, lambda: path, lambda: look(path))


def forget():
    for built in (our_table, falcons_router, werkzeugs_adapter, bottles_router):
        built.cache_clear()


def rows():
    for count in (10, 100, 1000, 10_000):
        last = words(count)[-1]
        cases = {
            "last parameter": (f"/{last}/42", "GET", (f"/{last}/<id>", {"id": "42"}), 0.55),
            "literal": (f"/{last}/list", "GET", (f"/{last}/list", {}), 1.0),
            "two parameters": (
                f"/api/{last}/42/parts/7", "GET",
                (f"/api/{last}/<id>/parts/<part>", {"id": "42", "part": "7"}), 1.0,
            ),
            "404": ("/nowhere/at/all", "GET", None, 1.0),
            "405": (f"/{last}/42", "DELETE", None, 1.0),
        }  # fmt: skip
        for case, (path, method, expected, limit) in cases.items():
            makers = {"Tropea": tropea, "falcon": falcon, "werkzeug": werkzeug}
            if count <= 1000:  # it takes minutes to add 10,000
                makers["bottle"] = bottle
            yield Row(
                "matching", f"{case}, {count:,} routes",
                {n: lambda m=m, p=path, c=count, k=method: m(c, p, k) for n, m in makers.items()},
                expected, (Target(limit, "falcon"),),
                "the routers alone; the route is the last of its kind; bottle takes minutes to add 10,000 "
                "and is left out there",
                FUNCTION_FLOOR, curve=f"routes: {case}", size=count, flat=1.3,
            )  # fmt: skip
        forget()
