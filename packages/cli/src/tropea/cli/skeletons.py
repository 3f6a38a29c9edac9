"""Write files from the skeletons that this package carries; nothing is ever overwritten."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from tropea.cli.problems import CommandError

_SUFFIX = "_tmpl"


def names_for(text: str) -> dict[str, str]:
    """Return what the templates call things, for a project or a controller called *text*.

    >>> names_for("daily-recipes")["package"], names_for("daily-recipes")["class_name"]
    ('daily_recipes', 'DailyRecipes')
    """
    module = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    if not module.isidentifier() or keyword.iskeyword(module):
        raise CommandError(f"expected a name that can be a Python module, got {text!r}")
    if module in {*sys.stdlib_module_names, "tropea", "test", "tests"}:
        raise CommandError(f"{module!r} is a module that others need to find: choose another name")
    class_name = "".join(word.title() for word in module.split("_"))
    title = " ".join(module.split("_")).capitalize()
    return {
        "name": text,
        "package": module,
        "module": module,
        "class_name": class_name,
        "title": title,
    }


def write_tree(skeleton: str, target: Path, names: Mapping[str, str]) -> list[Path]:
    """Write a skeleton folder to *target*; raise CommandError where a file is there already."""
    root = files("tropea.cli").joinpath("skeletons_data", skeleton)
    plan = [(target / _place(path, names), _text(file, path, names)) for path, file in _walk(root)]
    taken = [path for path, _ in plan if path.exists()]
    if taken:
        raise CommandError(f"{taken[0]} is there already: nothing was written")
    for path, text in plan:
        _write(path, text)
    return [path for path, _ in plan]


def write_file(skeleton: str, path: Path, names: Mapping[str, str]) -> None:
    """Write one skeleton file to *path*; raise CommandError where it is there already."""
    if path.exists():
        raise CommandError(f"{path} is there already: nothing was written")
    source = files("tropea.cli").joinpath("skeletons_data", skeleton + _SUFFIX)
    _write(path, _text(source, source.name, names))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from error


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name == "__pycache__":
            continue
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry


def _place(path: str, names: Mapping[str, str]) -> str:
    place = path.replace("+package+", names["package"]).removesuffix(_SUFFIX)
    return f".{place}" if place == "gitignore" else place


def _text(file: Traversable, path: str, names: Mapping[str, str]) -> str:
    text = file.read_text("utf-8")
    return Template(text).safe_substitute(names) if path.endswith(_SUFFIX) else text
