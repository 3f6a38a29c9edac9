"""Make a new project."""

from __future__ import annotations

import argparse
from pathlib import Path

from tropea.cli.skeletons import names_for, write_tree
from tropea.cli.terminal import say

SUMMARY = "Make a new project: the onion with an ini, make_app, a controller and tests."
EXAMPLES = """\
  tropea create recipes
  tropea create daily-recipes --folder work/daily
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", help="of the distribution; its package is named after it")
    parser.add_argument("--folder", type=Path, help="where to (a new folder called NAME)")


def run(options: argparse.Namespace) -> int:
    """Write the project."""
    names = names_for(options.name)
    folder = options.folder or Path(options.name)
    written = write_tree("project", folder, names)
    say("\n".join(f"wrote {path}" for path in written))
    say(f"\ncd {folder}; tropea setup-app development.ini; tropea serve development.ini --reload")
    return 0
