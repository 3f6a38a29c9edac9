"""Read this package's options from the text of an ini file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from tropea.core.errors import OptionError
from tropea.core.readers import duration

Pairs = tuple[tuple[str, str], ...]


def read_pairs(text: str) -> Pairs:
    r"""Read ``name: value`` lines.

    >>> read_pairs("*.html: no-cache\n*.woff2: max-age=86400")
    (('*.html', 'no-cache'), ('*.woff2', 'max-age=86400'))
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    pairs = [line.partition(":") for line in lines]
    for line, (name, colon, _) in zip(lines, pairs, strict=True):
        if not colon or not name.strip():
            raise OptionError(f"expected lines of 'name: value', got {line!r}")
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def as_pairs(given: Any, option: str) -> Pairs:
    """Take a mapping or pairs for an option; raise OptionError for anything else."""
    pairs = tuple(given.items()) if isinstance(given, Mapping) else given
    try:
        taken = tuple((name, value) for name, value in pairs)
    except (TypeError, ValueError):
        raise OptionError(f"{option}: expected pairs of texts, got {given!r}") from None
    if not all(isinstance(text, str) for pair in taken for text in pair):
        raise OptionError(f"{option}: expected pairs of texts, got {given!r}")
    return taken


def read_seconds(text: str) -> int | None:
    """Read ``5m``, ``86400`` or ``none``."""
    return None if text.lower() in {"none", ""} else int(duration(text))


def as_mounts(root: Any, prefix: str) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Spread ``root`` out: pairs of a prefix and the roots below it, in the order asked.

    >>> as_mounts("a b", "/static")
    (('/static/', ('a b',)),)
    >>> as_mounts({"/css/": "a", "/js/": ["b", "c"]}, "/")
    (('/css/', ('a',)), ('/js/', ('b', 'c')))
    """
    if isinstance(root, Mapping):
        mounts = tuple((check_prefix(below), _many(roots)) for below, roots in root.items())
    else:
        mounts = ((check_prefix(prefix), _many(root)),)
    if not any(roots for _, roots in mounts):
        raise OptionError("root: expected a folder, got nothing")
    return mounts


def read_root(text: str) -> Any:
    """Read one root, several (one a line), or ``/prefix/ = root`` lines."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and all(line.startswith("/") and " = " in line for line in lines):
        mounts: dict[str, list[str]] = {}
        for line in lines:
            prefix, _, root = line.partition(" = ")
            mounts.setdefault(prefix.strip(), []).append(root.strip())
        return mounts
    return lines[0] if len(lines) == 1 else lines


def check_prefix(prefix: str) -> str:
    """Give a prefix the slash at either end that makes it match whole segments only.

    It comes back as ``PATH_INFO`` will spell it, bytes as Latin-1.
    Raises OptionError where it could never match a request.

    >>> check_prefix("static"), check_prefix("/")
    ('/static/', '/')
    """
    from tropea.static.paths import path_key, read_path

    inner = path_key(prefix.strip("/")) if isinstance(prefix, str) else ""
    if not isinstance(prefix, str) or (inner and read_path(inner) is None):
        raise OptionError(f"prefix: expected a path such as '/static/', got {prefix!r}")
    return f"/{inner}/" if inner else "/"


def _many(roots: Any) -> tuple[Any, ...]:
    if isinstance(roots, (str, os.PathLike)) or hasattr(roots, "scan"):
        return (roots,) if roots else ()
    if isinstance(roots, Iterable):
        return tuple(roots)
    raise OptionError(f"root: expected a folder or a source, got {roots!r}")
