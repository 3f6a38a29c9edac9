"""Send parts of an open file in blocks, and notice when it changes under the reader's hands."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

from tropea.core.ranges import ByteRange, content_range
from tropea.static.errors import Stale, Torn
from tropea.static.sources import Opened, Stamp

#: Bytes of a block: few enough to hold, enough to keep the calls rare.
BLOCK = 65536


class InMemory:
    """Content that is held in memory, with the face of an open file."""

    __slots__ = ("data", "stamp")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.stamp: Stamp = (len(data),)

    def read_at(self, offset: int, size: int) -> bytes:
        return self.data[offset : offset + size]

    def stamp_now(self) -> Stamp:
        return self.stamp

    def whole_file(self) -> None:
        return None

    def close(self) -> None:
        """Do nothing: memory is not closed."""


class Pieces:
    """A body made of literal bytes and of ranges of one open file.

    Before the last block leaves, the file must still be the one that was opened: one that was
    changed in place raises Torn, so that no client takes a mixture for a whole.

    vouch: called with the file when it looks changed; says whether what was sent is all right
        nevertheless (the file only grew, or was only touched).
    """

    def __init__(
        self,
        file: Opened,
        pieces: Sequence[bytes | ByteRange],
        vouch: Callable[[Opened], bool] | None = None,
    ) -> None:
        self._file = file
        self._pieces = pieces
        self._vouch = vouch
        self._left = sum(p.stop - p.start for p in pieces if isinstance(p, ByteRange))
        self._blocks = self._run()

    def __iter__(self) -> Iterator[bytes]:
        return self._blocks

    def close(self) -> None:
        """Close the file, whether or not everything was read."""
        self._blocks.close()
        self._file.close()

    def _run(self) -> Generator[bytes, None, None]:
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
                continue
            offset, stop = piece
            while offset < stop:
                block = self._file.read_at(offset, min(BLOCK, stop - offset))
                if not block:
                    raise Torn(f"the file ended {stop - offset} bytes before its Content-Length")
                offset += len(block)
                self._left -= len(block)
                if not self._left:
                    self._check()
                yield block

    def _check(self) -> None:
        if self._file.stamp_now() == self._file.stamp:
            return
        if self._vouch is not None and self._vouch(self._file):
            return
        raise Torn("the file was changed while it was sent")


def read_piece(file: Opened, start: int, stop: int) -> bytes:
    """Read a small range at once and close the file.

    Raises Stale where the file is no longer what it was.
    """
    try:
        data = file.read_at(start, stop - start)
        if len(data) != stop - start or file.stamp_now() != file.stamp:
            raise Stale
        return data
    finally:
        file.close()


def multipart(
    ranges: Sequence[ByteRange], size: int, content_type: str, boundary: str
) -> tuple[list[bytes | ByteRange], int]:
    """Lay out a ``multipart/byteranges`` body; return its pieces and its length in bytes.

    Source: RFC 9110 section 14.6.
    """
    pieces: list[bytes | ByteRange] = []
    lead = f"--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: "
    for part in ranges:
        head = f"{lead}{content_range(part.start, part.stop, size)}\r\n\r\n"
        pieces += [head.encode("latin-1"), part]
        lead = f"\r\n{lead}" if lead[:1] == "-" else lead
    pieces.append(f"\r\n--{boundary}--\r\n".encode())
    length = sum(len(p) if isinstance(p, bytes) else p.stop - p.start for p in pieces)
    return pieces, length
