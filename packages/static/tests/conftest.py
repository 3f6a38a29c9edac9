"""A tree of files, and a client that holds every answer against PEP 3333."""

import os
from dataclasses import dataclass, field
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

TIME = 1_000_000_000  # Sun, 09 Sep 2001 01:46:40 GMT


@dataclass
class Answer:
    status: int
    fields: list
    body: bytes = b""
    chunks: list = field(default_factory=list)
    line: str = ""

    @property
    def headers(self):
        return {name.lower(): value for name, value in self.fields}

    def __getitem__(self, name):
        return self.headers[name.lower()]


def ask(app, path="/", method="GET", headers=(), validate=True, **environ):
    """Make one request; return what came out."""
    asked = {"SCRIPT_NAME": "", "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": ""}
    for name, value in dict(headers).items():
        asked["HTTP_" + name.upper().replace("-", "_")] = value
    asked |= environ
    setup_testing_defaults(asked)
    asked.pop("wsgi.file_wrapper", None)
    asked |= {key: value for key, value in environ.items() if key == "wsgi.file_wrapper"}
    heads = []

    def start_response(status, fields, exc_info=None):
        heads.append((status, fields))
        return lambda block: None

    body = (validator(app) if validate else app)(asked, start_response)
    try:
        chunks = list(body)
    finally:
        if hasattr(body, "close"):
            body.close()
    line, fields = heads[-1]
    return Answer(int(line[:3]), fields, b"".join(chunks), chunks, line)


def fill(root, files, time=TIME):
    """Write files, all with one modification time."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.utime(path, (time, time))
    return root


@pytest.fixture(name="ask")
def ask_fixture():
    return ask


@pytest.fixture(name="fill")
def fill_fixture():
    return fill


@pytest.fixture
def root(tmp_path):
    """A small site."""
    folder = tmp_path / "site"
    folder.mkdir()
    return fill(
        folder,
        {
            "a.txt": "hello world",
            "r.bin": bytes(range(256)) * 4,
            "big.bin": bytes(range(256)) * 4096,
            "empty.txt": "",
            "sub/index.html": "<!doctype html><title>sub</title>",
            "sub/b.css": "body { color: red }" * 20,
            "sub/b.css.gz": "packed by gzip",
            "sub/b.css.br": "by brotli",
        },
    )
