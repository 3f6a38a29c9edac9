"""Static files over the wire: our application and whitenoise on WSGI servers, beside nginx, with wrk.

Run: python bench_wire.py [--seconds 3] [--rounds 3]

Needs wrk; takes the servers that are installed of nginx, granian, gunicorn, waitress and uwsgi.  Each
runs one worker.  Two numbers are shown: requests a second as wrk saw them, and the CPU time that the
server's own processes used for a request, which a busy machine disturbs less.  Rounds are interleaved,
medians are shown.  Every server's answer is checked before it is measured.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

BIN = Path(sys.executable).parent
TICKS = os.sysconf("SC_CLK_TCK")

APP = """
import sys
from tropea.static import static_server
from whitenoise import WhiteNoise

def none(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"none"]

tropea = static_server({root!r}, immutable=("*.[0-9a-f]*.js",))
whitenoise = WhiteNoise(none, root={root!r})
"""

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 512; }}
http {{
  types {{ text/css css; application/octet-stream bin; }}
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {root}; etag on; expires 60s; gzip_static on; }}
}}
"""


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def commands(app):
    """Server -> how it is started for an application of the module ``wire_app``."""
    return {
        "granian": [str(BIN / "granian"), "--interface", "wsgi", "--workers", "1", "--blocking-threads", "1",
                    "--no-ws", "--log-level", "error", "--host", "127.0.0.1", "--port", "{port}", f"wire_app:{app}"],
        "gunicorn": [str(BIN / "gunicorn"), "--workers", "1", "--threads", "4", "--log-level", "error",
                     "--bind", "127.0.0.1:{port}", f"wire_app:{app}"],
        "waitress": [str(BIN / "waitress-serve"), "--listen=127.0.0.1:{port}", f"wire_app:{app}"],
        "uwsgi": [str(BIN / "uwsgi"), "--http-socket", "127.0.0.1:{port}", "--master", "--processes", "1",
                  "--disable-logging", "--http-keepalive", "--die-on-term", "--module", f"wire_app:{app}"],
    }  # fmt: skip


@contextmanager
def running(command, folder, port):
    filled = [word.replace("{port}", str(port)) for word in command]
    process = subprocess.Popen(
        filled, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )  # fmt: skip
    try:
        for _ in range(200):
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def family(pid):
    """The process and its descendants."""
    pids = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            for child in (task / "children").read_text().split():
                pids += family(int(child))
    return pids


def cpu(pid):
    used = 0
    for one in family(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            used += int(fields[11]) + int(fields[12])
    return used / TICKS


def wrk(url, seconds, headers):
    command = ["wrk", "-t1", "-c8", f"-d{seconds}s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    shown = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    done = float(next(line for line in shown.splitlines() if " requests in " in line).split()[0])
    return done, done / seconds


def ask(url, headers):
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, b""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        root = folder / "root"
        root.mkdir()
        (root / "small.css").write_bytes(b"a { color: red }\n" * 60 + b"\n" * 4)
        (root / "large.bin").write_bytes(os.urandom(100 * 1024))
        (folder / "wire_app.py").write_text(APP.format(root=str(root)))
        rivals = {}
        nginx = shutil.which("nginx") or (
            "/usr/sbin/nginx" if Path("/usr/sbin/nginx").exists() else None
        )
        if nginx:
            rivals["nginx"] = None
        for app in ("tropea", "whitenoise"):
            for server, command in commands(app).items():
                if Path(command[0]).exists():
                    rivals[f"{server} {app}"] = command
        found = {}
        for _ in range(options.rounds):
            for name, command in rivals.items():
                port = free_port()
                if command is None:
                    (folder / "nginx.conf").write_text(
                        NGINX.format(folder=folder, port=port, root=root)
                    )
                    command = [
                        nginx,
                        "-c",
                        str(folder / "nginx.conf"),
                        "-e",
                        str(folder / "error.log"),
                    ]
                with running(command, folder, port) as process:
                    measure(found, name, process, f"http://127.0.0.1:{port}", root, options.seconds)
        report(found)


def measure(found, name, process, base, root, seconds):
    status, head, body = ask(f"{base}/small.css", {})
    assert (status, body) == (200, (root / "small.css").read_bytes()), (name, status)
    tag = head["ETag"]
    assert ask(f"{base}/small.css", {"If-None-Match": tag})[0] == 304, name
    part = ask(f"{base}/large.bin", {"Range": "bytes=1000-1999"})
    assert (part[0], part[2]) == (206, (root / "large.bin").read_bytes()[1000:2000]), name
    for case, path, headers in (
        ("1 kB", "small.css", {}), ("100 kB", "large.bin", {}),
        ("304", "small.css", {"If-None-Match": tag}), ("206", "large.bin", {"Range": "bytes=1000-1999"}),
    ):  # fmt: skip
        before = cpu(process.pid)
        done, rate = wrk(f"{base}/{path}", seconds, headers)
        used = (cpu(process.pid) - before) / max(done, 1) * 1e6
        found.setdefault(name, {}).setdefault(case, []).append((rate, used))


def report(found):
    cases = ("1 kB", "100 kB", "304", "206")
    print(f"{'':<22}" + "".join(f"{case:>22}" for case in cases))
    print(f"{'':<22}" + f"{'requests/s   µs CPU':>22}" * len(cases))
    for name, rows in sorted(found.items()):
        line = f"{name:<22}"
        for case in cases:
            rate = statistics.median(one[0] for one in rows[case])
            used = statistics.median(one[1] for one in rows[case])
            line += f"{rate:13,.0f}{used:9.1f}"
        print(line)


if __name__ == "__main__":
    main()
