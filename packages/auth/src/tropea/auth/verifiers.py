"""Verify passwords against a file of ``htpasswd``: bcrypt, argon2 or scrypt, and nothing weaker.

A verifier is any callable ``(user, password)`` that returns who that is (True for just the name),
or None.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from hmac import compare_digest
from pathlib import Path
from typing import Any

from tropea.auth.passwordmap import PasswordError, lines_of

log = logging.getLogger("tropea.auth")

_N, _R, _P = 2**14, 8, 1
_MOST_N = 2**17


def hash_scrypt(password: str, *, n: int = _N) -> str:
    """Return ``$scrypt$n$salt$hash``, which needs nothing but the standard library.

    >>> verify_hash("secret", hash_scrypt("secret", n=2**4))
    True
    """
    salt = secrets.token_bytes(16)
    made = hashlib.scrypt(password.encode(), salt=salt, n=n, r=_R, p=_P, maxmem=2**28)
    return f"$scrypt${n}${b64encode(salt).decode()}${b64encode(made).decode()}"


def verify_hash(password: str, kept: str) -> bool:
    """Tell whether *password* is the one that *kept* was made of; False for what it cannot read.

    Raises ImportError where the hash needs a package (``bcrypt``, ``argon2``) that is not there.
    """
    return _verifier_of(kept)(password, kept)


def _verifier_of(kept: str) -> Callable[[str, str], bool]:
    for prefix, verify in _VERIFIERS.items():
        if kept.startswith(prefix):
            return verify
    raise PasswordError(
        "expected a hash of bcrypt ($2y$), argon2 ($argon2id$) or scrypt ($scrypt$): "
        "MD5, SHA-1 and crypt are no protection"
    )


def _scrypt(password: str, kept: str) -> bool:
    try:
        _, _, n, salt, expected = kept.split("$")
        cost = min(int(n), _MOST_N)
        made = hashlib.scrypt(
            password.encode(), salt=b64decode(salt), n=cost, r=_R, p=_P, maxmem=2**28
        )
        return compare_digest(made, b64decode(expected))
    except ValueError:
        return False


def _bcrypt(password: str, kept: str) -> bool:
    import bcrypt

    try:
        # bcrypt reads 72 bytes; newer versions refuse more, htpasswd cuts.
        return bcrypt.checkpw(password.encode()[:72], kept.encode())
    except ValueError:
        return False


def _argon2(password: str, kept: str) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


_VERIFIERS: dict[str, Callable[[str, str], bool]] = {
    "$2": _bcrypt,
    "$argon2": _argon2,
    "$scrypt$": _scrypt,
}


class Htpasswd:
    """A file of ``user:hash`` lines; read again when it changes.

    Raises PasswordError naming file and line where a hash is too weak or malformed when it is made.
    Later, while somebody edits the file, such lines are logged and nobody's; a file that is gone
    lets nobody in.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._stamp: tuple[int, ...] | None = self._stamp_of_file()
        self._users, wrong = self._read()
        if wrong:
            raise PasswordError(wrong[0])
        # Somebody who is not in the file costs as much as the first who is.
        self._nobody = next(iter(self._users.values()), None) or hash_scrypt(secrets.token_hex(8))

    def __call__(self, user: str, password: str) -> Any:
        self._keep_up()
        kept = self._users.get(user)
        is_right = verify_hash(password, kept or self._nobody)
        return True if is_right and kept is not None else None

    def _keep_up(self) -> None:
        try:
            stamp = self._stamp_of_file()
            if stamp == self._stamp:
                return
            users, wrong = self._read()
        except (OSError, PasswordError) as error:
            if self._stamp is not None:
                log.warning("nobody is let in: %s", error)
            self._users, self._stamp = {}, None
            return
        for line in wrong:
            log.warning("a line of passwords is left out: %s", line)
        self._users, self._stamp = users, stamp

    def _stamp_of_file(self) -> tuple[int, ...]:
        status = self.path.stat()
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _read(self) -> tuple[dict[str, str], list[str]]:
        """Return the users, and what is wrong with each of the other lines."""
        users, wrong = {}, []
        for number, line in enumerate(lines_of(self.path), 1):
            user, colon, kept = line.strip().partition(":")
            if not line.strip() or line.startswith("#"):
                continue
            try:
                _verifier_of(kept)
            except PasswordError as error:
                wrong.append(f"{self.path}:{number}: {error}")
                continue
            if colon and user:
                users[user] = kept
        return users, wrong
