"""Start each server on a free port, and ask it over the wire."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlencode

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
RUN = "import sys; port = int(sys.argv[1]); from served import application as app; "

MODULES = Path("/usr/lib/apache2/modules")

#: Name: the module, file or program that has to be there, and the command.
SERVERS = {
    "waitress": ("waitress", ["waitress-serve", "--listen=127.0.0.1:{port}", "--outbuf-high-watermark=1048576", "served:application"]),
    "gunicorn-sync": ("gunicorn", ["gunicorn", "-b", "127.0.0.1:{port}", "-w", "1", "served:application"]),
    "gunicorn-gthread": ("gunicorn", ["gunicorn", "-b", "127.0.0.1:{port}", "-k", "gthread", "--threads", "8", "served:application"]),
    "gunicorn-gevent": ("gevent", ["gunicorn", "-b", "127.0.0.1:{port}", "-k", "gevent", "served:application"]),
    "uwsgi": ("uwsgi", ["uwsgi", "--http-socket", "127.0.0.1:{port}", "--module", "served:application", "--need-app",
                        "--die-on-term", "--master", "--threads", "4", "--virtualenv", sys.prefix, "--pythonpath", str(HERE)]),
    "cheroot": ("cheroot", ["cheroot", "--bind", "127.0.0.1:{port}", "served:application"]),
    "granian": ("granian", ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", "{port}", "served:application"]),
    "bjoern": ("bjoern", ["python", "-c", RUN + "import bjoern; bjoern.run(app, '127.0.0.1', port)", "{port}"]),
    "gevent.pywsgi": ("gevent", ["python", "-c", "from gevent import monkey; monkey.patch_all(); " + RUN
                      + "from gevent.pywsgi import WSGIServer; WSGIServer(('127.0.0.1', port), app, log=None).serve_forever()", "{port}"]),
    "uvicorn-a2wsgi": ("a2wsgi", ["python", "-c", RUN + "import uvicorn; from a2wsgi import WSGIMiddleware; "
                       "uvicorn.run(WSGIMiddleware(app), host='127.0.0.1', port=port, log_level='warning')", "{port}"]),
    "wsgiref": ("wsgiref", ["python", "-c", RUN + "from wsgiref.simple_server import *; from socketserver import ThreadingMixIn\n"
                "class Server(ThreadingMixIn, WSGIServer): daemon_threads = True\n"
                "make_server('127.0.0.1', port, app, Server).serve_forever()", "{port}"]),
    "mod_wsgi": (MODULES / "mod_wsgi.so", ["apache2", "-DFOREGROUND", "-d", "{folder}", "-f", "{folder}/httpd.conf"]),
    "apache-cgi": ("apache2", ["apache2", "-X", "-d", "{folder}", "-f", "{folder}/httpd.conf"]),
}  # fmt: skip


def found(needed):
    if needed == "uwsgi":
        return shutil.which(str(BIN / "uwsgi"))
    if needed == "apache2":
        return shutil.which("apache2") or shutil.which("httpd")
    return needed.exists() if isinstance(needed, Path) else importlib.util.find_spec(needed)


def why_not(name):
    """Say why a server cannot be tried here; None when it can."""
    needed, _ = SERVERS[name]
    if not found(needed):
        return f"{needed} is not installed"
    if name == "apache-cgi" and everybodys_python() is None:
        return "Apache leaves root, and no Python of this version is outside of root's own folder"
    if name == "mod_wsgi" and not (MODULES / f"mod_wsgi.so-3.{sys.version_info[1]}").exists():
        return f"Apache's mod_wsgi is of another Python than 3.{sys.version_info[1]}"
    return None


def everybodys_python():
    """Find this Python, or one of the same version that Apache's user may run."""
    if os.geteuid() != 0 or not Path(sys.executable).resolve().is_relative_to("/root"):
        return sys.executable
    other = Path(f"/usr/bin/python3.{sys.version_info[1]}")
    return str(other) if other.exists() else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configure_apache(folder, port, name):
    """Write what Apache needs to run the site, as a CGI program or in a process of mod_wsgi's."""
    names, lines = (as_cgi if name == "apache-cgi" else as_mod_wsgi)(folder)
    loads = "\n".join(f"LoadModule {n}_module {MODULES}/mod_{n}.so" for n in ("authz_core", *names))
    user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    (folder / "httpd.conf").write_text(
        f'{loads}\n{user}Listen 127.0.0.1:{port}\nServerName localhost\nPidFile "{folder}/pid"\n'
        f'ErrorLog "{folder}/errors"\nDocumentRoot "{folder}/var"\nMutex posixsem\n{lines}\n'
    )


def as_cgi(folder):
    script = folder / "cgi" / "served.cgi"
    script.parent.mkdir()
    words = {"python": everybodys_python(), "var": str(folder / "var"), "path": [str(HERE)],
             "packages": sysconfig.get_path("purelib")}  # fmt: skip
    script.write_text((HERE / "served.cgi.in").read_text().format(**words))
    script.chmod(0o755)
    allowed = f'<Directory "{script.parent}">\nRequire all granted\nOptions +ExecCGI\n</Directory>'
    return ("mpm_prefork", "cgi", "alias"), f'AcceptPathInfo On\nScriptAlias / "{script}/"\n{allowed}'


