"""One request between two PEP 3333 validators, and applications to put in the middle."""

import io
import threading
from types import SimpleNamespace
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from hypothesis import settings

# A shared machine is slow now and then; what takes too long is measured elsewhere.
settings.register_profile("caching", deadline=None)
settings.load_profile("caching")


class Body:
    """A body that counts its steps and its closing."""

    def __init__(self, *blocks):
        self.blocks, self.steps, self.closed = blocks, 0, 0

    def __iter__(self):
        for block in self.blocks:
            self.steps += 1
            if isinstance(block, BaseException):
                raise block
            yield block

    def close(self):
        self.closed += 1


def make_environ(path="/", method="GET", headers=None, body=None, **extra):
    environ = {"REQUEST_METHOD": method, "SCRIPT_NAME": ""}
    environ["PATH_INFO"], _, environ["QUERY_STRING"] = path.partition("?")
    setup_testing_defaults(environ)
    environ["wsgi.multithread"] = True
    if body is not None:
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    environ.update(extra)
    return environ


def request(app, path="/", method="GET", headers=None, body=None, check=True, **extra):
    """Run one request; return its status, fields, body and how many blocks it came in."""
    environ = make_environ(path, method, headers, body, **extra)
    heads, written = [], []

    def start_response(status, fields, exc_info=None):
        heads.append((status, list(fields)))
        return written.append

    answer = (validator(app) if check else app)(environ, start_response)
    blocks = []
    try:
        for block in answer:
            blocks.append(block)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    status, fields = heads[-1]
    lower = {}
    for name, value in fields:
        lower[name.lower()] = f"{lower[name.lower()]}, {value}" if name.lower() in lower else value
    return SimpleNamespace(
        status=int(status[:3]),
        line=status,
        fields=fields,
        headers=lower,
        body=b"".join(written + blocks),
        blocks=blocks,
    )


def answering(*fields, body=b"hello", status="200 OK"):
    """Make an application that gives one answer, and remembers how it was used."""

    def app(environ, start_response):
        app.calls += 1
        app.environ = dict(environ)
        app.body = Body(*((body,) if isinstance(body, bytes) else body))
        plain = status[:3] in ("204", "304") or any(n.lower() == "content-type" for n, _ in fields)
        head = list(fields) if plain else [("Content-Type", "text/plain"), *fields]
        start_response(status, head)
        return app.body

    app.calls = 0
    return app


@pytest.fixture
def fetch():
    return request


@pytest.fixture
def answer_with():
    return answering


@pytest.fixture
def environ_of():
    return make_environ


@pytest.fixture
def counted_body():
    return Body


class Clock:
    """Seconds since the epoch that pass when somebody says so."""

    def __init__(self, now=1_800_000_000.0):
        self.now = now

    def __call__(self):
        return self.now


class Site:
    """An application whose every answer is new, told what to answer by its tests.

    fields, status: of the next answers.  bodies: counted up in every answer, so that each differs.
    """

    def __init__(self):
        self.fields, self.status, self.calls, self.seen = [], "200 OK", 0, []
        self.body = None  # makes the body of call n; None for b"answer n"
        self.bodies, self.lock = [], threading.Lock()

    def __call__(self, environ, start_response):
        with self.lock:
            self.calls += 1
            number = self.calls
        self.seen.append(dict(environ))
        fields = self.fields(environ) if callable(self.fields) else self.fields
        status = self.status(environ) if callable(self.status) else self.status
        plain = status[:3] in ("204", "304")
        head = list(fields) if plain else [("Content-Type", "text/plain"), *fields]
        blocks = self.body(number) if self.body else [b"answer %d" % number]
        start_response(status, head)
        if plain or environ["REQUEST_METHOD"] == "HEAD":
            blocks = []
        self.bodies.append(Body(*blocks))
        return self.bodies[-1]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def site():
    return Site()


@pytest.fixture
def cached(site, clock):
    """Return a client of the site behind a cache: ``get = cached(**options)``."""
    from tropea.caching import HTTPCacheMiddleware

    def build(**options):
        given = {"clock": clock, "background": lambda job: site.jobs.append(job), **options}
        site.jobs = []
        layer = HTTPCacheMiddleware(site, **given)

        def get(path="/", headers=None, method="GET", **more):
            return request(layer, path, method, headers, **more)

        get.layer = layer
        return get

    return build
