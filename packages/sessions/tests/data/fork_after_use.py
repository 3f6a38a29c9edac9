"""Use a store, fork four workers, and see that no answer reaches the wrong one.

    fork_after_use.py STORE-ADDRESS ROUNDS

Prints: wrong answers, ids that two workers made.
"""

import os
import sys

from tropea.sessions.addresses import open_store
from tropea.sessions.ids import new_id, storage_key


def work(store, worker, rounds):
    wrong, ids = 0, []
    for turn in range(rounds):
        session_id = new_id()
        ids.append(session_id)
        key, data = storage_key(session_id), b"%d-%d" % (worker, turn)
        store.create(key, data, 600)
        entry = store.load(key)
        wrong += entry is None or entry.data != data
    return wrong, ids


def main(address, rounds):
    store = open_store(address)
    store.create(storage_key(new_id()), b"parent", 600)
    pipes = []
    for worker in range(4):
        reader, writer = os.pipe()
        if os.fork() == 0:
            wrong, ids = work(store, worker, rounds)
            with os.fdopen(writer, "w") as out:
                out.write("\n".join([str(wrong), *ids]))
            store.close()
            os._exit(0)
        os.close(writer)
        pipes.append(reader)
    wrong, ids = work(store, 9, rounds)
    for reader in pipes:
        with os.fdopen(reader) as said:
            first, *made = said.read().split("\n")
        wrong += int(first)
        ids += made
        os.wait()
    store.close()
    print(wrong, len(ids) - len(set(ids)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
