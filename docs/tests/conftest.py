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


#: All of them but the README of cli, which its own tests run.
PAGES = sorted(
    (page for page in [*DOCS.rglob("*.md"), *ROOT.glob("packages/*/README.md"), ROOT / "CONTRIBUTING.md",
                  ROOT / "SECURITY.md"]
     if "_build" not in page.parts and page != ROOT / "packages" / "cli" / "README.md"),
)  # fmt: skip


#: What the README of a package takes for granted: the reader's application, files and modules.
GRANTED = {
    "README": """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]

inner_app = app
""",
    "core": "from tropea.core.testing import LayerContract\n",
    "dispatch": """
from pathlib import Path
from sys import modules
from types import ModuleType
from tropea.dispatch import urldispatcher

modules["mysite"], modules["mysite.routes"] = ModuleType("mysite"), ModuleType("mysite.routes")
modules["mysite.routes"].dispatcher = urldispatcher()
modules["mysite.routes"].pages = lambda global_conf: app
granted_ini = '''
[app:www]
paste.app_factory = mysite.routes:pages
[app:admin]
paste.app_factory = mysite.routes:pages
[app:static]
paste.app_factory = mysite.routes:pages
[app:pages]
paste.app_factory = mysite.routes:pages
'''
""",
    "sessions": """
from dataclasses import dataclass
from tropea.core.testing import TestApp
from tropea.sessions import MemoryStore, SessionMiddleware

@dataclass
class Cart:
    breads: list[str]

environ = {}
store = MemoryStore()

def in_the_middle(given, start_response):
    environ.update(given)
    raise LookupError  # nothing is committed

try:
    TestApp(SessionMiddleware(in_the_middle, store)).get("/")
except LookupError:
    pass
""",
    "static": """
from pathlib import Path
from tropea.dispatch import dispatcher_app
dispatcher = dispatcher_app()
for name in ("htdocs", "media"):
    Path(name).mkdir()
""",
    "openapi": """
from pathlib import Path
Path("api.json").write_text('{"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": {}}')
""",
    "rewrite": """
from pathlib import Path
text = "RewriteEngine On"
Path("rewrite.conf").write_text(text)
""",
    "auth": """
from pathlib import Path
from tropea.auth import PasswordMap
for name in ("users.digest", "users.htpasswd"):
    Path(name).touch(0o600)
""",
}


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
