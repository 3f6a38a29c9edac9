"""Serve the recipe book with waitress.

    python examples/onion/serve.py                      the stack of onion.app, in Python
    python examples/onion/serve.py development.ini      the same stack, from an ini file
    python examples/onion/serve.py classic.ini          the onion as Pylons had it

The address is http://127.0.0.1:8080, or the next free port.  Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import errno
import signal
import socket
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # so that a fresh clone runs without installing the example

HOST = "127.0.0.1"
FIRST_PORT, PORTS = 8080, 50


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="serve.py", description="Serve the recipe book.")
    parser.add_argument("ini", nargs="?", help="a Paste Deploy file; the Python stack without it")
    parser.add_argument("--port", type=int, default=FIRST_PORT, help="or the next free one")
    parser.add_argument("--exactly", action="store_true", help="this port and no other")
    parser.add_argument("--var", help="folder of recipes, pictures and sessions")
    chosen = parser.parse_args(arguments)
    try:
        app = build(chosen.ini, chosen.var)
        listener = listen(chosen.port, 1 if chosen.exactly else PORTS)
    except Unable as reason:
        print(f"serve.py: {reason}", file=sys.stderr)
        return 2
    return run(app, listener)


class Unable(Exception):
    """Nothing can be served; the text is one line for whoever asked."""


def build(ini: str | None, var: str | None) -> Any:
    """Build the stack from Python or from an ini file."""
    from tropea.core import TropeaError

    try:
        if ini is None:
            from onion.app import make_app

            return make_app({}, **({"var": var} if var else {}))
        file = Path(ini) if Path(ini).exists() else HERE / ini
        if not file.is_file():
            raise Unable(f"there is no file {ini}")
        from paste.deploy import loadapp

        try:
            return loadapp(f"config:{file.resolve()}")
        except (LookupError, ImportError) as error:  # a section, entry point or module is missing
            raise Unable(f"{ini}: {error}") from None
    except TropeaError as error:
        raise Unable(str(error)) from None
    except OSError as error:
        raise Unable(f"{error.filename}: {error.strerror}") from None


def listen(first: int, ports: int) -> socket.socket:
    """Open the listening socket on the first free port of *ports* from *first* on."""
    for port in range(first, first + ports):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen()
            return listener
        except (OSError, OverflowError) as error:
            listener.close()
            if getattr(error, "errno", None) != errno.EADDRINUSE:
                reason = getattr(error, "strerror", None) or "is no port number"
                raise Unable(f"port {port}: {reason}") from None
    if ports == 1:
        raise Unable(f"port {first} is in use; without --exactly the next free one is taken")
    raise Unable(f"no port is free between {first} and {first + ports - 1}")


def layers_of(app: Any) -> list[Any]:
    """List the layers of an assembled stack, outermost first, whoever assembled it."""
    found = list(getattr(app, "layers", ()))
    while not found or hasattr(found[-1], "app"):
        found.append(found[-1].app if found else app)
    return found


def announce(app: Any, listener: socket.socket) -> None:
    names = [type(layer).__name__ for layer in layers_of(app)]
    print(f"The recipe book is at http://{HOST}:{listener.getsockname()[1]}/")
    print("The stack, outermost first:")
    for depth, name in enumerate([*names, "handlers"]):
        print(f"  {'  ' * depth}{name}")
    print("Ctrl-C ends it.", flush=True)


def run(app: Any, listener: socket.socket) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    from waitress.server import create_server

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        server = create_server(app, sockets=[listener], threads=8)
        announce(app, listener)
        server.run()  # returns on KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    print("\nThe recipe book is closed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
