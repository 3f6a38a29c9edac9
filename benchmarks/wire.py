"""Over the wire: the demo and a bare dispatcher on four servers beside falcon, flask and nginx, with wrk.

    .venv/bin/python benchmarks/wire.py [--seconds 2] [--rounds 3]

One worker each.  Two figures: requests a second as wrk saw them, and the CPU time of the server's own
processes for a request, which a busy machine disturbs less.  Everything is started first, each answer
is checked, then the rounds are interleaved; medians are given.  What is missing here is named.
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
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

BIN = Path(sys.executable).parent
DEMO = Path(__file__).resolve().parent.parent / "examples" / "onion"
TICKS = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 8

GIVEN = (
    "one worker each, eight connections kept alive; the demo is examples/onion with its seven layers and "
    "SQLite sessions, and makes its pages; falcon and flask stand alone, without layers, hand out the same "
    "page ready made, and serve files as their manuals say; nginx sends the page and the file from disk"
)

#: One module for all applications; the page of the demo is asked of the demo itself.
APPLICATIONS = '''
import os, sys
sys.path.insert(0, {demo!r})
ROOT = {root!r}
with open(os.path.join(ROOT, "recipe.html"), "rb") as file:
    PAGE = file.read()
KIND = "text/html; charset=UTF-8"

def make(name):
    return globals()["make_" + name]()

def make_demo():
    from onion.app import make_app
    return make_app({{}}, var={var!r})

def make_tropea():
    from tropea.core import Response, pipeline
    from tropea.dispatch import dispatcher_app
    from tropea.static import StaticMiddleware
    app = dispatcher_app()
    app.match("/hello/<name>", GET=lambda request, name: Response("hello " + name))
    app.match("/recipes/toast", GET=lambda request: Response(PAGE))
    return pipeline(StaticMiddleware.layer(ROOT + "/static", "/static/"), app)

def make_falcon():
    import falcon
    class Hello:
        def on_get(self, request, response, name):
            response.content_type, response.text = KIND, "hello " + name
    class Page:
        def on_get(self, request, response):
            response.content_type, response.data = KIND, PAGE
    app = falcon.App()
    app.add_route("/hello/{{name}}", Hello())
    app.add_route("/recipes/toast", Page())
    app.add_static_route("/static", ROOT + "/static")
    return app

def make_flask():
    import flask
    app = flask.Flask("bench", static_folder=ROOT + "/static")
    app.add_url_rule("/hello/<name>", "hello", lambda name: "hello " + name)
    app.add_url_rule("/recipes/toast", "page", lambda: flask.Response(PAGE, content_type=KIND))
    return app

app = make(os.environ["WIRE_APP"])
'''

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 512; }}
http {{
  types {{ text/css css; text/html html; }}
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port}; root {root}; etag on;
    location = /recipes/toast {{ try_files /recipe.html =404; }}
    location /static/ {{ }}
  }}
}}
"""

#: Server -> (its program, how it is started).
SERVERS = {
    "waitress": ("waitress-serve", ["--listen=127.0.0.1:{port}", "--threads=4", "wire_app:app"]),
    "gunicorn": ("gunicorn", ["--workers", "1", "--threads", "4", "--log-level", "error",
                              "--bind", "127.0.0.1:{port}", "wire_app:app"]),
    "granian": ("granian", ["--interface", "wsgi", "--workers", "1", "--blocking-threads", "1", "--no-ws",
                            "--log-level", "error", "--host", "127.0.0.1", "--port", "{port}", "wire_app:app"]),
    "uwsgi": ("uwsgi", ["--http-socket", "127.0.0.1:{port}", "--master", "--processes", "1", "--threads", "4",
                        "--disable-logging", "--http-keepalive", "--die-on-term", "--module", "wire_app:app"]),
}  # fmt: skip

CASES = {"hello": "/hello/42", "page": "/recipes/toast", "file": "/static/style.css"}
#: Who answers what.
APPS = {
    "demo": ("page", "file"),
    "tropea": ("hello", "page", "file"),
    "falcon": ("hello", "page", "file"),
    "flask": ("hello", "page", "file"),
}


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def program(name):
    beside = BIN / name
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return str(beside) if beside.exists() else shutil.which(name, path=path)


