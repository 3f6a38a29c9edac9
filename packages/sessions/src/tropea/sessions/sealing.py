"""Protect bytes that a client keeps: sealed (nobody can read them) or signed (anybody can).

Both bind the cookie's name and the format's version in, so that a value cannot be moved to another
cookie.  What does not hold raises SealError; nothing falls back to anything weaker.

Source: AES-GCM, NIST SP 800-38D; BLAKE2, RFC 7693.
"""

from __future__ import annotations

import os
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from typing import NamedTuple, Protocol

from tropea.core.errors import OptionError
from tropea.sessions.errors import SealError
from tropea.sessions.keyrings import ID_LENGTH, KeyRing

_NONCE = 12  # bytes


class Revealed(NamedTuple):
    """What was protected, and whether the key that writes today protected it."""

    payload: bytes
    current: bool


class Protection(Protocol):
    """Turns bytes into text for a cookie, and back."""

    def protect(self, name: str, payload: bytes) -> str:
        """Return text for the cookie *name*."""

    def reveal(self, name: str, text: str) -> Revealed:
        """Return what was protected for the cookie *name*; raise SealError for anything else."""


class Sealing:
    """Encrypt and authenticate with AES-256-GCM.

    >>> sealing = Sealing(KeyRing("a secret that nobody knows"))
    >>> text = sealing.protect("session", b"data")
    >>> sealing.reveal("session", text)
    Revealed(payload=b'data', current=True)
    >>> sealing.reveal("other", text)
    Traceback (most recent call last):
    ...
    tropea.sessions.errors.SealError: the seal does not hold
    """

    _PREFIX = "e1"

    def __init__(self, ring: KeyRing) -> None:
        try:
            from cryptography.exceptions import InvalidTag
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError:
            raise OptionError(
                "sealed cookies need: pip install 'tropea-sessions[sealed]'"
            ) from None
        self._broken = InvalidTag
        self._ciphers = {i: AESGCM(key) for i, key in ring.derive(b"tropea-seal").items()}
        self._writing = ring.writing

    def protect(self, name: str, payload: bytes) -> str:
        key_id, nonce = self._writing, os.urandom(_NONCE)
        sealed = self._ciphers[key_id].encrypt(nonce, payload, _context(b"e1", name, key_id))
        return self._PREFIX + key_id + _text(nonce + sealed)

    def reveal(self, name: str, text: str) -> Revealed:
        key_id, rest = _take_apart(text, self._PREFIX)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SealError("sealed with a key that is not known, or no longer")
        raw = _raw(rest)
        try:
            payload = cipher.decrypt(raw[:_NONCE], raw[_NONCE:], _context(b"e1", name, key_id))
        except (self._broken, ValueError):
            raise SealError("the seal does not hold") from None
        return Revealed(payload, key_id == self._writing)


class Signing:
    """Authenticate with keyed BLAKE2b; the data can be read by whoever has the cookie."""

    _PREFIX = "s1"

    def __init__(self, ring: KeyRing) -> None:
        self._keys = ring.derive(b"tropea-sign")
        self._writing = ring.writing

    def protect(self, name: str, payload: bytes) -> str:
        head = self._PREFIX + self._writing + _text(payload)
        return f"{head}.{self._mac(self._writing, name, head)}"

    def reveal(self, name: str, text: str) -> Revealed:
        head, _, mac = text.rpartition(".")
        key_id, rest = _take_apart(head, self._PREFIX)
        if key_id not in self._keys:
            raise SealError("signed with a key that is not known, or no longer")
        if not compare_digest(mac.encode(), self._mac(key_id, name, head).encode()):
            raise SealError("the signature does not hold")
        return Revealed(_raw(rest), key_id == self._writing)

    def _mac(self, key_id: str, name: str, head: str) -> str:
        signed = _context(b"s1", name, key_id) + head.encode()
        return _text(blake2b(signed, digest_size=32, key=self._keys[key_id]).digest())


@lru_cache(maxsize=256)
def _context(version: bytes, name: str, key_id: str) -> bytes:
    return b"tropea-%b\0%b\0%b\0" % (version, name.encode(), key_id.encode())


def _take_apart(text: str, prefix: str) -> tuple[str, str]:
    end = len(prefix) + ID_LENGTH
    if not text.startswith(prefix) or len(text) < end or not text.isascii():
        raise SealError("not a value of this kind")
    return text[len(prefix) : end], text[end:]


# Base64 in the URL's alphabet, without padding.  Source: RFC 4648 section 5.
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/   ")  # one value has one spelling
_PADDING = (b"", None, b"==", b"=")
_LAST = ("", "", "AQgw", "AEIMQUYcgkosw048")  # characters that leave no bits over


def _text(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).translate(_TO_URL).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    over = len(text) % 4
    padding = _PADDING[over]
    if padding is None or (over and text[-1] not in _LAST[over]):
        raise SealError("not base64 as it is written here")
    try:
        return a2b_base64(text.encode().translate(_FROM_URL) + padding, strict_mode=True)
    except (Base64Error, ValueError):
        raise SealError("not base64") from None
