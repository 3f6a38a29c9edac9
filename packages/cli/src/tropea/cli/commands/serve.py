"""Serve an application."""

from __future__ import annotations

import argparse
import errno
import signal
import sys
from pathlib import Path
from typing import Any

from tropea.cli.commands._target import add_target, add_variables, target_of
from tropea.cli.drawing import as_tree
from tropea.cli.problems import CommandError
from tropea.cli.reloading import is_child, reload_forever, tell_parent
from tropea.cli.servers import Server, find_server
from tropea.cli.terminal import paint, tell
from tropea.core.anatomy import anatomy

SUMMARY = (
    "Serve what the ini says: its [server:], else waitress, else the standard library's server."
)
EXAMPLES = """\
  tropea serve development.ini
  tropea serve development.ini --reload http_port=8081
  tropea serve shop.wsgi:application --port 8000
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_target(parser)
    add_variables(parser)
    parser.add_argument(
        "--server-name", metavar="NAME", default="main", help="the ini's [server:NAME]"
    )
    parser.add_argument("--host", help="the address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="the port to listen on (8080)")
    parser.add_argument("--reload", action="store_true", help="start again when code or ini change")
    parser.add_argument("-q", "--quiet", action="store_true", help="no banner")


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    if options.port is not None and not 0 <= options.port <= 65535:
        raise CommandError(f"--port: expected a number from 0 to 65535, got {options.port}")
    target = target_of(options)
    if options.reload and not is_child():
        folders = [Path.cwd(), *([target.ini().parent] if target.is_ini else [])]
        return reload_forever(folders)
    try:
        app = target.load()
        server = find_server(target, options.server_name, options.host, options.port)
    finally:
        tell_parent()  # what could not be loaded is watched too
    if not options.quiet:
        tell(_banner(app, server))
    signal.signal(signal.SIGTERM, _stop)
    try:
        server.serve(app)
    except OSError as error:
        raise _explained(error, server) from error
    except ValueError as error:  # an address that is none: --host nowhere.invalid, port = abc
        raise CommandError(f"{server.address} cannot be listened on: {error}") from error
    except KeyboardInterrupt:
        pass  # waitress ends by itself, others let it through
    tell("stopped")
    return 0


def _stop(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _explained(error: OSError, server: Server) -> Exception:
    """Say what to do about an address that cannot be listened on."""
    numbers = {error.errno, getattr(error, "winerror", None)}
    if numbers & {errno.EADDRINUSE, 10048}:
        return CommandError(f"{server.address} is in use; --port names another")
    if numbers & {errno.EACCES, errno.EPERM, 10013}:
        return CommandError(
            f"{server.address} may not be opened by this user; --port names another"
        )
    if numbers & {errno.EADDRNOTAVAIL, 10049}:
        return CommandError(f"{server.address} is no address of this machine; --host names another")
    return error


def _banner(app: Any, server: Server) -> str:
    where = paint(server.address, "green", sys.stderr)
    tree = as_tree(anatomy(app), stream=sys.stderr)
    return "\n".join([f"serving on {where} with {server.told} (Ctrl-C stops)", *tree])
