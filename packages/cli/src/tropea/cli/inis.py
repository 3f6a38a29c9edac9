"""Find what Paste Deploy does silently or cryptically with an ini file: pure, no application made.

Each finding has a line, a severity and what to do.
"""

from __future__ import annotations

import configparser
import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

GROUPS = {
    "app": ("paste.app_factory", "paste.composite_factory", "paste.composit_factory"),
    "application": ("paste.app_factory", "paste.composite_factory"),
    "composite": ("paste.app_factory", "paste.composite_factory", "paste.composit_factory"),
    "filter": ("paste.filter_factory", "paste.filter_app_factory"),
    "filter-app": ("paste.filter_factory", "paste.filter_app_factory"),
    "server": ("paste.server_factory", "paste.server_runner"),
}
_ALWAYS = {"use", "filter-with", "next", "__file__", "here"}
_STRAY = re.compile(r"%(?!%|\([^)]*\)s)")
_VARIABLE = re.compile(r"%\(([^)]*)\)s")


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


def check_ini(path: Path) -> list[Finding]:
    """List the mistakes of an ini file, in the order of its lines."""
    try:
        ini = Ini(path)
    except (configparser.Error, UnicodeDecodeError) as error:
        return [
            Finding(
                getattr(error, "lineno", 0) or 0, "error", path.name, str(error).splitlines()[0]
            )
        ]
    found = list(_interpolation(ini))
    for kind, name, options in ini.sections():
        section = next(s for s in ini.parser.sections() if _is(s, kind, name))
        found += _swallowed(ini, section, options)
        found += (
            _pipeline(ini, section, options)
            if kind == "pipeline"
            else _use(ini, section, kind, options)
        )
    return sorted(set(found), key=lambda f: (f.line, f.text))


def _is(section: str, kind: str, name: str) -> bool:
    own_kind, _, own_name = section.partition(":")
    return own_kind == kind and (own_name.strip() or "main") == name


def _interpolation(ini: Ini) -> Iterator[Finding]:
    known = {"here", "__file__", *ini.defaults}
    pasted = {
        section
        for section in ini.parser.sections()
        if section.partition(":")[0] in {*GROUPS, "pipeline"}
    }
    for section in (*pasted, "DEFAULT"):
        if not ini.parser.has_section(section):
            continue
        for option, value in ini.parser[section].items():
            line = ini.line_of(section, option)
            if _STRAY.search(value):
                yield Finding(line, "error", section, f"{option}: a % that is meant is written %%")
            own = {name.removeprefix("set ").strip() for name in ini.parser[section]}
            for name in _VARIABLE.findall(value):
                if name not in known | own:
                    near = get_close_matches(name, known | own, n=1)
                    hint = f"; did you mean %({near[0]})s?" if near else ""
                    yield Finding(
                        line, "error", section, f"{option}: %({name})s is set nowhere{hint}"
                    )


def _swallowed(ini: Ini, section: str, options: dict[str, str]) -> Iterator[Finding]:
    for option in options:
        if option in ini.defaults and option not in _ALWAYS:
            yield Finding(
                ini.line_of(section, option), "error", section,
                f"{option}: Paste Deploy drops it silently, because [DEFAULT] has an option of "
                "that name; rename the one in [DEFAULT]",
            )  # fmt: skip


def _pipeline(ini: Ini, section: str, options: dict[str, str]) -> Iterator[Finding]:
    line = ini.line_of(section, "pipeline")
    if "filter-with" in options:
        yield Finding(
            ini.line_of(section, "filter-with"), "warning", section,
            "filter-with in a pipeline stands outside its first filter, whatever its place here; "
            "put it into the pipeline",
        )  # fmt: skip
    if "pipeline" not in options:
        yield Finding(ini.line_of(section), "error", section, "needs the option 'pipeline'")
    for extra in options.keys() - {"pipeline", "filter-with"}:
        if not extra.startswith(("set ", "get ")):
            yield Finding(
                ini.line_of(section, extra),
                "warning",
                section,
                f"{extra}: a pipeline has no such option",
            )
    names = {(kind, name) for kind, name, _ in ini.sections()}
    members = options.get("pipeline", "").split()
    for place, member in enumerate(members):
        if ":" in member:  # egg:… or config:… : Paste finds those elsewhere
            continue
        kinds = (
            {"app", "application", "composite", "pipeline", "filter-app"}
            if place == len(members) - 1
            else {"filter"}
        )
        if not any((kind, member) in names for kind in kinds):
            near = get_close_matches(member, [name for kind, name in names if kind in kinds], n=1)
            wanted = "an application" if "app" in kinds else "a filter"
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield Finding(line, "error", section, f"{member!r} is no section of {wanted}{hint}")


