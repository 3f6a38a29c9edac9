"""Servers that die, hang, refuse and restart; disks that are full; entries that are damaged."""

import errno
import importlib.util
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tropea.core.stores import StoreBusy, StoreDown, StoreError
from tropea.sessions import (
    DBMStore,
    FileStore,
    MemcachedStore,
    RedisStore,
    SealedCookieStore,
    SessionMiddleware,
    SQLiteStore,
    SQLStore,
)
from tropea.sessions.errors import RecordError
from tropea.sessions.ids import storage_key
from tropea.sessions.records import Record, unpack
from tropea.sessions.testing import in_threads

DATA = pathlib.Path(__file__).with_name("data")
KEY = "ab" * 32


def until(condition, seconds=10):
    """Wait for something that takes a moment; fail when it never comes."""
    end = time.monotonic() + seconds
    while True:
        try:
            return condition()
        except StoreError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def _raises(kind, work):
    try:
        work()
    except kind:
        return True
    return False


@pytest.fixture
def opened():
    """Close the stores that a test opens."""
    stores = []

    def keep(store):
        stores.append(store)
        return store

    yield keep
    for store in stores:
        store.close()


# -- Redis -------------------------------------------------------------------------------------


def test_a_killed_redis_is_answered_with_503_until_it_is_back(redis_server, tools, opened):
    store = opened(RedisStore(redis_server.url, timeout=5, rest=0.05))
    browser = tools.Browser(SessionMiddleware(tools.site, store))
    browser.get("/set?k=v")
    redis_server.kill()
    for _ in range(5):
        assert browser.get("/get?k").code == 503
        assert browser.get("/plain").code == 200
    redis_server.start()
    until(lambda: store.load(KEY))
    assert browser.get("/get?k").text == ""  # it kept nothing: nobody is taken for somebody
    browser.get("/set?k=again")
    assert browser.get("/get?k").text == "again"


def test_a_redis_that_swallows_everything_costs_one_timeout(redis_server, fault_proxy, opened):
    proxy = fault_proxy(redis_server.port)
    store = opened(RedisStore(f"redis://127.0.0.1:{proxy.port}/0", timeout=0.2, rest=30))
    store.create(KEY, b"x", 60)
    proxy.mode = "blackhole"
    with pytest.raises(StoreError, match="cannot be reached") as first:
        store.load(KEY)
    assert not isinstance(first.value, StoreDown)
    for _ in range(100):
        with pytest.raises(StoreDown):  # nobody asks, so nobody waits
            store.load(KEY)


def test_after_a_rest_one_request_finds_that_the_server_is_back(redis_server, fault_proxy, opened):
    proxy = fault_proxy(redis_server.port)
    store = opened(RedisStore(f"redis://127.0.0.1:{proxy.port}/0", timeout=0.2, rest=0.05))
    store.create(KEY, b"x", 60)
    proxy.mode = "blackhole"
    with pytest.raises(StoreError):
        store.load(KEY)
    proxy.mode = "pass"
    assert until(lambda: store.load(KEY)).data == b"x"


def test_a_slow_redis_is_waited_for(redis_server, fault_proxy, opened):
    proxy = fault_proxy(redis_server.port)
    store = opened(RedisStore(f"redis://127.0.0.1:{proxy.port}/0", timeout=3))
    store.create(KEY, b"x", 60)
    proxy.mode = "slow"
    assert store.load(KEY).data == b"x"


def test_an_answer_that_is_cut_short_is_never_taken_for_an_answer(
    redis_server, fault_proxy, opened
):
    proxy = fault_proxy(redis_server.port)
    store = opened(RedisStore(f"redis://127.0.0.1:{proxy.port}/0", timeout=5, rest=0.0))
    data = b"0123456789" * 12
    store.create(KEY, data, 60)
    for length in range(1, 200):
        proxy.cut = length
        try:
            assert store.load(KEY).data == data
        except StoreError:
            pass
        proxy.cut = None
        assert store.load(KEY).data == data


def test_reset_connections_lose_no_acknowledged_write(redis_server, fault_proxy, opened):
    proxy = fault_proxy(redis_server.port)
    store = opened(RedisStore(f"redis://127.0.0.1:{proxy.port}/0", timeout=5))
    version = store.create(KEY, b"0", 60)
    for turn in range(1, 31):
        proxy.reset_all()
        version = store.save(KEY, b"%d" % turn, 60, version)
        assert version is not None
    assert store.load(KEY).data == b"30"


