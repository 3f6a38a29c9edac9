"""The stores that the suite is run with, each new and empty; servers are started and stopped here."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

KINDS = ("memory", "file", "sqlite", "redis", "memcached")
#: Program that a kind of store needs.
PROGRAMS = {"redis": "redis-server", "memcached": "memcached"}


def is_found(kind: str) -> bool:
    """Tell whether what this store needs is installed."""
    return kind not in PROGRAMS or shutil.which(PROGRAMS[kind]) is not None


@contextmanager
def address_of(kind: str):
    """Yield the address of a new store, and remove it afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "memory":
            yield "memory:"
        elif kind == "file":
            yield f"file:///{folder}"
        elif kind == "sqlite":
            yield f"sqlite:///{folder}/cache.db?timeout=10"  # all hundred clients write at once
        else:
            port = free_port()
            with serving(command(kind, port, folder), port):
                yield f"redis://127.0.0.1:{port}/0" if kind == "redis" else f"memcached://127.0.0.1:{port}"


def command(kind: str, port: int, folder: str) -> list[str]:
    if kind == "redis":
        return ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    return ["memcached", "-p", str(port), "-U", "0", "-l", "127.0.0.1", "-u", "nobody"]


@contextmanager
def serving(arguments: list[str], port: int):
    """Run a server until it is not needed any more."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            raise RuntimeError(f"{Path(arguments[0]).name} did not start")
        yield
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
