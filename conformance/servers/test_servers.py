"""The same onion gives the same answers on every server, and closes every body once.

TROPEA_DISCONNECTS: how many clients leave early, 200 by default.
"""

from __future__ import annotations

import http.client
import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from server_kit import SERVERS, Client, counts, leave_early, serving, transcript, why_not

DISCONNECTS = int(os.environ.get("TROPEA_DISCONNECTS", "200"))
STATUSES = {
    "file": 200, "file, 304": 304, "file, 206": 206, "file, 416": 416, "file, HEAD": 200, "page": 200,
    "page, HEAD": 200, "nothing": 404, "not allowed": 405, "old address": 301, "encoded path": 404,
    "form": 303, "after the form": 200, "upload": 303, "what was uploaded": 200,
}  # fmt: skip


#: Servers that end a body that failed as if it were whole: they frame it by the connection's end, or end its chunks.
HIDE_A_FAILURE = {"uwsgi", "granian", "wsgiref", "mod_wsgi"}
#: Servers that go on asking for the blocks of a body whose client has left.
READ_ON = {"uvicorn-a2wsgi"}


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    reason = why_not(request.param)
    if reason:
        required = os.environ.get("TROPEA_REQUIRE", "").replace(",", " ").split()
        (pytest.fail if request.param in required else pytest.skip)(f"{request.param}: {reason}")
    with serving(request.param) as port:
        yield request.param, port


@pytest.fixture(scope="module")
def reference():
    with serving("waitress") as port:
        return transcript(port)


@pytest.fixture
def lasting(server):
    """A server whose process outlives a request, so that it can count."""
    if server[0] == "apache-cgi":
        pytest.skip("a CGI program ends with its request: nothing can grow, nobody can count")
    return server


def until(port, done, seconds=30):
    """Ask for the counts until they are what they should become."""
    end = time.monotonic() + seconds
    while not done(seen := counts(port)) and time.monotonic() < end:
        time.sleep(0.05)
    return seen


def test_the_same_answers_as_everywhere(server, reference):
    seen = transcript(server[1])
    assert {name: answer[0] for name, answer in seen.items()} == STATUSES
    for name, answer in seen.items():
        assert answer == reference[name], name


def test_a_body_is_closed_once_when_it_was_sent(lasting):
    _, port = lasting
    before = counts(port)
    for _ in range(10):
        assert len(Client(port).ask("GET", "/counted/normal")[2]) == 2 * 65536
    after = until(port, lambda seen: seen["closed"] == before["closed"] + 10)
    assert (after["made"], after["closed"]) == (before["made"] + 10, before["closed"] + 10)
    assert after["twice"] == 0


def test_a_body_is_closed_once_when_it_fails(lasting):
    name, port = lasting
    before, cut = counts(port), 0
    for _ in range(5):
        try:
            Client(port).ask("GET", "/counted/fails")
        except (http.client.HTTPException, OSError):
            cut += 1  # the client knows that the answer is not whole
    assert cut == (0 if name in HIDE_A_FAILURE else 5)
    after = until(port, lambda seen: seen["closed"] == before["closed"] + 5)
    assert (after["made"], after["closed"]) == (before["made"] + 5, before["closed"] + 5)
    assert after["twice"] == 0


def test_a_long_body_ends_with_its_client(lasting):
    name, port = lasting
    before = until(port, lambda seen: seen["made"] == seen["closed"])
    leave_early(port)
    after = until(port, lambda seen: seen["made"] == seen["closed"] == before["closed"] + 1)
    assert after["closed"] == before["closed"] + 1
    asked_for = after["blocks"] - before["blocks"]
    assert asked_for == 400 if name in READ_ON else asked_for < 400


def test_clients_that_leave_cost_nothing(lasting):
    _, port = lasting
    for _ in range(20):
        leave_early(port)  # so that pools and caches are filled
    before = until(port, lambda seen: seen["made"] == seen["closed"])
    for _ in range(DISCONNECTS):
        leave_early(port)
    after = until(port, lambda seen: seen["made"] == seen["closed"] and seen["files"] <= before["files"] + 5)
    assert after["made"] == after["closed"]
    assert after["made"] > before["made"]
    assert after["twice"] == 0
    assert after["files"] <= before["files"] + 5
    assert after["kib"] <= before["kib"] + 16 * 1024
