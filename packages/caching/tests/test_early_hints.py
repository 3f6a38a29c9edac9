"""103 (RFC 8297): the application's own business, for the client whose request asks it.

Servers that can send early hints put ``wsgi.early_hints`` into environ, as gunicorn does.  The
layers pass it on and never call it: a hint is no part of an answer, so none is stored or repeated.
"""

import socket
import subprocess
import sys

import pytest

from tropea.caching import etag_middleware

FRESH = [("Cache-Control", "max-age=60, stale-while-revalidate=60"), ("ETag", '"v"')]
LINK = ("Link", "</style.css>; rel=preload; as=style")


@pytest.fixture
def hinting(cached, site):
    """A cached site that gives a hint for every answer it makes."""

    def fields(environ):
        if "wsgi.early_hints" in environ:
            environ["wsgi.early_hints"]([LINK])
        return FRESH

    site.fields = fields
    return cached


def test_a_hint_reaches_the_client_whose_request_asked_the_application(hinting):
    heard, get = [], hinting()
    answer = get(**{"wsgi.early_hints": heard.append})
    assert heard == [[LINK]] and "link" not in answer.headers


def test_a_hit_sends_none_and_repeats_none(hinting):
    heard, get = [], hinting()
    get()
    answer = get(**{"wsgi.early_hints": heard.append})
    assert "hit" in answer.headers["cache-status"]
    assert heard == [] and "link" not in answer.headers


def test_a_validation_may_send_one(hinting, clock):
    heard, get = [], hinting()
    get()
    clock.now += 200
    get(**{"wsgi.early_hints": heard.append})
    assert heard == [[LINK]]


def test_what_is_renewed_behind_hints_to_nobody(hinting, clock, site):
    heard, get = [], hinting()
    get()
    clock.now += 70
    get(**{"wsgi.early_hints": heard.append})
    site.jobs.pop()()
    assert heard == [] and "wsgi.early_hints" not in site.seen[-1]


def test_the_conditional_layer_passes_them_on(fetch, hinting, site):
    heard = []
    fetch(
        etag_middleware(site),
        headers={"If-None-Match": '"v"'},
        **{"wsgi.early_hints": heard.append},
    )
    assert heard == [[LINK]]


APP = """
from tropea.caching import HTTPCacheMiddleware, etag_middleware

def app(environ, start_response):
    environ["wsgi.early_hints"]([("Link", "</style.css>; rel=preload")])
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5"),
                              ("Cache-Control", "max-age=60")])
    return [b"hello"]

app = HTTPCacheMiddleware(etag_middleware(app))
"""


@pytest.mark.slow
def test_on_gunicorn_the_first_client_is_hinted_and_the_second_needs_none(tmp_path):
    gunicorn = pytest.importorskip("gunicorn.http.wsgi")
    if not hasattr(gunicorn, "_make_early_hints_callback"):
        pytest.skip("this gunicorn sends no early hints")
    (tmp_path / "hinting.py").write_text(APP)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listening.fileno()}", "--workers",
             "1", "--no-control-socket", "hinting:app"],
            cwd=tmp_path, pass_fds=[listening.fileno()], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            answers = [ask(listening.getsockname()) for _ in range(2)]
        finally:
            server.terminate()
            server.wait(30)
    assert answers[0].startswith(b"HTTP/1.1 103 ") and b"HTTP/1.1 200 OK" in answers[0]
    assert answers[1].startswith(b"HTTP/1.1 200 OK") and b"hit; ttl=" in answers[1]


def ask(address):
    with socket.create_connection(address, 30) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        said = b""
        while block := client.recv(65536):
            said += block
        return said
