"""The arguments that most commands begin with."""

from __future__ import annotations

import argparse

from tropea.cli.loading import Target


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the application, and the name of its section."""
    parser.add_argument("target", metavar="app.ini", help="an ini file, or package.module:app")
    parser.add_argument("--app-name", metavar="NAME", help="the ini's section (main)")


def add_variables(parser: argparse.ArgumentParser) -> None:
    """Add the ini's variables."""
    parser.add_argument(
        "variables", nargs="*", default=[], metavar="name=value",
        help="variables for the ini's %%(name)s",
    )  # fmt: skip


def target_of(options: argparse.Namespace) -> Target:
    """Return what was named on the command line."""
    return Target(options.target, getattr(options, "variables", ()), options.app_name)
