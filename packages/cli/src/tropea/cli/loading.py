"""Load what a command works on: an ini file of Paste Deploy, or ``package.module:app``."""

from __future__ import annotations

import codecs
import configparser
import importlib
import logging.config
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from tropea.cli.problems import CommandError

_INI = {".ini", ".cfg", ".conf", ".toml"}
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_OBJECT = re.compile(r"[A-Za-z_][\w.]*(?::[A-Za-z_][\w.]*(?:\(\))?(?:\.\w+(?:\(\))?)*)?")


class Named(NamedTuple):
    """What a target's text says: a file and perhaps a section of it, or an object."""

    is_file: bool
    path: str
    section: str


def read_target(text: str) -> Named:
    r"""Tell a file from an object: a path may have a drive, spaces and number signs.

    >>> read_target(r"C:\sites\shop.ini#admin")
    Named(is_file=True, path='C:\\sites\\shop.ini', section='admin')
    >>> read_target("shop.wsgi:application").is_file
    False
    """
    if Path(text).is_file():
        return Named(is_file=True, path=text, section="")
    path, _, section = text.rpartition("#") if "#" in text else (text, "", "")
    is_file = (
        os.path.splitext(path)[1].lower() in _INI  # noqa: PTH122  of a path that may be Windows'
        or _DRIVE.match(path) is not None
        or Path(path).is_file()
    )
    return Named(is_file, path, section) if is_file else Named(is_file=False, path=text, section="")


class Target:
    """What was named on the command line.

    text: an ini file, perhaps with ``#section``, or ``package.module:name``.
    variables: ``name=value`` pairs, for the ini's ``%(name)s``.
    name: the section, where ``text`` has none.
    """

    def __init__(self, text: str, variables: Iterable[str] = (), name: str | None = None) -> None:
        named = read_target(text)
        self.text, self.is_ini = text, named.is_file
        self.path, self.name = Path(named.path), named.section or name or "main"
        self.variables = dict(map(_pair, variables))

    def ini(self) -> Path:
        """Return the path of the ini; raise CommandError where there is none."""
        if not self.is_ini:
            raise CommandError(f"{self.text!r} is no ini file: this command needs one")
        if not self.path.is_file():
            raise CommandError(f"there is no file {self.path}{_similar(self.path)}")
        if os.sep == "/" and "\\" in str(self.path.resolve()):
            raise CommandError(
                f"Paste Deploy reads no file with a backslash in its name: {self.path}"
            )
        return self.path.resolve()

    def uri(self) -> str:
        """Spell the ini file for Paste Deploy, which takes # for a section and %41 for A."""
        return uri_of(self.ini())

    def load(self) -> Any:
        """Load the application; raise CommandError saying what is wrong where it cannot be."""
        _importable(Path.cwd())
        if not self.is_ini:
            return _load_object(self.text)
        path = self.ini()
        _importable(path.parent)
        set_up_logging(path, self.variables)
        from paste.deploy import loadapp

        try:
            return loadapp(self.uri(), name=self.name, global_conf=self.variables or None)
        except (Exception, SystemExit) as error:
            raise self._named_wrong(error) or explained(error, path) from error

    def config(self) -> Any:
        """Return Paste Deploy's account of the application's section, without making it."""
        from paste.deploy import appconfig

        path = self.ini()
        _importable(path.parent)
        try:
            return appconfig(self.uri(), name=self.name, global_conf=self.variables or None)
        except Exception as error:
            raise self._named_wrong(error) or explained(error, path) from error

    def own(self) -> dict[str, str]:
        """Return the options of the ini's section ``[tropea]``, which no factory sees.

        setup_app: the function that ``tropea setup-app`` calls; shell: the one that tells what
        ``tropea shell`` has besides; both as package.module:name.
        """
        parser = configparser.RawConfigParser(strict=False, default_section="\0none")
        parser.read(self.ini(), encoding="utf-8")
        return dict(parser["tropea"]) if parser.has_section("tropea") else {}

    def applications(self) -> list[str]:
        """Name the applications of the ini."""
        parser = configparser.RawConfigParser(strict=False)
        parser.read(self.ini(), encoding="utf-8")
        kinds = ("app", "application", "composite", "composit", "pipeline", "filter-app")
        pairs = [section.partition(":") for section in parser.sections()]
        return [name.strip() for kind, _, name in pairs if kind in kinds and name]

    def _named_wrong(self, error: BaseException) -> CommandError | None:
        """Say which applications there are, where the one that was asked for is not."""
        if not isinstance(error, LookupError) or f"No section {self.name!r}" not in str(error):
            return None
        names = self.applications()
        has = f"it has {', '.join(names)}" if names else "it has none"
        return CommandError(f"{self.path.name} has no application called {self.name!r}; {has}")


