"""Secrets that may be replaced while sessions live: the first writes, every one reads."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from tropea.core.errors import OptionError

Secret = str | bytes

SHORTEST = 16  #: bytes of a secret at least
ID_LENGTH = 8  #: characters of a key's id


class KeyRing:
    """Secrets by their ids.

    secrets: one secret, or several with the one that writes first, or a mapping of names of your
        own to secrets.  A secret is made with ``secrets.token_hex(32)`` and kept out of the code.

    Raises OptionError for a secret that could be guessed.

    >>> ring = KeyRing(["the new secret of 2026", "the old secret of 2025"])
    >>> len(ring.ids), ring.writing == ring.ids[0]
    (2, True)
    """

    def __init__(self, secrets: Secret | Sequence[Secret] | Mapping[str, Secret]) -> None:
        named = _named(secrets)
        if not named:
            raise OptionError("expected at least one secret")
        self._secrets = named
        self.ids = tuple(named)
        self.writing = self.ids[0]

    def derive(self, purpose: bytes) -> dict[str, bytes]:
        """Return a key of 32 bytes for each id, different for each purpose.

        purpose: up to 16 bytes.
        """
        return {
            key_id: blake2b(secret, digest_size=32, person=purpose).digest()
            for key_id, secret in self._secrets.items()
        }

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self.ids)}>"


def _named(secrets: Secret | Sequence[Secret] | Mapping[str, Secret]) -> dict[str, bytes]:
    if isinstance(secrets, Mapping):
        given = list(secrets.items())
    else:
        several = [secrets] if isinstance(secrets, (str, bytes)) else list(secrets)
        given = [("", secret) for secret in several]
    named = {}
    for name, secret in given:
        raw = _bytes(secret)
        # A name of one's own is hashed as well: an id has one length and one alphabet.
        named[_key_id(name.encode() or raw)] = raw
    return named


def _bytes(secret: Secret) -> bytes:
    raw = secret.encode() if isinstance(secret, str) else bytes(secret)
    if len(raw) < SHORTEST:
        raise OptionError(
            f"a secret must have {SHORTEST} bytes or more, got {len(raw)}; make one with "
            f"python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return raw


def _key_id(text: bytes) -> str:
    digest = blake2b(text, digest_size=6, person=b"tropea-key-id").digest()
    return urlsafe_b64encode(digest).decode()
