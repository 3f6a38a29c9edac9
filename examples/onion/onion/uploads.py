"""Decide whether an uploaded picture is one, by its first bytes and its size."""

from __future__ import annotations

#: Bytes that a picture may have.
LARGEST = 2 * 1024 * 1024

#: How each accepted kind begins.  SVG is not among them: it can carry scripts.
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
)


class UploadRefused(ValueError):
    """A picture cannot be taken; the text says why, to the person who sent it."""


def kind_of(data: bytes) -> str | None:
    """Name the kind of a picture as a file ending, or None for what is no picture of ours.

    >>> kind_of(b"GIF89a...")
    'gif'
    >>> kind_of(b"<svg onload='alert(1)'>") is None
    True
    """
    for beginning, kind in _BEGINNINGS:
        if data.startswith(beginning):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return None


def check(data: bytes, largest: int = LARGEST) -> str:
    """Return the kind of an acceptable picture; raise UploadRefused for any other."""
    if len(data) > largest:
        raise UploadRefused(f"A picture may have {largest // 1024} KiB at most.")
    kind = kind_of(data)
    if kind is None:
        raise UploadRefused("Only PNG, JPEG, GIF and WebP pictures are taken.")
    return kind
