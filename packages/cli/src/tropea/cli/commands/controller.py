"""Make a controller and its functional test."""

from __future__ import annotations

import argparse
from pathlib import Path

from tropea.cli.problems import CommandError
from tropea.cli.skeletons import names_for, write_file
from tropea.cli.terminal import say

SUMMARY = "Make a controller and its functional test, inside a project."
EXAMPLES = """\
  tropea controller about
"""
SKELETON = "controller"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name")


def run(options: argparse.Namespace, skeleton: str = SKELETON) -> int:
    """Write the controller and its test."""
    folder = controllers_folder(Path.cwd())
    names = names_for(options.name) | {"package": folder.parent.name}
    module = folder / f"{names['module']}.py"
    test = Path("tests") / f"test_{names['module']}.py"
    write_file(f"{skeleton}.py", module, names)
    write_file(f"{skeleton}_test.py", test, names)
    say(f"wrote {module.relative_to(Path.cwd())}\nwrote {test}\nits docstring says how to route it")
    return 0


def controllers_folder(project: Path) -> Path:
    """Find the one package of controllers of the project; raise CommandError without one."""
    found = sorted(p.parent for p in project.glob("*/controllers/__init__.py"))
    found += sorted(p.parent for p in project.glob("src/*/controllers/__init__.py"))
    if len(found) != 1:
        count = "no package" if not found else "several packages"
        raise CommandError(
            f"{count} with controllers/ here: run this in a project (tropea create NAME)"
        )
    return found[0]
