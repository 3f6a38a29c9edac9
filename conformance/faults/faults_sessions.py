"""F17 to F24: sessions that are changed, ended, damaged and carried over, on every store."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections import Counter

from faultkit import ROOT, Line, addresses, experiment, folder, kit, load, ms, paced, redis, serving, size, tests

from tropea.core.stores import StoreError
from tropea.sessions import MemoryStore, SealedCookieStore, SessionMiddleware
from tropea.sessions.addresses import open_store
from tropea.sessions.ids import storage_key

DATA = ROOT / "packages" / "sessions" / "tests" / "data"
RACES = "packages/sessions/tests/test_races.py::"
LIFE = "packages/sessions/tests/test_lifecycle.py::"
FAULTS = "packages/sessions/tests/test_faults.py::"
STORES = ("file", "sqlite", "redis", "memcached", "postgresql")

RACE = """
import os, sys, threading, time
sys.path.insert(0, %r)
from faultkit import kit
from tropea.sessions import SessionMiddleware
from tropea.sessions.addresses import open_store
address, cookie, turns, patience = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
losses, busy, problems = [], [], []
layer = SessionMiddleware(kit().site, open_store(address), auto_purge_every=0, on_conflict=lambda session, keys: losses.append(keys))
def work(path):
    try:
        for _ in range(turns):
            end = time.monotonic() + patience
            while (code := kit().Browser(layer).get(path, cookie=cookie).code) != 200:
                assert code == 503, code
                busy.append(code)
                assert time.monotonic() < end, f"busy for {patience} s"
                time.sleep(0.05)
    except BaseException as problem:
        problems.append(repr(problem))
for path in iter(sys.stdin.readline, ""):
    losses.clear(), busy.clear()
    threads = [threading.Thread(target=work, args=[path.strip()]) for _ in range(10)]
    [t.start() for t in threads]; [t.join() for t in threads]
    assert not problems, problems
    print(len(losses), len(busy), flush=True)
