"""The algorithms of Digest, and what is hashed with them.

MD5 is here because the RFC and old clients have it; it is offered after SHA-256 and can be left
out.

Source: RFC 7616 sections 3.4.1 to 3.4.4 and 6.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sha512_256(data: bytes) -> str:
    return hashlib.new("sha512_256", data).hexdigest()


#: Name -> hash; session variants share their plain one's.
HASHES: dict[str, Callable[[bytes], str]] = {
    "MD5": _md5,
    "MD5-sess": _md5,
    "SHA-256": _sha256,
    "SHA-256-sess": _sha256,
    "SHA-512-256": _sha512_256,
    "SHA-512-256-sess": _sha512_256,
}


def plain(algorithm: str) -> str:
    """Name the algorithm under which passwords are kept for *algorithm*.

    >>> plain("SHA-256-sess")
    'SHA-256'
    """
    return algorithm.removesuffix("-sess")


def password_digest(algorithm: str, user: str, realm: str, password: str) -> str:
    """Return what is kept of a password: H(user:realm:password).

    >>> password_digest("MD5", "Mufasa", "http-auth@example.org", "Circle of Life")
    '3d78807defe7de2157e2b0b6573a855f'
    """
    return HASHES[algorithm](f"{user}:{realm}:{password}".encode())


def user_digest(algorithm: str, user: str, realm: str) -> str:
    """Return the hash that stands for a user's name when ``userhash`` is on (section 3.4.4)."""
    return HASHES[algorithm](f"{user}:{realm}".encode())


def response_digest(
    algorithm: str, kept: str, method: str, parameters: dict[str, str], qop: str | None
) -> str:
    """Return the ``response`` that a client who knows the password sends.

    kept: what is kept of the password.
    method: of the request; "" for the ``rspauth`` of an answer (section 3.5).
    parameters: of the Authorization field.
    qop: "auth", or None for the older form without ``nc`` and ``cnonce``.
    """
    digest = HASHES[algorithm]
    nonce, cnonce = parameters["nonce"], parameters.get("cnonce", "")
    first = (
        digest(f"{kept}:{nonce}:{cnonce}".encode("latin-1", "replace"))
        if "-sess" in algorithm
        else kept
    )
    second = digest(f"{method}:{parameters['uri']}".encode("latin-1", "replace"))
    middle = nonce if qop is None else f"{nonce}:{parameters['nc']}:{cnonce}:{qop}"
    return digest(f"{first}:{middle}:{second}".encode("latin-1", "replace"))
