"""Four processes write sessions in one folder while two sweep it.

    sweep_race.py FOLDER SECONDS

Prints: live sessions that were lost, errors that a caller saw, sessions written, sweeps.
"""

import os
import sys
import time

from tropea.core.stores import StoreError
from tropea.sessions import FileStore
from tropea.sessions.ids import new_id, storage_key


def write(store, end):
    lost = errors = written = 0
    versions = {}
    while time.monotonic() < end:
        try:
            key = storage_key(new_id())
            versions[key] = store.create(key, b"0", 600)
            store.create(storage_key(new_id()), b"over at once", 0.000001)
            for other in list(versions)[-5:]:
                versions[other] = store.save(other, b"%d" % written, 600, versions[other])
                lost += versions[other] is None
            written += 1
        except (StoreError, OSError):
            errors += 1
    lost += sum(store.load(key) is None for key in versions)
    return lost, errors, written, 0


def sweep(store, end):
    errors = sweeps = 0
    while time.monotonic() < end:
        try:
            store.purge()
            sweeps += 1
        except (StoreError, OSError):
            errors += 1
        time.sleep(0.01)
    return 0, errors, 0, sweeps


def main(folder, seconds):
    end, pipes = time.monotonic() + seconds, []
    for worker in range(6):
        reader, writer = os.pipe()
        if os.fork() == 0:
            store = FileStore(folder, sync=False, timeout=30)
            counts = write(store, end) if worker < 4 else sweep(store, end)
            os.write(writer, " ".join(map(str, counts)).encode())
            os._exit(0)
        os.close(writer)
        pipes.append(reader)
    counts = []
    for reader in pipes:
        with os.fdopen(reader) as said:
            counts.append([int(word) for word in said.read().split()])
        os.wait()
    print(*map(sum, zip(*counts, strict=True)))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
