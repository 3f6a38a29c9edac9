"""Convert pickled sessions into JSON, offline and without running anything they name."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any


class _PlainOnly(pickle.Unpickler):
    """Reads text, numbers, lists and dicts; refuses to look up anything by name."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it wants {module}.{name}")


def plain_pickle(raw: bytes) -> Any:
    """Return what a pickle holds; raise UnpicklingError where it wants more than plain values."""
    return _PlainOnly(io.BytesIO(raw)).load()


def convert(source: Path, target: Path) -> tuple[int, list[str]]:
    """Write ``id.json`` to *target* for each of Beaker's ``*.cache`` files below *source*.

    Returns how many were written, and a line for each that could not be.
    """
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    done, problems = 0, []
    for path in sorted(source.rglob("*.cache")):
        try:
            held = plain_pickle(path.read_bytes())
            data = held.get("session", held)
            text = json.dumps({k: v for k, v in data.items() if not k.startswith("_")})
        except Exception as error:  # a pickle can fail in any way
            problems.append(f"{path.name}: {error}")
            continue
        written = target / f"{path.stem}.json"
        written.write_text(text, encoding="utf-8")
        written.chmod(0o600)
        done += 1
    return done, problems
