"""Find a symbol by meaning: pure but for reading files.

A plain name is found wherever Python binds or reads it, and where templates and inis name it.  A
dotted one, such as ``shop.models.Recipe`` or ``models.Recipe``, is found under whatever name a
file imported it.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tropea.cli.symbols import hits_in

TEMPLATES = {".html", ".mako", ".mak", ".jinja2", ".j2", ".pt", ".xml", ".txt"}
INIS = {".ini", ".cfg", ".toml"}
KINDS = ("definition", "assignment", "import", "use", "text")
_SKIPPED = {"__pycache__", "node_modules", "site-packages"}
_EXPRESSION = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|\$\{.*?\}|<%.*?%>|^\s*%(?!%).*|\b(?:tal|metal|py):[\w-]+=\"[^\"]*\""
)
_SECTION = re.compile(r"\s*\[(?:[\w-]+:)?\s*([^\]]+?)\s*\]")
_OPTION = re.compile(r"\s*(?:(?:set|get) +)?([\w.-]+)\s*[=:]")


class Hit(NamedTuple):
    """One place; what: one of KINDS."""

    path: Path
    line: int
    what: str
    text: str


def search(symbol: str, folder: Path) -> Iterator[Hit]:
    """Yield every place in the files below *folder* that names *symbol*."""
    word = word_for(symbol)
    for path in _files(folder):
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        lines = text.splitlines()
        for number, what in sorted(set(_hits(symbol, word, path, text))):
            yield Hit(path, number, what, lines[number - 1] if number <= len(lines) else "")


def word_for(symbol: str) -> re.Pattern[str]:
    """Make what finds a symbol in text; a dotted one may have a colon for its last dot.

    >>> word_for("shop.models.Recipe").search("use = call:shop.models:Recipe")[0]
    'shop.models:Recipe'
    >>> word_for("session").search("my-session") is None
    True
    """
    spelled = "[.:]".join(re.escape(part) for part in symbol.split("."))
    before = r"(?<![\w-])" if "." not in symbol else r"(?<![\w.-])"
    return re.compile(rf"{before}{spelled}(?![\w-])")


def _files(folder: Path) -> Iterator[Path]:
    for place, inner, names in os.walk(folder):
        inner[:] = sorted(n for n in inner if n[0] != "." and n not in _SKIPPED)
        for name in sorted(names):
            if os.path.splitext(name)[1] in {".py", *TEMPLATES, *INIS}:  # noqa: PTH122
                yield Path(place, name)


def _hits(symbol: str, word: re.Pattern[str], path: Path, text: str) -> Iterator[tuple[int, str]]:
    if path.suffix == ".py":
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            yield from (
                (n, "text") for n, line in enumerate(text.splitlines(), 1) if word.search(line)
            )
        else:
            is_package = path.name == "__init__.py"
            yield from hits_in(tree, symbol, module_of(path), is_package=is_package)
    elif path.suffix in INIS:
        yield from _ini_hits(text, symbol, word)
    else:
        yield from _template_hits(text, word)


def module_of(path: Path) -> str:
    """Name a file as a module, by the whole of its path: where packages begin is not asked.

    >>> module_of(Path("site/src/shop/models.py")).endswith("site.src.shop.models")
    True
    """
    parts = path.resolve().with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _ini_hits(text: str, symbol: str, word: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not word.search(line):
            continue
        section, option = _SECTION.match(line), _OPTION.match(line)
        if line.lstrip()[:1] in {"#", ";"}:
            yield number, "text"
        elif section:
            yield number, "definition" if section[1] == symbol else "text"
        else:
            yield number, "assignment" if option and option[1] == symbol else "use"


def _template_hits(text: str, word: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if word.search(line):
            is_used = any(word.search(part[0]) for part in _EXPRESSION.finditer(line))
            yield number, "use" if is_used else "text"
