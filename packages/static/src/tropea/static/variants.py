"""One coding of one file: what every answer about it is made of, decided before it is asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from time import monotonic
from typing import NamedTuple

from tropea.core.dates import format_date
from tropea.core.entitytags import EntityTag
from tropea.core.preconditions import Representation
from tropea.static.bodies import BLOCK, read_piece
from tropea.static.digests import DIGITS, full_digest
from tropea.static.errors import Gone, Stale
from tropea.static.fieldrules import OF_304, Field
from tropea.static.sources import Found, Opened, Source

Read = Callable[[Found, int, int], bytes]


class Content(NamedTuple):
    """One file of a source, and what is known of its content.

    data: the content, where it is held in memory.
    digest: of the content; empty where it was not read.
    """

    source: Source
    found: Found
    data: bytes | None = None
    digest: str = ""


def load(source: Source, found: Found, *, keep: bool, hashed: bool) -> Content:
    """Read what has to be known of a file before it is served.

    Raises Stale where the file changed in the meantime, Gone where it cannot be read.
    """
    if not (keep or hashed):
        return Content(source, found)
    opened = _opened(source, found)
    try:
        if keep:
            data = _read_all(opened, found.size)
            digest = full_digest([data])[:DIGITS] if hashed else ""
        else:
            data, digest = None, digest_of(opened, found.size)
        if opened.stamp_now() != found.stamp:
            raise Stale
    finally:
        opened.close()
    return Content(source, found, data, digest)


def open_checked(source: Source, found: Found) -> Opened:
    """Open a file; raise Stale unless it is in the state in which it was found."""
    try:
        return _opened(source, found)
    except Gone:
        raise Stale from None


def _opened(source: Source, found: Found) -> Opened:
    opened = source.open(found)
    if opened.stamp != found.stamp:
        opened.close()
        raise Stale
    return opened


def _read_all(opened: Opened, size: int) -> bytes:
    blocks, left = [], size
    while left and (block := opened.read_at(size - left, left)):
        blocks.append(block)
        left -= len(block)
    if left:
        raise Stale
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)


def digest_of(opened: Opened, size: int) -> str:
    """Hash the first *size* bytes of an open file, block by block."""

    def blocks() -> Iterator[bytes]:
        offset = 0
        while offset < size and (block := opened.read_at(offset, min(4 * BLOCK, size - offset))):
            offset += len(block)
            yield block

    return full_digest(blocks())[:DIGITS]


def entity_tag(content: Content, coding: str | None) -> EntityTag:
    """Make the strong tag of a file in a coding.

    Of the content's hash where it is known: the same on every host.  Else of the size and the
    modification time (nanoseconds, UTC): the same on hosts whose files have the same times.
    Each coding has its own, even for equal bytes (RFC 9110 section 8.8.3.3).
    """
    found = content.found
    opaque = content.digest or f"{found.modified or 0:x}-{found.size:x}"
    return EntityTag(f"{opaque}-{coding}" if coding else opaque)


class Variant:
    """The ready answers of one file in one coding.

    etag: the tag as the client spells it.
    headers, not_modified: of a 200 and of a 304; copied for each answer.
    data: the content; None where it is read for each answer.
    recheck: seconds for which a look at the file is good for answers without its bytes.
    """

    __slots__ = (
        "_looked_until", "_recheck", "content", "current", "data", "etag", "headers",
        "last_modified", "not_modified", "size", "strong_date",
    )  # fmt: skip

    def __init__(
        self,
        content: Content,
        fields: list[Field],
        coding: str | None,
        *,
        varies: bool,
        recheck: float = 0.0,
    ) -> None:
        self._recheck, self._looked_until = recheck, 0.0
        found = content.found
        self.content = content
        self.data = content.data
        self.size = found.size
        modified, self.strong_date = _modified(found)
        self.current = Representation(entity_tag(content, coding), modified)
        self.etag = str(self.current.etag)
        validators = [("ETag", self.etag)]
        head = [fields[0], ("Content-Length", str(found.size))]
        if coding:
            head.append(("Content-Encoding", coding))
        if varies:
            validators.append(("Vary", "Accept-Encoding"))
        kept = [field for field in fields[1:] if field[0].lower() in OF_304]
        self.not_modified = [*validators, *kept]
        self.last_modified = None if modified is None else format_date(modified)
        if self.last_modified is not None:
            validators.append(("Last-Modified", self.last_modified))
        self.headers = [*head, *validators, *fields[1:]]

    def open(self) -> Opened:
        """Open the file; raise Stale where it is no longer the one these answers are about."""
        return open_checked(self.content.source, self.content.found)

    def read(self, start: int, stop: int) -> bytes:
        """Read a range at once; raise Stale where the file is no longer the one."""
        source, found = self.content.source, self.content.found
        at_once: Read | None = getattr(source, "read", None)
        try:
            if at_once is None:
                return read_piece(_opened(source, found), start, stop)
            return at_once(found, start, stop)
        except Gone:
            raise Stale from None

    def verify(self) -> None:
        """Raise Stale where the file is no longer the one these answers are about.

        What is held in memory stays as it is until the next scan, and what was looked at a
        moment ago for as long as ``recheck`` says.
        """
        if self.data is not None:
            return
        now = monotonic() if self._recheck else 0.0
        if now < self._looked_until:
            return
        if self.content.source.restat(self.content.found) != self.content.found.stamp:
            raise Stale
        self._looked_until = now + self._recheck

    def vouch(self, opened: Opened) -> bool:
        """Tell whether a file that looks changed still begins with what was promised."""
        now = opened.stamp_now()
        if now[:3] == opened.stamp[:3]:
            return True  # its content is as it was: it was replaced, or its rights were changed
        if now[1] < self.size:
            return False
        if self.content.digest:
            return digest_of(opened, self.size) == self.content.digest
        return now[1] > self.size  # a log that grew; what was rewritten in place has its size


def _modified(found: Found) -> tuple[int | None, int | None]:
    """Give the modification time in seconds, and again where it is a strong validator.

    A time in the future is not told (RFC 9110 section 8.8.2.1); one of the last two seconds
    may stand for two states of the file (section 8.8.2.2).
    """
    if found.modified is None:
        return None, None
    seconds, now = found.modified // 1_000_000_000, time.time()
    if seconds > now or seconds < 0:
        return None, None
    return seconds, seconds if seconds <= now - 2 else None
