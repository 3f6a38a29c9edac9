"""How much of a request is read, and what counts as a form or as JSON.

An application sets :attr:`Request.options` on its subclass, or hands its requests a
RequestOptions through the environ (``RequestOptionsMiddleware``); a handler that allows more or
less for one request assigns ``request.options``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.errors import OptionError
from tropea.core.layer import Layer
from tropea.core.options import size
from tropea.core.paste import filter_factory

#: The environ key of the RequestOptions that layers hand to requests.
OPTIONS_KEY: Final = "tropea.core.request_options"

URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"


def _size(default: int) -> Any:
    return field(default=default, metadata={"read": size, "expects": "a size such as 10M"})


@dataclass(frozen=True)
class RequestOptions:
    """The limits of a request and the rules by which it is read.  Sizes are bytes.

    max_body: of the body as it is sent.
    max_memory: of an url-encoded form, of a JSON document, or of the text fields of a multipart
        form together: what is held in memory.
    max_field: of one text field of a multipart form.
    max_fields: fields of a query or form.  max_parts: parts of a multipart form.
    max_part_headers: header fields of one part.  max_header: of one of them.
    max_json_depth: arrays and objects within each other.
    spool: of an upload that stays in memory; a larger one goes to a temporary file.
    keep_body: of a multipart body that can still be read after its form was; a larger one is
        read once.
    keep_blank_values: False leaves out fields without a value.
    strict_parsing: whether malformed fields, bytes that are no text and unknown charsets are 400.
    form_mime_types, json_mime_types: media types read as a form or as JSON; ``+json`` is JSON.
    form_methods: methods whose body ``request.form`` reads without being told to.
    sink: called with the FileUpload of each file part before its content is read; it returns a
        file to write to, None for a temporary one, or False to refuse the part, or it raises.
    """

    max_body: int = _size(1 << 30)
    max_memory: int = _size(8 << 20)
    max_field: int = _size(1 << 20)
    max_fields: int = 1000
    max_parts: int = 1000
    max_part_headers: int = 8
    max_header: int = _size(4224)
    max_json_depth: int = 100
    spool: int = _size(1 << 16)
    keep_body: int = _size(1 << 16)
    keep_blank_values: bool = True
    strict_parsing: bool = False
    form_mime_types: tuple[str, ...] = (URLENCODED, MULTIPART)
    json_mime_types: tuple[str, ...] = ("application/json",)
    form_methods: tuple[str, ...] = ("POST", "PUT", "PATCH")
    sink: Callable[[Any], Any] | None = None
    #: Bytes of a body that is read whole: the smaller of max_body and max_memory.
    max_held: int = field(init=False, repr=False, default=0)

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, int) and value < 0:
                raise OptionError(f"{name}: expected a size of 0 or more, got {value}")
        object.__setattr__(self, "max_held", min(self.max_body, self.max_memory))


DEFAULTS: Final = RequestOptions()


class RequestOptionsMiddleware(Layer):
    """Give the requests of the application inside their limits.

    >>> layer = RequestOptionsMiddleware.layer(max_body="10M")
    >>> layer(lambda environ, start_response: []).options.max_body
    10485760
    """

    Options: ClassVar[type] = RequestOptions
    provides: ClassVar[tuple[str, ...]] = (OPTIONS_KEY,)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[OPTIONS_KEY] = self.options
        return self.call_app(environ, start_response)


#: ``paste.filter_factory``: ``use = egg:tropea-core#request-options``.
request_options_filter = filter_factory(RequestOptionsMiddleware, name="request-options")
