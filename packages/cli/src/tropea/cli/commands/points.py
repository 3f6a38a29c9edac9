"""List entry points."""

from __future__ import annotations

import argparse
from importlib.metadata import entry_points

from tropea.cli.problems import CommandError
from tropea.cli.registry import GROUP
from tropea.cli.terminal import say, table

SUMMARY = "List the entry points installed for Paste Deploy and for this command."
EXAMPLES = """\
  tropea points
  tropea points paste.filter_factory
  tropea points console_scripts
"""
OURS = ("paste.app_factory", "paste.composite_factory", "paste.filter_factory",
        "paste.filter_app_factory", "paste.server_factory", "paste.server_runner",
        "paste.app_install", GROUP)  # fmt: skip


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("group", nargs="?", help="one group; those of Paste and ours without it")


def run(options: argparse.Namespace) -> int:
    """List."""
    every = entry_points()
    groups = [options.group] if options.group else [g for g in OURS if every.select(group=g)]
    if options.group and not every.select(group=options.group):
        from difflib import get_close_matches

        near = get_close_matches(options.group, every.groups, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise CommandError(f"nothing is installed in the group {options.group!r}{hint}")
    for number, group in enumerate(groups):
        points = sorted(
            every.select(group=group), key=lambda p: (p.dist.name if p.dist else "", p.name)
        )
        say(("\n" if number else "") + group)
        rows = [
            (
                f"  egg:{p.dist.name if p.dist else '?'}#{p.name}",
                p.value,
                p.dist.version if p.dist else "",
            )
            for p in points
        ]
        say(table(("  use", "what", "version"), rows))
    return 0
