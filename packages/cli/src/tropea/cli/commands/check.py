"""Find mistakes in an ini file."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tropea.cli.commands._target import add_target, add_variables, target_of
from tropea.cli.inis import Finding, check_ini
from tropea.cli.loading import Target
from tropea.cli.problems import CommandError
from tropea.cli.terminal import paint, say
from tropea.core.ordering import lint

SUMMARY = "Find what Paste Deploy does silently or cryptically, and layers in a wrong order."
EXAMPLES = """\
  tropea check production.ini
  tropea check production.ini --strict      # for CI: warnings fail too
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_target(parser)
    add_variables(parser)
    parser.add_argument("--no-load", action="store_true", help="do not load the application")
    parser.add_argument("--strict", action="store_true", help="exit with 1 for warnings too")
    parser.add_argument("--json", action="store_true", help="print plain data")


def run(options: argparse.Namespace) -> int:
    """Check; exit with 1 where there are mistakes."""
    target = target_of(options)
    path = target.ini()
    for place in (str(path.parent), str(Path.cwd())):
        if place not in sys.path:
            sys.path.insert(0, place)
    found = check_ini(path, target.variables)
    if not options.no_load and not any(f.severity == "error" for f in found):
        found += _loaded(target)
    if options.json:
        say(json.dumps([finding.__dict__ for finding in found], indent=2))
    else:
        colours = {"error": "red", "warning": "yellow"}
        for finding in found:
            say(paint(f"{path.name}: {finding}", colours[finding.severity]))
        if not found:
            say(f"{path.name}: nothing to find fault with")
    return int(any(options.strict or finding.severity == "error" for finding in found))


def _loaded(target: Target) -> list[Finding]:
    """Load the application and judge the order of its layers."""
    try:
        app = target.load()
    except CommandError as error:
        return [Finding(0, "error", "load", str(error))]
    return [Finding(0, "warning", "order", str(finding)) for finding in lint(app)]
