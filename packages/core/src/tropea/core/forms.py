"""Forms: url-encoded bodies and multipart ones with files, read within limits.

Source: RFC 7578; WHATWG URL standard, section 5.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import Any

import multipart

from tropea.core.inputs import BLOCK, blocks, guarded, open_input, read_body, refuse
from tropea.core.mediatypes import parameter, parse_media_type, text_codec
from tropea.core.multidict import MultiDict
from tropea.core.query import TooManyFields, parse_fields, parse_leniently
from tropea.core.request_options import DEFAULTS, MULTIPART, URLENCODED, RequestOptions
from tropea.core.uploads import FileUpload

Pairs = list[tuple[str, Any]]


def parse_urlencoded(
    body: bytes, options: RequestOptions = DEFAULTS, charset: str = "utf-8"
) -> Pairs:
    """Read an url-encoded form.

    Raises RequestEntityTooLarge for too many fields; BadRequest for malformed ones when
    ``strict_parsing`` is on.
    """
    if options is DEFAULTS and charset == "utf-8" and len(body) < options.max_fields:
        return parse_leniently(body.decode("latin-1"))  # it cannot have more fields
    try:
        return parse_fields(
            body.decode("latin-1"),
            charset=charset,
            keep_blank_values=options.keep_blank_values,
            strict=options.strict_parsing,
            max_fields=options.max_fields,
        )
    except TooManyFields as error:
        refuse("RequestEntityTooLarge", f"The form has {error}.", error)
    except ValueError as error:
        refuse("BadRequest", f"The form cannot be read: {error}.", error)


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
        refuse("BadRequest", f"The form cannot be read: {error}.", error)
    except BaseException:
        form.abandon()
        raise
    return form.pairs


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
        self._name = segment.name or ""
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
            if not content and not self._options.keep_blank_values:
                return
            errors = "strict" if self._options.strict_parsing else "replace"
            try:
                self.pairs.append((self._name, content.decode("utf-8", errors)))
            except UnicodeDecodeError as error:
                refuse("BadRequest", f"The field {self._name!r} is not UTF-8.", error)
        elif self._upload is not None:
            self._upload.size = self._size
            self._upload.rewind()

    def abandon(self) -> None:
        for _, value in self.pairs:
            if isinstance(value, FileUpload):
                value.close()
        self.pairs = []


def read_form(
    environ: dict[str, Any], options: RequestOptions = DEFAULTS
) -> tuple[Pairs, bytes | None] | None:
    """Read the form in a request's body; None where the body is no form.

    Returns the fields and, where it was small enough to keep, the body that held them.
    """
    kind = environ.get("CONTENT_TYPE", "")
    if kind == URLENCODED and kind in options.form_mime_types:  # what browsers send
        body = read_body(environ, options.max_held)
        return parse_urlencoded(body, options), body
    kind, parameters = parse_media_type(kind)
    if kind not in options.form_mime_types:
        return None
    try:
        if kind != MULTIPART:
            charset = parameter(parameters, "charset")
            codec = text_codec(charset) if charset else "utf-8"
            body = read_body(environ, options.max_held)
            return parse_urlencoded(body, options, codec), body
        boundary = parameter(parameters, "boundary")
    except ValueError as error:
        refuse("BadRequest", f"The Content-Type cannot be used: {error}.", error)
    if not boundary or len(boundary) > 200:
        refuse("BadRequest", "The Content-Type has no usable boundary.")
    source = open_input(environ, options.max_body)
    if source.remaining is None or source.remaining > options.keep_body:
        return parse_multipart(source.read, boundary, options), None
    body = b"".join(blocks(source))
    return parse_multipart(_reader(body), boundary, options), body


def _reader(body: bytes) -> Callable[[int], bytes]:
    pieces = iter((body,))
    return lambda _size: next(pieces, b"")


class FieldStorageParser:
    """Read a form by hand from an input and its header fields.

    input: a file; its end is taken from Content-Length.
    headers: a mapping of the header fields, or an environ.
    file_callback: called with the safe name of each file; returns the file to write to.
    sink: as in RequestOptions; the limits of RequestOptions are keywords as well.

    >>> from io import BytesIO
    >>> headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "7"}
    >>> FieldStorageParser(BytesIO(b"a=1&b=2"), headers).parse().getint("b")
    2
    """

    def __init__(
        self,
        input: Any,
        headers: Any = None,
        *,
        keep_blank_values: bool = True,
        strict_parsing: bool = False,
        file_callback: Callable[[str], Any] | None = None,
        sink: Callable[[FileUpload], Any] | None = None,
        options: RequestOptions = DEFAULTS,
        **limits: Any,
    ) -> None:
        if file_callback is not None:
            callback = file_callback
            sink = lambda upload: callback(upload.filename or "")  # noqa: E731
        self.options = replace(
            options,
            keep_blank_values=bool(keep_blank_values),
            strict_parsing=bool(strict_parsing),
            sink=sink or options.sink,
            **limits,
        )
        headers = headers if headers is not None else {}
        self._environ = {
            "wsgi.input": input,
            "CONTENT_TYPE": _field(headers, "Content-Type") or URLENCODED,
            "CONTENT_LENGTH": _field(headers, "Content-Length") or "",
            "HTTP_TRANSFER_ENCODING": _field(headers, "Transfer-Encoding") or "",
        }

    def parse(self) -> MultiDict[str, Any]:
        """Read the form: text fields and FileUploads.

        Raises BadRequest, LengthRequired or RequestEntityTooLarge.
        """
        found = read_form(self._environ, self.options)
        return MultiDict.from_pairs(found[0]) if found is not None else MultiDict()


def _field(headers: Any, name: str) -> str | None:
    key = name.upper().replace("-", "_")
    for spelling in (name, key, f"HTTP_{key}"):
        value: str | None = headers.get(spelling)
        if value is not None:
            return value
    return None
