"""F32 to F34: files that change, clients that leave, and files that hang."""

from __future__ import annotations

import os
import random
import threading
import time

from faultkit import environ_of, experiment, files, folder, ms, resident, size

from tropea.static import static_server


def start(app, path, **more):
    heads = []
    body = app(environ_of(path, **more), lambda status, headers, exc_info=None: heads.append((status, dict(headers))) or (lambda block: None))
    return *heads[0], body


@experiment("F32", "a file is replaced, cut, grown, rewritten and removed while 16 readers load it", "as many octets as Content-Length says, or the connection is cut; never old and new in one answer", 1.2)
def changing():
    seconds, problems, counts, stop = size(60, 5), [], {"whole": 0, "cut": 0, "absent": 0}, threading.Event()
    with folder() as root:
        path = root / "f.bin"
        path.write_bytes(b"a" * 300_000)
        app = static_server(root, autorefresh=True)
        tags = {}

        def mutate():
            chance, number = random.Random(32), 0
            while not stop.is_set():
                number += 1
                letter = b"abcdefghijklmnop"[number % 16 : number % 16 + 1]
                what = chance.randrange(4)
                if what in (0, 1):
                    new = root / "new"
                    new.write_bytes(letter * chance.randrange(50_000, 400_000))
                    os.replace(new, path)
                elif what == 2 and path.exists():
                    os.truncate(path, path.stat().st_size // 2)
                elif what == 3 and number % 4 == 0:
                    path.unlink(missing_ok=True)
                time.sleep(0.002)

        def read():
            while not stop.is_set():
                status, head, body = start(app, "/f.bin")
                data = b""
                try:
                    for block in body:
                        data += block
                except OSError:
                    counts["cut"] += 1
                    continue
                finally:
                    getattr(body, "close", lambda: None)()
                if status[:3] == "404":
                    counts["absent"] += 1
                elif len(data) != int(head["Content-Length"]) or len(set(data)) > 1:
                    problems.append((status, head, len(data), set(data)))
                else:
                    counts["whole"] += 1
                    before = tags.setdefault(head["ETag"], (data[:1], len(data)))
                    if before != (data[:1], len(data)) and not head["ETag"].startswith("W/"):
                        problems.append((head["ETag"], before, data[:1], len(data)))

        threads = [threading.Thread(target=mutate), *(threading.Thread(target=read) for _ in range(16))]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        stop.set()
        for thread in threads:
            thread.join()
    assert not problems, problems[:3]
    return f"{seconds} s: {counts['whole']} whole answers, {counts['cut']} cut, {counts['absent']} while it was absent; 0 mixtures, 0 wrong lengths, {len(tags)} tags each of one content"


class Wrapper:
    """What a server hands in as wsgi.file_wrapper; it counts how often it was closed."""

    closed = 0

    def __init__(self, file, block=8192):
        self.file, self.block = file, block

    def __iter__(self):
        return iter(lambda: self.file.read(self.block), b"")

    def close(self):
        type(self).closed += 1
        self.file.close()


@experiment("F33", "10,000 downloads are cut at random", "as many descriptors as before; close() exactly once each", 0.5)
def leaving():
    turns, chance = size(10_000, 500), random.Random(33)
    with folder() as root:
        (root / "f.bin").write_bytes(b"x" * 1_000_000)
        app = static_server(root, keep=0)
        ways = ({}, {"HTTP_RANGE": "bytes=1-700000"}, {"HTTP_RANGE": "bytes=0-9,100000-300000"})
        for way in ways:
            start(app, "/f.bin", **way)[2].close()
        before, memory, wrapped = files(), resident(), 0
        for number in range(turns):
            way = dict(ways[number % 3])
            if number % 2:
                way["wsgi.file_wrapper"] = Wrapper
            body = start(app, "/f.bin", **way)[2]
            wrapped += isinstance(body, Wrapper)
            steps = iter(body)
            for _ in range(chance.randrange(8)):
                next(steps, None)
            body.close()
        after = files()
    assert after <= before, (before, after)
    assert Wrapper.closed == wrapped > 0, (Wrapper.closed, wrapped)
    return f"{turns} downloads: {before} descriptors before, {after} after; {wrapped} file wrappers closed {Wrapper.closed} times; memory {resident() - memory:+.1f} MiB"


@experiment("F34", "a FIFO in the root, which no one writes to", "an answer in < 1 s", 0.1)
def hanging():
    took = []
    with folder() as root:
        (root / "a.txt").write_text("a")
        for options in ({}, {"autorefresh": True}, {"lazy": 10}):
            app = static_server(root, **options)
            path = root / "pipe.bin"
            os.mkfifo(path)
            swapped = root / "a.txt"
            for target in ("/pipe.bin", "/a.txt"):
                if target == "/a.txt":  # a file that was known becomes one
                    swapped.unlink()
                    os.mkfifo(swapped)
                before = time.monotonic()
                status, _, body = start(app, target)
                assert status[:3] in ("404", "403", "500", "503") or b"".join(body) == b"a", status
                getattr(body, "close", lambda: None)()
                took.append(time.monotonic() - before)
            path.unlink(), swapped.unlink()
            swapped.write_text("a")
    assert max(took) < 1, max(took)
    return f"{len(took)} requests for FIFOs, also one in the place of a file that was known: the longest answer took {ms(max(took))}. A hanging NFS server is not tried: an open() there cannot be interrupted by anybody"
