"""Run one request without a server."""

from __future__ import annotations

import argparse
import sys
from urllib.parse import quote

from tropea.cli.asking import ask, make_body, make_environ
from tropea.cli.commands._target import add_target, target_of
from tropea.cli.terminal import tell
from tropea.cli.tracing import trace_table
from tropea.core.probing import Trace, instrument

SUMMARY = "Run one request without a server; the body goes to standard output as it is."
EXAMPLES = """\
  tropea request app.ini /recipes/toast
  tropea request app.ini /recipes -i -H 'Accept: application/json'
  tropea request app.ini /recipes --json '{"name": "toast"}' --status-exit
  tropea request app.ini / --trace
"""
METHOD = "GET"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_target(parser)
    parser.add_argument("url", help="a path with its query, or an address with scheme and host")
    parser.add_argument("variables", nargs="*", metavar="name=value", help="variables for the ini")
    parser.add_argument("-X", "--method", help="GET, or POST where there is a body")
    parser.add_argument("-H", "--header", action="append", default=[], metavar="'Name: value'")
    parser.add_argument("-F", "--form", action="append", default=[], metavar="name=value")
    parser.add_argument("--file", action="append", default=[], metavar="name=path")
    parser.add_argument("-d", "--data", help="the body: text, @file, or @- for standard input")
    parser.add_argument("--json", help="a JSON body: text, @file or @-")
    parser.add_argument("-b", "--cookie", action="append", default=[], metavar="name=value")
    parser.add_argument("-i", "--include", action="store_true", help="print the head too")
    parser.add_argument("--trace", action="store_true", help="show each layer's time and changes")
    parser.add_argument("--status-exit", action="store_true",
                        help="exit with the status's first digit where it is 4 or 5")  # fmt: skip


def run(options: argparse.Namespace, method: str = METHOD) -> int:
    """Ask."""
    body, content_type = make_body(options.form, options.file, options.data, options.json)
    headers = list(options.header)
    if options.cookie:
        pairs = (pair.partition("=") for pair in options.cookie)
        cookies = "; ".join(
            f"{name}={quote(value, safe='!#$&()*+/:<=>?@[]^_`{|}~')}" for name, _, value in pairs
        )
        headers.append(f"Cookie: {cookies}")
    verb = options.method or ("POST" if content_type else method)
    environ = make_environ(options.url, verb, headers, body, content_type)
    app = target_of(options).load()
    trace, probes = None, None
    if options.trace:
        app, probes = instrument(app)
        trace = Trace.begin(environ)
    try:
        answer = ask(app, environ)
    finally:
        if trace is not None and probes is not None:
            tell(trace_table(trace))
            probes.remove()
    if options.include:
        head = "".join(f"{name}: {value}\n" for name, value in answer.headers)
        sys.stdout.write(f"{answer.status}\n{head}\n")
        sys.stdout.flush()
    sys.stdout.buffer.write(answer.body)
    sys.stdout.buffer.flush()
    return answer.code // 100 if options.status_exit and answer.code >= 400 else 0
