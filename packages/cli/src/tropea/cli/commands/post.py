"""Run one POST request without a server."""

from __future__ import annotations

import argparse

from tropea.cli.commands import request

SUMMARY = "Run one POST request without a server: as 'tropea request -X POST'."
EXAMPLES = """\
  tropea post app.ini /recipes -F name=toast --file picture=toast.png
"""
configure = request.configure


def run(options: argparse.Namespace) -> int:
    """Post."""
    return request.run(options, "POST")
