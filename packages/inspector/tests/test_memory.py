"""The memory view shows what tracemalloc knows; it is started, marked and stopped by its buttons."""

import json
import tracemalloc

import pytest

from tropea.inspector.memory import MemoryWatch

HERE = {"HTTP_ORIGIN": "http://localhost", "REQUEST_METHOD": "POST"}


def hello(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]


@pytest.fixture(autouse=True)
def stopped():
    assert not tracemalloc.is_tracing()
    yield
    tracemalloc.stop()


@pytest.fixture
def memory(inspected, call):
    """Ask for a page, press a button, or read the data."""
    layer, cookie = inspected(hello)

    def ask(place, **environ):
        return call(layer, f"/__onion__/{place}", **{**cookie, **environ})

    return ask


def data(memory):
    return json.loads(memory("data/memory").body)


def test_looking_starts_nothing(memory):
    assert data(memory)["tracing"] is False
    assert 'action="/__onion__/memory/start"' in memory("memory").text
    assert not tracemalloc.is_tracing()


def test_the_buttons_start_compare_and_stop(memory):
    answer = memory("memory/start", **HERE)
    assert (answer.status, answer.headers["Location"]) == ("303 See Other", "/__onion__/memory")
    kept = [bytearray(10_000) for _ in range(50)]
    grown = next(row for row in data(memory)["changed"] if "test_memory.py" in row["place"])
    assert grown["bytes"] >= 500_000
    assert "test_memory.py" in memory("memory").text
    memory("memory/mark", **HERE)
    assert not any(row["bytes"] >= 500_000 for row in data(memory)["changed"])
    held = next(row for row in data(memory)["top"] if "test_memory.py" in row["place"])
    assert held["bytes"] >= 500_000
    kept.clear()
    freed = next(row for row in data(memory)["changed"] if "test_memory.py" in row["place"])
    assert freed["bytes"] <= -490_000
    memory("memory/stop", **HERE)
    assert not tracemalloc.is_tracing()
    assert data(memory)["top"] == []


@pytest.mark.parametrize(
    "origin", [{"HTTP_ORIGIN": "http://evil.example"}, {"HTTP_ORIGIN": "null"}, {}]
)
@pytest.mark.parametrize("command", ["start", "mark", "stop"])
def test_another_sites_forms_do_nothing(memory, command, origin):
    if command != "start":
        tracemalloc.start()
    answer = memory(f"memory/{command}", REQUEST_METHOD="POST", **origin)
    assert answer.status == "403 Forbidden"
    assert tracemalloc.is_tracing() is (command != "start")


def test_a_link_starts_nothing(memory):
    assert memory("memory/start").status == "404 Not Found"
    assert not tracemalloc.is_tracing()


def test_strangers_start_nothing(memory):
    assert memory("memory/start", **HERE, HTTP_COOKIE="").status == "404 Not Found"
    assert not tracemalloc.is_tracing()


def test_what_somebody_else_started_is_shown_and_has_no_mark_yet(memory):
    tracemalloc.start()
    found = data(memory)
    assert (found["since"], found["changed"]) == (None, [])
    assert found["bytes"] > 0
    assert "Held now" in memory("memory").text


def test_the_time_of_the_mark_is_told():
    watch = MemoryWatch(clock=lambda: 5.0)
    watch.mark()
    assert watch.data()["since"] is None, "there is nothing to compare while nothing is noted"
    watch.start()
    assert watch.data()["since"] == 5.0
