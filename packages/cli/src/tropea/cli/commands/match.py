"""Say which route answers."""

from __future__ import annotations

import argparse

from tropea.cli.asking import make_environ
from tropea.cli.commands._target import add_target, add_variables, target_of
from tropea.cli.problems import CommandError
from tropea.cli.routing import judged
from tropea.cli.terminal import paint, say, table

SUMMARY = "Tell which route answers a request, and why the others do not."
EXAMPLES = """\
  tropea match app.ini GET /recipes/toast
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_target(parser)
    parser.add_argument("method")
    parser.add_argument("path")
    add_variables(parser)
    parser.add_argument("-a", "--all", action="store_true", help="show routes of other paths too")


def run(options: argparse.Namespace) -> int:
    """Judge every route; exit with 1 where none answers."""
    environ = make_environ(options.path, options.method)
    rows = list(judged(target_of(options).load(), environ))
    if not rows:
        raise CommandError("nothing in this application has a route table that can be read", 1)
    shown = [
        row
        for row in rows
        if options.all or row.reason not in {"another path", "mounted elsewhere"}
    ]
    if shown:
        lines = [
            (" ".join(row.route.methods) or "any", row.route.pattern, row.reason, row.route.handler)
            for row in shown
        ]
        say(table(("methods", "pattern", "why", "handler"), lines))
    answering = [row for row in rows if row.answers]
    if answering:
        return 0
    say(paint(f"no route of {len(rows)} answers {options.method.upper()} {options.path}", "red"))
    return 1
