"""Collapsing across processes: of all who want the same thing at once, one asks the application."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from tropea.caching import FileCacheStore, HTTPCacheMiddleware, SQLiteCacheStore
from tropea.caching.cachekeys import key_of
from tropea.caching.stores.base import PRIVATE
from tropea.core.stores import StoreError

FRESH = [("Cache-Control", "max-age=60")]


@pytest.fixture(params=["file", "sqlite"])
def store(request, tmp_path):
    if request.param == "file":
        made = FileCacheStore(tmp_path)
    else:
        made = SQLiteCacheStore(tmp_path / "c.db", timeout=20)
    yield made
    made.close()


def layers(site, store, count=4, **options):
    """Layers that know nothing of each other but the store, as in processes of their own."""
    given = {"collapse_timeout": 20.0, **options}
    return [HTTPCacheMiddleware(site, store, **given) for _ in range(count)]


def together(apps, fetch, headers=lambda number: None):
    answers = [None] * len(apps)

    def ask(number):
        try:
            answers[number] = fetch(apps[number], headers=headers(number), check=False)
        except RuntimeError as error:
            answers[number] = error

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(apps))]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]
    return answers


def slowly(site, fields=FRESH, seconds=0.3):
    def head(environ):
        time.sleep(seconds)
        return fields(environ) if callable(fields) else fields

    site.fields = head


def test_four_processes_with_many_threads_make_one_call(site, fetch, store):
    slowly(site)
    answers = together(layers(site, store) * 10, fetch)
    assert site.calls == 1
    assert {answer.body for answer in answers} == {b"answer 1"}


def test_who_comes_when_the_answer_is_just_stored_makes_none(site, fetch, store, environ_of):
    """Another process stored it after this one looked."""
    site.fields = FRESH
    first, second = layers(site, store, 2)
    load, late = second.guard.load, []

    def looks_too_early(key):
        if not late:
            late.append(key)
            fetch(first)
            return ()
        return load(key)

    second.guard.load = looks_too_early
    assert fetch(second).body == b"answer 1" and site.calls == 1


def test_the_same_among_threads(site, fetch):
    site.fields = FRESH
    layer = HTTPCacheMiddleware(site)
    load, late = layer.guard.load, []

    def looks_too_early(key):
        if not late:
            late.append(key)
            fetch(layer)
            return ()
        return load(key)

    layer.guard.load = looks_too_early
    assert fetch(layer).body == b"answer 1" and site.calls == 1


def test_private_answers_are_neither_shared_nor_waited_for_in_rows(site, fetch, store):
    slowly(site, [("Cache-Control", "private")])
    apps = layers(site, store, 10)
    answers = together(apps, fetch)
    assert len({answer.body for answer in answers}) == 10
    key = key_of(site.seen[0])
    assert store.lease(key, "x", 1.0) == PRIVATE
    slowly(site, [("Cache-Control", "private")], seconds=0.0)
    waits = []
    for app in apps:
        app.guard.lease = lambda *given: waits.append(given)
        fetch(app)
    assert waits == []  # each remembers by itself that nobody need wait


def test_each_variant_gets_its_own(site, fetch, store):
    slowly(site, lambda e: [*FRESH, ("Vary", "X-A"), ("X-Echo", e.get("HTTP_X_A", ""))], 0.02)
    answers = together(layers(site, store, 9), fetch, lambda number: {"X-A": str(number % 3)})
    assert [a.headers["x-echo"] for a in answers] == [str(n % 3) for n in range(9)]


def test_when_the_leader_fails_another_takes_over(site, fetch, store):
    failed = []

    def fields(environ):
        time.sleep(0.1)
        if not failed:
            failed.append(1)
            raise RuntimeError("the leader is dead")
        return FRESH

    site.fields = fields
    answers = together(layers(site, store, 6), fetch)
    assert sum(isinstance(answer, RuntimeError) for answer in answers) == 1
    assert site.calls == 2


def test_a_leader_that_was_killed_is_waited_for_no_longer_than_its_lease(
    site, fetch, store, environ_of
):
    site.fields = FRESH
    (layer,) = layers(site, store, 1, collapse_timeout=0.1)
    store.lease(key_of(environ_of()), "killed", 3600.0)
    assert fetch(layer).body == b"answer 1"


def test_one_process_renews_behind(site, fetch, store, clock):
    site.fields = [("Cache-Control", "max-age=60, stale-while-revalidate=60")]
    jobs = []
    apps = layers(site, store, 3, clock=clock, background=jobs.append)
    store._clock = clock
    fetch(apps[0])
    clock.now += 70
    assert {fetch(app).body for app in apps} == {b"answer 1"}
    assert len(jobs) == 3
    held = apps[0].guard.lease(key_of(site.seen[0]), "another", 5.0)
    assert held == "another"
    for job in jobs:
        job()
    assert site.calls == 1
    apps[0].guard.end_lease(key_of(site.seen[0]), "another", 0.0)
    fetch(apps[0])
    jobs[-1]()
    assert fetch(apps[1]).body == b"answer 2"


def test_it_can_be_off(site, fetch, store):
    everybody = threading.Barrier(3)  # nobody goes on before all three are asked

    def fields(environ):
        everybody.wait(60)
        return FRESH

    site.fields = fields
    together(layers(site, store, 3, collapse_processes=False), fetch)
    assert site.calls == 3


def test_a_store_that_fails_with_its_leases_costs_no_answer(site, fetch, tmp_path):
    class Broken(FileCacheStore):
        def lease(self, key, mark, seconds):
            raise StoreError("down")

        end_lease = lease

    site.fields = FRESH
    layer = HTTPCacheMiddleware(site, Broken(tmp_path))
    assert fetch(layer).body == fetch(layer).body == b"answer 1"


def test_who_wants_the_applications_own_word_waits_for_nobody(site, fetch, store, environ_of):
    site.fields = [("Cache-Control", "no-cache"), ("ETag", '"v"')]
    (layer,) = layers(site, store, 1)
    store.lease(key_of(environ_of()), "another", 3600.0)
    for headers in ({"Cache-Control": "no-cache"}, {"Cache-Control": "max-age=0"}):
        assert fetch(layer, headers=headers).status == 200
    assert fetch(layer).body == b"answer 3"


PROCESS = """
import os, sys, threading, time
from tropea.caching import HTTPCacheMiddleware
address, folder = sys.argv[1:]

