"""What the stores take: medians of wall time an operation, and memory a session.

    python packages/sessions/bench/bench_stores.py [ADDRESS ...]

Memory, files and SQLite are always measured, in a temporary folder; servers by their addresses,
such as redis://127.0.0.1:6379/0.  A session of 200 bytes; wall time, for most of it is waiting.
"""

import os
import statistics
import sys
import tempfile
import time
import tracemalloc

from tropea.sessions import FileStore, MemoryStore, SQLiteStore
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


def main(addresses):
    with tempfile.TemporaryDirectory() as folder:
        stores = {
            "memory": MemoryStore(),
            "files": FileStore(folder),
            "files, no sync": FileStore(folder + "/no", sync=False),
            "sqlite": SQLiteStore(folder + "/s.db"),
        }
        for address in addresses:
            stores[address.partition(":")[0]] = open_store(address)
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
