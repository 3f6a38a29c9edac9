"""A real server around an application, for tests that ask over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from wsgiref.types import WSGIApplication


@contextmanager
def on_waitress(app: WSGIApplication, **options: Any) -> Iterator[str]:
    """Serve *app* on waitress, which has to be installed, and yield its address.

    It listens on a free port of this machine, and nothing of it is left afterwards.
    options: those of ``waitress.create_server``.

    >>> from urllib.request import urlopen
    >>> def hello(environ, start_response):
    ...     start_response("200 OK", [("Content-Length", "5")])
    ...     return [b"hello"]
    >>> with on_waitress(hello) as address, urlopen(address) as answer:
    ...     answer.read()
    b'hello'
    """
    from waitress import create_server

    server = create_server(app, host="127.0.0.1", port=0, **options)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # In the loop's own thread, connections included: from here they would be closed under its
        # hands, and a client may have left one open.
        sockets = server._map  # noqa: SLF001
        server.trigger.pull_trigger(lambda: server.asyncore.close_all(sockets, ignore_all=True))
        thread.join(10)
        server.task_dispatcher.shutdown()