@contextmanager
def running(command, folder, port, app=""):
    environ = {**os.environ, "PYTHONPATH": str(folder), "WIRE_APP": app}
    with open(folder / f"{port}.log", "wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environ)
    try:
        for _ in range(600):
            if process.poll() is not None:
                break
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def family(pid):
    """List the process and its descendants."""
    pids = [pid]
    with suppress(OSError):
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


def fetched(port, path):
    for attempt in range(20):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return answer.status, answer.read()
        except ConnectionError:
            time.sleep(0.2)
    raise SystemExit(f"nobody answers at {port}{path}")


def wrk(wrk_program, port, path, seconds):
    """Return how many requests were answered, and fail where one was not as it should be."""
    command = [wrk_program, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", f"http://127.0.0.1:{port}{path}"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in shown:
        raise SystemExit(f"{path}: not every answer was a 200\n{shown}")
    return int(next(line for line in shown.splitlines() if " requests in " in line).split()[0])


def prepare(folder):
    """Write the demo's page and files where every contender finds them."""
    for place in (str(DEMO), str(folder)):
        sys.path.insert(0, place)
    from onion.app import make_app

    from tropea.core.testing import TestApp

    page = TestApp(make_app({}, var=str(folder / "var"))).get("/recipes/toast")
    assert page.status.startswith("200"), page.status
    (folder / "recipe.html").write_bytes(page.body)
    shutil.copytree(DEMO / "onion" / "static", folder / "static")
    (folder / "wire_app.py").write_text(
        APPLICATIONS.format(demo=str(DEMO), root=str(folder), var=str(folder / "var"))
    )
    return {
        "hello": b"hello 42",
        "page": page.body,
        "file": (folder / "static" / "style.css").read_bytes(),
    }


def contenders(folder, stack, missing):
    """Start everything; yield (server, application, port, process, the cases it answers)."""
    for server, (name, arguments) in SERVERS.items():
        found = program(name)
        if not found:
            missing.append(server)
            continue
        for app, cases in APPS.items():
            port = free_port()
            command = [found, *(word.replace("{port}", str(port)) for word in arguments)]
            yield server, app, port, stack.enter_context(running(command, folder, port, app)), cases
    nginx = program("nginx")
    if not nginx:
        missing.append("nginx")
        return
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, root=folder))
    command = [nginx, "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    yield "nginx", "", port, stack.enter_context(running(command, folder, port)), ("page", "file")


def run(seconds, rounds):
    """Return {"given", "missing", "rows"}; without wrk no rows."""
    wrk_program = program("wrk")
    if not wrk_program:
        return {"given": GIVEN, "missing": ["wrk"], "rows": []}
    missing, samples = [], {}
    with tempfile.TemporaryDirectory(prefix="tropea-wire-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker is somebody else where this runs as root
        expected = prepare(folder)
        everybody = list(contenders(folder, stack, missing))
        for server, app, port, _, cases in everybody:
            for case in cases:
                status, body = fetched(port, CASES[case])
                same = body == expected[case] or (app == "demo" and len(body) == len(expected[case]))
                if status != 200 or not same:
                    raise SystemExit(f"{app} on {server} answers {case} wrongly: {status} {body[:80]!r}")
        for number in range(rounds):
            for case, path in CASES.items():
                for server, app, port, process, cases in everybody:
                    if case in cases:
                        before, began = cpu(process.pid), time.monotonic()
                        done = wrk(wrk_program, port, path, seconds)
                        taken = time.monotonic() - began
                        sample = (done / taken, (cpu(process.pid) - before) / max(done, 1) * 1e6)
                        samples.setdefault((case, server, app), []).append(sample)
    rows = [
        {
            "case": case, "server": server, "app": app,
            "requests": round(statistics.median(s[0] for s in found)),
            "cpu_us": round(statistics.median(s[1] for s in found), 1),
            "cpu_us_least_most": [round(min(s[1] for s in found), 1), round(max(s[1] for s in found), 1)],
        }
        for (case, server, app), found in samples.items()
    ]  # fmt: skip
    return {"given": GIVEN, "missing": missing, "seconds": seconds, "rounds": rounds, "rows": rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    result = run(options.seconds, options.rounds)
    for name in result["missing"]:
        print(f"skipped: there is no {name} on this machine")
    for row in result["rows"]:
        print(f"{row['case']:6} {row['server']:9} {row['app']:7} {row['requests']:7} requests/s {row['cpu_us']:8.1f} us CPU")


if __name__ == "__main__":
    main()
