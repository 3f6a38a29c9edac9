"""Make a REST controller and its functional test."""

from __future__ import annotations

import argparse

from tropea.cli.commands import controller

SUMMARY = "Make a REST controller (seven actions) and its functional test, inside a project."
EXAMPLES = """\
  tropea restcontroller recipes
"""
configure = controller.configure


def run(options: argparse.Namespace) -> int:
    """Write the controller and its test."""
    return controller.run(options, "restcontroller")
