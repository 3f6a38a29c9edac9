"""The whole onion beside its peers: what all the layers together cost a request.

    .venv/bin/python benchmarks/onion.py [--rounds 15] [--calls 2000]

Rewriting with 100 rules, static files, conditional requests, a session, 100 routes and a view; each
stack is asked for the same page, its answer is checked, then all are timed in turn, CPU time,
medians.  Second row: the session is read and the client holds the current tag (304).  A peer that
is not installed is left out and named.
"""

import argparse
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

RULES, ROUTES = 100, 100
PAGE = b"hello 42"
ROOT = Path(tempfile.mkdtemp(prefix="tropea-bench-"))
(ROOT / "site.css").write_text("body { margin: 0 }")


def ours(session_read=False):
    from tropea.caching import etag_middleware, with_etag
    from tropea.core import Response, pipeline
    from tropea.dispatch import dispatcher_app
    from tropea.rewrite import Rule, urlrewriter
    from tropea.sessions import MemoryStore, SessionMiddleware
    from tropea.static import StaticMiddleware

    site = dispatcher_app()

    def view(request, number):
        if session_read:
            request.session.get("visits")
        return Response(b"hello " + number.encode(), content_type="text/plain")

    def tagged(request, number):
        response = view(request, number)
        return response.add_header("ETag", '"v1"')

    for route in range(ROUTES):
        site.match(f"/section{route}/<number>", GET=tagged if session_read else view)
    rules = [Rule(rf"/old{n}/(?P<rest>.*)", f"/section{n}/{{rest}}") for n in range(RULES)]
    return pipeline(
        urlrewriter(rules=rules),
        StaticMiddleware.layer(str(ROOT), "/static/"),
        etag_middleware(),
        SessionMiddleware.layer(MemoryStore(), secure=False),
        site,
    )


def falcon_alone():
    import falcon

    class View:
        def on_get(self, request, response, number):
            response.data = b"hello " + number.encode()
            response.content_type = "text/plain"

    app = falcon.App()
    for route in range(ROUTES):
        app.add_route(f"/section{route}/{{number}}", View())
    return app


def falcon_with_layers(session_read=False):
    import re

    import falcon
    import webob
    from beaker.middleware import SessionMiddleware
    from whitenoise import WhiteNoise

    class View:
        def on_get(self, request, response, number):
            if session_read:
                request.env["beaker.session"].get("visits")
                response.set_header("ETag", '"v1"')
            response.data = b"hello " + number.encode()
            response.content_type = "text/plain"

    app = falcon.App()
    for route in range(ROUTES):
        app.add_route(f"/section{route}/{{number}}", View())
    session = SessionMiddleware(app, {"session.type": "memory", "session.auto": False})

    def conditional(environ, start_response):
        response = webob.Request(environ).get_response(session)
        response.conditional_response = True
        return response(environ, start_response)

    static = WhiteNoise(conditional, str(ROOT), prefix="static")
    rules = [(re.compile(rf"/old{n}/(.*)"), rf"/section{n}/\1") for n in range(RULES)]

    def rewrite(environ, start_response):
        path = environ["PATH_INFO"]
        for pattern, template in rules:
            match = pattern.fullmatch(path)
            if match:
                environ["PATH_INFO"] = match.expand(template)
                break
        return static(environ, start_response)

    return rewrite


def flask_alone():
    import flask

    app = flask.Flask("bench")
    for route in range(ROUTES):
        app.add_url_rule(
            f"/section{route}/<number>", f"view{route}",
            lambda number: flask.Response(b"hello " + number.encode(), content_type="text/plain"),
        )  # fmt: skip
    return app


def make_environ(**fields):
    return {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/section50/42", "QUERY_STRING": "",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost", "HTTP_ACCEPT": "*/*",
        "HTTP_USER_AGENT": "bench", "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.multithread": True,
        "wsgi.multiprocess": False, "wsgi.run_once": False, **fields,
    }  # fmt: skip


def ask(app, **fields):
    seen = []
    body = app(make_environ(**fields), lambda status, headers, exc_info=None: seen.append((status, headers)))
    data = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return seen[-1][0][:3], data


def measure(app, calls, fields):
    environs = [make_environ(**fields) for _ in range(calls)]
    start = lambda status, headers, exc_info=None: None
    began = time.process_time()
    for environ in environs:
        body = app(environ, start)
        for _ in body:
            pass
        close = getattr(body, "close", None)
        if close is not None:
            close()
    return (time.process_time() - began) / calls * 1e6


def row(title, makers, expected, options, fields):
    apps, missing = {}, []
    for name, maker in makers.items():
        try:
            apps[name] = maker()
        except ImportError as error:
            missing.append(f"{name} ({error.name})")
            continue
        answer = ask(apps[name], **fields)
        assert answer == expected, (name, answer)
    times = {name: [] for name in apps}
    for _ in range(options.rounds):
        for name, app in apps.items():
            times[name].append(measure(app, options.calls, fields))
    ours_us = statistics.median(times["Tropea, all layers"])
    print(f"\n{title}\n{'':42}{'us':>8}{'spread':>10}{'Tropea / it':>13}")
    for name, values in times.items():
        middle = statistics.median(values)
        spread = f"±{(max(values) - min(values)) / 2 / middle * 100:.0f} %"
        print(f"{name:42}{middle:8.2f}{spread:>10}{ours_us / middle:13.2f}")
    if missing:
        print("not installed:", ", ".join(missing))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=2000)
    options = parser.parse_args()
    row(
        "one page, session untouched, no rule fires",
        {
            "Tropea, all layers": ours,
            "falcon, no layers": falcon_alone,
            "falcon, Beaker, webob, WhiteNoise, rules": falcon_with_layers,
            "flask, no layers": flask_alone,
        },
        ("200", PAGE), options, {},
    )  # fmt: skip
    row(
        "the session is read, the client holds the tag: 304",
        {
            "Tropea, all layers": lambda: ours(session_read=True),
            "falcon, Beaker, webob, WhiteNoise, rules": lambda: falcon_with_layers(session_read=True),
        },
        ("304", b""), options, {"HTTP_IF_NONE_MATCH": '"v1"'},
    )  # fmt: skip


if __name__ == "__main__":
    main()
