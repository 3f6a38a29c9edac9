import os
import shutil
import subprocess
import threading

import pytest
from waitress.server import create_server
from waitress.wasyncore import close_all

from tropea.auth import PasswordMap
from tropea.core.testing import make_environ

REALM = "Kitchen"


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def passwords():
    made = PasswordMap()
    made.set(REALM, "ann", "secret")
    made.set(REALM, "Jäsøn Doe", "Secret, or not?")
    return made


def whoami(environ, start_response):
    """Answer with who the request is from; 401 where the query asks for it."""
    if environ["QUERY_STRING"] == "refuse":
        start_response("401 Unauthorized", [("Content-Type", "text/plain")])
        return [b"my own page"]
    body = f"{environ.get('AUTH_TYPE')} {environ.get('REMOTE_USER')} {environ.get('tropea.user')!r}".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture
def app():
    return whoami


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.code, self.headers, self.body = status, int(status[:3]), headers, body

    def get_all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name):
        return next(iter(self.get_all(name)), None)


@pytest.fixture
def ask():
    def call(app, path="/", **environ):
        heads = []
        body = b"".join(app(make_environ(PATH_INFO=path, **environ), lambda s, h, e=None: heads.append((s, h))))
        ((status, headers),) = heads
        assert not any(set(text) & set("\r\n\0") for pair in headers for text in pair)
        return Answer(status, headers, body)

    return call


@pytest.fixture
def serve():
    """Run an application on waitress, on a free port of this machine."""
    servers = []

    def start(app):
        server = create_server(app, host="127.0.0.1", port=0, threads=8)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.effective_port}"

    yield start
    for server, thread in servers:
        # In the loop's own thread: clients may have left connections open.
        server.trigger.pull_trigger(lambda server=server: close_all(server._map, ignore_all=True))
        thread.join(10)
        server.task_dispatcher.shutdown()
        assert not thread.is_alive()


@pytest.fixture
def program():
    """Find a program, or skip visibly; what TROPEA_REQUIRE names must be there."""

    def find(name):
        path = shutil.which(name)
        if path is None:
            message = f"{name} is not installed here"
            if name in os.environ.get("TROPEA_REQUIRE", "").split(","):
                pytest.fail(message)
            pytest.skip(message)
        return path

    def run(name, *arguments):
        return subprocess.run([find(name), *arguments], capture_output=True, text=True, timeout=30)

    run.find = find
    return run
