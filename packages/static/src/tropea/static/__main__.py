"""``python -m tropea.static compress DIR`` and ``python -m tropea.static build SOURCE TARGET``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tropea.core.errors import TropeaError
from tropea.static.building import build_assets
from tropea.static.packing import SMALLEST, Saved, compress_tree

_WIDTH = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except (TropeaError, OSError) as error:
        sys.stderr.write(f"tropea.static: {error}\n")
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tropea.static", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    packing = commands.add_parser("compress", help="make .br, .zst and .gz files beside a tree's")
    packing.add_argument("folder")
    packing.add_argument("--codings", nargs="+", metavar="EXT", help="br, zst, gz; else all there")
    packing.add_argument("--smallest", type=_number, default=SMALLEST, metavar="BYTES")
    packing.add_argument("--jobs", type=_number, default=None, metavar="N")
    packing.add_argument("--quiet", action="store_true", help="no progress bar")
    packing.set_defaults(run=_compress)

    building = commands.add_parser("build", help="copy a tree with content hashes in its names")
    building.add_argument("source")
    building.add_argument("target")
    building.add_argument("--manifest", default=None, help="else TARGET/manifest.json")
    building.set_defaults(run=_build)
    return parser


def _number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text!r}")
    return number


def _compress(options: argparse.Namespace) -> int:
    results = compress_tree(
        options.folder,
        extensions=options.codings,
        smallest=options.smallest,
        jobs=options.jobs,
        progress=None if options.quiet else _show_progress,
    )
    for line in summary(results):
        _say(line)
    return 0


def _build(options: argparse.Namespace) -> int:
    names = build_assets(options.source, options.target, manifest=options.manifest)
    _say(f"{_count(len(names), 'file')} in {options.target}")
    return 0


def _show_progress(done: int, total: int, path: str) -> None:
    sys.stderr.write(f"\r{progress_bar(done, total)} {path[-40:]!a:<42}")
    sys.stderr.write("\n" if done == total else "")
    sys.stderr.flush()


def progress_bar(done: int, total: int) -> str:
    """Draw how much is done.

    >>> progress_bar(5, 10)
    '[###############               ] 5/10'
    """
    filled = "#" * (_WIDTH * done // total)
    return f"[{filled:<{_WIDTH}}] {done}/{total}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def summary(results: Sequence[Saved]) -> list[str]:
    """Say in lines what packing saved.

    >>> summary([Saved("a.css", 1000, {"gz": 300}, 1)])
    ['gz   1 file, 1,000 bytes -> 300 (70.0 % saved)', '1 file looked at, 1 variant made']
    """
    lines = []
    for extension in dict.fromkeys(name for result in results for name in result.variants):
        packed = [result for result in results if extension in result.variants]
        before = sum(result.size for result in packed)
        after = sum(result.variants[extension] for result in packed)
        saved = 100 * (1 - after / before)
        lines.append(
            f"{extension:<4} {_count(len(packed), 'file')}, "
            f"{before:,} bytes -> {after:,} ({saved:.1f} % saved)"
        )
    made = sum(result.made for result in results)
    lines.append(f"{_count(len(results), 'file')} looked at, {_count(made, 'variant')} made")
    return lines


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


if __name__ == "__main__":
    sys.exit(main())
