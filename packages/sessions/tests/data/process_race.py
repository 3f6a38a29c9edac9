"""Ten processes change one session at once, through the layer.

    process_race.py STORE-ADDRESS TURNS

Each adds one to ``n`` so many times under the lock, and writes as many keys of its own without it.
Prints: n, how many of the keys are there.
"""

import os
import sys

from tropea.sessions import SessionMiddleware
from tropea.sessions.addresses import open_store

WORKERS = 10


def app(environ, start_response):
    session, path = environ["tropea.session"], environ["PATH_INFO"]
    if path == "/locked":
        with session.lock(60):
            session["n"] = session.get("n", 0) + 1
    elif path != "/":
        session[path] = 1
    start_response("200 OK", [])
    own = sum(key.startswith("/own") for key in session)
    return [f"{session.get('n', 0)} {own}".encode()]


def get(layer, path, cookie=""):
    heads = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "wsgi.url_scheme": "http"}
    if cookie:
        environ["HTTP_COOKIE"] = cookie
    body = layer(environ, lambda status, headers, exc_info=None: heads.append((status, headers)))
    assert heads[0][0] == "200 OK", heads
    found = [v.partition(";")[0] for n, v in heads[0][1] if n == "Set-Cookie"]
    return body[0].decode(), found[0] if found else ""


def main(address, turns):
    layer = SessionMiddleware(app, open_store(address), auto_purge_every=0)
    _, cookie = get(layer, "/start")
    children = []
    for worker in range(WORKERS):
        child = os.fork()
        if child == 0:
            for turn in range(turns):
                get(layer, "/locked", cookie)
                get(layer, f"/own{worker}-{turn}", cookie)
            layer.store.close()
            os._exit(0)
        children.append(child)
    for child in children:
        _, status = os.waitpid(child, 0)
        assert status == 0
    print(get(layer, "/", cookie)[0])
    layer.store.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