def test_an_empty_replica_makes_sessions_anonymous_and_adopts_no_id(
    redis_server, redis_program, fault_proxy, tools, opened
):
    replica = tools.RedisServer(redis_program)
    try:
        proxy = fault_proxy(redis_server.port)
        store = opened(RedisStore(f"redis://127.0.0.1:{proxy.port}/0", timeout=5))
        browser = tools.Browser(SessionMiddleware(tools.site, store))
        browser.get("/set?k=v")
        old = dict(browser.jar)
        proxy.target = replica.port
        proxy.reset_all()
        answer = browser.get("/get?k")
        assert (answer.code, answer.text) == (200, "")
        browser.get("/set?k=w")
        assert browser.jar != old
    finally:
        replica.stop()


def test_a_redis_without_memory_refuses_and_the_refusal_is_told(redis_server, tools, opened):
    import redis

    admin = redis.Redis.from_url(redis_server.url)
    store = opened(RedisStore(redis_server.url, timeout=5))
    browser = tools.Browser(SessionMiddleware(tools.site, store))
    browser.get("/set?k=v")
    admin.config_set("maxmemory-policy", "noeviction")
    admin.config_set("maxmemory", "1mb")
    assert browser.get("/set?k=w").code == 503
    with pytest.raises(StoreError, match="refused"):
        store.create(KEY, b"x", 60)
    assert browser.get("/get?k").text == "v"  # a refusal is an answer: reading goes on
    admin.close()


def test_a_read_only_replica_refuses_writes_and_the_refusal_is_told(redis_server, opened):
    import redis

    admin = redis.Redis.from_url(redis_server.url)
    store = opened(RedisStore(redis_server.url, timeout=5))
    version = store.create(KEY, b"x", 60)
    admin.replicaof("127.0.0.1", "1")
    with pytest.raises(StoreError, match="refused"):
        store.save(KEY, b"y", 60, version)
    admin.close()


@pytest.mark.parametrize(
    "reply",
    [b"-LOADING Redis is loading the dataset in memory\r\n", b"-MOVED 1 127.0.0.1:1\r\n",
     b"-ERR what\r\n", b"$nonsense\r\n", b"+OK\r\n", b"*2\r\n:1\r\n:2\r\n", b"\0\0\0\0\r\n"],
)  # fmt: skip
def test_replies_that_make_no_sense_are_store_errors(reply, opened):
    pytest.importorskip("redis")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                try:
                    while peer.recv(65536):
                        peer.sendall(reply)
                except OSError:
                    pass

    threading.Thread(target=serve, daemon=True).start()
    port = listener.getsockname()[1]
    store = opened(RedisStore(f"redis://127.0.0.1:{port}/0?protocol=2", rest=0.0, timeout=0.2))
    try:
        with pytest.raises(StoreError):
            store.load(KEY)
    finally:
        listener.close()


def test_a_key_of_another_type_is_nothing_and_is_left_alone(redis_server, tools, opened, caplog):
    import redis

    admin = redis.Redis.from_url(redis_server.url)
    store = opened(RedisStore(redis_server.url, timeout=5))
    browser = tools.Browser(SessionMiddleware(tools.site, store, auto_purge_every=0))
    _, sid = browser.get("/set?k=v").cookie
    name = "tropea:session:" + storage_key(sid)
    admin.delete(name)
    admin.rpush(name, "x")
    caplog.clear()
    answer = browser.get("/get?k")
    assert (answer.code, answer.text) == (200, "")
    assert len(caplog.records) == 1
    assert admin.llen(name) == 1
    admin.close()


def test_a_dead_memcached_is_a_store_error_and_then_a_breaker(memcached_address, fault_proxy):
    host, _, port = memcached_address.rpartition(":")
    proxy = fault_proxy(int(port))
    store = MemcachedStore(f"127.0.0.1:{proxy.port}", timeout=0.2, rest=0.05)
    key = os.urandom(32).hex()
    version = store.create(key, b"x", 60)
    proxy.reset_all()
    assert store.save(key, b"y", 60, version) is not None
    proxy.mode = "blackhole"
    with pytest.raises(StoreError):
        store.load(key)
    with pytest.raises(StoreDown):
        store.load(key)
    proxy.mode = "pass"
    assert until(lambda: store.load(key)).data == b"y"
    store.close()


# -- SQL ---------------------------------------------------------------------------------------


@pytest.fixture
def sql(postgresql_url, opened):
    return opened(SQLStore(postgresql_url, timeout=3, rest=0.0))


def terminate(engine, connection):
    pid = connection.connection.driver_connection.info.backend_pid
    import psycopg

    url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(%s)", [pid])