def _use(ini: Ini, section: str, kind: str, options: dict[str, str]) -> Iterator[Finding]:
    line = ini.line_of(section, "use")
    direct = [o for o in options if o.startswith("paste.") and o.endswith(("_factory", "_runner"))]
    use = options.get("use", "")
    if direct:
        yield from _options(
            ini, section, options, *_imported(ini, section, direct[0], options[direct[0]])
        )
    elif not use:
        yield Finding(ini.line_of(section), "error", section, "says neither 'use' nor a factory")
    elif use.startswith("egg:"):
        factory, problem = _entry_point(kind, use.removeprefix("egg:").strip())
        if problem:
            yield Finding(line, "error", section, problem)
        yield from _options(ini, section, options, factory, None)
    elif use.startswith("call:"):
        factory, finding = _imported(ini, section, "use", use.removeprefix("call:"))
        yield from _call(ini, section, kind, factory)
        yield from _options(ini, section, options, factory, finding)
    elif use.startswith("config:"):
        file = (
            use.removeprefix("config:").partition("#")[0].replace("%(here)s", str(ini.path.parent))
        )
        if "%(" not in file and not (ini.path.parent / file).is_file():
            yield Finding(line, "error", section, f"there is no file {file}")
    elif not any(name == use for _, name, _ in ini.sections()):
        names = sorted({name for _, name, _ in ini.sections()})
        near = get_close_matches(use, names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "; an installed one is written egg:NAME"
        yield Finding(line, "error", section, f"use: there is no section {use!r}{hint}")


def _entry_point(kind: str, spec: str) -> tuple[Any, str]:
    """Find what an ``egg:`` stands for: the factory, or why there is none."""
    name, _, point = spec.partition("#")
    point = point.strip() or "main"
    try:
        points = [p for p in distribution(name.strip()).entry_points if p.group in GROUPS[kind]]
    except PackageNotFoundError:
        return None, f"use: {name} is not installed here: pip install {name}"
    for candidate in points:
        if candidate.name == point:
            try:
                return candidate.load(), ""
            except ImportError as error:
                return None, f"use: {spec} cannot be imported: {error}"
    names = sorted({p.name for p in points})
    near = get_close_matches(point, names, n=1)
    hint = f"; did you mean {name}#{near[0]}?" if near else f"; it has {', '.join(names) or 'none'}"
    return None, f"use: {name} has no {kind} called {point!r}{hint}"


def _imported(ini: Ini, section: str, option: str, spec: str) -> tuple[Any, Finding | None]:
    module, _, name = spec.strip().partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        return None, Finding(
            ini.line_of(section, option), "error", section, f"{option}: {spec}: {error}"
        )
    return found, None


def _call(ini: Ini, section: str, kind: str, factory: Any) -> Iterator[Finding]:
    """Find a ``call:`` that names something with the wrong protocol: Paste only fails later."""
    try:
        first = next(iter(inspect.signature(factory).parameters), "")
    except (TypeError, ValueError):
        return
    if kind in {"filter", "filter-app"} and first in {"app", "application", "wsgi_app"}:
        yield Finding(
            ini.line_of(section, "use"), "error", section,
            "call: makes a filter of a function of (global_conf, **options); this one takes an "
            f"application first: write paste.filter_app_factory = {dotted(factory)} instead of use",
        )  # fmt: skip


def dotted(factory: Any) -> str:
    """Spell an object as an ini does."""
    return f"{getattr(factory, '__module__', '?')}:{getattr(factory, '__qualname__', '?')}"


def _options(
    ini: Ini, section: str, options: dict[str, str], factory: Any, finding: Finding | None
) -> Iterator[Finding]:
    if finding is not None:
        yield finding
    if factory is None:
        return
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return  # it takes what it is given
    known = {p.name for p in parameters if p.kind in {p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD}}
    for option in options:
        plain = option.removeprefix("get ").strip()
        if plain in known or plain in _ALWAYS or option.startswith(("set ", "paste.")):
            continue
        near = get_close_matches(plain, sorted(known), n=1, cutoff=0.5)
        hint = (
            f"; did you mean {near[0]!r}?"
            if near
            else f"; there are {', '.join(sorted(known)) or 'none'}"
        )
        yield Finding(
            ini.line_of(section, option), "error", section, f"has no option {plain!r}{hint}"
        )
