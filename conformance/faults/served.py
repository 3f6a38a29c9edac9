"""What the servers of the experiments serve: a site of sessions, and bodies whose endings are counted.

TROPEA_STORE: the address of the sessions' store.  TROPEA_CLOSED: a file that gets a line for every close().
"""

from __future__ import annotations

import os
import threading
import time
from urllib.parse import parse_qsl

from tropea.sessions import SessionMiddleware
from tropea.sessions.addresses import open_store

CLOSED = os.environ.get("TROPEA_CLOSED")


class Slow:
    """A body that takes a while, and says when it was closed."""

    def __init__(self, name):
        self.name = name

    def __iter__(self):
        for _ in range(20):
            time.sleep(0.05)
            yield b"x" * 1000

    def close(self):
        if CLOSED:
            with open(CLOSED, "a") as out:
                out.write(f"{self.name}\n")


def site(environ, start_response):
    path, query = environ["PATH_INFO"], dict(parse_qsl(environ["QUERY_STRING"]))
    session, text = environ["tropea.session"], "plain"
    if path == "/set":
        session.update(query)
        text = "set"
    elif path == "/get":
        text = ",".join(str(session.get(key, "")) for key in query or ("k",))
    elif path == "/echo":
        session["id"] = query["id"]
        text = f"{query['id']} {session['id']} {os.getpid()} {threading.get_ident()}"
    elif path == "/slow":
        session["n"] = query["n"]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return Slow(query["n"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]


store = open_store(os.environ.get("TROPEA_STORE", "memory:"))
if os.environ.get("TROPEA_TOUCH"):  # the store is used before the server forks
    store.load("ab" * 32)
application = SessionMiddleware(site, store=store, auto_purge_every=0, secure=False)
