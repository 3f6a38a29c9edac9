"""Bring a new response while the stale one is served.

Source: RFC 5861 section 3.
"""

from __future__ import annotations

import io
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.types import WSGIEnvironment

from tropea.caching.entries import Entry
from tropea.caching.validation import PARTIAL_KEYS

log = logging.getLogger("tropea.caching")

#: Runs a job some time soon: ``hook(job)``.
Runner = Callable[[Callable[[], None]], Any]

_DROPPED = frozenset(
    (*PARTIAL_KEYS, "HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION",
     "HTTP_CACHE_CONTROL", "HTTP_PRAGMA", "HTTP_EXPECT")
)  # fmt: skip
_KEPT = frozenset(
    ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL",
     "REMOTE_ADDR", "wsgi.version", "wsgi.url_scheme", "wsgi.errors", "wsgi.multithread",
     "wsgi.multiprocess", "wsgi.run_once")
)  # fmt: skip
_PERSONAL = frozenset(("cookie", "authorization"))


def may_run(environ: WSGIEnvironment, entry: Entry, *, hooked: bool) -> bool:
    """Tell whether a new response may be brought behind the back of this request.

    Never for what varies on the user; without threads, or where the process ends with the
    request, only through a hook that knows better.
    """
    if any(name in _PERSONAL for name, _ in entry.variant):
        return False
    return hooked or bool(environ.get("wsgi.multithread") and not environ.get("wsgi.run_once"))


def fresh_environ(environ: WSGIEnvironment) -> WSGIEnvironment:
    """Build an environ for nobody in particular: no cookie, no credentials, no body."""
    fresh: WSGIEnvironment = {
        name: value
        for name, value in environ.items()
        if name in _KEPT or (name.startswith("HTTP_") and name not in _DROPPED)
    }
    fresh["REQUEST_METHOD"] = "GET"
    fresh["wsgi.input"] = io.BytesIO()
    return fresh


class Background:
    """A few threads that start when there is something to do, in each process.

    workers: threads at most.
    """

    def __init__(self, workers: int = 4) -> None:
        self._workers = workers
        self._lock = threading.Lock()
        self._pool: tuple[int, ThreadPoolExecutor] | None = None

    def __call__(self, job: Callable[[], None]) -> None:
        with self._lock:
            if self._pool is None or self._pool[0] != os.getpid():
                pool = ThreadPoolExecutor(self._workers, thread_name_prefix="tropea-caching")
                self._pool = (os.getpid(), pool)
            self._pool[1].submit(job)

    def close(self) -> None:
        """Wait for what is under way."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None and pool[0] == os.getpid():
            pool[1].shutdown()


def quietly(job: Callable[[], None]) -> Callable[[], None]:
    """Return *job* such that what it raises is logged: nobody else would hear of it."""

    def run() -> None:
        try:
            job()
        except Exception:
            log.exception("a response could not be renewed in the background")

    return run
