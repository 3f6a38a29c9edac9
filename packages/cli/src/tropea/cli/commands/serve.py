"""Serve an application."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tropea.cli.commands._target import add_target, add_variables, target_of
from tropea.cli.drawing import as_tree
from tropea.cli.loading import Target
from tropea.cli.problems import CommandError
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
_CHILD = "TROPEA_SERVE_CHILD"
_WATCHED = {".py", ".ini", ".cfg", ".toml", ".html", ".mako", ".txt", ".json"}


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
    target = target_of(options)
    if options.reload and not os.environ.get(_CHILD):
        return _reload(target)
    app = target.load()
    serve, where = _server(target, options)
    if not options.quiet:
        tell(_banner(app, where))
    signal.signal(signal.SIGTERM, _stop)
    try:
        serve(app)
    except OSError as error:
        if error.errno in {98, 48, 10048}:  # in use: Linux, macOS, Windows
            raise CommandError(f"{where} is in use; --port names another") from None
        if error.errno in {13, 10013}:
            raise CommandError(f"{where} may not be opened by this user") from None
        raise
    except KeyboardInterrupt:
        pass  # waitress ends by itself, others let it through
    tell("stopped")
    return 0


def _stop(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _server(target: Target, options: argparse.Namespace) -> tuple[Callable[[Any], Any], str]:
    """Return what serves, and where."""
    given = {
        k: str(v) for k, v in (("host", options.host), ("port", options.port)) if v is not None
    }
    if target.is_ini and _has_server(target.ini(), options.server_name):
        where = ", ".join(f"{k} {v}" for k, v in given.items()) or f"[server:{options.server_name}]"
        return target.load_server(options.server_name, given), where
    if options.server_name != "main":
        raise CommandError(f"{target.text} has no [server:{options.server_name}]")
    host, port = given.get("host", "127.0.0.1"), int(given.get("port", 8080))
    return _default_server(host, port), f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _default_server(host: str, port: int) -> Callable[[Any], Any]:
    try:
        import waitress
    except ImportError:
        return lambda app: _serve_plainly(app, host, port)
    return lambda app: waitress.serve(app, host=host, port=port, _quiet=True)


def _serve_plainly(app: Any, host: str, port: int) -> None:
    from wsgiref.simple_server import make_server

    with make_server(host, port, app) as server:
        server.serve_forever()


def _has_server(path: Path, name: str) -> bool:
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    parser.read(path, encoding="utf-8")
    return parser.has_section(f"server:{name}") or (name == "main" and parser.has_section("server"))


def _banner(app: Any, where: str) -> str:
    return "\n".join(
        [f"serving on {paint(where, 'green', sys.stderr)} (Ctrl-C stops)", *as_tree(anatomy(app))]
    )


def _reload(target: Target) -> int:
    """Run ourselves as a child, and again whenever something changes."""
    command = [sys.executable, "-m", "tropea.cli", *sys.argv[1:]]
    folders = [Path.cwd(), *([target.ini().parent] if target.is_ini else [])]
    while True:
        child = subprocess.Popen(command, env={**os.environ, _CHILD: "1"})  # noqa: S603  ourselves
        try:
            for changed in _changes(folders, child):
                tell(f"{changed} changed: starting again")
                break
            else:  # the child ended by itself: wait for a change that may mend it
                if child.returncode == 0:
                    return 0
                tell("stopped by an error; waiting for a change")
                next(_changes(folders, None), None)
        except KeyboardInterrupt:
            _end(child)
            return 0
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _changes(folders: list[Path], child: subprocess.Popen[bytes] | None) -> Iterator[str]:
    """Yield the name of each watched file that changes, until *child* ends."""
    try:
        from watchfiles import watch
    except ImportError:
        yield from _poll(folders, child)
        return
    for changes in watch(*folders, rust_timeout=500, yield_on_timeout=True, raise_interrupt=True):
        for _, name in sorted(changes):
            if Path(name).suffix in _WATCHED:
                yield Path(name).name
        if child is not None and child.poll() is not None:
            return


def _poll(folders: list[Path], child: subprocess.Popen[bytes] | None) -> Iterator[str]:
    before = _stamps(folders)
    while child is None or child.poll() is None:
        time.sleep(0.5)
        now = _stamps(folders)
        for path in sorted(path for path in now if now[path] != before.get(path)):
            yield path.name
        before = now


def _stamps(folders: list[Path]) -> dict[Path, int]:
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.suffix in _WATCHED and not any(part[:1] == "." for part in path.parts[1:]):
                try:
                    found[path] = path.stat().st_mtime_ns
                except OSError:
                    continue  # it went away while we looked
    return found
