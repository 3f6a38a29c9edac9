"""Find a symbol by meaning."""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tropea.cli.problems import CommandError
from tropea.cli.terminal import has_colours, paint, say

SUMMARY = "Find a symbol: its definitions and uses in Python, and where templates and inis name it."
EXAMPLES = """\
  tropea grep SessionMiddleware
  tropea grep shop.models.Recipe src
"""
TEXTS = {".ini", ".cfg", ".toml", ".html", ".mako", ".mak", ".jinja2", ".pt", ".txt", ".xml"}
_SKIPPED = {"__pycache__", "node_modules", "build", "dist"}


class Hit(NamedTuple):
    """One place; what: ``definition``, ``import``, ``assignment``, ``use`` or ``text``."""

    path: Path
    line: int
    what: str
    text: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("symbol", help="a name, or a dotted one whose last part is looked for")
    parser.add_argument("folder", type=Path, nargs="?", default=Path())
    parser.add_argument("-d", "--definitions", action="store_true", help="definitions only")


def run(options: argparse.Namespace) -> int:
    """Find; exit with 1 where there is nothing."""
    if not re.fullmatch(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", options.symbol):
        raise CommandError(f"expected a Python name, got {options.symbol!r}")
    if not options.folder.is_dir():
        raise CommandError(f"there is no folder {options.folder}")
    hits = [
        h
        for h in search(options.symbol, options.folder)
        if not options.definitions or h.what == "definition"
    ]
    order = ("definition", "assignment", "import", "use", "text")
    for hit in sorted(hits, key=lambda h: (order.index(h.what), h.path, h.line)):
        place = (
            paint(f"{hit.path}:{hit.line}", "magenta")
            if has_colours(sys.stdout)
            else f"{hit.path}:{hit.line}"
        )
        say(f"{place}: {hit.what}: {hit.text.strip()[:160]}")
    return 0 if hits else 1


def search(symbol: str, folder: Path) -> Iterator[Hit]:
    """Yield every place in the files below *folder* that names *symbol*."""
    name = symbol.rpartition(".")[2]
    word = re.compile(rf"(?<![\w.]){re.escape(symbol)}\b|(?<!\w){re.escape(name)}\b")
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or any(
            p in _SKIPPED or p[:1] == "." for p in path.relative_to(folder).parts
        ):
            continue
        if path.suffix == ".py":
            yield from _python(path, name)
        elif path.suffix in TEXTS:
            yield from _text(path, word)


def _text(path: Path, word: re.Pattern[str]) -> Iterator[Hit]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for number, line in enumerate(lines, 1):
        if word.search(line):
            yield Hit(path, number, "text", line)


def _python(path: Path, name: str) -> Iterator[Hit]:
    try:
        source = path.read_text("utf-8")
        tree = ast.parse(source)
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError):
        yield from _text(path, re.compile(rf"\b{re.escape(name)}\b"))
        return
    lines = source.splitlines()
    for node in ast.walk(tree):
        what = _what(node, name)
        if what:
            number = getattr(node, "lineno", 1)
            yield Hit(path, number, what, lines[number - 1])


def _what(node: ast.AST, name: str) -> str:
    """Say what a node does with *name*; "" for nothing."""
    match node:
        case (
            ast.FunctionDef(name=found)
            | ast.AsyncFunctionDef(name=found)
            | ast.ClassDef(name=found)
        ):
            return "definition" if found == name else ""
        case ast.alias(name=found, asname=alias):
            return "import" if name in (found.rpartition(".")[2], alias) else ""
        case ast.Name(id=found, ctx=ast.Store()) | ast.Attribute(attr=found, ctx=ast.Store()):
            return "assignment" if found == name else ""
        case ast.Name(id=found) | ast.Attribute(attr=found) | ast.keyword(arg=found):
            return "use" if found == name else ""
    return ""