def uri_of(path: Path) -> str:
    r"""Spell a file as ``config:`` does, with what Paste would read as something else escaped.

    >>> uri_of(Path("/sites/c#/50%.ini"))
    'config:/sites/c%23/50%25.ini'
    """
    return "config:" + quote(str(path), safe="/\\: ~!$&'()*+,;=@[]")


def explained(error: BaseException, path: Path) -> CommandError:
    """Say in one line what Paste Deploy could not do, and what to do."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, configparser.InterpolationError) and "%" in str(path):
        text = f"Paste Deploy reads no file with % in its name, or in that of a folder: {path}"
    elif isinstance(error, configparser.InterpolationError):
        text = f"{text} (a % that is meant is written %%)"
    elif type(error).__name__ in {"PackageNotFoundError", "DistributionNotFound"}:
        missing = text.rpartition(" ")[2].strip("'\"")
        text = f"{missing} is not installed here: pip install {missing}"
    elif isinstance(error, ModuleNotFoundError) and error.name:
        text = (
            f"there is no module {error.name!r} here: it is misspelled, or what has it is "
            "not installed"
        )
    elif isinstance(error, UnicodeDecodeError):
        text = f"{error}: save the file as UTF-8"
    elif isinstance(error, configparser.MissingSectionHeaderError) and _has_mark(path):
        text = "it begins with a byte order mark: save it as UTF-8 without one"
    elif isinstance(error, RecursionError):
        text = "a section uses itself, perhaps by way of others (--debug shows where)"
    elif isinstance(error, SystemExit):
        text = f"what it names ended the program when it was loaded: {error!r}"
    elif not isinstance(error, (LookupError, ValueError, configparser.Error, OSError)):
        text = f"{type(error).__name__}: {text} (--debug shows where)"
    return CommandError(text if path.name in text else f"{path.name}: {text}")


def _has_mark(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(3) == codecs.BOM_UTF8


def _load_object(text: str) -> Any:
    if not _OBJECT.fullmatch(text):
        raise CommandError(f"there is no file {text}: give an ini file, or package.module:app")
    module, colon, name = text.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in (name or "application").split(".") if colon else ("application",):
            found = getattr(found, part.removesuffix("()"))
            found = found() if part.endswith("()") else found
    except ImportError as error:
        raise CommandError(f"cannot import {module!r}: {error}") from error
    except SystemExit as error:
        raise CommandError(f"{text} ended the program when it was loaded: {error!r}") from error
    except AttributeError as error:
        raise CommandError(f"{module!r} has no {name or 'application'!r}: {error}") from error
    if not callable(found):
        raise CommandError(f"{text} is no application: {found!r}")
    return found


def set_up_logging(path: Path, variables: dict[str, str]) -> None:
    """Set up logging as the ini says, where it has ``[loggers]``."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise explained(error, path) from error
    if not parser.has_section("loggers"):
        return
    values = {"here": str(path.parent), "__file__": str(path), **variables}
    defaults = {name: value.replace("%", "%%") for name, value in values.items()}
    try:
        logging.config.fileConfig(path, defaults, disable_existing_loggers=False, encoding="utf-8")
    except Exception as error:
        what = f"{type(error).__name__}: {error}".replace("\n", " ")
        raise CommandError(
            f"{path.name}: logging cannot be set up as [loggers], [handlers] and [formatters] "
            f"say: {what}"
        ) from error


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
    return f"; did you mean {path.parent / near[0]}?" if near else ""
