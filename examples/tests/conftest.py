"""Fixtures of the examples' tests: the examples themselves, servers, curl and a browser."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


@pytest.fixture(scope="session", autouse=True)
def onion_importable():
    """Make ``import onion`` find the example that lies beside these tests."""
    sys.path.insert(0, str(EXAMPLES / "onion"))
    yield
    sys.path.remove(str(EXAMPLES / "onion"))


@pytest.fixture
def load_example():
    """Import a single-file example anew, so that every test starts with its state empty."""

    def load(path: str):
        file = EXAMPLES / path
        spec = importlib.util.spec_from_file_location(f"example_{file.stem}", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def missing(name: str, what: str) -> None:
    """Skip with the reason, or fail where this machine promised to have *name*."""
    if name in os.environ.get("TROPEA_REQUIRE", "").split(","):
        pytest.fail(f"{what} is required here and is not installed")
    pytest.skip(f"{what} is not installed")


@pytest.fixture(scope="session")
def clone(tmp_path_factory):
    """A copy of the onion's folder, as a fresh clone has it; any free port in its ini."""
    folder = tmp_path_factory.mktemp("clone") / "onion"
    shutil.copytree(
        EXAMPLES / "onion", folder, ignore=shutil.ignore_patterns("var", "__pycache__")
    )
    ini = folder / "development.ini"
    ini.write_text(ini.read_text().replace("port = 8080", "port = 0"))
    return folder


ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


class Server:
    """A process that serves; ``url`` is where, ``lines`` what it has printed so far.

    silent_port: where it serves, of a server that does not tell.
    """

    def __init__(self, command, cwd, env=(), silent_port=None):
        self.process = subprocess.Popen(
            [str(word) for word in command], cwd=cwd, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **dict(env)},
        )
        self.lines: list[str] = []
        self.url = None
        self._found = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        if silent_port is not None:
            self._knock(silent_port)
        if not self._found.wait(60) or self.url is None:
            self.stop()
            pytest.fail("the server told no address:\n" + "".join(self.lines))

    def _knock(self, port):
        """Wait until something answers at *port*."""
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
            except OSError:
                time.sleep(0.05)
            else:
                self.url = f"http://127.0.0.1:{port}"
                break
        self._found.set()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            match = ADDRESS.search(line)
            if match and self.url is None:
                self.url = match[0]
                self._found.set()
        self._found.set()

    def stop(self, signum=signal.SIGINT):
        """End the process and return its exit code."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signum)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            code = self.process.wait()
        self._reader.join(10)
        self.process.stdout.close()
        return code


@pytest.fixture(scope="session")
def start():
    """Start servers: ``start(command, cwd)`` returns a Server that is stopped at the end."""
    started = []

    def start_one(*args, **kwargs):
        server = Server(*args, **kwargs)
        started.append(server)
        return server

    yield start_one
    for server in started:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="session")
def curl():
    """The path of curl."""
    return shutil.which("curl") or missing("curl", "curl")


@pytest.fixture(scope="session")
def require():
    """Skip, or fail where it was promised: ``require(name, what)``."""
    return missing
