import os
import subprocess
import sys

import pytest

PLAIN = """
def app_factory(global_conf, greeting="hello", **options):
    def app(environ, start_response):
        if environ["PATH_INFO"] == "/boom":
            raise ValueError("boom")
        body = f"{greeting} {environ['REQUEST_METHOD']} {environ['PATH_INFO']}".encode()
        if environ["REQUEST_METHOD"] == "POST":
            body += b" " + environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status = "404 Not Found" if environ["PATH_INFO"] == "/missing" else "200 OK"
        start_response(status, [("Content-Type", "text/plain"), ("X-Cookie", environ.get("HTTP_COOKIE", ""))])
        return [body]
    return app


class Adding:
    def __init__(self, app, value):
        self.app, self.value = app, value

    def __call__(self, environ, start_response):
        environ["added"] = self.value
        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, ("X-Added", self.value)], exc_info)
        return self.app(environ, start)


def filter_factory(global_conf, value="1"):
    return lambda app: Adding(app, value)


def filter_app_factory(app, global_conf, value="1"):
    return Adding(app, value)


def greet_setup(app, global_conf, **options):
    print("set up with", options["greeting"])


application = app_factory({})
"""

INI = """\
[DEFAULT]
who = %(here)s

[pipeline:main]
pipeline = adding site

[filter:adding]
paste.filter_factory = plainapp:filter_factory
value = 2

[app:site]
paste.app_factory = plainapp:app_factory
greeting = good day

[tropea]
setup_app = plainapp:greet_setup
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "plainapp.py").write_text(PLAIN)
    (tmp_path / "app.ini").write_text(INI)
    return tmp_path


@pytest.fixture
def tropea(folder):
    """Run the command as a process in the folder of the little application."""

    def run(*arguments, input=None, **environ):
        return subprocess.run(
            [sys.executable, "-m", "tropea.cli", *arguments], cwd=folder, capture_output=True, text=True,
            input=input, timeout=60, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", **environ},
        )  # fmt: skip

    return run


@pytest.fixture
def free_port():
    """A port on which nobody listened a moment ago."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
