"""F08 to F11: PostgreSQL whose connections drop, whose rows are held, which is restarted."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter

from faultkit import broken_line, experiment, kit, ms, paced, postgresql, size, tests

from tropea.core.stores import StoreError
from tropea.sessions import SessionMiddleware, SQLStore
from tropea.sessions.ids import storage_key

TESTS = "packages/sessions/tests/test_faults.py::"


@experiment("F08", "the connection is dropped before an UPDATE, or with its answer", "the row is the old or the new whole value, 200 of 200; never 'saved' when it was not", 0.5)
def dropped():
    turns, said = size(200, 20), []
    with postgresql() as server, broken_line(server.port) as line:
        store = SQLStore(server.url.replace(f":{server.port}/", f":{line.port}/"), rest=0.0, timeout=5.0)  # of a busy machine
        for kind, drop in (("before", killed_before), ("answers", answer_lost)):
            said.append(f"{turns} times {drop.__doc__}: {saved_whole(store, turns, lambda store, turn, drop=drop: drop(store, line, turn))}")
        store.close()
    return "; ".join(said)


def saved_whole(store, turns, arm):
    """Save, with a fault each time; say what was acknowledged, once every row was whole."""
    told = Counter()
    key = os.urandom(32).hex()
    version = store.create(key, b"0" * 1000, 600)
    for turn in range(1, turns + 1):
        old, new = store.load(key).data, b"%d" % (turn % 10) * 1000
        arm(store, turn)
        try:
            saved = store.save(key, new, 600, version)
            told["acknowledged" if saved is not None else "told as a conflict"] += 1
        except StoreError:
            saved = None
            told["StoreError"] += 1
        arm(store, 0)
        entry = store.load(key)
        assert entry.data in (old, new)
        assert saved is None or entry.data == new
        told["new value"] += entry.data == new
        version = entry.version
    return ", ".join(f"{count} {what}" for what, count in told.items()) + f"; old or new whole value {turns} of {turns}"


def killed_before(store, line, turn):
    """the server's process was killed before the UPDATE, up to three times over"""
    from sqlalchemy import event

    engine = store._database().engine
    if turn == 0:
        event.remove(engine, "before_cursor_execute", KILLING.pop())
        return
    left = [1 + turn % 3]
    address = f"postgresql://tropea@127.0.0.1:{line.target}/postgres"

    def kill(connection, cursor, statement, *rest):
        if statement.startswith("UPDATE") and left[0]:
            left[0] -= 1
            with __import__("psycopg").connect(address, autocommit=True) as admin:
                admin.execute("select pg_terminate_backend(%s)", [connection.connection.driver_connection.info.backend_pid])

    KILLING.append(kill)
    event.listen(engine, "before_cursor_execute", kill)


KILLING: list[object] = []


def answer_lost(store, line, turn):
    """the answer to the UPDATE was cut off after 0 to 19 octets"""
    line.cut = turn % 20 if turn else None


@experiment("F09", "another holds the row's lock for 5 s", "an answer in < 0.5 s: StoreBusy, 503, Retry-After", 0.2)
def held():
    took = []
    with postgresql() as server:
        store = SQLStore(server.url, rest=0.0)
        browser = kit().Browser(SessionMiddleware(kit().site, store, auto_purge_every=0))
        _, sid = browser.get("/set?k=v").cookie
        browser.get("/set?k=v2")
        with store._database().engine.connect().execution_options(isolation_level="READ COMMITTED") as other:
            other.exec_driver_sql(f"select 1 from tropea_sessions where key = '{storage_key(sid)}' for update")
            ended = time.monotonic() + size(5, 1)
            while time.monotonic() < ended:
                before = time.monotonic()
                answer = browser.get("/set?k=w")
                took.append(time.monotonic() - before)
                assert (answer.code, answer.get("Retry-After")) == (503, "1")
            other.rollback()
        assert browser.get("/get?k").text == "v2"
        store.close()
    assert max(took) < 0.5, max(took)
    return f"{len(took)} requests, all 503 with Retry-After, the longest in {ms(max(took))}"


@experiment("F10", "the database is stopped and started under load", "recovery < 2 s; no acknowledged write lost", 0.5)
def restarted():
    statuses, lost, acknowledged, good = Counter(), 0, [0] * 4, []
    with postgresql() as server:
        layer = SessionMiddleware(kit().site, SQLStore(server.url), auto_purge_every=0)
        users = [kit().Browser(layer) for _ in range(4)]
        for user in users:
            user.get("/count")
        up = []

        def restart():
            server.stop("fast")
            time.sleep(1)
            server.start()
            up.append(time.monotonic())

        timers = [threading.Timer(at, restart) for at in size((3, 9, 15), (2,))]
        for timer in timers:
            timer.start()

        def action(number, now):
            nonlocal lost
            answer = users[number].get("/count")
            statuses[answer.code] += 1
            if answer.code == 200:
                good.append(time.monotonic())
                lost += int(answer.text) <= acknowledged[number]
                acknowledged[number] = int(answer.text)

        hung = paced(size(20, 7), 4, 100, action)
        for timer in timers:
            timer.join()
        layer.store.close()
    late = [min(at for at in good if at > back) - back for back in up]
    assert not hung
    assert not lost
    assert set(statuses) <= {200, 503}, statuses
    assert max(late) < 2, late
    return (f"{len(up)} restarts, {statuses[200]} acknowledged writes and {statuses[503]} answers 503: 0 lost; "
            f"good again after {ms(max(late))} at most")  # fmt: skip


@experiment("F11", "deadlock and serialisation failure", "tried three times at most, then StoreBusy", 0.2)
def deadlocked():
    from tropea.core.stores import StoreBusy

    outcomes = Counter()
    with postgresql() as server:
        store = SQLStore(server.url, rest=0.0)
        store.create("a" * 64, b"x", 600), store.create("b" * 64, b"x", 600)
        for _ in range(size(20, 3)):
            meet = threading.Barrier(2)

            def work(first, second, meet=meet):
                tries = []

                def both(connection):
                    tries.append(1)
                    connection.exec_driver_sql("set local lock_timeout = 0; set local deadlock_timeout = '20ms'")
                    connection.exec_driver_sql(f"update tropea_sessions set data = data where key = '{first}'")
                    if len(tries) == 1:
                        meet.wait(10)
                    connection.exec_driver_sql(f"update tropea_sessions set data = data where key = '{second}'")

                try:
                    store._run(both)
                    outcomes[f"done at try {len(tries)}"] += 1
                except StoreBusy:
                    outcomes["busy"] += 1
                assert len(tries) <= 3

            pair = [threading.Thread(target=work, args=order) for order in (("a" * 64, "b" * 64), ("b" * 64, "a" * 64))]
            for thread in pair:
                thread.start()
            for thread in pair:
                thread.join(30)
            assert not any(thread.is_alive() for thread in pair)
        store.close()
    said = tests(TESTS + "test_a_deadlock_is_tried_three_times_and_then_busy")
    assert outcomes["done at try 1"] and sum(outcomes.values()) == 2 * size(20, 3)
    assert sum(count for name, count in outcomes.items() if name != "done at try 1") >= size(20, 3)
    return f"{size(20, 3)} real deadlocks: {', '.join(f'{n} {k}' for k, n in sorted(outcomes.items()))}; {said}"
