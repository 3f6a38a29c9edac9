"""A Redis cluster's client that never takes longer than one timeout."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_MOST_THREADS = 64  # at a cluster at once; a server's threads are fewer


class BoundedCluster:
    """A cluster's client whose every operation ends in time.

    Asking a node that hangs takes the client one wait, and each node that it then asks about the
    cluster takes another; so the asking is done in a thread, and only so long waited for.
    """

    def __init__(self, make: Callable[[], Any], timeout: float) -> None:
        self._make, self._timeout = make, timeout
        self._threads = ThreadPoolExecutor(_MOST_THREADS, "tropea-redis-cluster")
        self._lock = threading.Lock()
        self._client: Any = None

    def evalsha(self, *arguments: Any) -> Any:
        return self._bounded("evalsha", arguments)

    def eval(self, *arguments: Any) -> Any:
        return self._bounded("eval", arguments)

    def delete(self, *arguments: Any) -> Any:
        return self._bounded("delete", arguments)

    def pexpire(self, *arguments: Any) -> Any:
        return self._bounded("pexpire", arguments)

    def close(self) -> None:
        """Close every connection; the next operation opens them again."""
        if self._client is not None:
            self._client.close()

    def _bounded(self, name: str, arguments: tuple[Any, ...]) -> Any:
        def work() -> Any:
            return getattr(self._connected(), name)(*arguments)

        asked = self._threads.submit(work)
        try:
            return asked.result(self._timeout)
        except TimeoutError:
            if asked.done():  # the client's own timeout is an answer, too
                raise
            asked.cancel()
            raise TimeoutError(f"no answer within {self._timeout} s") from None

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._make()
        return self._client
