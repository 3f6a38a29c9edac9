"""What is kept of passwords for Digest: a map of realms, and its file.

The file is Apache's ``htdigest``: ``user:realm:md5``; a line may have the SHA-256 digest instead
of, or after, the MD5 one (``user:realm:md5:sha256``).  The digests are told apart by their length.
A digest is as good as its password for its realm: the file is written with mode 0600.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from hmac import compare_digest
from pathlib import Path

from tropea.auth.hashing import password_digest, user_digest
from tropea.core.errors import TropeaError

_ALGORITHMS = {32: "MD5", 64: "SHA-256"}
_DIGEST = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{64})").fullmatch
#: Algorithms whose digests are made when a password is set.
DEFAULT_ALGORITHMS = ("MD5", "SHA-256")


class PasswordError(TropeaError, ValueError):
    """A user, a realm or a line of a file cannot be kept."""


def lines_of(path: Path) -> list[str]:
    """Read the lines of a file; raise PasswordError where it is no text."""
    try:
        return path.read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        raise PasswordError(f"{path}: expected a file of UTF-8 text") from None


class PasswordMap:
    """Realms to users to digests.

    path: of the file that ``load`` reads and ``write`` writes; None for a map in memory.

    >>> passwords = PasswordMap()
    >>> passwords.set("Kitchen", "ann", "secret")
    >>> passwords.verify("Kitchen", "ann", "secret"), passwords.verify("Kitchen", "ann", "guess")
    (True, False)
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = None if path is None else Path(path)
        self._realms: dict[str, dict[str, dict[str, str]]] = {}
        self._hashed: dict[tuple[str, str, str], str] = {}

    @classmethod
    def of(cls, source: PasswordMap | Mapping[str, Mapping[str, str]] | str | Path) -> PasswordMap:
        """Make a map of a file, or of PoorWSGI's ``{realm: {user: digest}}``."""
        if isinstance(source, PasswordMap):
            return source
        if isinstance(source, (str, Path)):
            made = cls(source)
            made.load()
            return made
        made = cls()
        for realm, users in source.items():
            for user, digest in users.items():
                made.set_digest(realm, user, digest)
        return made

    def set(
        self, realm: str, user: str, password: str, algorithms: Iterable[str] = DEFAULT_ALGORITHMS
    ) -> None:
        """Keep the digests of a password; raise PasswordError for a name with ``:`` or controls."""
        self.delete(realm, user)
        for algorithm in algorithms:
            self._keep(realm, user, algorithm, password_digest(algorithm, user, realm, password))

    def set_digest(self, realm: str, user: str, digest: str) -> None:
        """Keep a digest that was made elsewhere; its length tells its algorithm."""
        digest = digest.lower()
        if not _DIGEST(digest):
            raise PasswordError(f"expected a digest of 32 or 64 hexadecimal digits for {user!r}")
        self._keep(realm, user, _ALGORITHMS[len(digest)], digest)

    def _keep(self, realm: str, user: str, algorithm: str, digest: str) -> None:
        for name in (realm, user):
            if not name or ":" in name or not name.isprintable():
                raise PasswordError(f"a user or realm is printable and has no colon: {name!r}")
        self._realms.setdefault(realm, {}).setdefault(user, {})[algorithm] = digest
        self._hashed[realm, algorithm, user_digest(algorithm, user, realm)] = user

    def delete(self, realm: str, user: str) -> bool:
        """Forget a user; tell whether there was one."""
        gone = self._realms.get(realm, {}).pop(user, None)
        self._hashed = {
            key: name for key, name in self._hashed.items() if (key[0], name) != (realm, user)
        }
        return gone is not None

    def find(self, realm: str, user: str, algorithm: str = "MD5") -> str | None:
        """Return the digest that is kept for a user, or None."""
        return self._realms.get(realm, {}).get(user, {}).get(algorithm)

    def find_hashed(self, realm: str, hashed: str, algorithm: str) -> str | None:
        """Return the user whose name hashes to *hashed* (RFC 7616 section 3.4.4), or None."""
        return self._hashed.get((realm, algorithm, hashed))

    def verify(self, realm: str, user: str, password: str) -> bool:
        """Tell whether the password is right; an unknown user costs the same."""
        kept = self._realms.get(realm, {}).get(user) or {"SHA-256": secrets.token_hex(32)}
        checked = [
            compare_digest(d, password_digest(a, user, realm, password)) for a, d in kept.items()
        ]
        return all(checked)  # every digest was compared: the time tells nothing

    def users(self, realm: str) -> list[str]:
        """List the users of a realm, sorted."""
        return sorted(self._realms.get(realm, {}))

    def load(self) -> None:
        """Read the file, whole or not at all: requests meanwhile find what was there before.

        Raises PasswordError naming file and line where one is malformed.
        """
        path, read = self._file(), PasswordMap()
        for number, line in enumerate(lines_of(path), 1):
            if line.strip() and not line.startswith("#"):
                user, _, rest = line.rstrip().partition(":")
                realm, _, digests = rest.partition(":")
                try:
                    for digest in digests.split(":"):
                        read.set_digest(realm, user, digest)
                except PasswordError as error:
                    raise PasswordError(f"{path}:{number}: {error}") from None
        self._realms, self._hashed = read._realms, read._hashed

    def write(self) -> None:
        """Write the file whole or not at all, with mode 0600."""
        path = self._file()
        lines = [
            ":".join([user, realm, *(kept[a] for a in DEFAULT_ALGORITHMS if a in kept)])
            for realm, users in sorted(self._realms.items())
            for user, kept in sorted(users.items())
        ]
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write("".join(f"{line}\n" for line in lines))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _file(self) -> Path:
        if self.path is None:
            raise PasswordError("this map of passwords has no file")
        return self.path
