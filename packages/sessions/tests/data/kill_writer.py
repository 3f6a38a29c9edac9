"""Kill a writer over and over in the middle of its work; count what cannot be read afterwards.

    kill_writer.py STORE-ADDRESS KILLS

Prints: unreadable entries, entries older than the last acknowledged one, kills.
"""

import os
import random
import signal
import struct
import sys
import time

from tropea.core.stores import StoreError
from tropea.sessions.addresses import open_store

KEY = "ab" * 32
SIZE = 200_000


def value(number):
    block = struct.pack(">Q", number)
    return block * (SIZE // len(block))


def write_for_ever(address, number, pipe):
    store = open_store(address)
    entry = store.load(KEY)
    version = entry.version
    while True:
        number += 1
        version = store.save(KEY, value(number), 600, version)
        os.write(pipe, struct.pack(">Q", number))


def main(address, kills):
    store = open_store(address)
    assert store.create(KEY, value(0), 600) is not None
    store.close()
    unreadable = stale = number = 0
    for _ in range(kills):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                write_for_ever(address, number, writer)
            except StoreError as error:
                print(error, file=sys.stderr)
            os._exit(1)
        os.close(writer)
        first = os.read(reader, 8)
        time.sleep(random.uniform(0, 0.01))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        said = first
        while block := os.read(reader, 65536):
            said += block
        os.close(reader)
        acknowledged = struct.unpack(">Q", said[-8:])[0] if len(said) >= 8 else number
        store = open_store(address)
        entry = store.load(KEY)
        if entry is None or len(entry.data) != SIZE:
            unreadable += 1
        else:
            number = struct.unpack(">Q", entry.data[:8])[0]
            unreadable += entry.data != value(number)
            stale += number < acknowledged
        store.purge()
        store.close()
    print(unreadable, stale, kills)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
