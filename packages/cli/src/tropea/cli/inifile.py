"""An ini file as it is written, and what can be said of a line of it."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Kind of section -> the groups of entry points whose factories it may use.
GROUPS = {
    "app": ("paste.app_factory", "paste.composite_factory", "paste.composit_factory"),
    "application": ("paste.app_factory", "paste.composite_factory"),
    "composite": ("paste.app_factory", "paste.composite_factory", "paste.composit_factory"),
    "composit": ("paste.app_factory", "paste.composite_factory", "paste.composit_factory"),
    "filter": ("paste.filter_factory", "paste.filter_app_factory"),
    "filter-app": ("paste.filter_factory", "paste.filter_app_factory"),
    "server": ("paste.server_factory", "paste.server_runner"),
}
#: Options that every section may have.
ALWAYS = {"use", "filter-with", "next", "require", "__file__", "here"}


@dataclass(frozen=True)
class Finding:
    """One mistake, or something to know; severity: ``error`` or ``warning``."""

    line: int
    severity: str
    where: str
    text: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.severity}: [{self.where}] {self.text}"


class Ini:
    """An ini file as it is written, without the defaults that Paste mixes in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text("utf-8")
        self.parser = configparser.RawConfigParser(
            default_section="\0none", delimiters=("=", ":"), strict=False
        )
        self.parser.optionxform = str  # type: ignore[assignment,method-assign]
        self.parser.read_string(self.text, source=path.name)

    @property
    def defaults(self) -> dict[str, str]:
        """The options of ``[DEFAULT]``."""
        return dict(self.parser["DEFAULT"]) if self.parser.has_section("DEFAULT") else {}

    def sections(self) -> Iterator[tuple[str, str, dict[str, str]]]:
        """Yield kind, name and options of each section that Paste Deploy reads."""
        for section in self.parser.sections():
            kind, _, name = section.partition(":")
            if kind in {*GROUPS, "pipeline"}:
                yield kind, name.strip() or "main", dict(self.parser[section])

    def line_of(self, section: str, option: str | None = None) -> int:
        """Return the line of a section, or of an option in it; 0 where there is none."""
        inside = False
        for number, line in enumerate(self.text.splitlines(), 1):
            stripped = line.strip()
            if stripped.startswith("[") and stripped.endswith("]"):
                inside = stripped[1:-1].replace(" ", "") == section.replace(" ", "")
                if inside and option is None:
                    return number
            elif (
                inside
                and option
                and re.match(rf"(?:set +|get +)?{re.escape(option)}\s*[=:]", stripped)
            ):
                return number
        return 0
