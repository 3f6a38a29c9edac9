"""Every store of ours keeps the contract; what is particular to one stands below."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest

from tropea.caching import (
    FileCacheStore,
    MemcachedCacheStore,
    MemoryCacheStore,
    RedisCacheStore,
    SQLiteCacheStore,
)
from tropea.caching.cachekeys import Key
from tropea.caching.stores import CacheStore, SharedStore, open_store
from tropea.caching.stores.base import MAX_VARIANTS
from tropea.caching.stores.redis import LINGER
from tropea.caching.testing import KEY, OTHER, CacheStoreContract, SharedStoreContract, make_entry
from tropea.core.errors import OptionError
from tropea.core.stores import StoreBusy, StoreError


def missing(name):
    message = f"{name} is not installed here"
    if name in os.environ.get("TROPEA_REQUIRE", "").replace(" ", "").split(","):
        pytest.fail(message)
    pytest.skip(message)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail("the server did not start")


def serve(name, *arguments, port):
    program = shutil.which(name)
    process = subprocess.Popen(
        [program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory):
    if not shutil.which("redis-server"):
        missing("redis")
    port = free_port()
    yield from serve(
        "redis-server",
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(tmp_path_factory.mktemp("redis")),
        port=port,
    )


@pytest.fixture(scope="session")
def memcached_port():
    if not shutil.which("memcached"):
        missing("memcached")
    port = free_port()
    yield from serve(
        "memcached", "-p", str(port), "-U", "0", "-l", "127.0.0.1", "-u", "nobody", port=port
    )


@pytest.fixture(scope="session")
def cluster_port(tmp_path_factory):
    """A cluster of one, which has all slots: what it refuses, every cluster does."""
    program = shutil.which("redis-server")
    if not program:
        missing("redis")
    port, folder = free_port(), tmp_path_factory.mktemp("cluster")
    options = ["--cluster-enabled", "yes", "--cluster-port", str(free_port()), "--dir", str(folder)]
    for port in serve(
        "redis-server",
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        *options,
        port=port,
    ):
        import redis

        with redis.Redis(port=port) as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            for _ in range(200):
                if b"cluster_state:ok" in client.execute_command(
                    "CLUSTER", "INFO", NEVER_DECODE=True
                ):
                    break
                time.sleep(0.05)
        yield port


class TestMemory(CacheStoreContract):
    def make_store(self, clock):
        return MemoryCacheStore()


class TestFiles(SharedStoreContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path):
        self.store.folder = tmp_path

    def make_store(self, clock):
        return FileCacheStore("unset", clock=clock)

    def test_variants_that_had_to_go_leave_no_file(self):
        for number in range(MAX_VARIANTS + 6):
            self.put(variant=(("accept", f"{number}"),))
        names = [path.suffix for path in self.store.folder.rglob("*.*")]
        assert sorted(names) == [".body"] * MAX_VARIANTS + [".json"] * MAX_VARIANTS


class TestSQLite(SharedStoreContract):
    @pytest.fixture(autouse=True)
    def file(self, tmp_path):
        self.store.path = tmp_path / "cache.db"

    def make_store(self, clock):
        return SQLiteCacheStore("unset", clock=clock, timeout=10)

    def test_variants_that_had_to_go_leave_no_body(self):
        for number in range(MAX_VARIANTS + 6):
            self.put(variant=(("accept", f"{number}"),), until=4600.0 - number)
        ((held,),) = self.store._read("SELECT count(*) FROM bodies", ())
        assert held == len(self.store.load(KEY)) == MAX_VARIANTS


class TestRedis(SharedStoreContract):
    @pytest.fixture(autouse=True)
    def server(self, redis_port):
        self.store = RedisCacheStore(
            f"redis://127.0.0.1:{redis_port}/0", clock=lambda: self.now, timeout=5
        )
        self.store._client().flushall()

    def pass_time(self, seconds):
        time.sleep(seconds / 2)  # the server has a clock of its own, and counts in milliseconds

    def make_store(self, clock):
        return MemoryCacheStore()

    def bodies(self):
        """Return the milliseconds that each body on the server has left, in their order."""
        client = self.store._client()
        return sorted(client.pttl(name) for name in client.keys("*}:*") if b"uris" not in name)

    def test_a_body_that_was_replaced_does_not_stay_for_the_life_of_the_new_one(self):
        self.put(body=b"old")
        self.put(body=b"new")
        old, new = self.bodies()
        assert old <= LINGER < new

    @pytest.mark.parametrize(
        "purge",
        [
            lambda store: store.delete(KEY),
            lambda store: store.delete_tag("t:a"),
            lambda store: store.delete_prefix("http://example.com/"),
        ],
        ids=["key", "tag", "prefix"],
    )
    def test_what_is_purged_leaves_no_body(self, purge):
        self.put(tags=("t:a",), variant=(("accept", "a"),))
        self.put(tags=("t:a",), variant=(("accept", "b"),))
        purge(self.store)
        assert self.bodies() == []

    def test_variants_that_had_to_go_leave_no_body(self):
        for number in range(MAX_VARIANTS + 1):
            self.put(variant=(("accept", f"{number}"),))
        assert len(self.bodies()) == len(self.store.load(KEY)) < MAX_VARIANTS


class TestRedisCluster(SharedStoreContract):
    @pytest.fixture(autouse=True)
    def server(self, cluster_port):
        import redis

        self.client = redis.RedisCluster(host="127.0.0.1", port=cluster_port)
        self.client.flushall()
        self.store = RedisCacheStore(self.client, clock=lambda: self.now)
        yield
        self.client.close()

    def pass_time(self, seconds):
        time.sleep(seconds / 2)  # the server has a clock of its own, and counts in milliseconds

    def make_store(self, clock):
        return MemoryCacheStore()


class TestMemcached(SharedStoreContract):
    @pytest.fixture(autouse=True)
    def server(self, memcached_port):
        self.store = MemcachedCacheStore(
            f"memcached://127.0.0.1:{memcached_port}", clock=lambda: self.now, timeout=5
        )
        self.store._client().flush_all()

    def pass_time(self, seconds):
        time.sleep(seconds)  # the server has a clock of its own

    def make_store(self, clock):
        return MemoryCacheStore()


def test_the_memory_of_one_process_is_not_shared():
    assert not isinstance(MemoryCacheStore(), SharedStore)


def test_a_client_that_makes_text_of_bodies_is_refused():
    import redis

    with redis.Redis(decode_responses=True) as client:
        with pytest.raises(OptionError, match="decode_responses"):
            RedisCacheStore(client)


class TestMemoryBounds:
    def fill(self, store, numbers, body=b"x" * 1000, hot=None):
        for number in numbers:
            key = Key("http", "x", f"/{number}", "")
            entry = make_entry(key)
            writer = store.writer(key, entry)
            writer.write(body)
            writer.commit(entry)
            if hot is not None:
                store.load(hot)

    def test_bytes_stay_within_the_bound(self):
        store = MemoryCacheStore(max_bytes=100_000)
        self.fill(store, range(5000))
        assert store.used <= 100_000
        assert 30 <= len(store) <= 40

    def test_entries_stay_within_the_bound(self):
        store = MemoryCacheStore(max_entries=10)
        self.fill(store, range(1000))
        assert len(store) == 10

    def test_what_is_read_stays(self):
        store = MemoryCacheStore(max_entries=10)
        hot = Key("http", "x", "/hot", "")
        self.fill(store, ["hot"])
        self.fill(store, range(1000), hot=hot)
        assert store.load(hot)

    def test_what_goes_gives_its_bytes_back(self):
        store = MemoryCacheStore()
        self.fill(store, range(10))
        self.fill(store, range(10))
        store.delete_prefix("http://x/")
        assert (store.used, len(store)) == (0, 0)

    def test_a_body_beyond_the_bound_is_not_taken(self):
        store = MemoryCacheStore(max_bytes=1000)
        self.fill(store, range(3), body=b"x" * 5000)
        assert len(store) == 0

    def test_variants_of_one_key_are_bounded(self):
        store = MemoryCacheStore()
        for number in range(1000):
            entry = make_entry(variant=(("user-agent", str(number)),))
            store.put(KEY, entry, b"x")
        assert len(store.load(KEY)) == 64

    def test_memory_is_what_it_says(self):
        import tracemalloc

        tracemalloc.start()
        try:
            store = MemoryCacheStore(max_bytes=5 << 20, max_entries=100_000)
            self.fill(store, range(6000), body=b"")
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        assert held <= 1.1 * (5 << 20) + 100_000 * 24


class TestFilesAlone:
    def test_a_lost_body_is_a_miss(self, tmp_path):
        store = FileCacheStore(tmp_path)
        entry = make_entry(until=time.time() + 60)
        writer = store.writer(KEY, entry)
        writer.write(b"12345")
        writer.commit(entry)
        (held,) = store.load(KEY)
        (body,) = tmp_path.glob("*/*/*.body")
        body.write_bytes(b"123")
        assert store.open(KEY, held, 0, held.size) is None
        body.unlink()
        assert store.open(KEY, held, 0, held.size) is None

    def test_a_damaged_head_is_a_miss(self, tmp_path):
        store = FileCacheStore(tmp_path)
        entry = make_entry(until=time.time() + 60)
        store.writer(KEY, entry).commit(entry)
        (head,) = tmp_path.glob("*/*/*.json")
        for text in (b"", b"[]", b"{", b"\xff", b"null", head.read_bytes()[:-9]):
            head.write_bytes(text)
            assert store.load(KEY) == []

    def test_prune_removes_what_is_old_and_what_the_dead_left(self, tmp_path):
        store = FileCacheStore(tmp_path, clock=lambda: time.time() + 7200)
        for key, until in (
            (KEY, time.time() + 3600),
            (Key("http", "x", "/", ""), time.time() + 9000),
        ):
            entry = make_entry(key, until=until)
            store.writer(key, entry).commit(entry)
        store.writer(KEY, make_entry()).write(b"left behind")
        assert store.prune() == 1
        assert len(list(tmp_path.glob("*/*/*.json"))) == 1
        assert list(tmp_path.glob("*/*/*.tmp")) == []

    def test_prune_leaves_no_more_bytes_than_allowed(self, tmp_path):
        """What was stored or renewed last stays; what another process does meanwhile is no error."""
        store = FileCacheStore(tmp_path, max_bytes=50_000)
        for number in range(20):
            key = Key("http", "x", f"/{number}", "")
            entry = make_entry(key, until=time.time() + 9000)
            writer = store.writer(key, entry)
            writer.write(b"x" * 10_000)
            writer.commit(entry)
            (head,) = store._place(key).glob("*.json")
            os.utime(head, (number, number))
        assert store.prune() == 16
        assert sum(path.stat().st_size for path in tmp_path.glob("*/*/*")) <= 50_000
        assert [bool(store.load(Key("http", "x", f"/{n}", ""))) for n in (15, 16, 19)] == [
            False,
            True,
            True,
        ]
        assert store.prune() == 0

    def test_a_folder_that_cannot_be_written_is_a_store_error(self, tmp_path):
        (tmp_path / "file").write_text("")
        store = FileCacheStore(tmp_path / "file")
        with pytest.raises(StoreError):
            store.writer(KEY, make_entry())

    def test_a_process_that_is_killed_leaves_nothing_partial(self, tmp_path):
        code = """
