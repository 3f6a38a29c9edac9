"""Run one request without a server."""

from __future__ import annotations

import argparse
import sys

from tropea.cli.asking import ask
from tropea.cli.commands._asking import add_request, maker_of
from tropea.cli.commands._target import target_of
from tropea.cli.terminal import tell, visible
from tropea.cli.tracing import trace_table
from tropea.core.probing import Trace, instrument

SUMMARY = "Run one request without a server; the body goes to standard output as it is."
EXAMPLES = """\
  tropea request app.ini /recipes/toast
  tropea request app.ini /recipes -i -H 'Accept: application/json'
  tropea request app.ini /recipes --json '{"name": "toast"}' --status-exit
  tropea request app.ini / --trace
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_request(parser)
    parser.add_argument("-i", "--include", action="store_true", help="print the head too")
    parser.add_argument("--trace", action="store_true", help="show each layer's time and changes")
    parser.add_argument("--status-exit", action="store_true",
                        help="exit with the status's first digit where it is 4 or 5")  # fmt: skip


def run(options: argparse.Namespace, method: str = "GET") -> int:
    """Ask."""
    environ = maker_of(options, method)()
    app = target_of(options).load()
    trace, probes = None, None
    if options.trace:
        app, probes = instrument(app)
        trace = Trace.begin(environ)
    try:
        answer = ask(app, environ)
    finally:
        if trace is not None and probes is not None:
            tell(trace_table(trace, sys.stderr))
            probes.remove()
    if options.include:
        head = [answer.status, *(f"{name}: {value}" for name, value in answer.headers)]
        sys.stdout.write("".join(f"{visible(line.replace(chr(10), chr(13)))}\n" for line in head))
        sys.stdout.write("\n")
        sys.stdout.flush()
    sys.stdout.buffer.write(answer.body)
    sys.stdout.buffer.flush()
    return answer.code // 100 if options.status_exit and answer.code >= 400 else 0
