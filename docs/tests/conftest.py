"""How the documentation's blocks are found and run."""

from __future__ import annotations

import re
import shutil
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent
ROOT = DOCS.parent
_FENCE = re.compile(
    r"(?:^% (?P<key>[a-z ]+): *(?P<value>\S+)\n)?^(?P<indent> *)(?P<mark>`{3,})(?P<language>[\w-]+)\n(?P<code>.*?)^ *(?P=mark)$",
    re.M | re.S,
)


@dataclass(frozen=True)
class Block:
    """One fenced block.

    note: the comment right above it: ``file`` names a file to write it to, ``covered by`` a test
        that runs the same where the block itself cannot be.
    """

    language: str
    code: str
    line: int
    note: tuple[str, str] | None


def blocks_of(page):
    text = page.read_text()
    found = []
    for match in _FENCE.finditer(text):
        note = (match["key"], match["value"]) if match["key"] else None
        line = text[: match.start("code")].count("\n") + 1
        found.append(Block(match["language"], textwrap.dedent(match["code"]), line, note))
    return found


PAGES = sorted(
    (page for page in [*DOCS.rglob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
     if "_build" not in page.parts),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for one page, in which a few files stand that pages speak of."""
    import sys

    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "style.css").write_text("body { color: #3a0d22 }\n")
    monkeypatch.chdir(tmp_path)
    shutil.copy(DOCS / "howto" / "every_layer.py", tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if name not in before and file.startswith(str(tmp_path)):
            del sys.modules[name]
