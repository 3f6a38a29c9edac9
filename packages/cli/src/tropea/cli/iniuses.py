"""Find mistakes in what a section of an ini file uses: eggs, factories, their options."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from tropea.cli.inifile import ALWAYS, GROUPS, Finding, Ini


def check_use(ini: Ini, section: str, kind: str, options: dict[str, str]) -> Iterator[Finding]:
    """Find what is wrong with a section's ``use`` or factory, and options that it does not have."""
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
            except (Exception, SystemExit) as error:  # importing runs anything
                return None, f"use: {spec} cannot be imported: {_told(error)}"
    names = sorted({p.name for p in points})
    near = get_close_matches(point, names, n=1)
    hint = f"; did you mean {name}#{near[0]}?" if near else f"; it has {', '.join(names) or 'none'}"
    return None, f"use: {name} has no {kind} called {point!r}{hint}"


def _imported(ini: Ini, section: str, option: str, spec: str) -> tuple[Any, Finding | None]:
    module, colon, name = spec.strip().partition(":")
    if not (colon and name):
        text = f"{option}: expected package.module:name, got {spec.strip()!r}"
        return None, Finding(ini.line_of(section, option), "error", section, text)
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:  # importing runs anything
        return None, Finding(
            ini.line_of(section, option), "error", section, f"{option}: {spec}: {_told(error)}"
        )
    return found, None


def _told(error: BaseException) -> str:
    lines = str(error).splitlines()
    plain = isinstance(error, (ImportError, AttributeError))
    return (lines[0] if lines else "") if plain else f"{type(error).__name__}: {' '.join(lines)}"


def _call(ini: Ini, section: str, kind: str, factory: Any) -> Iterator[Finding]:
    """Find a ``call:`` that names something with the wrong protocol: Paste only fails later."""
    try:
        names = list(inspect.signature(factory).parameters)
    except (TypeError, ValueError):
        return
    first, line = names[0] if names else "", ini.line_of(section, "use")
    if kind == "filter-app":
        yield Finding(
            line, "error", section,
            "call: cannot stand in a filter-app: make it a [filter:] of a [pipeline:]",
        )  # fmt: skip
    elif names[:2] == ["environ", "start_response"]:
        yield Finding(
            line, "error", section,
            f"call: wants a factory, a function of (global_conf, **options); {dotted(factory)} is "
            "an application itself",
        )  # fmt: skip
    elif kind in {"app", "application"} and first == "loader":
        yield Finding(
            line, "error", section,
            f"{dotted(factory)} takes a loader first: it is made for [composite:{_name(section)}]",
        )  # fmt: skip
    elif kind == "filter" and first in {"app", "application", "wsgi_app"}:
        yield Finding(
            ini.line_of(section, "use"), "error", section,
            "call: makes a filter of a function of (global_conf, **options); this one takes an "
            f"application first: write paste.filter_app_factory = {dotted(factory)} instead of use",
        )  # fmt: skip


def _name(section: str) -> str:
    return section.partition(":")[2].strip() or "main"


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
        if plain in known or plain in ALWAYS or option.startswith(("set ", "paste.")):
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
