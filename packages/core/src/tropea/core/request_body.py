"""A request's body: as bytes, as text, as JSON, and as a file.

What was read stays readable, by us and by the applications further in; where it does not, because
it was too large to keep, reading it again says so instead of waiting for ever.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, cast

from tropea.core.errors import TropeaError
from tropea.core.foundation import webob
from tropea.core.inputs import LimitedInput, open_input, read_body, refuse, spool
from tropea.core.jsonvalues import JsonDict, parse_json
from tropea.core.mediatypes import parameter, parse_media_type, text_codec
from tropea.core.request_options import DEFAULTS, OPTIONS_KEY, RequestOptions

_INPUT, _JSON = "tropea.core.input", "tropea.core.json"
#: The environ key of the options that a handler gave its request.
OWN_OPTIONS = "tropea.core.own_options"


class BodyConsumed(TropeaError):
    """A body was asked for that a form has been read from, or that could not be read."""


class Consumed:
    """Stands in for an input that was read: reading on could wait for ever."""

    def __init__(self, failure: BaseException | None = None) -> None:
        self._failure = failure

    def read(self, size: int = -1) -> bytes:
        raise self._failure or BodyConsumed(
            "the body was consumed when its form was read; RequestOptions.keep_body keeps more"
        )

    readline = readlines = __iter__ = read


class BodyProperties:
    """The properties of a request that read its body."""

    environ: dict[str, Any]
    mime_type: Any
    request_body_tempfile_limit: int

    @property
    def options(self) -> RequestOptions:
        """The limits of this request: its own, those that a layer gave, or those of the class."""
        environ = self.environ
        return cast(
            "RequestOptions",
            environ.get(OWN_OPTIONS) or environ.get(OPTIONS_KEY) or self.default_options,
        )

    @options.setter
    def options(self, value: RequestOptions) -> None:
        self.environ[OWN_OPTIONS] = value

    #: What a subclass sets for its application.
    default_options = DEFAULTS

    @property
    def input(self) -> LimitedInput:
        """The body as a file that ends where the body does."""
        environ = self.environ
        raw = environ.get("wsgi.input")
        memo = environ.get(_INPUT)
        if memo is None or memo[1] is not raw:
            memo = environ[_INPUT] = (open_input(environ, self.options.max_body), raw)
        return cast("LimitedInput", memo[0])

    def _read(self, limit: int) -> bytes:
        """Read the whole body, and leave it to be read again."""
        environ = self.environ
        if environ.get("webob.is_body_seekable"):
            stream = environ["wsgi.input"]
            stream.seek(0)
            body: bytes = stream.read()
            stream.seek(0)
            return body
        try:
            body = read_body(environ, limit)
        except BaseException as error:
            environ["wsgi.input"] = Consumed(error)
            raise
        self.keep_body(body)
        return body

    def keep_body(self, body: bytes) -> None:
        environ = self.environ
        environ["wsgi.input"] = BytesIO(body)
        if not environ.get("CONTENT_LENGTH"):
            environ["CONTENT_LENGTH"] = str(len(body))
        environ["webob.is_body_seekable"] = True

    @property
    def body(self) -> bytes:
        """The whole body; it can be read again."""
        return self._read(self.options.max_body)

    @body.setter
    def body(self, value: bytes) -> None:
        webob.Request.body.fset(self, value)

    @body.deleter
    def body(self) -> None:
        self.body = b""

    def copy_body(self) -> None:
        """Put a copy of the body, one that can be read again, in the place of the input."""
        environ = self.environ
        if environ.get("webob.is_body_seekable"):
            environ["wsgi.input"].seek(0)
            environ["CONTENT_LENGTH"] = str(len(environ["wsgi.input"].read()))
            environ["wsgi.input"].seek(0)
            environ.pop("webob.is_body_seekable")
        source = open_input(environ, self.options.max_body)
        copy, length = spool(source, self.request_body_tempfile_limit)
        environ["wsgi.input"] = copy
        environ["CONTENT_LENGTH"] = str(length)
        environ["webob.is_body_seekable"] = True

    @property
    def text(self) -> str:
        """The whole body as text, in the charset of Content-Type or UTF-8."""
        codec = self._codec() or "utf-8"
        try:
            return self.body.decode(codec)
        except UnicodeError as error:
            refuse("BadRequest", f"The body is not {codec}.", error)

    @text.setter
    def text(self, value: str) -> None:
        webob.Request.text.fset(self, value)

    @text.deleter
    def text(self) -> None:
        self.body = b""

    def _codec(self) -> str | None:
        kind = self.environ.get("CONTENT_TYPE", "")
        if "charset" not in kind.lower():
            return None
        try:
            charset = parameter(parse_media_type(kind)[1], "charset")
            return text_codec(charset) if charset else None
        except ValueError as error:
            refuse("BadRequest", f"The Content-Type cannot be used: {error}.", error)

    @property
    def is_json(self) -> bool:
        """Whether the Content-Type says JSON: one of ``json_mime_types``, or ``+json``."""
        kind = self.mime_type
        return kind in self.options.json_mime_types or kind.endswith("+json")

    @property
    def json(self) -> Any:
        """The JSON document in the body; objects and arrays have the getters of a form.

        An empty JsonDict where the body is a form, or where there is neither body nor type.
        Raises BadRequest with the reason for malformed JSON, UnsupportedMediaType for a type
        that is neither JSON nor a form.
        """
        environ = self.environ
        memo = environ.get(_JSON)
        if memo is not None and memo[1] is environ.get("wsgi.input"):
            return memo[0]
        options = environ.get(OWN_OPTIONS) or environ.get(OPTIONS_KEY) or self.default_options
        kind = environ.get("CONTENT_TYPE", "")
        plain = kind in options.json_mime_types
        if not plain and not self.is_json:
            mime = self.mime_type
            if mime in options.form_mime_types:
                return JsonDict()
            if mime:
                refuse("UnsupportedMediaType", f"Expected JSON, got {mime[:100]}.")
        body = self._read(options.max_held)
        if not body and not kind:
            return JsonDict()
        codec = None if plain else self._codec()
        try:
            value = parse_json(body, charset=codec, max_depth=options.max_json_depth)
        except ValueError as error:
            refuse("BadRequest", f"The JSON cannot be read: {error}.", error)
        environ[_JSON] = (value, environ["wsgi.input"])
        return value

    @json.setter
    def json(self, value: Any) -> None:
        webob.Request.json.fset(self, value)

    @json.deleter
    def json(self) -> None:
        self.body = b""

    json_body = json
