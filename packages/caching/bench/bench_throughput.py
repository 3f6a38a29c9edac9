"""Hits over the wire: our cache on waitress and on granian, beside nginx's proxy_cache, by wrk.

python packages/caching/bench/bench_throughput.py [rounds] [seconds]

Every server has one process and answers the same page of 10 kB out of its cache; beside them the
servers alone, with an application that does nothing but answer.  Requests a second depend on what
else the machine does; the processor time of the server for one request hardly does, so both are
printed.  What is not installed is left out, and said.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

APP = """
from tropea.caching import HTTPCacheMiddleware

BODY = b"x" * 10_000
HEAD = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "max-age=86400"),
        ("ETag", '"v1"'), ("Content-Length", "10000")]

def bare(environ, start_response):
    start_response("200 OK", list(HEAD))
    return [BODY]

def made(environ, start_response):
    # what a page costs that somebody wants to cache: some milliseconds of templates and queries
    sum(range(100_000))
    return bare(environ, start_response)

cached = HTTPCacheMiddleware(made, "memory:")
"""
WAITRESS = """
import sys, waitress, app
waitress.serve(getattr(app, sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), threads=4)
"""
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off; default_type text/plain;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  proxy_cache_path {folder}/cache keys_zone=pages:10m;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://127.0.0.1:{origin}; proxy_cache pages; proxy_cache_lock on; }}
  }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name):
    return shutil.which(
        name,
        path=os.pathsep.join(
            [os.environ.get("PATH", ""), "/usr/sbin", str(Path(sys.executable).parent)]
        ),
    )


@contextmanager
def serving(command, port, folder):
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(400):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError(f"{command[0]} did not start") from None
                time.sleep(0.05)
        yield process.pid, port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def family(pid):
    """Name a process and all that it started."""
    found = [pid]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            found += map(int, children.read_text().split())
    return set(found)


def processor_seconds(pid):
    """Return what a server and its workers have used until now."""
    ticks = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def load(pid, port, seconds):
    """Ask for *seconds*; return requests a second, and µs of the server's processor for one."""
    before = processor_seconds(pid)
    said = subprocess.run(
        ["wrk", "-t1", "-c16", f"-d{seconds}s", f"http://127.0.0.1:{port}/"],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    ).stdout
    used = processor_seconds(pid) - before
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors:.*", said)
    assert bad is None, bad
    done = int(re.search(r"(\d+) requests in", said)[1])
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), used / done * 1e6


def commands(folder):
    """Yield a label, a command and a port for each server that is found."""
    (folder / "app.py").write_text(APP)
    (folder / "serve.py").write_text(WAITRESS)
    origin = free_port()
    yield "", [sys.executable, "serve.py", "made", str(origin)], origin
    for name in ("bare", "made", "cached"):
        label = {"bare": "answers only", "made": "makes the page", "cached": "our cache, hit"}[name]
        port = free_port()
        yield f"waitress, {label}", [sys.executable, "serve.py", name, str(port)], port
        if find_spec("granian"):
            port = free_port()
            yield (
                f"granian, {label}",
                [
                    sys.executable,
                    "-m",
                    "granian",
                    "--interface",
                    "wsgi",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    str(port),
                    "--workers",
                    "1",
                    "--no-ws",
                    f"app:{name}",
                ],
                port,
            )
    if program("nginx"):
        port = free_port()
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, origin=origin))
        yield (
            "nginx, proxy_cache, hit",
            [
                program("nginx"),
                "-p",
                str(folder),
                "-e",
                str(folder / "error.log"),
                "-c",
                str(folder / "nginx.conf"),
            ],
            port,
        )


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    if not program("wrk"):
        print("throughput: no wrk here")
        return
    for name, found in (("nginx", program("nginx")), ("granian", find_spec("granian"))):
        if not found:
            print(f"throughput: no {name} here")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)  # nginx's worker is another user where root runs this
        servers = {
            label: stack.enter_context(serving(command, port, folder))
            for label, command, port in commands(folder)
        }
        del servers[""]
        taken = {label: [] for label in servers}
        for _ in range(rounds):
            for label, (pid, port) in servers.items():
                taken[label].append(load(pid, port, seconds))
    for label, figures in taken.items():
        rate = statistics.median(rate for rate, _ in figures)
        cost = statistics.median(cost for _, cost in figures)
        print(
            f"hits of 10 kB by wrk: {label:26} {rate:8.0f} a second, {cost:6.1f} µs of processor each"
        )


if __name__ == "__main__":
    main()