@pytest.mark.parametrize("kills", [1, 2])
def test_a_connection_dropped_in_mid_save_leaves_the_old_or_the_new_value(sql, kills):
    from sqlalchemy import event

    key = os.urandom(32).hex()
    version = sql.create(key, b"0" * 1000, 600)
    engine = sql._database().engine
    left = [0]

    @event.listens_for(engine, "after_cursor_execute")
    def kill(connection, cursor, statement, *rest):
        if statement.startswith("UPDATE") and left[0]:
            left[0] -= 1
            terminate(engine, connection)

    for turn in range(1, 11):
        left[0] = kills
        new = b"%d" % (turn % 10) * 1000
        try:
            saved = sql.save(key, new, 600, version)
        except StoreError:
            saved = None
        left[0] = 0
        entry = sql.load(key)
        assert len(set(entry.data)) == 1
        assert len(entry.data) == 1000
        if saved is not None:
            assert entry.data == new  # never "saved" when it was not
        version = entry.version
    event.remove(engine, "after_cursor_execute", kill)


def test_a_row_that_somebody_else_holds_is_busy_and_answered_with_retry_after(sql, tools):
    browser = tools.Browser(SessionMiddleware(tools.site, sql, auto_purge_every=0))
    _, sid = browser.get("/set?k=v").cookie
    engine = sql._database().engine
    with engine.connect().execution_options(isolation_level="READ COMMITTED") as other:
        other.exec_driver_sql(
            f"select 1 from tropea_sessions where key = '{storage_key(sid)}' for update"
        )
        answer = browser.get("/set?k=w")
        other.rollback()
    assert answer.code == 503
    assert answer.get("Retry-After") == "1"
    assert browser.get("/get?k").text == "v"


@pytest.mark.parametrize("established", [True, False])
def test_a_database_that_swallows_everything_costs_one_timeout(
    postgresql, fault_proxy, opened, established
):
    """A line that is acknowledged but never answered, which a driver waits on for ever."""
    proxy = fault_proxy(postgresql.port)
    url = postgresql.url.replace(str(postgresql.port), str(proxy.port))
    store = opened(SQLStore(url, timeout=0.3, rest=30))
    key = os.urandom(32).hex()
    if established:
        store.create(key, b"x", 600)
    proxy.mode = "blackhole"
    began = time.monotonic()
    with pytest.raises(StoreError, match="cannot be reached") as first:
        store.load(key)
    assert time.monotonic() - began < 1.9  # less than its library's shortest wait
    assert not isinstance(first.value, StoreDown)
    for _ in range(100):
        with pytest.raises(StoreDown):
            store.load(key)


def test_a_database_is_used_again_when_its_line_is_back(postgresql, fault_proxy, opened):
    proxy = fault_proxy(postgresql.port)
    url = postgresql.url.replace(str(postgresql.port), str(proxy.port))
    store = opened(SQLStore(url, timeout=0.3, rest=0.05))
    key = os.urandom(32).hex()
    version = store.create(key, b"x", 600)
    proxy.mode = "blackhole"
    failures = in_threads(4, lambda _: _raises(StoreError, lambda: store.save(key, b"y", 60, version)))
    assert failures == [True] * 4
    proxy.mode = "pass"
    assert until(lambda: store.load(key)).data == b"x"


def test_a_connection_that_comes_too_late_is_closed():
    from tropea.sessions.stores.deadlines import Deadlines

    late, go_on = [], threading.Event()

    class Connection:
        def close(self):
            late.append("closed")
            closed.set()

    def make():
        assert go_on.wait(10)
        return Connection()

    closed, deadlines = threading.Event(), Deadlines(0.01)
    with deadlines.watched(), pytest.raises(TimeoutError):
        deadlines.connect(make)
    go_on.set()
    assert closed.wait(10)
    assert late == ["closed"]


def test_what_ends_in_time_is_not_cut_off():
    from tropea.sessions.stores.deadlines import Deadlines

    one, other = socket.socketpair()
    deadlines = Deadlines(30)
    with one, other:
        with deadlines.watched() as call:
            deadlines.attach(one)
        assert not call.expired
        one.sendall(b"still open")
        assert other.recv(10) == b"still open"
        deadlines = Deadlines(0.05)
        with deadlines.watched() as cut:
            deadlines.attach(one)
            assert one.recv(1) == b""  # what was a wait without end has an end
        assert cut.expired


