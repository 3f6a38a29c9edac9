"""Hash content for entity tags."""

from __future__ import annotations

from collections.abc import Iterable

#: Hexadecimal digits of a tag: 128 bits.
DIGITS = 32


def full_digest(blocks: Iterable[bytes]) -> str:
    """Hash *blocks* as one; SHA-256, in hexadecimal."""
    from hashlib import sha256  # not before a scan: importing this package stays cheap

    hashed = sha256(usedforsecurity=False)
    for block in blocks:
        hashed.update(block)
    return hashed.hexdigest()
