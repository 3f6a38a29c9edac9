"""Forms with files: multipart bodies, read as they arrive and within limits.

Source: RFC 7578.
"""

from __future__ import annotations

from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from typing import Any

import multipart

from tropea.core.inputs import BLOCK, guarded, refuse
from tropea.core.mediatypes import text_codec
from tropea.core.request_options import DEFAULTS, RequestOptions
from tropea.core.uploads import FileUpload

Pairs = list[tuple[str, Any]]


def parse_multipart(
    read: Callable[[int], bytes], boundary: str, options: RequestOptions = DEFAULTS
) -> Pairs:
    """Read a multipart form from *read*, a block at a time: text fields and FileUploads.

    Raises RequestEntityTooLarge at the first limit that is passed, BadRequest for a malformed or
    truncated body, and whatever a sink raises; the files opened until then are closed.
    """
    form = _Multipart(options)
    try:
        parser = multipart.PushMultipartParser(
            boundary,
            max_header_size=options.max_header,
            max_header_count=options.max_part_headers,
            max_segment_count=options.max_parts,
            strict=True,
        )
        while not _complete(parser):
            for event in parser.parse(guarded(read, BLOCK)):
                form.take(event)
    except multipart.ParserLimitReached as error:
        form.abandon()
        refuse("RequestEntityTooLarge", f"The form is too large: {error}.", error)
    except multipart.MultipartError as error:
        form.abandon()
        refuse("BadRequest", f"The form cannot be read: {error.args[0]}.", error)
    except BaseException:
        form.abandon()
        raise
    return form.finish()


def _complete(parser: multipart.PushMultipartParser) -> bool:
    # What follows the last boundary is to be ignored (RFC 2046 section 5.1.1), but the strict
    # parser refuses it where it comes in a block of its own: so nothing more is read.
    return parser._state is multipart._COMPLETE  # noqa: SLF001


class _Multipart:
    """The fields of a multipart form while its parts arrive."""

    def __init__(self, options: RequestOptions) -> None:
        self.pairs: Pairs = []
        self._options = options
        self._upload: FileUpload | None = None
        self._write: Callable[[bytes], object] | None = None
        self._name = ""
        self._text: list[bytes] | None = None
        self._charset: str | None = None
        self._undecoded: list[tuple[int, bytes, str | None]] = []
        self._size = self._memory = self._fields = 0

    def take(self, event: Any) -> None:
        if event is None:
            self._end()
        elif isinstance(event, (bytes, bytearray)):
            self._size += len(event)
            if self._text is not None:
                self._keep(bytes(event))
            elif self._write is not None:
                self._write(bytes(event))
        else:
            self._begin(event)

    def _begin(self, segment: multipart.MultipartSegment) -> None:
        self._size, self._text, self._write, self._upload = 0, None, None, None
        self._name, self._charset = segment.name or "", segment.charset
        if not segment.filename:  # a file field without a file comes with an empty name
            self._text = []
            self._fields += 1
            if self._fields > self._options.max_fields:
                raise multipart.ParserLimitReached("too many fields")
            return
        upload = FileUpload(self._name, segment.filename, segment.headerlist)
        self._upload = upload
        target = self._options.sink(upload) if self._options.sink is not None else None
        if target is False:
            return
        if target is None:
            upload.file = SpooledTemporaryFile(  # noqa: SIM115  the request keeps it open
                max_size=self._options.spool or 1
            )
        else:
            upload.adopt(target)
        self._write = upload.file.write
        self.pairs.append((self._name, upload))

    def _keep(self, data: bytes) -> None:
        assert self._text is not None
        self._memory += len(data)
        if self._size > self._options.max_field or self._memory > self._options.max_memory:
            raise multipart.ParserLimitReached("a text field is too large")
        self._text.append(data)

    def _end(self) -> None:
        if self._text is not None:
            content = b"".join(self._text)
            if content or self._options.keep_blank_values:
                self._undecoded.append((len(self.pairs), content, self._charset))
                self.pairs.append((self._name, ""))
        elif self._upload is not None:
            self._upload.size = self._size
            self._upload.rewind()

    def finish(self) -> Pairs:
        """Decode the text fields, now that one of them may have said how, and return all fields.

        Source: RFC 7578 sections 4.4, 4.6 and 5.1.2.
        """
        pairs, usual = self.pairs, None
        for place, content, _ in self._undecoded:
            if pairs[place][0] == "_charset_":
                usual = content.decode("latin-1")
                break
        for place, content, charset in self._undecoded:
            name = pairs[place][0]
            pairs[place] = name, self._decode(name, content, charset or usual)
        return pairs

    def _decode(self, name: str, content: bytes, charset: str | None) -> str:
        strict = self._options.strict_parsing
        codec = "utf-8"
        try:
            codec = text_codec(charset) if charset else codec
        except ValueError as error:
            if strict:
                refuse("BadRequest", f"The field {name[:100]!r} has an {error}.", error)
        try:
            return content.decode(codec, "strict" if strict else "replace")
        except UnicodeError as error:
            refuse("BadRequest", f"The field {name[:100]!r} is not {codec}.", error)

    def abandon(self) -> None:
        for _, value in self.pairs:
            if isinstance(value, FileUpload):
                value.close()
        self.pairs = []
