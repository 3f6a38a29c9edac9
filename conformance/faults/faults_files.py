"""F12 to F16: files whose writer is killed, whose disk is full, whose folder goes."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time

from faultkit import ROOT, experiment, folder, kit, size, tests

from tropea.core.stores import StoreError
from tropea.sessions import FileStore, SessionMiddleware

DATA = ROOT / "packages" / "sessions" / "tests" / "data"
TESTS = "packages/sessions/tests/test_faults.py::"
KEY = "ab" * 32


@experiment("F12", "kill -9 in the middle of a save (200 KB values)", "0 unreadable, the value is the last or last but one acknowledged; left-over files are gone after a purge", 2)
def killed():
    said, kills = [], size(500, 20)
    for kind in ("file", "sqlite", *(["dbm"] if has_dbm() else [])):
        with folder() as where:
            address = {"file": f"file://{where}", "sqlite": f"sqlite:///{where}/s.db", "dbm": f"dbm:///{where}/s.dbm"}[kind]
            ran = subprocess.run([sys.executable, DATA / "kill_writer.py", address, str(kills)], capture_output=True, text=True)
            assert ran.returncode == 0, ran.stderr
            unreadable, stale, done = map(int, ran.stdout.split())
            left = list(where.rglob(".new-*"))
            assert (unreadable, stale, done, left) == (0, 0, kills, []), ran.stdout
            said.append(kind)
    return f"{kills} kills each of {', '.join(said)}: 0 unreadable, 0 older than acknowledged, 0 files left over"


def has_dbm():
    """Say whether this Python has a dbm that survives a kill."""
    from tropea.core.errors import OptionError
    from tropea.sessions.stores.dbm import best_kind

    try:
        return bool(best_kind())
    except OptionError:
        return False


@experiment("F13", "the disk is full", "the old value stays readable; StoreError; no partial file", 0.1)
def full():
    if os.geteuid() == 0:
        with folder() as where:
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tropea", where], capture_output=True)
            if mounted.returncode == 0:
                try:
                    return on_small_disk(where)
                finally:
                    subprocess.run(["umount", where], check=True)
    return "by RLIMIT_FSIZE, not by a mounted disk: " + tests(TESTS + "test_a_full_disk_keeps_the_old_value")


def on_small_disk(where):
    store = FileStore(where)
    version = store.create(KEY, b"old" * 1000, 600)
    refused = 0
    for _ in range(20):
        try:
            store.save(KEY, b"n" * 100_000, 600, version)
        except StoreError:
            refused += 1
        assert store.load(KEY).data == b"old" * 1000
    assert refused == 20
    assert [p for p in where.rglob(".new-*")] == []
    return "tmpfs of 64 KB: 20 of 20 saves refused, the old value readable each time, no file left over"


@experiment("F14", "the folder is removed, or read-only for a user who is not root", "StoreError or made again; 503 and no 5xx storm; one line a minute in the log", 0.2)
def gone():
    with folder() as where:
        where.chmod(0o755)
        base = where / "s"
        base.mkdir()
        if os.geteuid() == 0:
            import pwd

            nobody = pwd.getpwnam("nobody").pw_uid
            os.chown(base, nobody, nobody)
        import html  # noqa: F401  this user may not read the standard library

        browser = kit().Browser(SessionMiddleware(kit().site, FileStore(where / "first"), auto_purge_every=0))
        browser.get("/set?k=v")  # all that a request imports is there now
        reader, writer = os.pipe()
        if os.fork() == 0:
            if os.geteuid() == 0:
                os.setgid(nobody), os.setuid(nobody)
            with os.fdopen(writer, "w") as out:
                try:
                    json.dump(readonly(base), out)
                except BaseException as error:
                    json.dump({"error": repr(error)}, out)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as told:
            seen = json.load(told)
        os.wait()
    assert "error" not in seen, seen
    assert seen["read-only"] == {"503": 200}, seen
    assert seen["untouched"] == {"200": 200}, seen
    assert seen["lines"] == 1, seen
    return f"read-only: 200 of 200 touched requests 503, 200 of 200 untouched 200, 1 line in the log; {tests(TESTS + 'test_a_folder_that_is_removed_is_made_again')}"


def readonly(base):
    """As somebody who is not root: make a session, take the right to write away, go on."""
    lines = []

    class Counting(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    logging.getLogger("tropea.sessions").addHandler(Counting())
    browser = kit().Browser(SessionMiddleware(kit().site, FileStore(base), auto_purge_every=0))
    browser.get("/set?k=v")
    for path in [base, *base.rglob("*")]:
        if path.is_dir():
            path.chmod(0o500)
    seen = {"read-only": {}, "untouched": {}}
    for turn in range(200):
        code = str(browser.get(f"/set?k={turn}").code)
        seen["read-only"][code] = seen["read-only"].get(code, 0) + 1
        code = str(browser.get("/plain").code)
        seen["untouched"][code] = seen["untouched"].get(code, 0) + 1
    for path in [base, *base.rglob("*")]:
        if path.is_dir():
            path.chmod(0o700)
    return seen | {"lines": len(lines), "said": lines[:3]}


@experiment("F15", "EINTR, EMFILE, EIO, ESTALE, ENOSPC, EACCES at every call", "every call: no corrupt entry, no descriptor or lock left", 0.2)
def errnos():
    return tests(TESTS + "test_an_error_at_any_call_leaves_the_old_value_and_leaks_nothing",
                 TESTS + "test_short_writes_are_gone_on_with") + " (seven calls × six errnos, each call site in turn)"  # fmt: skip


@experiment("F16", "two processes sweep while four write", "0 live sessions lost, 0 exceptions to callers", 1.2)
def swept():
    seconds, totals = size(60, 4), {"made": 0, "lost": 0, "sweeps": 0}
    with folder() as where:
        children = []
        for number in range(6):
            reader, writer = os.pipe()
            if os.fork() == 0:
                with os.fdopen(writer, "w") as out:
                    try:
                        json.dump(sweep(where, seconds) if number < 2 else write(where, seconds), out)
                    except BaseException as error:
                        json.dump({"error": repr(error)}, out)
                os._exit(0)
            os.close(writer)
            children.append(reader)
        for reader in children:
            with os.fdopen(reader) as told:
                seen = json.load(told)
            assert "error" not in seen, seen
            for name, count in seen.items():
                totals[name] += count
            os.wait()
    assert totals["lost"] == 0, totals
    return f"{seconds} s: {totals['made']} live sessions written, {totals['sweeps']} sweeps, 0 lost, 0 exceptions"


def sweep(where, seconds):
    store, ended, sweeps = FileStore(where, sync=False, timeout=30), time.monotonic() + seconds, 0
    while time.monotonic() < ended:
        store.purge()
        sweeps += 1
    return {"sweeps": sweeps}


def write(where, seconds):
    store, ended, live = FileStore(where, sync=False, timeout=30), time.monotonic() + seconds, {}
    while time.monotonic() < ended:
        key = os.urandom(32).hex()
        live[key] = store.create(key, b"0", 600)
        store.create(os.urandom(32).hex(), b"over", 0.000001)
        for other in list(live)[-3:]:
            live[other] = store.save(other, b"1", 600, live[other])
    return {"made": len(live), "lost": sum(store.load(key) is None for key in live)}
