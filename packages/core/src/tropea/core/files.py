"""Files as responses, through ``wsgi.file_wrapper`` where the server has one."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterable, Iterator
from io import TextIOBase
from pathlib import Path
from typing import IO, Any
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.dates import format_date
from tropea.core.disposition import content_disposition
from tropea.core.response import Response

BLOCK = 256 * 1024


class FileObjResponse(Response):
    """An open binary file, from where it stands to its end; it is closed with the response.

    filename: what the client should save it as; ``attachment=False`` lets it be shown.
    Content-Length is known for a file that can be measured.  Raises TypeError for a file of text.
    """

    def __init__(
        self,
        file: IO[bytes],
        content_type: str | None = None,
        headers: Any = None,
        status_code: int | str = 200,
        *,
        filename: str | None = None,
        attachment: bool = True,
        **rest: Any,
    ) -> None:
        if isinstance(file, TextIOBase):
            raise TypeError(f"a file that is sent is opened in binary mode: {file!r}")
        size = measure(file)
        super().__init__(
            None, rest.pop("status", status_code), headers, app_iter=FileBody(file, size),
            content_type=content_type or "application/octet-stream", **rest,
        )  # fmt: skip
        describe(self, size, filename, attachment=attachment)

    def _body(self) -> Any:
        again = getattr(self._app_iter, "again", None)
        return self._app_iter if again is None else again()

    def send(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the file, by the server's own means where it is sent whole."""
        body = super().send(environ, start_response)
        wrap = environ.get("wsgi.file_wrapper")
        if wrap is not None and isinstance(body, FileBody) and body.is_as_said():
            wrapped: Iterable[bytes] = wrap(body.open(), BLOCK)
            return wrapped
        return body


class FileResponse(FileObjResponse):
    """The file at *path*: its type by its name, its length and date from the file system.

    The file is opened when it is sent.  Raises OSError where it is missing or cannot be read:
    a path is the program's, and has to be checked before it is believed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        content_type: str | None = None,
        headers: Any = None,
        status_code: int | str = 200,
        *,
        filename: str | None = None,
        attachment: bool = True,
        **rest: Any,
    ) -> None:
        path = Path(path)
        with path.open("rb") as file:  # says at once what would fail later
            facts = os.fstat(file.fileno())
        body = FileBody(path, facts.st_size)
        Response.__init__(
            self, None, rest.pop("status", status_code), headers, app_iter=body,
            content_type=content_type or guess_type(path.name), **rest,
        )  # fmt: skip
        describe(self, facts.st_size, filename, attachment=attachment)
        self.headers.setdefault("Last-Modified", format_date(int(facts.st_mtime)))


class FileBody:
    """Blocks of a file, or of a slice of it; opened when the first one is asked for."""

    def __init__(self, source: Path | IO[bytes], size: int | None) -> None:
        self._source, self._size = source, size
        self._file: IO[bytes] | None = None if isinstance(source, Path) else source
        self._start = 0 if self._file is None or size is None else self._file.tell()

    def again(self) -> FileBody:
        """Return the same file for another call; an open file can be sent only once."""
        return FileBody(self._source, self._size) if isinstance(self._source, Path) else self

    def open(self) -> IO[bytes]:
        """Return the open file."""
        if self._file is None:
            assert isinstance(self._source, Path)
            self._file = self._source.open("rb")
        return self._file

    def is_as_said(self) -> bool:
        """Open the file; tell whether it has the length that the head says.

        A file that has grown since must be cut, which a server that sends it by itself does not.
        """
        return self._size is None or measure(self.open()) == self._size

    def __iter__(self) -> Iterator[bytes]:
        if self._size is not None:
            yield from self.read_range(0, self._size)
            return
        file = self.open()
        while block := file.read(BLOCK):
            yield block

    def read_range(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from *start* up to *stop*, fewer where the file has shrunk."""
        file, left = self.open(), stop - start
        file.seek(self._start + start)
        while left > 0 and (block := file.read(min(BLOCK, left))):
            left -= len(block)
            yield block

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


def measure(file: IO[bytes]) -> int | None:
    """Return the bytes between where *file* stands and its end; None where it cannot tell."""
    try:
        here = file.tell()
        size = file.seek(0, os.SEEK_END) - here
        file.seek(here)
    except (AttributeError, OSError, ValueError):
        return None
    return max(size, 0)


def guess_type(name: str) -> str:
    """Return the Content-Type that a file's name promises.

    >>> guess_type("page.html"), guess_type("a.tar.gz")
    ('text/html; charset=UTF-8', 'application/gzip')
    """
    kind, coding = mimetypes.guess_type(name, strict=False)
    if coding is not None:  # the coded file itself is sent, not what it holds
        return {"gzip": "application/gzip"}.get(coding, "application/octet-stream")
    if kind is None:
        return "application/octet-stream"
    return f"{kind}; charset=UTF-8" if kind.startswith("text/") else kind


def describe(
    response: Response, size: int | None, filename: str | None, *, attachment: bool
) -> None:
    """Say what is known of a file in its response's fields."""
    if size is not None:
        response.headers["Content-Length"] = str(size)
        response.headers.setdefault("Accept-Ranges", "bytes")
    if filename is not None:
        kind = "attachment" if attachment else "inline"
        response.headers["Content-Disposition"] = content_disposition(kind, filename)
