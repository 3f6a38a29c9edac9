"""Who fetches, as a small file beside the responses: the mark, and when it ends.

Files, for SQLite too: each miss writes and removes one, and nobody has to wait for his turn.

Each function raises OSError where the folder fails.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from tropea.caching.stores.base import PRIVATE


def take(path: Path, mark: str, seconds: float, now: float) -> str:
    """Leave *mark* in the file *path* where there is none; return the one that is there."""
    for _ in range(3):
        held = _read(path)
        if held is not None and held[1] > now:
            return held[0]
        if _make(path, mark, now + seconds, anew=held is None):
            return mark
    return mark  # others come and go too fast: two may fetch the same


def end(path: Path, mark: str, private_for: float, now: float) -> None:
    """Take *mark* away, or leave PRIVATE for a while, unless another is there."""
    held = _read(path)
    if held is None or held[0] != mark:
        return
    if private_for > 0:
        _make(path, PRIVATE, now + private_for, anew=False)
    else:
        path.unlink(missing_ok=True)


def sweep(folder: Path, now: float) -> None:
    """Remove the files of a folder that have ended."""
    for path in folder.glob("*"):
        held = None if path.suffix == ".tmp" else _read(path)  # that one is being written
        if held is not None and held[1] <= now:
            path.unlink(missing_ok=True)


def _read(path: Path) -> tuple[str, float] | None:
    """Return the mark of a lease and when it ends; None where there is none."""
    try:
        mark, _, until = path.read_text("utf-8", "replace").partition(" ")
        return mark, float(until or 0)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        return "", 0.0  # damaged: as if it had ended


def _make(path: Path, mark: str, until: float, *, anew: bool) -> bool:
    """Write a lease in one step; False where *anew* and somebody else was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{secrets.token_hex(8)}.tmp")
    try:
        temporary.write_text(f"{mark} {until!r}", "utf-8")
        if not anew:
            temporary.replace(path)
            return True
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True
