"""F01 to F07: Redis that dies, hangs, answers late, in part or with an error."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import Counter

from faultkit import Line, ask, broken_line, experiment, kit, ms, paced, part, redis, serving, size, tests, together

from tropea.core.stores import StoreError
from tropea.sessions import RedisStore, SessionMiddleware

KEY = "ab" * 32
TESTS = "packages/sessions/tests/test_faults.py::"


@experiment("F01", "Redis is killed and comes back", "untouched requests: no 5xx; touched ones: 503 in < 100 ms (99 of 100) while it is away, good < 1 s after it is back; no hung thread", 1)
def killed():
    away, back, end = size((5, 15, 30), (1, 3, 6))
    seen = []
    with redis() as server, serving("waitress-serve", "--listen=127.0.0.1:{port}", "--threads=8", "served:application",
                                    env={"TROPEA_STORE": server.url}) as (port, _):  # fmt: skip
        lines = [Line(port) for _ in range(8)]
        turns = Counter()

        def action(number, now):
            turns[number] += 1
            touched = turns[number] % 2
            before = time.monotonic()
            status, _ = lines[number].get("/get" if touched else "/plain")
            seen.append((now, touched, status, time.monotonic() - before))

        for line in lines:
            line.get("/set?k=v")
        timers = [threading.Timer(away, server.kill), threading.Timer(back, server.start)]
        for timer in timers:
            timer.start()
        hung = paced(end, 8, 200, action)
    plain = [status for _, touched, status, _ in seen if not touched]
    gone = [(status, took) for now, touched, status, took in seen if touched and away + 0.5 < now < back - 0.2]
    first = min(now for now, touched, status, _ in seen if touched and now > back and status == 200) - back
    late = part([took for _, took in gone], 0.99)
    assert set(plain) == {200}, Counter(plain)
    assert {status for status, _ in gone} == {503}
    assert late < 0.1, late
    assert first < 1.0, first
    assert not hung
    return (f"{len(seen)} requests; {len(plain)} untouched, no 5xx; {len(gone)} touched while it was away, all 503, "
            f"99 % in {ms(late)}; good {ms(first)} after the restart; 0 hung")  # fmt: skip


@experiment("F02", "Redis swallows everything (half-open line)", "every call within store_timeout (0.5 s) + 20 %; median request < 5 ms while the breaker is open", 0.5)
def swallowed():
    seconds, took = size(10, 2), []
    with redis() as server, broken_line(server.port) as line:
        store = RedisStore(f"redis://127.0.0.1:{line.port}/0")
        layer = SessionMiddleware(kit().site, store, auto_purge_every=0)
        _, fields, _ = ask(layer, "/set?k=v")
        cookie = fields["set-cookie"].partition(";")[0]
        line.mode = "blackhole"

        def action(number, now):
            before = time.monotonic()
            code, _, _ = ask(layer, "/get?k", HTTP_COOKIE=cookie)
            assert code == 503
            took.append(time.monotonic() - before)

        hung = paced(seconds, 8, 200, action)
        store.close()
    assert not hung
    assert max(took) < 0.5 * 1.2, max(took)
    assert part(took, 0.5) < 0.005
    return f"{len(took)} requests in {seconds} s: longest {ms(max(took))}, median {ms(part(took, 0.5))}, 0 hung"


@experiment("F03", "Redis takes 200 ms for each reply", "99 of 100 calls below store_timeout (0.5 s); nothing queues up after it ends", 0.5)
def slow():
    took, after = [], []
    with redis() as server, broken_line(server.port) as line:
        store = RedisStore(f"redis://127.0.0.1:{line.port}/0")
        store.create(KEY, b"x", 60)
        line.mode = "slow"
        began = time.monotonic()
        together(8, lambda number: store.load(KEY))  # so that every thread has its connection
        opening = time.monotonic() - began

        def action(number, now):
            before = time.monotonic()
            store.load(KEY)
            (took if line.mode == "slow" else after).append(time.monotonic() - before)

        threading.Timer(size(8, 2), lambda: setattr(line, "mode", "pass")).start()
        hung = paced(size(11, 4), 8, 30, action)
        store.close()
    calm = after[len(after) // 2 :]
    assert not hung
    assert part(took, 0.99) < 0.5, part(took, 0.99)
    assert part(calm, 0.9) < 0.1, part(calm, 0.9)
    return f"{len(took)} calls on open connections: 99 % in {ms(part(took, 0.99))}; afterwards {len(after)} calls, 90 % in {ms(part(calm, 0.9))}; opening a connection takes several replies ({ms(opening)})"


@experiment("F04", "a reply is cut after n octets, n = 1 … 200", "StoreError or the right value; the next request right, 200 of 200", 0.2)
def cut():
    errors = right = 0
    data = b"0123456789" * 20
    with redis() as server, broken_line(server.port) as line:
        store = RedisStore(f"redis://127.0.0.1:{line.port}/0", rest=0.0)
        store.create(KEY, data, 60)
        for length in range(1, 201):
            line.cut = length
            try:
                assert store.load(KEY).data == data
            except StoreError:
                errors += 1
            line.cut = None
            right += store.load(KEY).data == data
        store.close()
    assert right == 200
    return f"200 cuts: {errors} StoreErrors, {200 - errors} whole values; the next request right 200 of 200"


def reset_those_that_are(line):
    """Reset the connections of this moment, and none that is made while it is done."""
    pairs = line.pairs[:]
    del line.pairs[: len(pairs)]
    for end in (end for pair in pairs for end in pair):
        try:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


@experiment("F05", "pooled connections are reset each second", "no acknowledged write lost, no 5xx", 0.7)
def reset():
    statuses, lost, acknowledged = Counter(), 0, [0] * 4
    with redis() as server, broken_line(server.port) as line:
        layer = SessionMiddleware(kit().site, RedisStore(f"redis://127.0.0.1:{line.port}/0"), auto_purge_every=0)
        users = [kit().Browser(layer) for _ in range(4)]
        ended = threading.Event()

        def resets():
            while not ended.wait(1.0):
                reset_those_that_are(line)

        threading.Thread(target=resets, daemon=True).start()

        def action(number, now):
            nonlocal lost
            if acknowledged[number]:
                answer = users[number].get("/get?n")
                statuses[answer.code] += 1
                lost += answer.code == 200 and int(answer.text or 0) < acknowledged[number]
            answer = users[number].get("/count")
            statuses[answer.code] += 1
            if answer.code == 200:
                acknowledged[number] = int(answer.text)

        hung = paced(size(30, 4), 4, 40, action)
        ended.set()
        layer.store.close()
    assert not hung
    assert set(statuses) == {200}, statuses
    assert not lost
    return f"{sum(statuses.values())} requests, all 200; {sum(acknowledged)} acknowledged writes, 0 lost"


@experiment("F06", "fail-over to an empty replica", "sessions are anonymous, not errors; old ids are not adopted", 0.1)
def failed_over():
    return tests(TESTS + "test_an_empty_replica_makes_sessions_anonymous_and_adopts_no_id",
                 TESTS + "test_sentinel_finds_the_master_that_took_over")  # fmt: skip


@experiment("F07", "OOM, READONLY, MOVED, LOADING and nonsense", "StoreError; a failed save is told (503), never silent", 0.1)
def refused():
    return tests(TESTS + "test_a_redis_without_memory_refuses_and_the_refusal_is_told",
                 TESTS + "test_a_read_only_replica_refuses_writes_and_the_refusal_is_told",
                 TESTS + "test_replies_that_make_no_sense_are_store_errors")  # fmt: skip
