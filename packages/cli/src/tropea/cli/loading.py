"""Load what a command works on: an ini file of Paste Deploy, or ``package.module:app``."""

from __future__ import annotations

import configparser
import importlib
import logging.config
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tropea.cli.problems import CommandError


class Target:
    """What was named on the command line.

    text: an ini file, perhaps with ``#section``, or ``package.module:name``.
    variables: ``name=value`` pairs, for the ini's ``%(name)s``.
    name: the section, where ``text`` has none.
    """

    def __init__(self, text: str, variables: Iterable[str] = (), name: str | None = None) -> None:
        path, _, section = text.partition("#")
        self.text, self.path, self.name = text, Path(path), section or name or "main"
        self.variables = dict(map(_pair, variables))

    @property
    def is_ini(self) -> bool:
        """Whether the target is an ini file."""
        return self.path.suffix in {".ini", ".cfg", ".conf", ".toml"} or (
            self.path.is_file() and ":" not in self.text
        )

    def ini(self) -> Path:
        """Return the path of the ini; raise CommandError where there is none."""
        if not self.is_ini:
            raise CommandError(f"{self.text!r} is no ini file: this command needs one")
        if not self.path.is_file():
            raise CommandError(f"there is no file {self.path}{_similar(self.path)}")
        return self.path.resolve()

    def load(self) -> Any:
        """Load the application; raise CommandError saying what is wrong where it cannot be."""
        _importable(Path.cwd())
        if not self.is_ini:
            return _load_object(self.text)
        path = self.ini()
        _importable(path.parent)
        set_up_logging(path, self.variables)
        return _with_paste("loadapp", path, self.name, self.variables)

    def load_server(self, name: str, overrides: dict[str, str]) -> Any:
        """Load the ini's server: a callable that serves an application.

        overrides: options, such as host and port, that win over the ini's.
        """
        from paste.deploy import loadwsgi

        path = self.ini()
        try:
            context = loadwsgi.loadcontext(
                loadwsgi.SERVER, f"config:{path}", name=name, global_conf=self.variables or None
            )
            context.local_conf.update(overrides)
            return context.create()
        except Exception as error:
            raise explained(error, path) from error


def _with_paste(function: str, path: Path, name: str, variables: dict[str, str]) -> Any:
    import paste.deploy

    try:
        load = getattr(paste.deploy, function)
        return load(f"config:{path}", name=name, global_conf=variables or None)
    except Exception as error:
        raise explained(error, path) from error


def explained(error: Exception, path: Path) -> CommandError:
    """Say in one line what Paste Deploy could not do, and what to do."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, configparser.InterpolationError):
        text = f"{text} (a % that is meant is written %%)"
    missing = getattr(error, "name", None) if isinstance(error, ImportError) else None
    if type(error).__name__ in {"PackageNotFoundError", "DistributionNotFound"}:
        missing = text.rpartition(" ")[2].strip("'\"")
    if missing:
        text = f"{missing} is not installed here: pip install {missing.partition('.')[0]}"
    return CommandError(f"{path.name}: {text}")


def _load_object(text: str) -> Any:
    module, colon, name = text.partition(":")
    if not module or "/" in module or "\\" in module:
        raise CommandError(f"there is no file {text}: give an ini file, or package.module:app")
    try:
        found: Any = importlib.import_module(module)
        for part in (name or "application").split(".") if colon else ("application",):
            found = getattr(found, part.removesuffix("()"))
            found = found() if part.endswith("()") else found
    except ImportError as error:
        raise CommandError(f"cannot import {module!r}: {error}") from error
    except AttributeError as error:
        raise CommandError(f"{module!r} has no {name or 'application'!r}") from error
    if not callable(found):
        raise CommandError(f"{text} is no application: {found!r}")
    return found


def set_up_logging(path: Path, variables: dict[str, str]) -> None:
    """Set up logging as the ini says, where it has ``[loggers]``."""
    parser = configparser.RawConfigParser()
    parser.read(path, encoding="utf-8")
    if parser.has_section("loggers"):
        defaults = {"here": str(path.parent), "__file__": str(path), **variables}
        logging.config.fileConfig(path, defaults, disable_existing_loggers=False)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise CommandError(f"expected name=value, got {text!r}")
    return name, value


def _importable(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _similar(path: Path) -> str:
    from difflib import get_close_matches

    folder = path.parent if path.parent.is_dir() else Path.cwd()
    near = get_close_matches(
        path.name, sorted(p.name for p in folder.glob("*.ini")), n=1, cutoff=0.4
    )
    return f"; did you mean {os.path.join(path.parent, near[0])}?" if near else ""  # noqa: PTH118
