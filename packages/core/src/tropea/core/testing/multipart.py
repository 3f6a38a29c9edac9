"""Write multipart/form-data as browsers do.

Source: RFC 7578; WHATWG HTML, "multipart/form-data encoding algorithm".
"""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Iterator, Mapping
from typing import Any


def encode_multipart(data: Any, files: Any, charset: str = "utf-8") -> tuple[bytes, str]:
    """Return a body and its Content-Type.

    data: a mapping or pairs; a list repeats its field.
    files: tuples of name, filename, content type and content, or a mapping of names to tuples of
        filename and content (and content type).
    """
    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    for name, value in _fields(data):
        disposition = f'form-data; name="{_quoted(name)}"'
        parts += [_head(boundary, disposition, None, charset), str(value).encode(charset)]
    for name, filename, kind, content in _files(files):
        disposition = f'form-data; name="{_quoted(name)}"; filename="{_quoted(filename)}"'
        body = content.read() if hasattr(content, "read") else content
        body = body.encode(charset) if isinstance(body, str) else body
        parts += [_head(boundary, disposition, kind or _guess(filename), charset), body]
    parts.append(f"\r\n--{boundary}--\r\n".encode("ascii"))
    return b"".join(parts)[2:], f"multipart/form-data; boundary={boundary}"


def _head(boundary: str, disposition: str, kind: str | None, charset: str) -> bytes:
    type_line = f"Content-Type: {kind}\r\n" if kind else ""
    lines = f"\r\n--{boundary}\r\nContent-Disposition: {disposition}\r\n{type_line}\r\n"
    return lines.encode(charset)


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _guess(filename: str) -> str:
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


def _fields(data: Any) -> Iterator[tuple[str, Any]]:
    for name, value in data.items() if isinstance(data, Mapping) else data or ():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            yield name, one


def _files(files: Any) -> Iterator[tuple[str, str, str | None, Any]]:
    if isinstance(files, Mapping):
        for name, (filename, content, *kind) in files.items():
            yield name, filename, kind[0] if kind else None, content
        return
    for name, filename, *rest in files or ():
        yield name, filename, rest[0] if len(rest) > 1 else None, rest[-1]