def as_mod_wsgi(folder):
    path = f"{HERE}:{sysconfig.get_path('purelib')}"
    return ("mpm_event", "wsgi"), (
        f'WSGISocketPrefix "{folder}/wsgi"\nWSGIDaemonProcess site processes=1 threads=8 python-path="{path}"\n'
        "WSGIProcessGroup site\nWSGIApplicationGroup %{GLOBAL}\n"
        f'WSGIScriptAlias / "{HERE}/served.py"\n<Directory "{HERE}">\nRequire all granted\n</Directory>'
    )


@contextmanager
def serving(name):
    """Run the server in a process and a folder of its own; yield its port."""
    # Not pytest's folder: Apache's user has to reach it, and any other pytest that starts shuts
    # the one above.
    with tempfile.TemporaryDirectory(prefix="tropea-", ignore_cleanup_errors=True) as place:
        Path(place).chmod(0o755)
        with serving_in(Path(place), name) as port:
            yield port


@contextmanager
def serving_in(folder, name):
    (folder / "var").mkdir()
    (folder / "var").chmod(0o777)
    port = free_port()
    if SERVERS[name][1][0] == "apache2":
        configure_apache(folder, port, name)
    program, *arguments = SERVERS[name][1]
    beside = BIN / program
    command = [str(beside) if beside.exists() else shutil.which(program) or program]
    command += [part.replace("{port}", str(port)).replace("{folder}", str(folder)) for part in arguments]
    environ = os.environ | {"TROPEA_EXAMPLE_VAR": str(folder / "var"), "PYTHONPATH": str(HERE),
                            "PATH": f"{BIN}:{os.environ['PATH']}"}  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=HERE, env=environ, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(port, process, folder)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


def wait_for(port, process, folder):
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the server did not start: {(folder / 'log').read_text()[-2000:]}")


class Client:
    """A client that keeps its cookie."""

    def __init__(self, port):
        self.port, self.cookie = port, None

    def ask(self, method, path, body=None, **headers):
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as line:
            return self.ask_on(line, method, path, body, headers)

    def ask_on(self, line, method, path, body, headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            fields["Cookie"] = self.cookie
        line.request(method, path, body, fields)
        answer = line.getresponse()
        with closing(answer):
            content = answer.read()
        if answer.getheader("Set-Cookie"):
            self.cookie = answer.getheader("Set-Cookie").partition(";")[0]
        return answer.status, answer.getheaders(), content


#: A server's own fields, and those that say how it frames a body.
ITS_OWN = {"date", "server", "connection", "keep-alive", "transfer-encoding", "via", "content-length"}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082")  # fmt: skip


def settled(answer):
    """Leave out what may differ: the server's own fields, random values."""
    status, fields, body = answer
    kept = sorted((n.lower(), re.sub(r", *", ", ", re.sub(r"=[\w~.-]{20,}", "=…", v))) for n, v in fields if n.lower() not in ITS_OWN)
    body, tokens = re.subn(rb'(name="csrf" value=")[^"]+', rb"\1", body)
    if tokens:  # and the tag is a digest of the page with its token
        kept = [(name, value) for name, value in kept if name != "etag"]
    return status, kept, body


def transcript(port):
    """Ask the same questions of any server; return the settled answers by name."""
    client, made = Client(port), {}
    static = client.ask("GET", "/static/onion.svg")
    etag = dict((n.lower(), v) for n, v in static[1])["etag"]
    made["file"] = static
    made["file, 304"] = client.ask("GET", "/static/onion.svg", If_None_Match=etag)
    made["file, 206"] = client.ask("GET", "/static/onion.svg", Range="bytes=0-9")
    made["file, 416"] = client.ask("GET", "/static/onion.svg", Range="bytes=999999-")
    made["file, HEAD"] = client.ask("HEAD", "/static/onion.svg")
    made["page"] = client.ask("GET", "/")
    made["page, HEAD"] = client.ask("HEAD", "/")
    made["nothing"] = client.ask("GET", "/nowhere")
    made["not allowed"] = client.ask("DELETE", "/")
    made["old address"] = client.ask("GET", "/index.php")
    made["encoded path"] = client.ask("GET", "/recipes/%C3%A9?x=%26")
    form = client.ask("GET", "/sign-in")
    token = re.search(rb'name="csrf" value="([^"]+)', form[2])[1].decode()
    plain = "application/x-www-form-urlencoded"
    made["form"] = client.ask("POST", "/sign-in", urlencode({"csrf": token, "cook": "Ann é"}), Content_Type=plain)
    made["after the form"] = client.ask("GET", "/")
    form = client.ask("GET", "/recipes/new")
    assert form[0] == 200, form
    token = re.search(rb'name="csrf" value="([^"]+)', form[2])[1]
    parts = {b"csrf": token, b"title": b"Onion soup", b"ingredients": b"onions", b"method": b"Slowly."}
    body = b"".join(b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % p for p in parts.items())
    body += b'--b\r\nContent-Disposition: form-data; name="picture"; filename="p.png"\r\nContent-Type: image/png\r\n\r\n'
    made["upload"] = client.ask("POST", "/recipes/new", body + PNG + b"\r\n--b--\r\n",
                                Content_Type="multipart/form-data; boundary=b")  # fmt: skip
    made["what was uploaded"] = client.ask("GET", "/recipes/onion-soup")
    return {name: settled(answer) for name, answer in made.items()}


def counts(port):
    return json.loads(Client(port).ask("GET", "/counted/counts")[2])


def leave_early(port, path="/counted/long"):
    """Read the head and a little of the body, then go away with a reset."""
    with socket.create_connection(("127.0.0.1", port), 30) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        line.recv(1024)
