"""List routes."""

from __future__ import annotations

import argparse
import json

from tropea.cli.commands._target import add_target, add_variables, target_of
from tropea.cli.problems import CommandError
from tropea.cli.routing import routes_of
from tropea.cli.terminal import say, table

SUMMARY = "List the routes of an application, in the order in which they are tried."
EXAMPLES = """\
  tropea routes app.ini
  tropea routes shop.wsgi:application --json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_target(parser)
    add_variables(parser)
    parser.add_argument("--json", action="store_true", help="print plain data")


def run(options: argparse.Namespace) -> int:
    """List."""
    routes = routes_of(target_of(options).load())
    if options.json:
        say(json.dumps([route._asdict() for route in routes], indent=2))
        return 0
    if not routes:
        raise CommandError("nothing in this application has a route table that can be read", 1)
    rows = [(" ".join(r.methods) or "any", r.pattern, r.name, r.handler) for r in routes]
    say(table(("methods", "pattern", "name", "handler"), rows))
    return 0
