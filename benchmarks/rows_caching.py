"""Conditional requests, and hits of the HTTP cache."""

from timing import WSGI_FLOOR, Row, Target, wsgi

PAGE = b"x" * 10_000


def tagged(environ, start_response):
    start_response(
        "200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5"), ("ETag", '"v1"')]
    )
    return [b"hello"]


def tropea():
    from tropea.caching import etag_middleware

    return etag_middleware(tagged)


def webob():
    from webob import Request

    def layer(environ, start_response):
        response = Request(environ).get_response(tagged)
        response.conditional_response = True
        return response(environ, start_response)

    return layer


def werkzeug():
    from werkzeug.wrappers import Request, Response

    def layer(environ, start_response):
        request = Request(environ)
        return Response.from_app(tagged, environ).make_conditional(request)(environ, start_response)

    return layer


def fresh(environ, start_response):
    start_response(
        "200 OK",
        [("Content-Type", "text/html"), ("Cache-Control", "max-age=86400"), ("ETag", '"v1"')],
    )
    return [PAGE]


def cache(count):
    from tropea.caching import HTTPCacheMiddleware, MemoryCacheStore
    from tropea.caching.cachekeys import Key
    from tropea.caching.testing import make_entry

    store = MemoryCacheStore(max_bytes=4 << 30, max_entries=200_000)
    for number in range(count - 1):
        key = Key("http", "localhost", f"/other/{number}", "")
        store.put(key, make_entry(key, size=4), b"body")
    layer = HTTPCacheMiddleware(fresh, store)
    contender = wsgi(layer, PATH_INFO="/page")
    assert contender.answer() == ("200", PAGE)
    assert len(store) == count
    return contender


def rows():
    for case, fields, answer in (
        ("200, no condition", {}, ("200", b"hello")),
        ("200, another tag", {"HTTP_IF_NONE_MATCH": '"v0"'}, ("200", b"hello")),
        ("304", {"HTTP_IF_NONE_MATCH": '"v1"'}, ("304", b"")),
    ):
        makers = {"Tropea": tropea, "webob": webob, "werkzeug": werkzeug}
        yield Row(
            "conditional layer", case,
            {n: lambda m=m, f=fields: wsgi(m(), **f) for n, m in makers.items()},
            answer, (Target(0.3, "webob"),),
            "an application that sets a tag; webob and werkzeug as a layer of their objects",
            WSGI_FLOOR,
        )  # fmt: skip
    for count in (10, 100, 1000, 10_000, 100_000):
        yield Row(
            "HTTP cache", f"hit of 10 kB among {count:,} entries",
            {"Tropea": lambda count=count: cache(count)}, ("200", PAGE), (Target(10),),
            "no WSGI peer is known; hishel, the nearest, is for clients and ASGI", WSGI_FLOOR,
            curve="entries of the HTTP cache", size=count, flat=1.3,
        )  # fmt: skip
