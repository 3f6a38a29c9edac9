"""The arguments of the commands that run a request."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from urllib.parse import quote
from wsgiref.types import WSGIEnvironment

from tropea.cli.asking import make_body, make_environ
from tropea.cli.commands._target import add_target
from tropea.cli.problems import CommandError

_COOKIE = "!#$&'()*+/:<=>?@[]^_`{|}~"


def add_request(parser: argparse.ArgumentParser) -> None:
    """Add the application, and what is asked of it."""
    add_target(parser)
    parser.add_argument("url", help="a path with its query, or an address with scheme and host")
    parser.add_argument("variables", nargs="*", default=[], metavar="name=value",
                        help="variables for the ini")  # fmt: skip
    parser.add_argument("-X", "--method", help="GET, or POST where there is a body")
    parser.add_argument("-H", "--header", action="append", default=[], metavar="'Name: value'")
    parser.add_argument("-F", "--form", action="append", default=[], metavar="name=value")
    parser.add_argument("--file", action="append", default=[], metavar="name=path")
    parser.add_argument("-d", "--data", help="the body: text, @file, or @- for standard input")
    parser.add_argument("--json", help="a JSON body: text, @file or @-")
    parser.add_argument("-b", "--cookie", action="append", default=[], metavar="name=value")


def maker_of(options: argparse.Namespace, method: str = "GET") -> Callable[[], WSGIEnvironment]:
    """Return what makes an environ of the request, as often as it is called.

    method: where neither the command line names one nor a body asks for POST.
    """
    kinds = {"--data": options.data, "--json": options.json, "--form": options.form or options.file}
    given = [name for name, value in kinds.items() if value not in (None, [])]
    if len(given) > 1:
        raise CommandError(f"a request has one body: {' or '.join(given)}")
    body, content_type = make_body(options.form, options.file, options.data, options.json)
    headers = list(options.header)
    for pair in options.cookie:
        name, equals, value = pair.partition("=")
        if not equals:
            raise CommandError(f"--cookie: expected name=value, got {pair!r}")
        headers.append(f"Cookie: {name}={quote(value, safe=_COOKIE)}")
    verb = ("POST" if content_type else method) if options.method is None else options.method
    return lambda: make_environ(options.url, verb, headers, body, content_type)
