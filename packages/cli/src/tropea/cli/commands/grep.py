"""Find a symbol by meaning."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from tropea.cli.problems import CommandError
from tropea.cli.searching import KINDS, search
from tropea.cli.terminal import cut, paint, say

SUMMARY = "Find a symbol: its definitions and uses in Python, and where templates and inis name it."
EXAMPLES = """\
  tropea grep SessionMiddleware
  tropea grep shop.models.Recipe src        # under whatever name it was imported
  tropea grep -d index                      # definitions only
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("symbol", help="a name, or a dotted one such as shop.models.Recipe")
    parser.add_argument("folder", type=Path, nargs="?", default=Path())
    parser.add_argument("-d", "--definitions", action="store_true", help="definitions only")


def run(options: argparse.Namespace) -> int:
    """Find; exit with 1 where there is nothing."""
    if not re.fullmatch(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*", options.symbol):
        raise CommandError(f"expected a Python name, got {options.symbol!r}")
    if not options.folder.is_dir():
        raise CommandError(f"there is no folder {options.folder}")
    wanted = ("definition",) if options.definitions else KINDS
    hits = [hit for hit in search(options.symbol, options.folder) if hit.what in wanted]
    for hit in sorted(hits, key=lambda h: (KINDS.index(h.what), h.path, h.line)):
        place, rest = f"{hit.path}:{hit.line}", f": {hit.what}: {hit.text.strip()}"
        line = cut(place + rest)
        say(paint(place, "magenta") + line[len(place) :] if line.startswith(place) else line)
    return 0 if hits else 1
