"""Draw the layers of an application."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tropea.cli.commands._target import add_target, add_variables, target_of
from tropea.cli.drawing import as_data, as_tree, tree_as_svg, write_drawing
from tropea.cli.terminal import say
from tropea.core.anatomy import anatomy

SUMMARY = "Draw the assembled layers, outermost first, with what they come from and their options."
EXAMPLES = """\
  tropea onion development.ini
  tropea onion development.ini --svg onion.svg
  tropea onion shop.wsgi:application --json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_target(parser)
    add_variables(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--svg", metavar="FILE", type=Path, help="draw rings into FILE")
    how.add_argument("--json", action="store_true", help="print plain data")


def run(options: argparse.Namespace) -> int:
    """Draw."""
    app = target_of(options).load()
    if options.json:
        say(json.dumps(as_data(anatomy(app)), indent=2))
    elif options.svg:
        write_drawing(options.svg, tree_as_svg(anatomy(app)))
        say(f"wrote {options.svg}")
    else:
        say("\n".join(as_tree(anatomy(app))))
    return 0
