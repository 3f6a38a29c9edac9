"""A Python shell with the application loaded."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from tropea.cli.commands._target import add_target, add_variables, target_of
from tropea.cli.problems import CommandError

SUMMARY = "A Python shell with the application, a test client, and what the project adds."
EXAMPLES = """\
  tropea shell development.ini
  echo 'print(client.get("/").status)' | tropea shell development.ini --plain

The shell has app, client (a TestApp), stack (its layers), and what the project adds: the dict that
a function of app returns, which the ini names:

  [tropea]
  shell = shop.shell:names
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_target(parser)
    add_variables(parser)
    parser.add_argument("--plain", action="store_true", help="Python's own shell, not IPython")


def run(options: argparse.Namespace) -> int:
    """Open the shell; run what comes on standard input where that is no terminal."""
    names = _names(options)
    if sys.stdin is None:
        raise CommandError("standard input is closed: there is nothing to run")
    if not sys.stdin.isatty():
        exec(compile(sys.stdin.read(), "<stdin>", "exec"), names)  # noqa: S102  that is what a shell does
        return 0
    banner = "Here are " + ", ".join(sorted(n for n in names if n[:2] != "__"))
    if not options.plain:
        try:
            from IPython.terminal.embed import InteractiveShellEmbed  # noqa: T100
        except ImportError:
            pass
        else:
            InteractiveShellEmbed(banner1=banner, user_ns=names)()  # type: ignore[no-untyped-call]  # noqa: T100
            return 0
    import code

    code.interact(banner, local=names)
    return 0


def _names(options: argparse.Namespace) -> dict[str, Any]:
    from tropea.core.anatomy import chain_of
    from tropea.core.readers import load_object
    from tropea.core.testing import TestApp

    target = target_of(options)
    app = target.load()
    names: dict[str, Any] = {
        "__name__": "__console__",
        "app": app,
        "client": TestApp(app),
        "stack": [node.app for node in chain_of(app)],
    }
    if target.is_ini:
        spec = target.own().get("shell")
        if spec:
            names.update(load_object(spec)(app))
    return names
