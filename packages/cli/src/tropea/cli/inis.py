"""Find what Paste Deploy does silently or cryptically with an ini file; no application is made.

Each finding has a line, a severity and what to do.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

from tropea.cli.inifile import ALWAYS, GROUPS, Finding, Ini
from tropea.cli.iniuses import check_use

__all__ = ["Finding", "check_ini"]

#: What the section ``[tropea]`` may say.
OWN = ("setup_app", "shell")
_STRAY = re.compile(r"%(?!%|\([^)]*\)s)")
_VARIABLE = re.compile(r"%\(([^)]*)\)s")


def check_ini(path: Path, variables: Iterable[str] = ()) -> list[Finding]:
    """List the mistakes of an ini file, in the order of its lines.

    variables: names that the command line sets.
    """
    try:
        ini = Ini(path)
    except UnicodeDecodeError as error:
        return [Finding(0, "error", path.name, f"{error}: save the file as UTF-8")]
    except configparser.Error as error:
        line = getattr(error, "lineno", 0) or 0
        return [Finding(line, "error", path.name, str(error).splitlines()[0])]
    found = [*_interpolation(ini, variables), *_unnamed(ini), *_twice(ini), *_own(ini)]
    for kind, name, options in ini.sections():
        section = next(s for s in ini.parser.sections() if _is(s, kind, name))
        found += _swallowed(ini, section, options)
        found += (
            _pipeline(ini, section, options)
            if kind == "pipeline"
            else check_use(ini, section, kind, options)
        )
    return sorted(set(found), key=lambda f: (f.line, f.text))


def _is(section: str, kind: str, name: str) -> bool:
    own_kind, _, own_name = section.partition(":")
    return own_kind == kind and (own_name.strip() or "main") == name


def _unnamed(ini: Ini) -> Iterator[Finding]:
    """Find sections without a name, which Paste Deploy does not find."""
    for section in ini.parser.sections():
        if section.strip() in {*GROUPS, "pipeline"}:
            yield Finding(
                ini.line_of(section), "error", section,
                f"Paste Deploy looks for a name: write [{section}:main]",
            )  # fmt: skip


def _own(ini: Ini) -> Iterator[Finding]:
    """Find options of ``[tropea]`` that this command does not know."""
    for option in ini.parser["tropea"] if ini.parser.has_section("tropea") else ():
        if option not in OWN:
            near = get_close_matches(option, OWN, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(OWN)}"
            yield Finding(
                ini.line_of("tropea", option), "error", "tropea",
                f"has no option {option!r}; {hint}",
            )  # fmt: skip


def _twice(ini: Ini) -> Iterator[Finding]:
    """Find two applications of one name, which Paste Deploy calls ambiguous when it is asked."""
    seen: dict[tuple[str, str], str] = {}
    for kind, name, _ in ini.sections():
        group = kind if kind in {"filter", "server"} else "application"
        other = seen.setdefault((group, name), kind)
        if other != kind:
            yield Finding(
                ini.line_of(f"{kind}:{name}"), "error", f"{kind}:{name}",
                f"there is also [{other}:{name}], and one name can mean only one {group}",
            )  # fmt: skip


def _interpolation(ini: Ini, variables: Iterable[str]) -> Iterator[Finding]:
    known = {"here", "__file__", *ini.defaults, *variables}
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
        if option in ini.defaults and option not in ALWAYS:
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
    elif not options["pipeline"].split():
        yield Finding(line, "error", section, "pipeline: names no application")
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
        if member.startswith("call:"):
            yield Finding(
                line, "error", section,
                f"{member}: Paste Deploy cannot tell what a call: in a pipeline makes; give it a "
                "section of its own, with use = call:…",
            )  # fmt: skip
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