def test_more_requests_than_connections_are_busy_not_down(postgresql, opened):
    from sqlalchemy import create_engine

    engine = create_engine(postgresql.url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    store = opened(SQLStore(engine))
    store.load(KEY)
    with engine.connect():
        with pytest.raises(StoreBusy, match="in use"):
            store.load(KEY)
    assert store.load(KEY) is None  # the breaker has not heard of it


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_deadlock_is_tried_three_times_and_then_busy(sql, state):
    tries = []

    def work(connection):
        tries.append(state)
        connection.exec_driver_sql(f"do $$ begin raise sqlstate '{state}'; end $$")

    with pytest.raises(StoreBusy):
        sql._run(work)
    assert len(tries) == 3


def test_a_restarted_database_has_every_acknowledged_write(postgresql, opened):
    store = opened(SQLStore(postgresql.url, timeout=5, rest=0.0))
    key = os.urandom(32).hex()
    version = store.create(key, b"0", 600)
    for turn in range(1, 4):
        version = store.save(key, b"%d" % turn, 600, version)
        postgresql.stop()
        with pytest.raises(StoreError):
            store.load(key)
        postgresql.start()
        assert until(lambda: store.load(key)).data == b"%d" % turn


def test_whoever_comes_to_a_new_database_at_once_finds_its_tables_whole(tmp_path, opened):
    for number in range(20):
        stores = [opened(SQLStore(f"sqlite:///{tmp_path}/{number}.db", timeout=10)) for _ in range(4)]
        together = threading.Barrier(8)

        def come(place):
            together.wait()
            return stores[place % 4].create(KEY, b"x", 600)

        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(come, range(8)))
        assert sum(bool(version) for version in made) == 1


def test_a_schema_of_a_later_release_is_left_alone(tmp_path, opened):
    pytest.importorskip("sqlalchemy")
    url = f"sqlite:///{tmp_path}/s.db"
    store = opened(SQLStore(url))
    store.create(KEY, b"x", 60)
    with store._database().engine.begin() as connection:
        connection.exec_driver_sql("update tropea_sessions_schema set version = 99")
    with pytest.raises(StoreError, match="version 99"):
        opened(SQLStore(url)).load(KEY)


@pytest.fixture(params=["sqlite", "postgresql"])
def old_table(request, quick_folder, opened):
    """The address and name of a table that this release made, with an entry in it."""
    pytest.importorskip("sqlalchemy")
    url, table = f"sqlite:///{quick_folder}/old.db", f"sessions_{os.urandom(4).hex()}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    opened(SQLStore(url, table=table, timeout=10)).create(KEY, b"x", 600)
    return url, table


def later_release(monkeypatch, *statements):
    from tropea.sessions.stores import sqlschema

    monkeypatch.setattr(sqlschema, "VERSION", 2)
    monkeypatch.setattr(sqlschema, "STEPS", {2: statements})


def test_a_later_release_changes_the_table_once_and_keeps_what_is_in_it(
    old_table, opened, monkeypatch
):
    url, table = old_table
    later_release(monkeypatch, "alter table {table} add column note varchar(9) default 'new'")
    stores = [opened(SQLStore(url, table=table, timeout=10)) for _ in range(4)]
    found = in_threads(4, lambda n: until(lambda: stores[n].load(KEY)).data)
    assert found == [b"x"] * 4
    with stores[0]._database().engine.begin() as connection:
        assert connection.exec_driver_sql(f"select note from {table}").scalars().all() == ["new"]
        about = connection.exec_driver_sql(f"select version from {table}_schema").scalars().all()
    assert about == [2]


def test_a_change_of_the_table_that_fails_is_not_half_made(old_table, opened, monkeypatch):
    url, table = old_table
    later_release(monkeypatch, "alter table {table} add column note varchar(9)", "what is this")
    store = opened(SQLStore(url, table=table, timeout=10))
    with pytest.raises(StoreError):
        store.load(KEY)
    monkeypatch.undo()
    assert opened(SQLStore(url, table=table, timeout=10)).load(KEY).data == b"x"


def test_a_sqlite_file_of_a_later_release_is_refused_at_once(tmp_path):
    import sqlite3

    from tropea.core.errors import OptionError

    SQLiteStore(tmp_path / "s.db").close()
    connection = sqlite3.connect(tmp_path / "s.db")
    connection.execute("pragma user_version = 99")
    connection.close()
    with pytest.raises(OptionError, match="version 99"):
        SQLiteStore(tmp_path / "s.db")


# -- kills -------------------------------------------------------------------------------------


