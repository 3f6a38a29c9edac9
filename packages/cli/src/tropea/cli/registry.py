"""Which commands there are: our own, those of installed distributions, those of the project.

A command is a module, or an object, with ``SUMMARY``, perhaps ``EXAMPLES``, ``configure(parser)``
and ``run(options)``, which returns an exit status or None.  Distributions offer theirs in the
entry-point group ``tropea.commands``; a project that is not installed names them in its
``pyproject.toml``::

    [project.entry-points."tropea.commands"]
    greet = "shop.commands:greet"
"""
# pathlib takes longer to import than --help takes in all:
# ruff: noqa: PTH109, PTH113, PTH118, PTH119, PTH123

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from tropea.cli.problems import CommandError

if TYPE_CHECKING:  # importing it takes a third of the time that --help may take
    from importlib.metadata import EntryPoint

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


class Command(NamedTuple):
    """One command.

    group: "" for our own, else who has it, such as ``commands of shop 1.2``.
    """

    name: str
    summary: str
    group: str
    source: str | EntryPoint

    def load(self) -> Any:
        """Import the command; raise CommandError where it cannot be."""
        try:
            if not isinstance(self.source, str):
                return self.source.load()
            return importlib.import_module(self.source)
        except (ImportError, AttributeError) as error:
            raise CommandError(
                f"the command {self.name!r} ({self.group or 'of tropea'}) cannot be loaded: {error}"
            ) from error


def built_in() -> dict[str, Command]:
    """Return our own commands."""
    return {
        name: Command(name, summary, "", f"tropea.cli.commands.{name.replace('-', '_')}")
        for name, summary in BUILT_IN.items()
    }


def all_commands(plugins: tuple[str, ...] = ()) -> dict[str, Command]:
    """Return every command: ours first, then those of distributions, then the project's.

    plugins: distributions named with ``--plugin``: their commands win over ours of that name,
        as the project's do.
    """
    found = built_in()
    for point in installed_points():
        found.setdefault(point.name, _of_point(point, _told(point)))
    for name in plugins:
        for point in _of_plugin(name):
            found[point.name] = _of_point(point, f"commands of {name}, named by --plugin")
    for point in project_points(os.getcwd()):
        group = f"commands of this project ({os.path.basename(os.getcwd())})"
        found[point.name] = _of_point(point, group)
    return found


def _told(point: EntryPoint) -> str:
    dist = point.dist
    return f"commands of {dist.name} {dist.version}" if dist else "commands installed here"


def _of_point(point: EntryPoint, group: str) -> Command:
    return Command(point.name, summary_of(point), group, point)


def summary_of(point: EntryPoint) -> str:
    """Read the ``SUMMARY`` of a command without importing it; else say what it is."""
    import ast

    module, _, name = point.value.partition(":")
    path = _source_of(module.strip())
    try:
        with open(path, encoding="utf-8") as file:
            body: list[ast.stmt] = ast.parse(file.read()).body
    except (OSError, SyntaxError, ValueError):
        return point.value
    if name:
        named = [n for n in body if isinstance(n, ast.ClassDef) and n.name == name.strip()]
        body = named[0].body if named else []
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id="SUMMARY")], value=ast.Constant(value=str(text))):
                return text
    return point.value


def _source_of(module: str) -> str:
    """Return the file of a module, found without importing its packages; "" where there is none."""
    parts = module.split(".")
    for folder in sys.path:
        base = os.path.join(folder or os.curdir, *parts)
        for file in (f"{base}.py", os.path.join(base, "__init__.py")):
            if os.path.isfile(file):
                return file
    return ""


def installed_points() -> list[EntryPoint]:
    """List the entry points of our group that distributions offer."""
    if not _is_offered():
        return []
    from importlib.metadata import entry_points

    return sorted(entry_points(group=GROUP), key=lambda point: point.name)


def _is_offered() -> bool:
    """Tell whether any installed distribution may have a command: a look at the files alone."""
    for folder in sys.path:
        if os.path.isfile(folder):
            return True  # a zip, whose metadata only importlib reads
        try:
            entries = list(os.scandir(folder or os.curdir))
        except OSError:
            continue
        for entry in entries:
            if entry.name.endswith((".dist-info", ".egg-info")) and _names_us(entry.path):
                return True
            if entry.name.endswith(".egg"):
                return True
    return False


def _names_us(folder: str) -> bool:
    try:
        with open(os.path.join(folder, "entry_points.txt"), "rb") as file:
            return GROUP.encode() in file.read()
    except OSError:
        return False


def _of_plugin(name: str) -> list[EntryPoint]:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        points = [p for p in distribution(name).entry_points if p.group == GROUP]
    except (PackageNotFoundError, ValueError):
        raise CommandError(f"--plugin: {name} is not installed here: pip install {name}") from None
    if not points:
        raise CommandError(f"--plugin: {name} offers nothing in the group {GROUP}")
    return points


def project_points(folder: str) -> list[EntryPoint]:
    """Read the commands that the project in *folder* names in its pyproject.toml."""
    path = os.path.join(folder, "pyproject.toml")
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return []
    if GROUP not in text:
        return []
    import tomllib
    from importlib.metadata import EntryPoint

    try:
        points = tomllib.loads(text).get("project", {}).get("entry-points", {}).get(GROUP, {})
    except tomllib.TOMLDecodeError as error:
        raise CommandError(f"{path}: {error}") from None
    for place in (os.path.join(folder, "src"), folder):
        if points and place not in sys.path:
            sys.path.insert(0, place)
    return [EntryPoint(name, value, GROUP) for name, value in points.items()]
