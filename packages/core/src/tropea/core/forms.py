"""Forms: url-encoded bodies and multipart ones with files, read within limits.

Source: WHATWG URL standard, section 5.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tropea.core.directives import split_list
from tropea.core.inputs import blocks, open_input, read_body, refuse
from tropea.core.mediatypes import parameter, parse_media_type, text_codec
from tropea.core.multidict import MultiDict
from tropea.core.multipart_forms import Pairs, parse_multipart
from tropea.core.query import TooManyFields, parse_fields, parse_leniently
from tropea.core.request_options import DEFAULTS, MULTIPART, URLENCODED, RequestOptions
from tropea.core.uploads import FileUpload


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
    if len(split_list(environ["CONTENT_TYPE"])) > 1:
        refuse("BadRequest", "The Content-Type is given twice.")
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


__all__ = ["FieldStorageParser", "Pairs", "parse_multipart", "parse_urlencoded", "read_form"]
