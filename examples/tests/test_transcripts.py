"""The whole onion over a real socket: what curl sends, and what it gets, on four ways to serve."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import zlib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent


def png(width=2, height=2):
    """Make a small picture."""

    def chunk(kind, data):
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    rows = (b"\0" + b"\x8d\x21\x58" * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def exchanges(text):
    """Cut a transcript into requests with what is expected of each."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        mark, _, rest = line.partition(" ")
        if mark == "$":
            found.append((number, rest, []))
        elif mark in ("<", "!", "~", "?"):
            found[-1][2].append((number, mark, rest))
        elif line.strip() and mark != "#":
            raise AssertionError(f"line {number} is no transcript: {line}")
    return found


class Talk:
    """One visitor's curl, with a cookie jar, and what was kept of the answers."""

    def __init__(self, curl, url, folder):
        self.url = url
        self.command = [curl, "-si", "--max-time", "20", "-b", folder / "jar", "-c", folder / "jar"]
        self.names = {}

    def ask(self, arguments):
        words = shlex.split(self.put_in(arguments))
        (path,) = [n for n, word in enumerate(words) if word.startswith("/")][:1]
        words[path] = self.url + words[path]
        done = subprocess.run([*self.command, *words], capture_output=True)
        assert done.returncode == 0, (arguments, done.stderr)
        text = done.stdout.decode("utf-8", "replace")
        passing = r"HTTP/1\.1 (100|3\d\d) " if "-L" in words else r"HTTP/1\.1 100 "
        while re.match(passing, text):
            text = text.partition("\r\n\r\n")[2]
        head, _, body = text.partition("\r\n\r\n")
        return head, body

    def put_in(self, text):
        return re.sub(r"\{\{(\w+)\}\}", lambda m: self.names[m[1]], text)

    def check(self, line, mark, expected, head, body):
        answer = f"line {line}: {mark} {expected}\n{head}\n\n{body[:1500]}"
        pattern = self.put_in(expected).replace("[", "[[]").lower()
        lines = [got.lower() for got in head.split("\r\n")]
        if mark == "<":
            assert any(fnmatchcase(got, pattern) for got in lines), answer
        elif mark == "!":
            assert not any(fnmatchcase(got, pattern) for got in lines), answer
            assert self.put_in(expected) not in body, answer
        elif mark == "~":
            assert self.put_in(expected) in body, answer
        else:
            name, _, expression = expected.partition(" ")
            match = re.search(expression, f"{head}\n{body}")
            assert match, answer
            self.names[name] = match[1]


COMMANDS = {
    "waitress, from Python": [sys.executable, "serve.py", "--var", "var-of-python"],
    "waitress, from the ini": [sys.executable, "serve.py", "development.ini"],
    "gunicorn --paste": [
        sys.executable, "-m", "gunicorn", "--paste", "development.ini",
        "--bind", "127.0.0.1:0", "--workers", "2", "--threads", "2",
    ],
    "pserve": [BIN / "pserve", "pserve.ini"],
}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture(params=COMMANDS)
def served(request, clone, start):
    """The onion, served from a fresh clone with an empty book."""
    for var in ("var", "var-of-python"):
        shutil.rmtree(clone / var, ignore_errors=True)
    port = None
    if request.param == "pserve":
        if not (BIN / "pserve").exists():
            pytest.skip("pserve is not installed")
        port = free_port()  # it does not tell which port it took
        ini = (clone / "development.ini").read_text()
        (clone / "pserve.ini").write_text(ini.replace("port = 0", f"port = {port}"))
    env = {"PYTHONPATH": str(clone)}
    server = start(COMMANDS[request.param], clone, env=env, silent_port=port)
    yield server
    server.stop()
    assert "Traceback" not in "".join(server.lines)


@pytest.mark.parametrize("transcript", ["onion.txt"])
def test_curl_gets_what_the_transcript_says(served, curl, tmp_path, transcript):
    talk = Talk(curl, served.url, tmp_path)
    for name, content in (
        ("png", png()), ("text", b"no picture"), ("large", png() + bytes(2 * 1024 * 1024))
    ):
        (tmp_path / name).write_bytes(content)
        talk.names[name] = str(tmp_path / name)
    for _, arguments, expectations in exchanges((HERE / "transcripts" / transcript).read_text()):
        head, body = talk.ask(arguments)
        for line, mark, expected in expectations:
            talk.check(line, mark, expected, head, body)
