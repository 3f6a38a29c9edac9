"""Which commands there are: our own, those of installed distributions, those of the project.

A command is a module, or an object, with ``SUMMARY``, perhaps ``EXAMPLES``, ``configure(parser)``
and ``run(options)``, which returns an exit status or None.  Distributions offer theirs in the
entry-point group ``tropea.commands``; a project that is not installed names them in its
``pyproject.toml``::

    [project.entry-points."tropea.commands"]
    greet = "shop.commands:greet"
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint, distribution, entry_points
from pathlib import Path
from typing import Any

from tropea.cli.problems import CommandError

GROUP = "tropea.commands"

#: Name -> what it does.  The texts stand here so that ``--help`` imports no command.
BUILT_IN = {
    "check": "find mistakes in an ini file before they are served",
    "controller": "make a controller and its functional test",
    "create": "make a new project from a template",
    "completion": "print the completions for bash, zsh or fish",
    "grep": "find a symbol: where it is defined and where it is used",
    "make-config": "write a fresh ini file of an installed distribution",
    "match": "tell which route answers a request, and why not the others",
    "onion": "draw the layers of an application, outermost first",
    "points": "list the entry points that are installed",
    "post": "run one POST request without a server",
    "profile": "time a request, layer by layer",
    "request": "run one request without a server",
    "restcontroller": "make a REST controller and its functional test",
    "routes": "list the routes of an application",
    "serve": "serve an application",
    "setup-app": "run the set-up hook of an application",
    "shell": "a Python shell with the application and a test client",
}


@dataclass(frozen=True)
class Command:
    """One command; group: "" for our own, else the distribution or the project that has it."""

    name: str
    summary: str
    group: str
    _source: str | EntryPoint

    def load(self) -> Any:
        """Import the command; raise CommandError where it cannot be."""
        try:
            if isinstance(self._source, EntryPoint):
                return self._source.load()
            return importlib.import_module(self._source)
        except (ImportError, AttributeError) as error:
            raise CommandError(f"the command {self.name!r} of {self.group or 'tropea'} "
                               f"cannot be loaded: {error}") from error  # fmt: skip


def built_in() -> dict[str, Command]:
    """Return our own commands."""
    return {
        name: Command(name, summary, "", f"tropea.cli.commands.{name.replace('-', '_')}")
        for name, summary in BUILT_IN.items()
    }


def all_commands(plugins: tuple[str, ...] = ()) -> dict[str, Command]:
    """Return every command: ours first, then those of distributions, then the project's.

    plugins: distributions named with ``--plugin``; their commands are there even where they do
        not offer them in the group (a module with commands as attributes is taken too).
    """
    found = built_in()
    for point in entry_points(group=GROUP):
        group = point.dist.name if point.dist else "installed"
        found.setdefault(point.name, _of_point(point, group))
    for name in plugins:
        for point in _of_plugin(name):
            found[point.name] = _of_point(point, name)
    for point in project_points(Path.cwd()):
        found[point.name] = _of_point(point, Path.cwd().name)
    return found


def _of_point(point: EntryPoint, group: str) -> Command:
    return Command(point.name, f"{point.value}", group, point)


def _of_plugin(name: str) -> list[EntryPoint]:
    from importlib.metadata import PackageNotFoundError

    try:
        points = [p for p in distribution(name).entry_points if p.group == GROUP]
    except PackageNotFoundError:
        raise CommandError(f"--plugin: {name} is not installed here: pip install {name}") from None
    if not points:
        raise CommandError(f"--plugin: {name} offers nothing in the group {GROUP}")
    return points


def project_points(folder: Path) -> list[EntryPoint]:
    """Read the commands that the project in *folder* names in its pyproject.toml."""
    file = folder / "pyproject.toml"
    if not file.is_file():
        return []
    import tomllib

    try:
        project = tomllib.loads(file.read_text("utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"{file}: {error}") from None
    points = [
        EntryPoint(name, value, GROUP)
        for name, value in project.get("entry-points", {}).get(GROUP, {}).items()
    ]
    if points:
        for place in (folder / "src", folder):
            if str(place) not in sys.path:
                sys.path.insert(0, str(place))
    return points
