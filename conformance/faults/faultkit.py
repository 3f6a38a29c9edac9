"""What the experiments share: how they are named, what they measure, and servers that can be broken."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIN = Path(sys.executable).parent
#: Experiments are run at a small size where the environment says so; the figures say which it was.
QUICK = bool(os.environ.get("TROPEA_FAULTS_QUICK"))


@dataclass(frozen=True)
class Experiment:
    """One fault, what has to hold, and how it is tried."""

    number: str
    fault: str
    criterion: str
    run: object
    minutes: float


EXPERIMENTS: dict[str, Experiment] = {}


class Missing(Exception):
    """Something that an experiment needs is not on this machine."""


def experiment(number, fault, criterion, minutes=1.0):
    """Name a function as an experiment; it returns its figures as text, and raises where it fails."""

    def keep(run):
        EXPERIMENTS[number] = Experiment(number, fault, criterion, run, minutes)
        return run

    return keep


def size(full, quick):
    return quick if QUICK else full


def load(path):
    """Import a file of the tests by its path, so that its servers serve here too."""
    with LOADING:
        if path not in LOADED:
            spec = importlib.util.spec_from_file_location("faults_" + re.sub(r"\W", "_", path), ROOT / path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            LOADED[path] = module
        return LOADED[path]


LOADED: dict[str, object] = {}
LOADING = threading.RLock()


class Kit:
    """The browser, the site and the servers of the sessions package's tests."""

    def __getattr__(self, name):
        servers = load("packages/sessions/tests/servers.py")
        return getattr(servers if hasattr(servers, name) else load("packages/sessions/tests/conftest.py"), name)


def kit():
    return KIT


KIT = Kit()


def tests(*names):
    """Run tests of the packages by their ids; return how many passed."""
    command = [sys.executable, "-m", "pytest", "--no-header", "-rs", *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    said = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr[-300:]
    passed = re.search(r"(\d+) passed", said)
    if done.returncode or not passed:
        raise AssertionError(done.stdout[-3000:] + done.stderr[-1000:])
    reasons = sorted(set(re.findall(r"SKIPPED \[\d+\] \S+ (.*)", done.stdout)))
    return f"{passed[1]} tests passed" + (f" (left out: {'; '.join(reason.split(';')[0][:90] for reason in reasons)})" if reasons else "")


def program(name, *places):
    found = kit().find_program(name) or next((str(p) for place in places for p in Path("/").glob(place)), None)
    if found is None:
        raise Missing(f"no {name} on PATH")
    return found


@contextmanager
def redis(*arguments):
    server = kit().RedisServer(program("redis-server"), *arguments)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def memcached():
    port = free_port()
    process = kit().start_memcached(program("memcached"), port)
    try:
        yield f"memcached://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def postgresql():
    binaries = kit().postgresql_binaries()
    if binaries is None:
        raise Missing("no initdb on PATH")
    server = kit().PostgreSQLServer(binaries)
    try:
        yield server
    finally:
        server.remove()


@contextmanager
def broken_line(port):
    """A proxy before *port* whose line can be cut, slowed down or swallow everything."""
    proxy = kit().FaultProxy(port)
    try:
        yield proxy
    finally:
        proxy.close()


@contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="tropea-faults-") as name:
        yield Path(name)


def free_port():
    return kit().free_port()


@contextmanager
def addresses(where, *kinds):
    """Yield (kind, address) of every store of sessions that has an address."""
    import contextlib

    with contextlib.ExitStack() as stack:
        made = {"file": f"file://{where}", "sqlite": f"sqlite:///{where}/s.db"}
        if "redis" in kinds:
            made["redis"] = stack.enter_context(redis()).url
        if "memcached" in kinds:
            made["memcached"] = stack.enter_context(memcached())
        if "postgresql" in kinds:
            made["postgresql"] = stack.enter_context(postgresql()).url
        yield {kind: made[kind] for kind in kinds}


@contextmanager
def serving(*command, env=None, ready=None):
    """Run a server of its own; ``{port}`` in the command is its port.  Yield (port, process)."""
    port = ready or free_port()
    command = [str(part).replace("{port}", str(port)) for part in command]
    beside = BIN / command[0]
    command[0] = str(beside) if beside.exists() else command[0]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, cwd=HERE, env=os.environ | {"PYTHONPATH": str(HERE)} | (env or {}),
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            try:
                kit().wait_for_port(port, process, 30)
            except RuntimeError as error:
                log.seek(0)
                raise RuntimeError(f"{error}: {log.read()[-2000:].decode()}") from None
            yield port, process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Line:
    """A client over the wire that keeps its cookie."""

    def __init__(self, port):
        self.port, self.cookie = port, None

    def get(self, target, timeout=30):
        """Return (status, text); raises OSError where the connection is cut."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            line.request("GET", target, headers={"Cookie": self.cookie} if self.cookie else {})
            answer = line.getresponse()
            text = answer.read().decode()
            if made := answer.getheader("Set-Cookie"):
                self.cookie = made.partition(";")[0]
            return answer.status, text
        except HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            line.close()


def paced(seconds, threads, rate, action):
    """Call ``action(thread, time)`` *rate* times a second in all; return how many threads still run 10 s later."""
    began = time.monotonic()

    def work(number):
        turn = 0
        while (now := time.monotonic() - began) < seconds:
            due = (turn + number / threads) * threads / rate
            if due > now:
                time.sleep(min(due - now, seconds - now))
                continue
            action(number, now)
            turn += 1

    running = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(max(0.0, began + seconds + 10 - time.monotonic()))
    return sum(thread.is_alive() for thread in running)


def part(values, share):
    """The value below which *share* of the values are."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def ms(seconds):
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def files():
    return len(os.listdir("/proc/self/fd"))


def resident():
    """Tell the resident memory of this process in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def environ_of(path="/", **more):
    path, _, query = path.partition("?")
    return kit().make_environ(path, query, **{"REMOTE_ADDR": "127.0.0.1", **more})


def ask(app, path="/", **more):
    """Answer one request whole; return (code, headers as a dict, body)."""
    heads = []

    def start(status, headers, exc_info=None):
        heads[:] = [(status, headers)]
        return lambda block: None

    body = app(environ_of(path, **more), start)
    try:
        blocks = b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()
    return int(heads[0][0][:3]), {name.lower(): value for name, value in heads[0][1]}, blocks


def together(count, work):
    """Run ``work(0) … work(count - 1)`` at once; return what they returned."""
    from tropea.sessions.testing import in_threads

    return in_threads(count, work)
