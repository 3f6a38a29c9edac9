"""Write the stub of every package whose names are imported when they are first asked for.

A type checker cannot follow such a table, and would call every name Any; the stub beside
``__init__.py`` says the same as imports.  ``tests/test_typing.py`` fails when the two differ.
"""

from __future__ import annotations

import importlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def lazy_packages() -> list[str]:
    """Name the packages that keep a table of exports."""
    inits = sorted(ROOT.glob("packages/*/src/tropea/*/__init__.py"))
    return [path.parent.name for path in inits if "_EXPORTS = {" in path.read_text()]


def stub(package: str) -> str:
    """Return the text of the stub of ``tropea.<package>``."""
    module = importlib.import_module(f"tropea.{package}")
    lines = []
    for public, place in sorted(module._EXPORTS.items()):
        home, spelled = place if isinstance(place, tuple) else (place, public)
        renamed = "" if spelled == public else f" as {public}"
        lines.append(f"from tropea.{package}.{home} import {spelled}{renamed}")
    names = [f'    "{public}",' for public in module.__all__]
    head = "# Written by tools/stubs.py from _EXPORTS in __init__.py."
    return "\n".join([head, *sorted(lines), "", "__all__ = [", *names, "]", ""])


def path(package: str) -> Path:
    """Return where the stub of ``tropea.<package>`` stands."""
    return ROOT / f"packages/{package}/src/tropea/{package}/__init__.pyi"


if __name__ == "__main__":
    for package in lazy_packages():
        path(package).write_text(stub(package))
