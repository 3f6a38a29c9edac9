"""The paths that rules see: without dot segments and doubled slashes."""

from __future__ import annotations

import re

_HIGHER = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")


def normalise(path: str) -> str | None:
    """Merge slashes and take dot segments out, as Apache does first; None if it leads above.

    >>> normalise("//a/./b/../c"), normalise("/a/../../b")
    ('/a/c', None)
    """
    path = merge_slashes(path)
    if not _HIGHER.search(path):
        return path
    parts: list[str] = []
    segments = path.split("/")[1:]
    for place, segment in enumerate(segments):
        if segment == "..":
            if not parts:
                return None
            parts.pop()
        elif segment != ".":
            parts.append(segment)
            continue
        if place == len(segments) - 1:
            parts.append("")
    return "/" + "/".join(parts)


def merge_slashes(path: str) -> str:
    """Make one slash of several, as when Apache turns a path into a file's name."""
    return re.sub(r"/{2,}", "/", path) if "//" in path else path


def dot_segments(path: str) -> int:
    """Count the parts of a path that are dots only.

    >>> dot_segments("./a/../b/..."), dot_segments("/.a")
    (2, 0)
    """
    return sum(part in {".", ".."} for part in path.split("/")) if "." in path else 0