layer.store.close()
"""
#: Seconds for which one of the hundred asks again while it is answered 503.
PATIENCE = 300


@experiment("F17", "10 processes of 10 threads add one to a counter", "under the lock: exactly 1,000; without: every loss is told as a conflict", 2)
def lost_updates():
    turns, said = size(10, 1), [of_threads(size(10, 1))]
    with folder() as where, addresses(where, *STORES) as made:
        said += [of_processes(kind, address, turns) for kind, address in made.items()]
    return (f"{100 * turns} additions, under the lock and then without it (one conflict may stand for several lost: the later save wins): "
            f"{'; '.join(said)}")  # fmt: skip


def counted(kind, turns, locked, counted_up, told, busy):
    """Hold both counters to the criterion; return them as words."""
    assert locked == 100 * turns, (kind, "under the lock", locked)
    assert (told > 0) == (counted_up < 100 * turns), (kind, told, counted_up)
    return f"{kind} {locked}, then {counted_up} with {told} told" + (f" ({busy} times 503 and asked again)" if busy else "")


def of_threads(turns):
    """A hundred threads of one process on the memory store, which no other process sees."""
    losses = []
    layer = SessionMiddleware(kit().site, MemoryStore(), auto_purge_every=0, on_conflict=lambda session, keys: losses.append(keys))
    browser = kit().Browser(layer)
    browser.get("/set?start=1")
    cookie, codes, told = "; ".join(f"{n}={v}" for n, v in browser.jar.items()), Counter(), []
    for path in ("/locked", "/count?key=m"):

        def work(path=path):
            for _ in range(turns):
                codes[kit().Browser(layer).get(path, cookie=cookie).code] += 1

        threads = [threading.Thread(target=work) for _ in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told.append(len(losses))
    assert set(codes) == {200}, codes
    assert told[0] == 0, told
    return counted("memory (100 threads)", turns, int(browser.get("/get?n").text), int(browser.get("/get?m").text), told[1], 0)


def of_processes(kind, address, turns):
    browser = kit().Browser(SessionMiddleware(kit().site, open_store(address), auto_purge_every=0))
    browser.get("/set?start=1")
    cookie = "; ".join(f"{n}={v}" for n, v in browser.jar.items())
    command = [sys.executable, "-c", RACE % str(ROOT / "conformance" / "faults"), address, cookie, str(turns), str(PATIENCE)]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(10)]
    try:
        told, busy = [], []
        for path in ("/locked", "/count?key=m"):
            for child in children:
                child.stdin.write(path + "\n")
                child.stdin.flush()
            answers = [child.stdout.readline().split() for child in children]
            assert all(answers), (kind, path)
            told.append(sum(int(answer[0]) for answer in answers))
            busy.append(sum(int(answer[1]) for answer in answers))
        assert told[0] == 0, (kind, "told under the lock", told)
        return counted(kind, turns, int(browser.get("/get?n").text), int(browser.get("/get?m").text), told[1], sum(busy))
    finally:
        for child in children:
            child.stdin.close()
            child.wait()
        browser.app.store.close()


@experiment("F18", "slow requests save after the logout", "0 of 200 revived, each store", 1)
def logout():
    return "200 slow requests on each of eight stores: " + tests(RACES + "test_slow_requests_never_revive_a_session_that_ended")


@experiment("F19", "ten parallel requests carry the old id while it is changed", "the old id is dead at once and not revived; nobody loses the new one; the data is all there", 0.5)
def regenerated():
    return tests(RACES + "test_a_session_that_moves_to_a_new_id_takes_along_what_others_write",
                 RACES + "test_slow_requests_never_revive_a_session_that_ended", RACES + "test_an_id_that_a_client_made_up_is_never_adopted") + parallel()  # fmt: skip


def parallel():
    rounds, revived = size(50, 5), 0
    for _ in range(rounds):
        layer = SessionMiddleware(kit().site, MemoryStore(), auto_purge_every=0)
        browser = kit().Browser(layer)
        browser.get("/set?k=v")
        old = "; ".join(f"{n}={v}" for n, v in browser.jar.items())
        meet, answers = threading.Barrier(11), []

        def other(meet=meet, layer=layer, old=old, answers=answers):
            meet.wait()
            answers.append(kit().Browser(layer).get("/get?k", cookie=old))

        threads = [threading.Thread(target=other) for _ in range(10)]
        for thread in threads:
            thread.start()
        meet.wait()
        browser.get("/regenerate")
        for thread in threads:
            thread.join()
        assert {answer.text for answer in answers} <= {"v", ""}
        assert not any(answer.cookie for answer in answers)
        revived += kit().Browser(layer).get("/get?k", cookie=old).text != ""
        assert browser.get("/get?k").text == "v"
    assert not revived
    return f"; {rounds} times ten parallel requests: 0 revived, 0 cookies for the old id"


@experiment("F20", "the clock jumps an hour, forth and back", "none revives, live ones survive a step back, timeouts to ± 1 s", 0.2)
def clocks():
    return "by the injected clock: " + tests(
        LIFE + "test_an_idle_session_ends_within_a_second_of_its_timeout", LIFE + "test_a_session_in_use_ends_at_its_absolute_timeout",
        LIFE + "test_a_session_survives_a_clock_that_is_set_back_an_hour", LIFE + "test_a_session_that_was_seen_to_be_over_stays_so")  # fmt: skip


@experiment("F21", "keys are rotated each second under load, three kept", "nobody is logged out; a removed key is refused at once", 1.2)
def rotated():
    keys = ["the first secret of this experiment"]
    store = SealedCookieStore(keys)
    layer = SessionMiddleware(kit().site, store, auto_purge_every=0, touch_every=0.5)
    users, statuses = [kit().Browser(layer) for _ in range(8)], Counter()
    for user in users:
        user.get("/set?k=v")
    rotations, ended = [0], threading.Event()

    def rotate():
        nonlocal keys
        while not ended.wait(1.0):
            keys = [f"secret number {rotations[0]} of this experiment", *keys][:3]
            store.rekey(keys)
            rotations[0] += 1

    threading.Thread(target=rotate, daemon=True).start()

    def action(number, now):
        statuses[users[number].get("/get?k").text] += 1

    hung = paced(size(60, 6), 8, 200, action)
    ended.set()
    time.sleep(0.1)
    old = "; ".join(f"{n}={v}" for n, v in users[0].jar.items())
    store.rekey(["a wholly new secret of this experiment"])
    assert kit().Browser(layer).get("/get?k", cookie=old).text == ""
    assert not hung
    assert set(statuses) == {"v"}, statuses
    return f"{rotations[0]} rotations, {statuses['v']} requests: nobody logged out; the removed keys refused at once"


@experiment("F22", "data of an older and of a later release", "older is read; later is left untouched, absent, one warning", 0.1)
def versions():
    return tests(FAULTS + "test_records_of_this_format_are_read_for_ever", FAULTS + "test_a_record_of_a_later_format_is_left_alone_with_one_warning",
                 FAULTS + "test_a_schema_of_a_later_release_is_left_alone", FAULTS + "test_a_sqlite_file_of_a_later_release_is_refused_at_once")  # fmt: skip


def put(store, key, data):
    """Write over an entry; a server that is slow for a moment is asked again."""
    for _ in range(20):
        try:
            entry = store.load(key)
            if (store.create(key, data, 600) if entry is None else store.save(key, data, 600, entry.version)) is not None:
                return
        except StoreError:
            time.sleep(0.2)
    raise AssertionError("the store was never there")


@experiment("F23", "10,000 damaged entries on each store", "0 exceptions, nothing run, one warning each at most", 3)
def damaged():
    mutations = load("packages/sessions/tests/test_faults.py").mutations
    lines, total = [0], size(10_000, 200)

    class Counting(logging.Handler):
        def emit(self, record):
            lines[0] += 1

    log = logging.getLogger("tropea.sessions")
    log.addHandler(Counting())
    log.propagate = False
    with folder() as where, addresses(where, *STORES) as made:
        for kind, store in {"memory": MemoryStore(), **{kind: open_store(address) for kind, address in made.items()}}.items():
            if kind == "file":
                from tropea.sessions import FileStore

                store = FileStore(where / "fast", sync=False) if (where / "fast").mkdir() is None else store
            browser = kit().Browser(SessionMiddleware(kit().site, store, auto_purge_every=0))
            _, sid = browser.get("/set?k=v").cookie
            cookie, key = "; ".join(f"{n}={v}" for n, v in browser.jar.items()), storage_key(sid)
            raw = store.load(key).data
            pickled = b"cos\nsystem\n(S'touch %s'\ntR." % str(where / "pwned").encode()
            for turn, wrong in enumerate([pickled, b"", b"[]", *mutations(raw, total - 3, seed=3)]):
                put(store, key, wrong)
                before = lines[0]
                answer = kit().Browser(browser.app).get("/get?k", cookie=cookie)
                assert answer.code == 200, (kind, turn)
                assert answer.text == ("v" if wrong == raw else ""), (kind, turn)
                assert lines[0] - before <= 1
            store.close()
            assert not (where / "pwned").exists()
    return f"{total} damaged entries on each of six stores: all answered 200 with an empty session, nothing run"


@experiment("F24", "the server forks after the store was used (gunicorn --preload, four workers)", "ids unique, no shared connection: no crossed reply in 100,000", 2)
def forked():
    rounds = size(10_000, 200)
    with redis() as server:
        ran = subprocess.run([sys.executable, DATA / "fork_after_use.py", server.url, str(rounds)], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.split() == ["0", "0"], ran.stdout
        asked, wrong, workers = size(4000, 200), [], set()
        with serving("gunicorn", "-b", "127.0.0.1:{port}", "--preload", "-w", "4", "served:application",
                     env={"TROPEA_STORE": server.url, "TROPEA_TOUCH": "1"}) as (port, _):  # fmt: skip

            def client(number):
                for turn in range(asked // 8):
                    name = f"{number}-{turn}"
                    status, text = Line(port).get(f"/echo?id={name}")
                    words = text.split()
                    workers.add(words[2])
                    if status != 200 or words[:2] != [name, name]:
                        wrong.append((name, status, text))

            threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert not wrong, wrong[:3]
    assert len(workers) == 4, workers
    return f"{10 * rounds} replies in five processes: 0 crossed, 0 ids twice; {asked} requests to {len(workers)} gunicorn workers: 0 crossed"
