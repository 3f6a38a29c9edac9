"""Files that a form brought, and names for them that are safe to use.

Source: RFC 7578 section 4.2 (a receiver must not use the path that a client sends).
"""

from __future__ import annotations

import re
import shutil
import unicodedata
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from wsgiref.headers import Headers

_SEPARATORS = re.compile(r"[/\\]")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*]')
#: Names that Windows takes for devices, whatever their extension.
_DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10)))
)
_LONGEST = 255  # bytes; what most file systems take


def safe_filename(raw: str | None) -> str | None:
    r"""Return the last segment of *raw* as a name without path, controls or special meaning.

    None when there was no name; ``"upload"`` when nothing of it can be used.

    >>> safe_filename("../../etc/passwd"), safe_filename("C:\\\\fakepath\\\\photo.jpg")
    ('passwd', 'photo.jpg')
    >>> safe_filename("..")
    'upload'
    """
    if raw is None:
        return None
    name = _SEPARATORS.split(raw[-4096:])[-1]
    name = _UNSAFE.sub("", unicodedata.normalize("NFC", name))
    name = "".join(c for c in name if unicodedata.category(c) not in {"Cf", "Cs", "Co", "Zl", "Zp"})
    name = name.strip().strip(".").strip()
    if not name:
        return "upload"
    if name.split(".", 1)[0].strip().lower() in _DEVICES:
        name = f"_{name}"
    return _shortened(name)


def _shortened(name: str) -> str:
    if len(name.encode()) <= _LONGEST:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > 16:
        stem, dot, extension = name, "", ""
    room = _LONGEST - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + extension


class FileUpload:
    """One part of a form that holds a file.

    name: the form's field.
    filename: a safe base name; raw_filename: what the client sent, never to be trusted.
    type: the media type that the client states, without parameters.
    headers: the part's own header fields.
    file: the content, opened for reading at its start; None while a sink decides where it goes.
    size: bytes of content.
    """

    def __init__(
        self,
        name: str,
        raw_filename: str | None = None,
        headers: Any = (),
        file: IO[bytes] | None = None,
        size: int = 0,
    ) -> None:
        self.name = name
        self.raw_filename = raw_filename
        self.filename = safe_filename(raw_filename)
        self.headers = Headers(list(headers))
        self.type = (self.headers["Content-Type"] or "").partition(";")[0].strip().lower()
        if not self.type:
            self.type = "text/plain" if raw_filename is None else "application/octet-stream"
        self.file: Any = file
        self.size = size
        self._owned = file is None

    def adopt(self, target: Any) -> None:
        """Use a file that somebody else opened, and will close."""
        self.file, self._owned = target, False

    def rewind(self) -> None:
        """Go back to the start of the content, in a file that can."""
        seek = getattr(self.file, "seek", None)
        if seek is not None and getattr(self.file, "seekable", lambda: True)():
            seek(0)

    @property
    def value(self) -> bytes:
        """The whole content, in memory; the file is left where it was."""
        if self.file is None:
            return b""
        place = self.file.tell()
        self.file.seek(0)
        content: bytes = self.file.read()
        self.file.seek(place)
        return content

    def save(self, target: Any) -> int:
        """Copy the content to a path or to a file opened for writing; return the bytes copied.

        Raises FileExistsError rather than write over what is there.

        >>> import io
        >>> FileUpload("f", "a.txt", file=io.BytesIO(b"hi")).save(copy := io.BytesIO())
        2
        """
        if hasattr(target, "write"):
            return self._copy(target)
        with Path(target).open("xb") as opened:
            return self._copy(opened)

    def _copy(self, target: Any) -> int:
        if self.file is None:
            return 0
        self.file.seek(0)
        before = self.file.tell()
        shutil.copyfileobj(self.file, target, 65536)
        copied: int = self.file.tell() - before
        self.file.seek(0)
        return copied

    def close(self) -> None:
        """Give back the temporary file; one that a sink gave is left to it."""
        if self._owned and self.file is not None:
            self.file.close()

    def __del__(self) -> None:
        # A request that is forgotten must not leave its temporary files to the collector's mood.
        if getattr(self, "_owned", False) and self.file is not None:
            self.file.close()

    def __repr__(self) -> str:
        return f"<FileUpload {self.name!r}: {self.filename!r}, {self.type}, {self.size} bytes>"


def text_field(name: str, value: str) -> FileUpload:
    """Present a field of text as a file without a name, for code that reads all fields alike."""
    content = value.encode("utf-8", "surrogateescape")
    return FileUpload(name, file=BytesIO(content), size=len(content))
