"""Find what serves an application, and where: the ini's server, waitress, or the standard one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tropea.cli.loading import Target, explained
from tropea.cli.problems import CommandError

HOST, PORT = "127.0.0.1", "8080"


class Server(NamedTuple):
    """What serves.

    serve: takes the application, and returns when it is told to stop.
    address: as a reader opens it, such as ``http://127.0.0.1:8080``.
    told: what it is.
    """

    serve: Callable[[Any], Any]
    address: str
    told: str


def find_server(target: Target, name: str, host: str | None, port: int | None) -> Server:
    """Find the server called *name* in the ini, or one of our own where the ini has none.

    host, port: win over the ini's.
    """
    given = {k: str(v) for k, v in (("host", host), ("port", port)) if v is not None}
    if target.is_ini and has_server(target, name):
        return _of_ini(target, name, given)
    if name != "main":
        raise CommandError(f"{target.text} has no [server:{name}]")
    return _default(given.get("host", HOST), int(given.get("port", PORT)))


def has_server(target: Target, name: str) -> bool:
    """Tell whether the ini has a section for the server."""
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    parser.read(target.ini(), encoding="utf-8")
    return f"server:{name}" in {section.replace(" ", "") for section in parser.sections()}


def _of_ini(target: Target, name: str, given: dict[str, str]) -> Server:
    from paste.deploy import loadwsgi

    path = target.ini()
    try:
        context = loadwsgi.loadcontext(
            loadwsgi.SERVER, target.uri(), name=name,
            global_conf=target.variables or None,
        )  # fmt: skip
        options = context.local_conf
        _override(options, given)
        serve = context.create()
    except (Exception, SystemExit) as error:
        raise explained(error, path) from error
    return Server(serve, address_of(options), f"[server:{name}]")


def _override(options: dict[str, Any], given: dict[str, str]) -> None:
    """Put what was given on the command line in the place of what the ini says."""
    if not given:
        return
    for together in ("listen", "bind"):  # waitress's and gunicorn's words for both
        words = str(options.get(together, "")).split()
        if words:
            host, _, port = words[0].removeprefix("tcp://").rpartition(":")
            given = {"host": host or HOST, "port": port or PORT} | given
            del options[together]
    options.update(given)


def address_of(options: dict[str, Any]) -> str:
    """Spell where a server with these options of an ini listens.

    >>> address_of({"listen": "localhost:6543 [::1]:6543"})
    'http://localhost:6543'
    >>> address_of({"unix_socket": "/run/shop"})
    '/run/shop'
    """
    if options.get("unix_socket"):
        return str(options["unix_socket"])
    words = str(options.get("listen") or options.get("bind") or "").split()
    if words and words[0].startswith("unix:"):
        return words[0]
    if words:
        host, _, port = words[0].removeprefix("tcp://").rpartition(":")
    else:
        host, port = str(options.get("host", HOST)), str(options.get("port", PORT))
    host = {"*": "0.0.0.0", "": "0.0.0.0"}.get(host, host)  # noqa: S104  it is told, not chosen
    scheme = "https" if options.get("ssl_pem") or options.get("certfile") else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host and host[0] != '[' else host}:{port}"


def _default(host: str, port: int) -> Server:
    address = address_of({"host": host, "port": port})
    try:
        import waitress
    except ImportError:
        return Server(lambda app: _serve_plainly(app, host, port), address, "wsgiref")
    return Server(
        lambda app: waitress.serve(app, host=host, port=port, _quiet=True), address, "waitress"
    )


def _serve_plainly(app: Any, host: str, port: int) -> None:
    import signal
    import socket
    import threading
    from wsgiref.simple_server import WSGIServer, make_server

    class Server6(WSGIServer):
        address_family = socket.AF_INET6

    with make_server(host, port, app, Server6 if ":" in host else WSGIServer) as server:

        def end(_number: int, _frame: Any) -> None:
            # An exception raised here while a request is handled would be logged and forgotten.
            threading.Thread(target=server.shutdown).start()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        server.serve_forever()
