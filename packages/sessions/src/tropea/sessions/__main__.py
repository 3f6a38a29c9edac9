"""Look after stores from the command line: ``python -m tropea.sessions purge ADDRESS``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tropea.core.errors import TropeaError
from tropea.sessions.addresses import open_store


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tropea.sessions", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    purge = commands.add_parser("purge", help="remove what has expired")
    purge.add_argument("store", help="its address, such as sqlite:///var/sessions.db")
    end = commands.add_parser("destroy", help="end every session that carries a label")
    end.add_argument("store", help="its address")
    end.add_argument("label", help="such as user:42")
    convert = commands.add_parser("import-pickles", help="convert Beaker's files into JSON")
    convert.add_argument("source", type=Path, help="the folder with Beaker's *.cache files")
    convert.add_argument("target", type=Path, help="the folder to write to")
    given = parser.parse_args(arguments)
    try:
        return _run(given)
    except TropeaError as error:
        print(f"python -m tropea.sessions: {error}", file=sys.stderr)  # noqa: T201
        return 1


def _run(given: argparse.Namespace) -> int:
    if given.command == "import-pickles":
        from tropea.sessions.pickles import convert

        done, problems = convert(given.source, given.target)
        for line in problems:
            print(line, file=sys.stderr)  # noqa: T201
        print(f"{done} converted, {len(problems)} left out")  # noqa: T201
        return 1 if problems else 0
    store = open_store(given.store)
    try:
        if given.command == "purge":
            print(f"{store.purge()} removed")  # noqa: T201
        else:
            print(f"{store.destroy(given.label)} ended")  # noqa: T201
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
