"""The recipe book: recipes in SQLite, their pictures in a folder beside it.

A connection is opened for each operation: the book can be used by threads, greenlets and forked
processes alike, and nothing needs closing.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from onion.seeds import SEEDS
from tropea.core.errors import TropeaError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS recipes (
    slug TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    ingredients TEXT NOT NULL,
    method TEXT NOT NULL,
    picture TEXT NOT NULL DEFAULT '',
    cook TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS hits (page TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""


class BookError(TropeaError):
    """The recipe book cannot be opened; the text is one line for whoever starts it."""


@dataclass(frozen=True)
class Recipe:
    """One recipe; ingredients and method hold one item a line, picture is a URL path."""

    slug: str
    title: str
    ingredients: str
    method: str
    picture: str = ""
    cook: str = ""


class Book:
    """All recipes, kept below one folder.

    folder: made when it is missing; its parent has to exist.
    Raises BookError when the folder cannot be made or written to.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).absolute()
        self.pictures = self.folder / "pictures"
        self.file = self.folder / "recipes.db"
        if not self.folder.parent.is_dir():
            raise BookError(f"there is no folder {self.folder.parent} to make 'var' in")
        try:
            self.pictures.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.pictures):
                pass
            self._create()
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise BookError(f"cannot write to {self.folder}: {reason}") from None

    def _create(self) -> None:
        with self._connect() as connection:
            connection.executescript("BEGIN IMMEDIATE;" + _SCHEMA + "COMMIT;")
            connection.executemany(
                "INSERT OR IGNORE INTO recipes VALUES (?, ?, ?, ?, ?, ?)",
                [(s.slug, s.title, s.ingredients, s.method, s.picture, s.cook) for s in
                 (Recipe(*seed) for seed in SEEDS)],
            )

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.file, timeout=10)
        try:
            with connection:  # commits, or rolls back
                yield connection
        finally:
            connection.close()

    def all(self) -> list[Recipe]:
        """List the recipes by title."""
        with self._connect() as connection:
            rows = connection.execute("SELECT * FROM recipes ORDER BY title COLLATE NOCASE")
            return [Recipe(*row) for row in rows]

    def get(self, slug: str) -> Recipe | None:
        """Return one recipe, or None when there is none of that name."""
        with self._connect() as connection:
            row = connection.execute("SELECT * FROM recipes WHERE slug = ?", (slug,)).fetchone()
        return Recipe(*row) if row else None

    def add(
        self, title: str, ingredients: str, method: str, picture: str = "", cook: str = ""
    ) -> Recipe:
        """Add a recipe under a free name made from its title, and return it."""
        wanted, number = slug_of(title), 1
        while True:
            slug = wanted if number == 1 else f"{wanted}-{number}"
            recipe = Recipe(slug, title, ingredients, method, picture, cook)
            with self._connect() as connection:
                done = connection.execute(
                    "INSERT OR IGNORE INTO recipes VALUES (?, ?, ?, ?, ?, ?)",
                    (slug, title, ingredients, method, picture, cook),
                )
                if done.rowcount:
                    return recipe
            number += 1

    def keep_picture(self, data: bytes, kind: str) -> str:
        """Keep the bytes of a picture and return its URL path.

        The file is named after its content, so the same picture is kept once and an address never
        changes its meaning.
        """
        name = f"{hashlib.blake2b(data, digest_size=16).hexdigest()}.{kind}"
        handle, temporary = tempfile.mkstemp(dir=self.pictures, prefix=".new-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, self.pictures / name)
        return f"/pictures/{name}"

    def hit(self, page: str) -> int:
        """Count one more hit of *page* and return how many there were."""
        with self._connect() as connection:
            return int(connection.execute(
                "INSERT INTO hits VALUES (?, 1) "
                "ON CONFLICT (page) DO UPDATE SET count = count + 1 RETURNING count",
                (page,),
            ).fetchone()[0])


def slug_of(title: str) -> str:
    """Make the part of a URL that stands for a title.

    >>> slug_of("Crème brûlée, twice!")
    'creme-brulee-twice'
    >>> slug_of("???")
    'recipe'
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:60].strip("-") or "recipe"
