"""Behind real servers, with real clients: raw sockets, curl, a browser, and REDbot."""

import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from tropea.core.testing import serving
from tropea.static import build_assets, compress_tree, static_server


def need(name, found):
    """Skip, or fail where the environment says that *name* must be there."""
    if not found:
        required = os.environ.get("TROPEA_REQUIRE", "").replace(",", " ").split()
        (pytest.fail if name in required else pytest.skip)(f"{name} is not installed")


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *args):
        pass


class Threading(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@contextmanager
def on_wsgiref(app):
    with make_server("127.0.0.1", 0, app, Threading, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def on_waitress(app):
    pytest.importorskip("waitress")
    with serving.on_waitress(app, threads=4, clear_untrusted_proxy_headers=True) as address:
        yield int(address.rpartition(":")[2])


@contextmanager
def on_gunicorn(app):
    """gunicorn in a process of its own, serving the folder that *app* serves."""
    pytest.importorskip("gunicorn")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        command = ["-m", "gunicorn", "--workers", "1", "--threads", "4", "--log-level", "critical",
                   "--bind", f"fd://{listening.fileno()}", "served_alone:app"]  # fmt: skip
        with own_process(app, [sys.executable, *command], pass_fds=[listening.fileno()]):
            yield port


@contextmanager
def own_process(app, command, **options):
    """Run a server in a process of its own, with the folder that *app* serves."""
    root = Path(app.options.root)
    code = f"from tropea.static import static_server; app = static_server({str(root)!r}, memory=0)"
    (root.parent / "served_alone.py").write_text(code)
    process = subprocess.Popen(
        command,
        cwd=root.parent,
        env={**os.environ, "PYTHONPATH": str(root.parent)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **options,
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def on_program(name, *arguments):
    """Serve with a program beside this interpreter, where it is installed."""

    @contextmanager
    def on(app):
        program = Path(sys.executable).with_name(name)
        if not program.exists():
            pytest.skip(f"{name} is not installed")
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            port = listening.getsockname()[1]
        filled = [word.replace("{port}", str(port)) for word in arguments]
        with own_process(app, [str(program), *filled, "served_alone:app"]):
            yield port

    return on


SERVERS = {
    "wsgiref": on_wsgiref,
    "waitress": on_waitress,
    "gunicorn": on_gunicorn,
    "granian": on_program(
        "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", "{port}",
        "--blocking-threads", "4", "--no-ws", "--log-level", "critical",
    ),
    "cheroot": on_program("cheroot", "--bind", "127.0.0.1:{port}"),
    "uwsgi": on_program(
        "uwsgi", "--http-socket", "127.0.0.1:{port}", "--need-app", "--master", "--die-on-term",
        "--enable-threads", "--threads", "4", "--http-keepalive", "--add-header",
        "Connection: Keep-Alive", "--disable-logging", "--module",
    ),
}  # fmt: skip


def raw(port, *lines):
    """Send a request as bytes; return everything that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"\r\n".join([*lines, b"Host: x", b"Connection: close", b"", b""]))
        received = b""
        while block := connection.recv(1 << 16):
            received += block
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/") else 0, head, body


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    above = tmp_path_factory.mktemp("served")
    root = above / "root"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("hello")
    (root / "sub" / "index.html").write_text("<!doctype html><title>x</title>")
    (root / "big.bin").write_bytes(random.Random(3).randbytes(1_500_000))
    (root / ".env").write_text("SECRET")
    (above / "secret.txt").write_text("SECRET")
    (root / "link").symlink_to(above / "secret.txt")
    return root


@pytest.fixture(scope="module", params=SERVERS)
def port(request, site):
    with SERVERS[request.param](static_server(site, memory=0)) as number:
        for _ in range(200):
            try:
                raw(number, b"GET /a.txt HTTP/1.1")
                break
            except OSError:
                time.sleep(0.05)
        yield number


PIECES = (
    b"..", b".", b"%2e%2e", b"%2E.", b"%2f", b"%5c", b"\\", b"%00", b"secret.txt", b"sub", b"a.txt",
    b"link", b".env", b"%252e%252e", b"%c0%ae", b"%ff", b"C:", b"con", b"//", b"%0d%0a", b"?", b";x",
    b"root", b"%2e", b"..%2f..", b"....//", b"%u002e", b"\xc3\xa9", b"\xff", b"~", b"index.html", b"#",
)  # fmt: skip


class Client:
    """One connection that is kept as long as the server keeps it."""

    def __init__(self, port):
        self.port, self.socket, self.held = port, None, b""

    def ask(self, target):
        """Send a GET; return the whole answer, empty where the server only hangs up."""
        for _ in range(2):  # a connection that was kept may be closed under our hands
            fresh = self.socket is None
            try:
                if fresh:
                    self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=20)
                self.socket.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % target)
                answer = self._read()
            except ConnectionError:
                answer = b""
            if answer or fresh:
                break
            self.close()
        if not answer:
            self.close()
        return answer

    def _read(self):
        while b"\r\n\r\n" not in self.held and self._more():
            pass
        head, _, _ = self.held.lower().partition(b"\r\n\r\n")
        size = re.search(rb"\r\ncontent-length: *(\d+)", head)
        end = len(head) + 4 + int(size[1]) if size else sys.maxsize
        while len(self.held) < end and self._more():
            pass
        answer, self.held = self.held[:end], self.held[end:]
        if size is None or b"\r\nconnection: close" in head or head[:8] == b"http/1.0":
            self.close()
        return answer

    def _more(self):
        block = self.socket.recv(1 << 16)
        self.held += block
        return block

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket, self.held = None, b""


def hold_over_the_wire(port, site, count, seed):
    """No byte outside the root, no hint of one, no 5xx, whatever the request line says."""
    source, client = random.Random(seed), Client(port)
    hint = str(site.parent).encode()
    statuses = Counter()
    try:
        for _ in range(count):
            glue = source.choice((b"/", b"", b"%2f", b"\\"))
            target = glue.join(source.choices(PIECES, k=source.randint(1, 6)))
            target = target if source.random() < 0.05 else b"/" + target
            answer = client.ask(target)
            assert b"SECRET" not in answer, target
            assert hint not in answer, target
            status = int(answer[9:12]) if answer else 0
            assert status < 500, (target, answer[:200])
            statuses[status] += 1
    finally:
        client.close()
    return statuses


def test_no_request_line_reaches_a_byte_outside_the_root(port, site):
    statuses = hold_over_the_wire(port, site, 150, seed=7)
    assert statuses[404] > 50


@pytest.mark.slow
def test_thousands_of_request_lines_reach_no_byte_outside_the_root(port, site):
    """TROPEA_PATHS: how many for each server."""
    count = int(os.environ.get("TROPEA_PATHS", "4000"))
    statuses = hold_over_the_wire(port, site, count, seed=11)
    assert sum(statuses.values()) == count
    assert statuses[200] and statuses[404]
    print(f"{count:,} request lines: {dict(statuses)}")


@pytest.mark.parametrize(
    ("field", "span"),
    [(None, slice(None)), ("0-0", slice(1)), ("1000-", slice(1000, None)), ("-7", slice(-7, None)),
     ("100-1000099", slice(100, 1_000_100)), ("70000-139999", slice(70_000, 140_000))],
)  # fmt: skip
def test_whole_files_and_ranges_are_the_right_bytes_behind_every_server(port, site, field, span):
    lines = [b"GET /big.bin HTTP/1.1"] + ([b"Range: bytes=" + field.encode()] if field else [])
    status, head, body = raw(port, *lines)
    assert status == (206 if field else 200)
    assert body == (site / "big.bin").read_bytes()[span]
    assert b"content-length: %d" % len(body) in head.lower()


def test_head_and_304_have_no_body_behind_every_server(port):
    status, head, body = raw(port, b"HEAD /big.bin HTTP/1.1")
    assert (status, body) == (200, b"")
    tag = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"etag: "))[6:]
    status, _, body = raw(port, b"GET /big.bin HTTP/1.1", b"If-None-Match: " + tag)
    assert (status, body) == (304, b"")


def curl(*arguments):
    return subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, timeout=60)


def test_curl_resumes_a_download_unless_it_changed(tmp_path):
    need("curl", shutil.which("curl"))
    root = tmp_path / "root"
    root.mkdir()
    content = random.Random(5).randbytes(600_000)
    (root / "f.bin").write_bytes(content)
    got, tag = tmp_path / "got", tmp_path / "tag"
    with on_wsgiref(static_server(root, memory=0)) as port:
        url = f"http://127.0.0.1:{port}/f.bin"
        curl("-o", str(got), "--etag-save", str(tag), url)
        etag = tag.read_text().strip()
        got.write_bytes(content[:200_000])
        done = curl("-o", str(got), "-C", "-", "-H", f"If-Range: {etag}", url)
        assert done.returncode == 0
        assert got.read_bytes() == content

        (root / "f.bin").write_bytes(content[::-1])
        got.write_bytes(content[:200_000])
        done = curl("-o", str(got), "-C", "-", "-H", f"If-Range: {etag}", url)
        assert done.returncode == 33  # the server sends the whole: there is nothing to resume
        assert got.read_bytes() == content[:200_000]
        assert curl("-o", str(got), url).returncode == 0
        assert got.read_bytes() == content[::-1]


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>waiting</title>
<link rel="stylesheet" href="{css}"></head>
<body><h1>assets</h1><video id="v" src="{video}" muted preload="auto"></video>
<script src="{js}"></script></body></html>
"""
SCRIPT = """
const v = document.getElementById("v");
v.addEventListener("error", () => { document.title = "error " + v.error.code; });
v.addEventListener("loadedmetadata", () => { v.currentTime = v.duration * 0.8; });
v.addEventListener("seeked", () => {
  v.addEventListener("timeupdate", () => {
    if (v.currentTime > v.duration * 0.8 + 0.05) { document.title = "played"; }
  });
  v.play();
}, {once: true});
//# sourceMappingURL=app.js.map
"""


@contextmanager
def browser(tmp_path):
    selenium = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    need("browser", chromium and driver)
    options = selenium.ChromeOptions()
    options.binary_location = chromium
    for flag in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--autoplay-policy=no-user-gesture-required", f"--user-data-dir={tmp_path / 'profile'}",
    ):  # fmt: skip
        options.add_argument(flag)
    made = selenium.Chrome(options=options, service=Service(driver))
    try:
        made.set_page_load_timeout(60)
        yield made
    finally:
        made.quit()


RECORD = """
const done = arguments[arguments.length - 1];
const canvas = document.createElement("canvas");
canvas.width = 640; canvas.height = 360;
const pen = canvas.getContext("2d");
const draw = setInterval(() => {
  const image = pen.createImageData(640, 360);
  for (let i = 0; i < image.data.length; i++) { image.data[i] = Math.random() * 256; }
  pen.putImageData(image, 0, 0);
}, 40);
const recorder = new MediaRecorder(canvas.captureStream(25), {videoBitsPerSecond: 8000000});
const parts = [];
recorder.ondataavailable = (event) => parts.push(event.data);
recorder.onstop = async () => {
  clearInterval(draw);
  const reader = new FileReader();
  reader.onload = () => done(reader.result);
  reader.readAsDataURL(new Blob(parts));
};
recorder.start();
setTimeout(() => recorder.stop(), 4000);
"""


@pytest.mark.slow
def test_chromium_plays_a_video_by_ranges_and_loads_hashed_assets(tmp_path, fill):
    source = fill(
        tmp_path / "assets",
        {
            "css/app.css": "@import 'more.css';\nh1 { color: rgb(1, 2, 3); background: url(../img/dot.svg) }",
            "css/more.css": "body { margin: 7px }",
            "img/dot.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
            "js/app.js": SCRIPT,
            "js/app.js.map": '{"version":3,"file":"app.js","sources":[],"names":[],"mappings":""}',
        },
    )
    built = tmp_path / "built"
    names = build_assets(source, built)
    compress_tree(built, smallest=1)
    asked = []
    server = static_server(built, memory=0, manifest=built / "manifest.json")

    def app(environ, start_response):
        def start(status, fields, exc_info=None):
            asked.append(
                (environ["PATH_INFO"], status[:3], environ.get("HTTP_RANGE"), dict(fields))
            )
            return start_response(status, fields)

        return server(environ, start)

    with on_wsgiref(app) as port, browser(tmp_path) as chromium:
        chromium.set_script_timeout(60)
        chromium.get(f"http://127.0.0.1:{port}/manifest.json")
        film = chromium.execute_async_script(RECORD)
        import base64

        (built / "film.webm").write_bytes(base64.b64decode(film.partition(",")[2]))
        page = PAGE.format(css=names["css/app.css"], js=names["js/app.js"], video="film.webm")
        (built / "index.html").write_text(page)
        server.rescan()
        chromium.get(f"http://127.0.0.1:{port}/")
        deadline = time.monotonic() + 60
        while chromium.title == "waiting" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert chromium.title == "played"
        colour = chromium.execute_script(
            "return getComputedStyle(document.querySelector('h1')).color"
        )
        margin = chromium.execute_script("return getComputedStyle(document.body).marginTop")
        assert (colour, margin) == ("rgb(1, 2, 3)", "7px")
    answers = {path: (status, fields) for path, status, _, fields in asked}
    for plain in ("css/app.css", "css/more.css", "img/dot.svg", "js/app.js"):
        status, fields = answers["/" + names[plain]]
        assert status == "200"
        assert "immutable" in fields["Cache-Control"]
    ranges = [entry for entry in asked if entry[0] == "/film.webm" and entry[2]]
    assert ranges
    assert {entry[1] for entry in ranges} == {"206"}


REDBOT = """
import json, sys
from configparser import ConfigParser
import thor
from redbot.resource import HttpResource
config = ConfigParser()
config.read_dict({"redbot": {"enable_local_access": "True"}})
resource = HttpResource(config["redbot"], descend=False)
resource.set_request(sys.argv[1])
resource.on("check_done", thor.stop)
resource.check()
thor.run()

def every(notes):
    for note in notes:
        yield note.level.value, type(note).__name__
        yield from every(note.subnotes)

print(json.dumps([*every(resource.response.notes), *every(resource.request.notes)]))
"""

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8ffff"
    "3f0005fe02fedccc59e70000000049454e44ae426082"
)


@pytest.mark.slow
def test_redbot_has_nothing_to_complain_of(tmp_path, fill):
    pytest.importorskip("redbot")
    root = fill(
        tmp_path,
        {
            "a.css": "a { color: red }\n" * 200,
            "sub/index.html": f"<!doctype html><html lang=en><title>x</title><p>{'words ' * 500}",
            "p.png": PNG + bytes(5000),  # REDbot asks for a part that must be one
            "film.bin": random.Random(1).randbytes(500_000),
            "folder/x.txt": "x",
        },
    )
    compress_tree(root)
    with on_waitress(static_server(root, listing=True)) as port:
        for path in ("/a.css", "/sub/", "/sub", "/p.png", "/film.bin", "/folder/", "/none"):
            url = f"http://127.0.0.1:{port}{path}"
            done = subprocess.run(
                [sys.executable, "-c", REDBOT, url], capture_output=True, text=True, timeout=60
            )
            notes = json.loads(done.stdout)
            assert len(notes) >= 3
            assert [note for note in notes if note[0] in {"warning", "bad"}] == [], path
