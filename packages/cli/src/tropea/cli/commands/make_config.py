"""Write a fresh ini file of an installed distribution."""

from __future__ import annotations

import argparse
import inspect
import secrets
from enum import Enum
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any

from tropea.cli.problems import CommandError
from tropea.cli.terminal import say

SUMMARY = "Write a fresh ini file for the application of an installed distribution."
EXAMPLES = """\
  tropea make-config shop production.ini
"""
#: Where distributions of Paste's time keep their template.
TEMPLATES = ("paste_deploy_config.ini_tmpl", "deployment.ini_tmpl")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("distribution")
    parser.add_argument("file", type=Path, nargs="?", help="the ini to write (NAME.ini)")
    parser.add_argument(
        "--name", default="main", help="the entry point of paste.app_factory (main)"
    )


def run(options: argparse.Namespace) -> int:
    """Write; an existing file is never overwritten."""
    try:
        dist = distribution(options.distribution)
    except PackageNotFoundError:
        name = options.distribution
        raise CommandError(f"{name} is not installed here: pip install {name}") from None
    points = {p.name: p for p in dist.entry_points if p.group == "paste.app_factory"}
    if options.name not in points:
        has = f"it has {', '.join(sorted(points))}" if points else "it has none"
        raise CommandError(
            f"{options.distribution} offers no application called {options.name!r}; {has}"
        )
    file = options.file or Path(f"{options.distribution}.ini")
    if file.exists():
        raise CommandError(f"{file} is there already: name another file")
    text = _text(dist, points[options.name])
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from None
    say(f"wrote {file}; tropea serve {file} serves it")
    return 0


def _text(dist: Distribution, point: EntryPoint) -> str:
    name = dist.metadata["Name"]
    values = {"egg": name, "package": point.module.partition(".")[0], "here": "%(here)s"}
    values |= {key: secrets.token_hex(16) for key in ("app_instance_secret", "app_instance_uuid")}
    template = _template(dist, str(values["package"]))
    if template is not None:
        return Template(template).safe_substitute(values)
    lines = "\n".join(_options(point))
    return _INI.substitute(
        name=name, point=point.name, options=lines, key=values["app_instance_secret"]
    )


def _template(dist: Distribution, package: str) -> str | None:
    """Find the distribution's own template: in its files, or in its package."""
    for packed in dist.files or ():
        if packed.name in TEMPLATES:
            return packed.read_text("utf-8")
    spec = find_spec(package)
    folders = map(Path, (spec.submodule_search_locations or ()) if spec else ())
    for file in (f / sub / name for f in folders for name in TEMPLATES for sub in ("", "config")):
        if file.is_file():
            return file.read_text("utf-8")
    return dist.read_text(TEMPLATES[0])


def _options(point: EntryPoint) -> list[str]:
    """Write the factory's options with their defaults, commented out."""
    parameters = list(inspect.signature(point.load()).parameters.values())[1:]
    named = [p for p in parameters if p.kind in {p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD}]
    return [_option(parameter) for parameter in named]


def _option(parameter: inspect.Parameter) -> str:
    if parameter.default is parameter.empty:
        return f"{parameter.name} ="
    return f"# {parameter.name} = {ini_text(parameter.default)}".rstrip()


def ini_text(value: Any) -> str:
    """Spell a value as an ini has it.

    >>> ini_text(("GET", "HEAD")), ini_text(True), ini_text(None), ini_text("50%")
    ('GET HEAD', 'true', '', '50%%')
    """
    if isinstance(value, Enum):
        value = value.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list, set, frozenset)):
        return " ".join(map(ini_text, value))
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}:{value.__qualname__}"
    return str(value).replace("%", "%%")


_INI = Template("""\
# $name: every option of its application; those with a default are commented out.
[app:main]
use = egg:$name#$point
$options

[server:main]
use = egg:waitress
host = 127.0.0.1
port = 8080

[loggers]
keys = root

[handlers]
keys = console

[formatters]
keys = plain

[logger_root]
level = INFO
handlers = console

[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain

[formatter_plain]
format = %(asctime)s %(levelname)s %(name)s %(message)s
""")