def app(environ, start_response):
    with open(f"{folder}/calls", "a") as calls:
        calls.write("x")
    time.sleep(0.5)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Cache-Control", "max-age=60")])
    return [b"hello"]

layer = HTTPCacheMiddleware(app, address, collapse_timeout=30.0, breaker_failures=1000)
environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "",
           "HTTP_HOST": "x", "wsgi.url_scheme": "http", "wsgi.multithread": True}
answers = []
def ask():
    answers.append(b"".join(layer(dict(environ), lambda *a: None)))
threads = [threading.Thread(target=ask) for _ in range(50)]
print("ready", flush=True)
sys.stdin.readline()
[t.start() for t in threads]
[t.join() for t in threads]
assert answers == [b"hello"] * 50
"""


@contextmanager
def served(kind, folder):
    if kind in ("file", "sqlite"):
        yield f"file:///{folder}/c" if kind == "file" else f"sqlite:///{folder}/c.db?timeout=20"
        return
    program = shutil.which({"redis": "redis-server"}.get(kind, kind))
    if not program:
        required = os.environ.get("TROPEA_REQUIRE", "").replace(" ", "").split(",")
        (pytest.fail if kind in required else pytest.skip)(f"{kind} is not installed here")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    arguments = {
        "redis": ["--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        "memcached": ["-p", port, "-U", "0", "-l", "127.0.0.1", "-u", "nobody"],
    }[kind]
    server = subprocess.Popen(
        [program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", int(port)), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"{kind}://127.0.0.1:{port}?timeout=20"
    finally:
        server.terminate()
        server.wait(10)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["file", "sqlite", "redis", "memcached"])
def test_200_clients_of_four_processes_make_one_call(kind, tmp_path):
    with served(kind, tmp_path) as address:
        command = [sys.executable, "-c", PROCESS, address, str(tmp_path)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        processes = [subprocess.Popen(command, **pipes) for _ in range(4)]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            process.communicate(timeout=60)
        assert [process.returncode for process in processes] == [0] * 4
        assert (tmp_path / "calls").read_text() == "x"
