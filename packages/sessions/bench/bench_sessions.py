"""Session layers side by side: CPU time a request, interleaved rounds, medians, answers checked.

    python packages/sessions/bench/bench_sessions.py [rounds]

The application reads, or adds one to, a counter in a session that exists.  Rows of peers that are
not installed are left out.  Flask's rows have Flask around them: its sessions come with it.
"""

import io
import statistics
import sys
import time

from tropea.sessions import MemoryStore, SealedCookieStore, SessionMiddleware, SignedCookieStore

SECRET = "0123456789abcdef0123456789abcdef"
REQUESTS = 2000


def app_for(key, save=None):
    def app(environ, start_response):
        path = environ["PATH_INFO"]
        text = b"-"
        if path != "/untouched":
            session = environ[key]
            if path == "/write":
                session["n"] = session.get("n", 0) + 1
                if save:
                    save(session)
            text = b"%d" % session.get("n", 0)
        start_response(
            "200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))]
        )
        return [text]

    return app


def raw(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "1")])
    return [b"0"]


def beaker(**options):
    from beaker.middleware import SessionMiddleware as Beaker

    app = app_for("beaker.session", save=lambda session: session.save())
    return Beaker(app, {"session.auto": False, **options})


def pyramid_signed():
    from pyramid.request import Request
    from pyramid.session import JSONSerializer, SignedCookieSessionFactory

    factory = SignedCookieSessionFactory(SECRET, serializer=JSONSerializer(), set_on_exception=True)
    inner = app_for("s")

    def app(environ, start_response):
        request = Request(environ)
        environ["s"] = factory(request)

        def start(status, headers, exc_info=None):
            from pyramid.response import Response

            response = Response()
            request._process_response_callbacks(response)
            cookies = [(n, v) for n, v in response.headerlist if n == "Set-Cookie"]
            return start_response(status, headers + cookies)

        return inner(environ, start)

    return app


def flask(**config):
    from flask import Flask, session

    app = Flask("bench")
    app.secret_key = SECRET
    if config:
        from flask_session import Session

        app.config.update(config)
        Session(app)

    @app.get("/untouched")
    def untouched():
        return "-"

    @app.get("/read")
    def read():
        return str(session.get("n", 0))

    @app.get("/write")
    def write():
        session["n"] = session.get("n", 0) + 1
        return str(session["n"])

    return app.wsgi_app


def flask_session():
    """Flask-Session in memory, which it does through cachelib; that pickles what it keeps."""
    from cachelib import SimpleCache

    return flask(SESSION_TYPE="cachelib", SESSION_CACHELIB=SimpleCache(threshold=100_000))


def ours(store, **options):
    return SessionMiddleware(app_for("tropea.session"), store, auto_purge_every=0, **options)


ROWS = {
    "raw application": lambda: raw,
    "tropea memory (json)": lambda: ours(MemoryStore(), codec="json"),
    "tropea memory (msgspec)": lambda: ours(MemoryStore(), codec="msgspec"),
    "tropea signed": lambda: ours(SignedCookieStore(SECRET), codec="json"),
    "tropea sealed": lambda: ours(SealedCookieStore(SECRET), codec="json"),
    "beaker memory": lambda: beaker(**{"session.type": "memory"}),
    "beaker AES cookie": lambda: beaker(
        **{"session.type": "cookie", "session.encrypt_key": SECRET, "session.validate_key": SECRET,
           "session.data_serializer": "json"}
    ),
    "pyramid signed": pyramid_signed,
    "flask signed": flask,
    "flask-session memory": flask_session,
}  # fmt: skip


class Client:
    def __init__(self, app):
        self.app, self.cookies = app, {}
        self.environ = {
            "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "QUERY_STRING": "", "SERVER_NAME": "x",
            "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
            "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
            "HTTP_HOST": "x", "REMOTE_ADDR": "192.0.2.1",
        }  # fmt: skip

    def get(self, path):
        environ = dict(self.environ, PATH_INFO=path)
        if self.cookies:
            environ["HTTP_COOKIE"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())

        def start(status, headers, exc_info=None):
            for name, value in headers:
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.partition(";")[0]

        body = self.app(environ, start)
        text = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        return text

    def cost(self, path):
        environ = dict(self.environ, PATH_INFO=path)
        environ["HTTP_COOKIE"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        app = self.app

        def start(status, headers, exc_info=None):
            return None

        began = time.process_time()
        for _ in range(REQUESTS):
            body = app(environ.copy(), start)
            for _block in body:
                pass
        return (time.process_time() - began) / REQUESTS * 1e6


def main(rounds=7):
    clients = {}
    for name, build in ROWS.items():
        try:
            client = Client(build())
        except ImportError as error:
            print(f"{name}: left out ({error})")
            continue
        if name != "raw application":
            for turn in (1, 2, 3):
                assert client.get("/write") == b"%d" % turn, name
            assert client.get("/read") == b"3", name
            assert client.get("/untouched") == b"-", name
        clients[name] = client
    paths = ("/untouched", "/read", "/write")
    costs = {(name, path): [] for name in clients for path in paths}
    for _ in range(rounds):
        for name, client in clients.items():
            for path in paths:
                costs[name, path].append(client.cost(path))
    medians = {key: statistics.median(values) for key, values in costs.items()}
    print(f"{'us a request':26}" + "".join(f"{p[1:]:>12}" for p in paths))
    for name in clients:
        print(f"{name:26}" + "".join(f"{medians[name, p]:12.2f}" for p in paths))
    print()
    for label, mine, peer, targets in (
        ("memory / Beaker (msgspec)", "tropea memory (msgspec)", "beaker memory", (0.5, 0.4, 0.5)),
        ("memory / Beaker (json)", "tropea memory (json)", "beaker memory", (0.5, 0.4, 0.5)),
        ("sealed / Pyramid signed", "tropea sealed", "pyramid signed", (None, 0.5, 0.5)),
        ("sealed / Beaker AES", "tropea sealed", "beaker AES cookie", (None, 0.15, 0.15)),
        ("signed / Flask", "tropea signed", "flask signed", (None, None, None)),
        ("memory / Flask-Session (json)", "tropea memory (json)", "flask-session memory",
         (None, None, None)),
    ):
        if peer not in clients:
            continue
        cells = []
        for path, target in zip(paths, targets, strict=True):
            ratio = medians[mine, path] / medians[peer, path]
            cells.append(f"{path[1:]} {ratio:.2f}" + (f" (target {target})" if target else ""))
        print(f"{label:32}" + ", ".join(cells))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
