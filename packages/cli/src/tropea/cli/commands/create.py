"""Make a new project."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

from tropea.cli.problems import CommandError
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
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", options.name):
        raise CommandError(
            f"expected a distribution's name, of letters, digits and . _ - inside, got "
            f"{options.name!r}; --folder says where to"
        )
    names = names_for(options.name)
    folder = options.folder or Path(options.name)
    written = write_tree("project", folder, names)
    say("\n".join(f"wrote {path}" for path in written))
    place = shlex.quote(str(folder))
    say(f"\ncd {place}; tropea setup-app development.ini; tropea serve development.ini --reload")
    return 0