def run_script(name, *arguments):
    command = [sys.executable, str(DATA / name), *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return [int(word) for word in ran.stdout.split()]


@pytest.fixture(params=["file", "sqlite", "dbm"])
def embedded(request, quick_folder):
    if request.param == "file":
        return f"file://{quick_folder}"
    if request.param == "sqlite":
        return f"sqlite:///{quick_folder}/s.db"
    request.getfixturevalue("dbm_kind")
    return f"dbm:///{quick_folder}/s.dbm"


def test_thirty_kills_in_mid_write_leave_nothing_unreadable_and_lose_nothing(embedded, quick_folder):
    assert run_script("kill_writer.py", embedded, 30) == [0, 0, 30]
    assert list(quick_folder.rglob(".new-*")) == []


@pytest.mark.slow
def test_five_hundred_kills_in_mid_write_leave_nothing_unreadable(embedded, quick_folder):
    assert run_script("kill_writer.py", embedded, 500) == [0, 0, 500]
    assert list(quick_folder.rglob(".new-*")) == []


def test_workers_forked_after_the_store_was_used_share_nothing(address):
    rounds = 20 if address.startswith("postgresql") else 60
    assert run_script("fork_after_use.py", address, rounds) == [0, 0]


# -- files -------------------------------------------------------------------------------------


def open_descriptors():
    return sorted(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize(
    "code", [errno.ENOSPC, errno.EINTR, errno.EMFILE, errno.EIO, errno.ESTALE, errno.EACCES]
)
@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace", "utime", "read", "fstat"])
def test_an_error_at_any_call_leaves_the_old_value_and_leaks_nothing(
    quick_folder, monkeypatch, code, call
):
    store = FileStore(quick_folder)
    version = store.create(KEY, b"old", 600)
    original = getattr(os, call)
    site = 0
    while True:
        site += 1
        counter = [0]

        def fails(*arguments, **keywords):
            counter[0] += 1
            if counter[0] == site:
                if call == "write":
                    original(arguments[0], bytes(arguments[1])[:1])  # a part was written
                raise OSError(code, os.strerror(code))
            return original(*arguments, **keywords)

        before = open_descriptors()
        monkeypatch.setattr(os, call, fails)
        try:
            saved = store.save(KEY, b"new", 600, version)
        except StoreError:
            saved = None
        monkeypatch.setattr(os, call, original)
        assert open_descriptors() == before
        entry = store.load(KEY)
        assert entry.data in (b"old", b"new")
        if saved is not None:
            assert entry.data == b"new"
        assert list(quick_folder.rglob(".new-*")) == []
        version = entry.version
        if counter[0] < site:
            break  # every call site has had its turn
        if entry.data == b"new":
            version = store.save(KEY, b"old", 600, version)
    assert site > 1


def test_short_writes_are_gone_on_with(tmp_path, monkeypatch):
    original = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: original(fd, bytes(data)[:1000]))
    store = FileStore(tmp_path)
    store.create(KEY, b"x" * 10_000, 60)
    assert store.load(KEY).data == b"x" * 10_000


FULL = """
import resource, signal, sys
from tropea.core.stores import StoreError
from tropea.sessions.addresses import open_store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_store(sys.argv[1])
version = store.create("ab" * 32, b"old", 600)
if sys.argv[2] == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (131072, 131072))
for size in (100_000, 1_000_000):
    try:
        if store.save("ab" * 32, b"n" * size, 600, version) is None:
            print("lost")
        version += 1
    except StoreError as error:
        print("refused")
held = store.load("ab" * 32).data
print("whole" if set(held) in ({*b"n"}, {*b"old"}) else "torn")
print(store.create("cd" * 32, b"small", 600) is not None and "goes on")
store.close()
"""


@pytest.fixture(params=["file", "sqlite", "sql-sqlite", "dbm"])
def on_disk(request):
    """The address of each embedded store below a folder."""

    def address(folder):
        if request.param == "file":
            return f"file://{folder}"
        if request.param == "sqlite":
            return f"sqlite:///{folder}/s.db"
        if request.param == "dbm":
            request.getfixturevalue("dbm_kind")
            return f"dbm:///{folder}/s.dbm"
        pytest.importorskip("sqlalchemy")
        (pathlib.Path(folder) / "engine_store.py").write_text(
            "from tropea.sessions import SQLStore\n"
            f"store = SQLStore('sqlite:///{folder}/sql.db')\n"
        )
        return "engine_store:store"

    return address


def run_on_full_disk(address, kind, folder):
    ran = subprocess.run(
        [sys.executable, "-c", FULL, address, kind], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": f"{folder}"},
    )  # fmt: skip
    return ran.stdout.split("\n")[:-1], ran.stderr


def test_a_full_disk_keeps_the_old_value(tmp_path, on_disk):
    """A limit on the size of files stands for the disk; it holds for root, too."""
    said, errors = run_on_full_disk(on_disk(tmp_path), "limit", tmp_path)
    assert said[-3:] == ["refused", "whole", "goes on"], errors
    assert "lost" not in said
    assert list(tmp_path.rglob(".new-*")) == []


def test_a_disk_of_a_quarter_of_a_megabyte_fills_up(tmp_path, on_disk):
    """A real disk without room, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0755", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a file system")
    try:
        said, errors = run_on_full_disk(on_disk(disk), "disk", disk)
        assert "refused" in said, errors
        assert "lost" not in said
        assert "whole" in said
        assert list(disk.rglob(".new-*")) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_folder_that_becomes_read_only_is_read_on(tmp_path):
    """As another user where this one is root, whom no mode keeps out."""
    script = """
import os, sys
from tropea.core.stores import StoreError
from tropea.sessions import FileStore  # before: the interpreter may be root's alone
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
store = FileStore(sys.argv[1])
version = store.create("ab" * 32, b"old", 600)
for folder, _, files in os.walk(store.folder, topdown=False):
    os.chmod(folder, 0o500)
for attempt in range(3):
    try:
        store.save("ab" * 32, b"new", 600, version)
    except StoreError as error:
        print("refused")
print(store.load("ab" * 32).data.decode())
for folder, _, files in os.walk(store.folder):
    os.chmod(folder, 0o700)
print(store.save("ab" * 32, b"new", 600, version) == version + 1)
"""
    folder = tempfile.mkdtemp(prefix="tropea-readonly-", dir="/tmp")
    try:
        os.chmod(folder, 0o777)
        ran = subprocess.run([sys.executable, "-c", script, folder], capture_output=True, text=True)
        assert ran.stdout.split() == ["refused"] * 3 + ["old", "True"], ran.stderr
    finally:
        shutil.rmtree(folder)


def test_a_folder_that_is_removed_is_made_again(tmp_path, tools):
    browser = tools.Browser(SessionMiddleware(tools.site, FileStore(tmp_path / "s")))
    browser.get("/set?k=v")
    shutil.rmtree(tmp_path / "s")
    assert browser.get("/get?k").text == ""
    browser.get("/set?k=w")
    assert browser.get("/get?k").text == "w"


def test_files_and_folders_are_for_nobody_else(tmp_path):
    old = os.umask(0)
    try:
        FileStore(tmp_path).create(KEY, b"x", 60)
        SQLiteStore(tmp_path / "d" / "s.db").close()
    finally:
        os.umask(old)
    for path in (tmp_path / "tropea-sessions").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    assert (tmp_path / "tropea-sessions").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "d" / "s.db").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_others_can_write_to_is_refused(tmp_path):
    from tropea.core.errors import OptionError

    (tmp_path / "tropea-sessions").mkdir(mode=0o700)
    (tmp_path / "tropea-sessions").chmod(0o777)
    with pytest.raises(OptionError, match="0700"):
        FileStore(tmp_path)
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "tropea-sessions").symlink_to(tmp_path)
    with pytest.raises(OptionError):
        FileStore(tmp_path / "link")


def test_sweeping_while_others_write_loses_no_live_session(quick_folder):
    stores = [FileStore(quick_folder, sync=False, timeout=30) for _ in range(6)]
    stop = threading.Event()

    def work(number):
        store = stores[number]
        if number >= 4:
            while not stop.is_set():
                store.purge()
            return 0
        try:
            keys = {}
            for turn in range(60):
                key = os.urandom(32).hex()
                keys[key] = store.create(key, b"0", 600)
                store.create(os.urandom(32).hex(), b"over", 0.000001)
                for other, version in list(keys.items())[-3:]:
                    keys[other] = store.save(other, b"%d" % turn, 600, version)
            return sum(store.load(key) is None for key in keys)
        finally:
            finished.append(number)
            if len(finished) == 4:
                stop.set()

    finished = []
    assert in_threads(6, work) == [0] * 6


def test_a_system_without_file_locks_is_told_what_to_use(tmp_path, monkeypatch):
    """Windows: the stores that need the locks say so when they are made, not at the first race."""
    from tropea.core.errors import OptionError
    from tropea.sessions.addresses import open_store
    from tropea.sessions.stores import dbm, files

    monkeypatch.setattr(files, "fcntl", None)
    monkeypatch.setattr(dbm, "fcntl", None)
    for address in (f"file://{tmp_path}", f"dbm:///{tmp_path}/x"):
        with pytest.raises(OptionError, match="no file locks; use SQLiteStore"):
            open_store(address)


def test_the_package_needs_nothing_that_only_posix_has(tmp_path):
    """A Python without fcntl, as on Windows: everything else goes on."""
    script = """
import sys
sys.modules["fcntl"] = None  # whoever imports it is told that there is none
import tropea.sessions as sessions
for name in sessions.__all__:
    getattr(sessions, name)
store = sessions.SQLiteStore(sys.argv[1])
store.create("ab" * 32, b"x", 60)
print(store.load("ab" * 32).data.decode())
"""
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "s.db")], capture_output=True, text=True
    )
    assert ran.stdout.split() == ["x"], ran.stderr


def test_dbm_dumb_is_refused(tmp_path):
    from tropea.core.errors import OptionError

    with pytest.raises(OptionError, match=r"dbm\.gnu"):
        DBMStore(tmp_path / "x", kind="dbm.dumb")


# -- damaged and foreign entries -----------------------------------------------------------------


def mutations(raw, count, seed):
    chance = random.Random(seed)
    for _ in range(count):
        kind = chance.randrange(5)
        position = chance.randrange(len(raw))
        if kind == 0:
            yield raw[:position]
        elif kind == 1:
            changed = raw[position] ^ (1 << chance.randrange(8))
            yield raw[:position] + bytes([changed]) + raw[position + 1 :]
        elif kind == 2:
            other = chance.randrange(len(raw))
            low, high = sorted((position, other))
            yield raw[:low] + raw[high:] + raw[low:high]
        elif kind == 3:
            yield chance.randbytes(chance.randrange(1, 60))
        else:
            yield raw[:position] + chance.randbytes(3) + raw[position:]


GOLDEN_ID = "golden-id-golden-id-golden-id-golden-id-gol"


def test_ten_thousand_damaged_records_are_told_from_whole_ones():
    raw = (DATA / "record-format-1.bin").read_bytes()
    whole = unpack(raw, GOLDEN_ID)
    for damaged in mutations(raw, 10_000, seed=1):
        try:
            assert unpack(damaged, GOLDEN_ID) == whole
            assert damaged == raw
        except RecordError:
            pass


def test_a_damaged_entry_is_an_empty_session_and_one_warning(any_store, tools, caplog):
    browser = tools.Browser(SessionMiddleware(tools.site, any_store, auto_purge_every=0))
    _, sid = browser.get("/set?k=v").cookie
    key, jar = storage_key(sid), dict(browser.jar)
    raw = any_store.load(key).data
    pickled = b"cos\nsystem\n(S'touch /tmp/tropea-pwned'\ntR."
    for damaged in [pickled, b"", b"[]", *mutations(raw, 60, seed=2)]:
        any_store.delete(key)
        assert any_store.create(key, damaged, 600) is not None
        caplog.clear()
        browser.jar = dict(jar)
        for _ in range(2):
            answer = browser.get("/get?k")
            assert answer.code == 200
            assert answer.text == ("v" if damaged == raw else "")
        assert len(caplog.records) <= 1
    assert not os.path.exists("/tmp/tropea-pwned")


def test_a_damaged_file_and_a_damaged_row_are_empty_sessions(tmp_path, tools, caplog):
    import sqlite3

    files = tools.Browser(SessionMiddleware(tools.site, FileStore(tmp_path), auto_purge_every=0))
    rows = SQLiteStore(tmp_path / "s.db")
    table = tools.Browser(SessionMiddleware(tools.site, rows, auto_purge_every=0))
    _, sid = files.get("/set?k=v").cookie
    (path,) = (tmp_path / "tropea-sessions").rglob(storage_key(sid))
    path.write_bytes(b"cos\nsystem\n(S'touch /tmp/tropea-pwned'\ntR.")
    os.utime(path, (time.time() + 600,) * 2)
    _, sid = table.get("/set?k=v").cookie
    connection = sqlite3.connect(tmp_path / "s.db")
    connection.execute("update tropea_sessions set data = 'text, not bytes'")
    connection.commit()
    connection.close()
    for browser in (files, table):
        caplog.clear()
        assert browser.get("/get?k").text == ""
        assert len(caplog.records) == 1
    rows.close()


def test_records_of_this_format_are_read_for_ever():
    record = unpack((DATA / "record-format-1.bin").read_bytes(), GOLDEN_ID)
    assert record == Record(
        '{"name":"Zoë","n":1,"items":[1,2.5,null,true,{"a":"b"}]}'.encode(),
        1790000000, 1790000060, {"user:42": 123456789},
    )  # fmt: skip


def test_cookies_of_this_format_are_read_for_ever():
    """Cookies that were made by the first release, with the secret that made them."""
    from tropea.sessions import SignedCookieStore
    from tropea.sessions.payloads import unpack as unpack_payload

    golden = json.loads((DATA / "cookies-format-1.json").read_text())
    kinds = {"signed": SignedCookieStore}
    if importlib.util.find_spec("cryptography"):
        kinds["sealed"] = SealedCookieStore
    for kind, make in kinds.items():
        revealed = make(golden["secret"]).reveal("__Host-session", golden[kind])
        origin = unpack_payload(revealed.payload)
        assert origin.id == GOLDEN_ID
        assert origin.record == Record(
            '{"name":"Zoë","n":1}'.encode(), 1790000000, 1790000060, {"user:42": 123456789}
        )
        assert revealed.current


def test_a_record_of_a_later_format_is_left_alone_with_one_warning(
    any_store, tools, caplog, monkeypatch
):
    from tropea.sessions import keeping

    monkeypatch.setattr(keeping, "_warned_newer", False)
    browser = tools.Browser(SessionMiddleware(tools.site, any_store, auto_purge_every=0))
    _, sid = browser.get("/set?k=v").cookie
    key, newer = storage_key(sid), (DATA / "record-format-2.bin").read_bytes()
    any_store.delete(key)
    any_store.create(key, newer, 600)
    caplog.clear()
    old = "; ".join(f"{n}={v}" for n, v in browser.jar.items())
    for _ in range(3):
        answer = browser.get("/get?k", cookie=old)
        assert (answer.code, answer.text) == (200, "")
    assert len(caplog.records) == 1
    assert any_store.load(key).data == newer
    assert browser.get("/set?k=w", cookie=old).cookie[1] != sid
    assert any_store.load(key).data == newer


# -- keys ----------------------------------------------------------------------------------------


def test_rotating_keys_with_three_kept_logs_nobody_out(make_app, tools):
    pytest.importorskip("cryptography")
    keys = ["the first secret of this test"]
    store = SealedCookieStore(keys)
    browser = tools.Browser(make_app(store=store))
    browser.get("/set?k=v")
    for turn in range(60):
        keys = [f"secret number {turn} of this test", *keys][:3]
        store.rekey(keys)
        assert browser.get("/get?k").text == "v"


# -- several processes -----------------------------------------------------------------------------


def test_ten_processes_at_one_session_lose_nothing(address):
    turns = 3 if address.startswith("postgresql") else 10  # the whole number is in experiments
    assert run_script("process_race.py", address, turns) == [10 * turns, 10 * turns]


# -- Sentinel --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_sentinel_finds_the_master_that_took_over(redis_program, tools, opened, tmp_path):
    import redis

    master = tools.RedisServer(redis_program)
    replica = tools.RedisServer(redis_program, "--replicaof", "127.0.0.1", str(master.port))
    watcher = None
    try:
        follower = redis.Redis(port=replica.port)
        end = time.monotonic() + 20
        while follower.info("replication")["master_link_status"] != "up":
            assert time.monotonic() < end
            time.sleep(0.1)
        port = tools.free_port()
        config = tmp_path / "sentinel.conf"
        config.write_text(
            f"port {port}\nbind 127.0.0.1\nsentinel monitor sessions 127.0.0.1 {master.port} 1\n"
            "sentinel down-after-milliseconds sessions 500\n"
            "sentinel failover-timeout sessions 3000\n"
        )
        watcher = subprocess.Popen(
            [redis_program, str(config), "--sentinel"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        sentinel = redis.Redis(port=port)

        def knows_replica():
            try:
                return sentinel.execute_command("SENTINEL", "REPLICAS", "sessions")
            except redis.ConnectionError:
                return []

        while not knows_replica():
            assert time.monotonic() < end + 20
            time.sleep(0.1)
        store = opened(RedisStore(f"redis-sentinel://127.0.0.1:{port}/sessions", rest=0.05))
        browser = tools.Browser(SessionMiddleware(tools.site, store, auto_purge_every=0))
        browser.get("/set?k=v")
        time.sleep(0.2)
        master.kill()
        end = time.monotonic() + 40
        while (answer := browser.get("/set?k=after")).code != 200:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert browser.get("/get?k").text == "after"
        follower.close()
        sentinel.close()
    finally:
        if watcher is not None:
            watcher.kill()
            watcher.wait()
        replica.stop()
        master.stop()