import sys, time
from tropea.caching import FileCacheStore
from tropea.caching.testing import KEY, make_entry
store = FileCacheStore(sys.argv[1])
while True:
    entry = make_entry(until=time.time() + 60)
    writer = store.writer(KEY, entry)
    for _ in range(50):
        writer.write(b"x" * 1000)
    writer.commit(entry.changed(size=50000))
"""
        store = FileCacheStore(tmp_path)
        for delay in (0.0, 0.003, 0.011):
            process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
            for _ in range(400):
                if store.load(KEY):
                    break
                time.sleep(0.01)
            time.sleep(delay)
            process.kill()
            process.wait()
            for entry in store.load(KEY):
                blocks = store.open(KEY, entry, 0, entry.size)
                if blocks is not None:
                    assert b"".join(blocks) == b"x" * 50000
                    blocks.close()


class TestSQLiteAlone:
    def test_entries_stay_within_the_bound(self, tmp_path):
        store = SQLiteCacheStore(tmp_path / "c.db", max_entries=50, clock=lambda: 1000.0)
        for number in range(200):
            key = Key("http", "x", f"/{number}", "")
            store.put(key, make_entry(key, until=2000.0 + number, tags=("t:a",)), b"x")
        store.prune()
        rows = [
            store._read(f"SELECT count(*) FROM {table}", ())[0][0]
            for table in ("heads", "bodies", "tags")
        ]
        store.close()
        assert rows == [50, 50, 50]

    def test_a_hundred_threads_at_once_all_have_their_turn(self, tmp_path):
        """SQLite alone lets them poll, and tells some of them that the database is locked."""
        store = SQLiteCacheStore(tmp_path / "c.db", timeout=60)
        start, failed = threading.Barrier(100), []

        def work(number):
            key = Key("http", "x", f"/{number}", "")
            start.wait()
            try:
                store.put(key, make_entry(key, until=time.time() + 60), b"x" * 1000)
                assert len(store.load(key)) == 1
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(100)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        store.close()
        assert failed == []

    def test_prune_removes_the_marks_of_the_dead(self, tmp_path):
        now = [1000.0]
        store = SQLiteCacheStore(tmp_path / "c.db", clock=lambda: now[0])
        store.prune()
        store.lease(KEY, "dead", 5.0)
        store.lease(OTHER, "alive", 500.0)
        now[0] += 10
        store.prune()
        store.close()
        assert [path.name for path in (tmp_path / "c.db-leases").iterdir()] == [OTHER.digest()]

    def test_a_turn_that_never_comes_is_a_busy_store(self, tmp_path):
        store = SQLiteCacheStore(tmp_path / "c.db", timeout=0.01)
        store.load(KEY)
        with store._local().lock, pytest.raises(StoreBusy):
            store.put(KEY, make_entry(), b"x")
        store.close()

    def test_bytes_stay_within_the_bound(self, tmp_path):
        store = SQLiteCacheStore(tmp_path / "c.db", max_bytes=50_000, clock=lambda: 1000.0)
        for number in range(200):
            key = Key("http", "x", f"/{number}", "")
            store.put(key, make_entry(key, until=2000.0 + number), b"x" * 1000)
        store.prune()
        rows = store._read("SELECT count(*), sum(length(data)) FROM bodies", ())
        left = [n for n in range(200) if store.load(Key("http", "x", f"/{n}", ""))]
        store.close()
        assert rows == [(50, 50_000)] and left == list(range(150, 200))

    def test_a_file_that_is_no_database_is_a_store_error(self, tmp_path):
        (tmp_path / "c.db").write_bytes(b"no database" * 1000)
        with pytest.raises(StoreError):
            SQLiteCacheStore(tmp_path / "c.db").load(KEY)


@pytest.mark.parametrize("kind", [RedisCacheStore, MemcachedCacheStore])
def test_a_server_that_is_not_there_is_a_store_error(kind):
    scheme = "redis" if kind is RedisCacheStore else "memcached"
    store = kind(f"{scheme}://127.0.0.1:{free_port()}", timeout=0.2)
    for operation in (
        lambda: store.load(KEY),
        lambda: store.delete(KEY),
        lambda: store.put(KEY, make_entry(), b""),
        lambda: store.update(KEY, make_entry()),
        lambda: store.delete_tag("t"),
        lambda: store.delete_prefix("http://x/"),
        lambda: store.body(KEY, make_entry()),
    ):
        with pytest.raises(StoreError):
            operation()


def test_a_server_that_never_answers_costs_one_timeout():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        store = RedisCacheStore(f"redis://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)
        with pytest.raises(StoreError):
            store.load(KEY)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("memory:", MemoryCacheStore),
        ("memory:?max_bytes=1M", MemoryCacheStore),
        ("file:///var/x", FileCacheStore),
        ("sqlite:///var/x.db", SQLiteCacheStore),
        ("redis://localhost/1", RedisCacheStore),
        ("valkey://localhost", RedisCacheStore),
        ("memcached://localhost:11211", MemcachedCacheStore),
    ],
)
def test_an_address_opens_its_store_and_touches_nothing(address, kind):
    store = open_store(address)
    assert isinstance(store, kind) and isinstance(store, CacheStore)
    assert not pathlib.Path("var").exists()


@pytest.mark.parametrize(
    "address", ["nowhere:", "redsi://x", "memory:?size=1", "memory:?max_bytes=x", "file://", "x"]
)
def test_a_wrong_address_fails_at_once(address):
    with pytest.raises(OptionError):
        open_store(address)


def test_a_store_that_forgets_to_keep_bodies_fails_when_it_is_made():
    from tropea.caching.stores import KeptStore

    class Forgetful(KeptStore):
        def put(self, key, entry, body):
            pass

    with pytest.raises(TypeError, match="body"):
        Forgetful()
