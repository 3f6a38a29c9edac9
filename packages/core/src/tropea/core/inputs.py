"""Read a request's body: as far as it goes, as far as is allowed, and never past its end.

Lengths are read strictly: ``int()`` would take ``+5``, ``5_0`` and other scripts' digits, and a
server and an application that disagree about a length disagree about where the next request begins.

Source: RFC 9110 section 8.6, RFC 9112 section 6, PEP 3333 "Input and Error Streams".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedRandom, BytesIO
from tempfile import TemporaryFile
from typing import IO, Any, NoReturn

_DIGITS = re.compile(r"[0-9]+").fullmatch
#: No length has more digits than these: 10**18 bytes are an exabyte.
_MOST_DIGITS = 18
BLOCK = 65536  # bytes read at a time


def refuse(error: str, detail: str, cause: BaseException | None = None) -> NoReturn:
    """Raise the HTTP error called *error*; this alone needs webob, and only then."""
    from tropea.core import exceptions

    raise getattr(exceptions, error)(detail) from cause


def content_length(environ: dict[str, Any]) -> int | None:
    """Return the length that the request states, in bytes; None where it states none.

    Raises BadRequest for anything but ASCII digits, RequestEntityTooLarge for absurdly many.

    >>> content_length({"CONTENT_LENGTH": "12"})
    12
    """
    text = environ.get("CONTENT_LENGTH")
    if not text:
        return None
    if not _DIGITS(text):
        refuse("BadRequest", "Content-Length is not a number.")
    if len(text) > _MOST_DIGITS and len(text.lstrip("0")) > _MOST_DIGITS:
        refuse("RequestEntityTooLarge", "The body is larger than this server accepts.")
    return int(text[-_MOST_DIGITS:])


class LimitedInput:
    r"""A file-like view of an input that ends after *length* bytes.

    Servers may block for ever, or hand out the next request, when ``wsgi.input`` is read past
    the body's end; reading this is safe without a size.

    length: bytes that may be read; None for an input that marks its own end.
    limit: bytes after which RequestEntityTooLarge is raised; for an input without a length.

    >>> body = LimitedInput(BytesIO(b"one\ntwo\nNEXT"), 8)
    >>> body.readline(), body.read(), body.read()
    (b'one\n', b'two\n', b'')
    """

    def __init__(
        self, stream: IO[bytes], length: int | None = None, *, limit: int | None = None
    ) -> None:
        self._stream = stream
        self.remaining = length
        self._allowed = limit

    def read(self, size: int | None = -1) -> bytes:
        """Read up to *size* bytes; all that is left when negative or None."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(BLOCK), b""))
        if self.remaining is not None:
            size = min(size, self.remaining)
        return self._took(self._stream.read(size)) if size else b""

    def readline(self, size: int | None = -1) -> bytes:
        """Read up to and including the next line feed, or *size* bytes."""
        bound = BLOCK if size is None or size < 0 else size
        if self.remaining is not None:
            bound = min(bound, self.remaining)
        if not bound:
            return b""
        line = self._took(self._stream.readline(bound))
        if size is None or size < 0:  # the line may be longer than a block
            pieces = [line]
            while len(line) == bound and not line.endswith(b"\n"):
                line = self.readline(bound)
                pieces.append(line)
            return b"".join(pieces)
        return line

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """Read lines to the end, or until they have *hint* bytes together."""
        lines, total = [], 0
        for line in self:
            lines.append(line)
            total += len(line)
            if hint is not None and 0 < hint <= total:
                break
        return lines

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _took(self, data: bytes) -> bytes:
        if self.remaining is not None:
            self.remaining -= len(data)
        elif self._allowed is not None:
            self._allowed -= len(data)
            if self._allowed < 0:
                refuse("RequestEntityTooLarge", "The body is larger than this server accepts.")
        return data


def open_input(environ: dict[str, Any], limit: int | None = None) -> LimitedInput:
    """Return the body as a file that ends where the body does.

    limit: bytes that the body may have; None for any number.

    A chunked body has no Content-Length; it can be read only where the server marks its end and
    says so (``wsgi.input_terminated``).  Raises LengthRequired where it does not,
    RequestEntityTooLarge and BadRequest.
    """
    length = content_length(environ)
    stream = environ.get("wsgi.input") or BytesIO()
    if length is None:
        if environ.get("wsgi.input_terminated"):
            return LimitedInput(stream, limit=limit)
        if environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower() not in {"", "identity"}:
            refuse("LengthRequired", "The body needs a Content-Length.")
        length = 0
    elif limit is not None and length > limit:
        refuse("RequestEntityTooLarge", f"The body is larger than {limit} bytes.")
    return LimitedInput(stream, length)


def read_body(environ: dict[str, Any], limit: int | None = None) -> bytes:
    """Read the whole body into memory.

    Raises BadRequest for a body shorter than it says, and what :func:`open_input` raises.
    """
    length = environ.get("CONTENT_LENGTH", "")
    if len(length) < 6 and length.isascii() and length.isdigit():
        wanted = int(length)
        stream = environ.get("wsgi.input")
        if stream is not None and (limit is None or wanted <= limit):  # most bodies end here
            try:
                data: bytes = stream.read(wanted) if wanted else b""
            except OSError as error:
                refuse("BadRequest", "The body could not be read.", error)
            if len(data) == wanted:
                return data
            return data + b"".join(blocks(LimitedInput(stream, wanted - len(data))))
    return b"".join(blocks(open_input(environ, limit)))


def blocks(source: LimitedInput) -> Iterator[bytes]:
    """Yield the body in blocks of at most 64 KiB.

    Raises BadRequest when it ends early.
    """
    while block := guarded(source.read, BLOCK):
        yield block
    if source.remaining:
        refuse("BadRequest", f"The body ended {source.remaining} bytes early.")


def guarded(read: Any, size: int) -> bytes:
    """Read once; an input that fails has lost its client."""
    try:
        data: bytes = read(size)
    except OSError as error:
        refuse("BadRequest", "The body could not be read.", error)
    return data


class Temporary(BufferedRandom):
    """A temporary file that closes itself, without complaint, when it is forgotten."""

    def __del__(self) -> None:
        self.close()


def spool(source: LimitedInput, threshold: int) -> tuple[IO[bytes], int]:
    """Copy the body to memory, or to a temporary file when it is larger than *threshold* bytes.

    Returns the copy, at its start, and its size in bytes.
    """
    copy: IO[bytes] = BytesIO()
    size = 0
    for block in blocks(source):
        if size <= threshold < size + len(block):
            memory, copy = copy, Temporary(TemporaryFile(buffering=0))  # noqa: SIM115  kept open
            memory.seek(0)
            copy.write(memory.read())
        copy.write(block)
        size += len(block)
    copy.seek(0)
    return copy, size
