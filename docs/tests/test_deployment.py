"""The page about gunicorn and nginx, with both of them."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parent.parent / "howto" / "deployment.md").read_text()


def block(language, number=0):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)[number]


def nginx_program():
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        needed = "nginx" in os.environ.get("TROPEA_REQUIRE", "").split(",")
        (pytest.fail if needed else pytest.skip)("there is no nginx on this machine")
    return program


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stdout.read()
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("it did not begin to listen")


@pytest.fixture
def started():
    running = []

    def start(command, folder):
        process = subprocess.Popen(
            command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.terminate()
        process.communicate(timeout=20)


def test_nginx_and_gunicorn_as_the_page_says(tmp_path, started):
    nginx = nginx_program()
    back, front = free_port(), free_port()
    (tmp_path / "shop.py").write_text(block("python"))
    command = block("console").removeprefix("$ ").split()
    assert command[0] == "gunicorn"
    command[command.index("--workers") + 1] = "1"
    command[command.index("--bind") + 1] = f"127.0.0.1:{back}"
    gunicorn = started([sys.executable, "-m", *command], tmp_path)
    server = block("nginx").replace("127.0.0.1:8080", f"127.0.0.1:{front}").replace(":8000", f":{back}")
    temporary = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/nginx.pid; error_log stderr;\nevents {{}}\n"
        f"http {{ access_log off;\n{temporary}{server}}}\n"
    )
    wait_for(back, gunicorn)
    wait_for(front, started([nginx, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)], tmp_path))
    forged = urllib.request.Request(
        f"http://127.0.0.1:{front}/",
        headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"},
    )
    with urllib.request.urlopen(forged, timeout=20) as answer:
        assert answer.read() == b"127.0.0.1 by http", "nginx replaces what a client forges"
