"""Serving: the banner, the end, the reload."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from urllib.request import urlopen

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(port, path="/", expected=None, seconds=30):
    """Ask until there is an answer, or the one expected."""
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            last = urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).read().decode()
            if expected is None or last == expected:
                return last
        except OSError as error:
            last = error
        time.sleep(0.1)
    pytest.fail(f"no answer in {seconds} s: {last}")


@pytest.fixture
def serve(folder):
    running = []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "tropea.cli", "serve", *arguments], cwd=folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "NO_COLOR": "1"},
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        process.stdout.close()
        process.stderr.close()
        process.wait()


def test_it_serves_shows_the_stack_and_stops_on_ctrl_c(serve):
    port = free_port()
    process = serve("app.ini", "--port", str(port))
    assert fetch(port) == "good day GET /"
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 0
    assert f"serving on http://127.0.0.1:{port} with waitress (Ctrl-C stops)\nplainapp.Adding\n└─ plainapp" in told
    assert told.rstrip().endswith("stopped")
    assert "Traceback" not in told


def test_the_server_of_the_ini_is_used_and_can_be_overridden(serve, folder):
    one, other = free_port(), free_port()
    with open(folder / "app.ini", "a") as ini:
        ini.write(f"\n[server:main]\nuse = egg:waitress\nhost = 127.0.0.1\nport = {one}\n")
    serve("app.ini")
    assert fetch(one) == "good day GET /"
    serve("app.ini", "--port", str(other))
    assert fetch(other) == "good day GET /"


def test_a_port_in_use_is_one_clear_line(serve):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = serve("app.ini", "--port", str(port))
        _, told = process.communicate(timeout=30)
    assert process.returncode == 2
    assert re.search(rf"tropea: http://127.0.0.1:{port} is in use; --port names another", told)
    assert "Traceback" not in told


def test_a_server_that_the_ini_lacks_is_named(serve):
    process = serve("app.ini", "--server-name", "none")
    _, told = process.communicate(timeout=30)
    assert "app.ini has no [server:none]" in told


def test_code_and_ini_changes_start_it_again(serve, folder):
    port = free_port()
    serve("app.ini", "--reload", "--port", str(port))
    assert fetch(port) == "good day GET /"
    ini = folder / "app.ini"
    ini.write_text(ini.read_text().replace("good day", "good night"))
    assert fetch(port, expected="good night GET /")
    code = folder / "plainapp.py"
    code.write_text(code.read_text().replace("{greeting} ", "{greeting}, "))
    assert fetch(port, expected="good night, GET /")


def test_an_error_in_the_code_is_mended_by_the_next_change(serve, folder):
    port = free_port()
    serve("app.ini", "--reload", "--port", str(port))
    fetch(port)
    code = folder / "plainapp.py"
    good = code.read_text()
    code.write_text("nonsense(\n")
    time.sleep(2)
    code.write_text(good.replace("{greeting} ", "{greeting}: "))
    assert fetch(port, expected="good day: GET /")
