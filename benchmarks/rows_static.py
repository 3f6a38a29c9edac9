"""Static files in process: memory or files opened, validators, ranges, and what is no file."""

import atexit
import os
import tempfile
from pathlib import Path

from timing import WSGI_FLOOR, Contender, Row, Target, ask, driven, make_environ

FOLDER = tempfile.TemporaryDirectory(prefix="tropea-bench-")
atexit.register(FOLDER.cleanup)
ROOT = Path(FOLDER.name)
SMALL, LARGE = (b"a { color: red } \n" * 60)[:1024], os.urandom(100 * 1024)


def fill():
    (ROOT / "small.css").write_bytes(SMALL)
    (ROOT / "large.bin").write_bytes(LARGE)
    for number in range(1000):  # so that tables are tables
        (ROOT / f"other{number}.js").write_bytes(b"let a = 1;")


def missing(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"no"]


def tropea(**options):
    from tropea.static import StaticMiddleware

    return StaticMiddleware(missing, ROOT, prefix="/static/", **options)


def whitenoise():
    from whitenoise import WhiteNoise

    return WhiteNoise(missing, root=str(ROOT), prefix="/static/")


def asking(app, name, given=None, **fields):
    """Make a contender; *given* names the field that gets the file's own validator."""
    fields["PATH_INFO"] = f"/static/{name}"
    if given is not None:
        key, source = given
        fields[key] = dict(ask(app, make_environ(**fields))[2])[source]
    return Contender(
        driven(app), lambda: make_environ(**fields), lambda: ask(app, make_environ(**fields))[:2]
    )


def rows():
    fill()
    part = {"HTTP_RANGE": "bytes=1000-1999"}
    for case, name, given, fields, expected, limit in (
        ("200, 1 kB", "small.css", None, {}, ("200", SMALL), 0.3),
        ("200, 100 kB", "large.bin", None, {}, ("200", LARGE), 0.5),
        ("304 by tag", "small.css", ("HTTP_IF_NONE_MATCH", "ETag"), {}, ("304", b""), 0.7),
        ("304 by date", "small.css", ("HTTP_IF_MODIFIED_SINCE", "Last-Modified"), {}, ("304", b""), 0.7),
        ("206, 1 kB of 100 kB", "large.bin", None, part, ("206", LARGE[1000:2000]), 0.7),
        ("no such file", "nothing", None, {}, ("404", b"no"), 1.0),
    ):  # fmt: skip
        for concern, ours, targets, given_to_peers in (
            ("static files", tropea, (Target(limit, "WhiteNoise"),),
             "all features on; ours keeps small files in memory, WhiteNoise opens every file"),
            ("static files, none in memory", lambda: tropea(memory=0), (),
             "as before, with memory=0: like for like"),
        ):
            makers = {"Tropea": ours, "WhiteNoise": whitenoise}
            yield Row(
                concern, case,
                {n: lambda m=m, a=name, g=given, f=fields: asking(m(), a, g, **f)
                 for n, m in makers.items()},
                expected, targets, given_to_peers, WSGI_FLOOR,
            )  # fmt: skip
