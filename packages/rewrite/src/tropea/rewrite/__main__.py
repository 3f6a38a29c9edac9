"""``python -m tropea.rewrite``: explain, check and convert rules; compare them with an Apache."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tropea.rewrite.apache import ApacheRules, apache_rules_file
from tropea.rewrite.errors import RewriteError, RunawayPatternWarning


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 where something was found, 2 where rules cannot be read."""
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RunawayPatternWarning)  # told by check
            return int(options.run(options))
    except (RewriteError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tropea.rewrite", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    explain = commands.add_parser("explain", help="tell what rules make of a request, and why")
    _rules_arguments(explain)
    explain.add_argument("url")
    explain.add_argument("-X", "--method", default="GET")
    explain.add_argument("-H", "--header", action="append", default=[], metavar="NAME: VALUE")
    explain.add_argument("--json", action="store_true", help="print JSON instead of a table")
    explain.set_defaults(run=_explain)
    check = commands.add_parser("check", help="read rules and tell what is wrong or odd")
    _rules_arguments(check)
    check.set_defaults(run=_check)
    convert = commands.add_parser("convert", help="turn nginx's or Caddy's lines into rules")
    convert.add_argument("file", help="a file, or - for the standard input")
    convert.add_argument("--from", dest="dialect", choices=("nginx", "caddy"), required=True)
    convert.set_defaults(run=_convert)
    for name, text in (
        ("record", "write down what an installed Apache makes of requests"),
        ("compare", "compare the rules with an installed Apache"),
    ):
        command = commands.add_parser(name, help=text)
        _rules_arguments(command)
        command.add_argument("urls", nargs="+", help="paths with their queries")
        command.set_defaults(run=_record if name == "record" else _compare)
    return parser


def _rules_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rules", help="a file of rules in Apache's language")
    parser.add_argument("--context", choices=("server", "dir"), default="server")
    parser.add_argument("--base", default="/", help="the URL of the directory, in context dir")
    parser.add_argument("--document-root")


def _read(options: Any) -> ApacheRules:
    return apache_rules_file(
        options.rules,
        context=options.context,
        base=options.base,
        document_root=options.document_root,
    )


def _explain(options: Any) -> int:
    from tropea.rewrite.explain import explain

    headers = {}
    for header in options.header:
        name, _, value = header.partition(":")
        headers[name.strip()] = value.strip()
    told = explain(_read(options), options.method.upper(), options.url, headers)
    print(told.to_json() if options.json else told)  # noqa: T201
    return 0


def _check(options: Any) -> int:
    rules = _read(options)
    for note in rules.notes:
        print(note)  # noqa: T201
    for line in rules.ignored:
        print(f"{options.rules}:{line} is left out")  # noqa: T201
    print(f"{options.rules}: {len(rules.rules)} rules")  # noqa: T201
    return 1 if rules.notes else 0


def _convert(options: Any) -> int:
    from tropea.rewrite.convert import convert

    source = sys.stdin.read() if options.file == "-" else Path(options.file).read_text("utf-8")
    made = convert(source, options.dialect)
    print(made.text)  # noqa: T201
    for number, line, reason in made.left_out:
        print(f"line {number}: {reason}: {line}", file=sys.stderr)  # noqa: T201
    return 1 if made.left_out else 0


def _record(options: Any) -> int:
    from tropea.rewrite.compare import record

    print(json.dumps(record(options), indent=1))  # noqa: T201
    return 0


def _compare(options: Any) -> int:
    from tropea.rewrite.compare import compare

    differences = compare(options)
    for line in differences:
        print(line)  # noqa: T201
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
