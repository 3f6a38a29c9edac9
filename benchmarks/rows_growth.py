"""What grows with an application: sessions, files and layers (routes, rules and entries have rows)."""

import atexit
import itertools
import tempfile
from pathlib import Path

import rows_sessions
from rows_objects import FIELD, page
from timing import WSGI_FLOOR, Row, ask, make_environ, wsgi

FOLDER = tempfile.TemporaryDirectory(prefix="tropea-growth-")
atexit.register(FOLDER.cleanup)
NUMBERS = itertools.count()


# -- sessions


def crowded(app, count):
    """Give the store *count* sessions, each of a visitor of its own; then come as one of them."""
    for _ in range(count - 1):
        ask(app, make_environ(PATH_INFO="/written"))
    return rows_sessions.visited(app, "/read")


def sqlite(count):
    """As :func:`crowded`; the table is filled below the layer, since a commit each takes minutes."""
    from tropea.sessions import SQLiteStore

    store = SQLiteStore(Path(FOLDER.name) / f"sessions{next(NUMBERS)}.db")
    for number in range(count - 1):
        store.create(f"{number:064x}", b'{"n": 2}', 3600)
    return rows_sessions.visited(rows_sessions.tropea(store), "/read")


# -- files


def folder(count):
    root = Path(FOLDER.name) / f"files{count}"
    if not root.exists():
        root.mkdir()
        for number in range(count - 1):
            (root / f"file{number}.css").write_bytes(b"a { color: red } \n")
        (root / "last.css").write_bytes((b"a { color: red } \n" * 60)[:1024])
    return root


def missing(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"no"]


def tropea_static(count):
    from tropea.static import StaticMiddleware

    return wsgi(StaticMiddleware(missing, folder(count), prefix="/static/"), PATH_INFO="/static/last.css")


def whitenoise(count):
    from whitenoise import WhiteNoise

    return wsgi(WhiteNoise(missing, root=str(folder(count)), prefix="/static/"), PATH_INFO="/static/last.css")


# -- layers


def nothing(count):
    from tropea.core import Layer

    app = page
    for _ in range(count):
        app = Layer(app)
    return wsgi(app)


def nosniff(app):
    """The least that a layer can be which adds a field: a closure."""

    def layer(environ, start_response):
        def start(status, headers, exc_info=None):
            headers.append(FIELD)
            return start_response(status, headers, *([exc_info] if exc_info else ()))

        return app(environ, start)

    return layer


def closures(count):
    app = page
    for _ in range(count):
        app = nosniff(app)
    return wsgi(app)


def editing(count):
    from rows_objects import layers

    return layers(count, "editing")


def wsgify(count):
    from webob.dec import wsgify as decorator

    @decorator.middleware
    def layer(request, app):
        response = request.get_response(app)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    app = page
    for _ in range(count):
        app = layer(app)
    return wsgi(app)


def rows():
    memory = {
        "Tropea": lambda count: crowded(rows_sessions.memory("json"), count),
        "Tropea, SQLite": sqlite,
        "Beaker": lambda count: crowded(rows_sessions.beaker(**{"session.type": "memory"}), count),
    }
    for count in (10, 100, 1000, 10_000):
        yield Row(
            "growth", f"a session read among {count:,}",
            {name: lambda m=make, c=count: m(c) for name, make in memory.items()},
            ("200", b"2"),
            given="sessions in memory, and in SQLite; Beaker's in memory; files of 1 kB; layers that add a "
            "field, beside closures and webob's wsgify.middleware",
            floor=WSGI_FLOOR, curve="sessions", size=count, flat=1.3,
        )  # fmt: skip
    small = (b"a { color: red } \n" * 60)[:1024]
    for count in (10, 100, 1000, 10_000):
        makers = {"Tropea": tropea_static, "WhiteNoise": whitenoise}
        yield Row(
            "growth", f"one of {count:,} files",
            {name: lambda m=make, c=count: m(c) for name, make in makers.items()},
            ("200", small), floor=WSGI_FLOOR, curve="files", size=count, flat=1.3,
        )  # fmt: skip
    for count in (1, 2, 4, 8, 16):
        makers = {"Tropea": editing, "Tropea, doing nothing": nothing, "closures": closures, "webob wsgify": wsgify}
        yield Row(
            "growth", f"{count} layers" if count > 1 else "1 layer",
            {name: lambda m=make, c=count: m(c) for name, make in makers.items()},
            ("200", b"hello"), floor=wsgi(page), curve="layers", size=count,
        )  # fmt: skip
