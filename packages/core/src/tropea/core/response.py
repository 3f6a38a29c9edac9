"""The response: Pesto's object on webob's, quick where a page is text and nothing else.

Methods with Pesto's names (``add_header``, ``replace``, …) return a new response; webob's
attributes change the one at hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from importlib import import_module
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.bodies import Blocks, encode_block
from tropea.core.canned import CannedResponses, JSONAttribute, dump_json
from tropea.core.capturing import capture
from tropea.core.closing import ClosingIterator, close
from tropea.core.editing import Callback, EditedCopies
from tropea.core.fields import Fields, drop, get, set_field
from tropea.core.foundation import webob
from tropea.core.headers import (
    ResponseHeaders,
    make_field,
    make_fields,
    refuse_forbidden,
    write_tag,
)
from tropea.core.locations import own_path
from tropea.core.statuses import is_bodiless, status_line

_CHARSET = re.compile(r';\s*charset="?([^";\s]+)', re.IGNORECASE).search
#: Keyword arguments that have a meaning of their own; every other one is a header field.
_KEYWORDS = frozenset(
    (
        "add_default_content_type", "app_iter", "body", "body_file", "cache_expires", "charset",
        "conditional_response", "content_type", "content_type_params", "environ", "headerlist",
        "json", "json_body", "request", "status_code", "text", "ubody", "unicode_body",
    )
)  # fmt: skip
_JSON = frozenset(("json", "json_body"))


@lru_cache(maxsize=256)
def charset_of(content_type: str) -> str | None:
    """Return the charset that a Content-Type names; None where it names none.

    >>> charset_of("text/plain; charset=latin1"), charset_of("image/png")
    ('latin1', None)
    """
    found = _CHARSET(content_type)
    return found[1] if found else None


def _made_late(make: Callable[[Response], Any]) -> Any:
    """Return an attribute that is made at first use; an instance may write over it."""
    return cached_property(make)


class Response(EditedCopies, CannedResponses, webob.Response):  # type: ignore[misc]  # webob has no types
    """A status, header fields and content; a WSGI application, and an instance of webob's.

    content: text, bytes, or an iterable of either, which is encoded when it is sent.
    status: a code or a whole status line; ``status_code`` is the same.
    headers: pairs or a mapping.
    onclose: a function, or several, that run once when the response has been sent.
    header_kwargs: further fields, ``content_type="text/plain"``; a list repeats its field, and
        None leaves it out.  ``body, headerlist, app_iter, content_type, charset, json`` and
        ``conditional_response`` mean what they mean to webob.
    Raises FieldError for a status, a name or a value that must not be sent.

    >>> Response(["Sorry"], 405, allow=["GET", "POST"]).headerlist[1:]
    [('Allow', 'GET'), ('Allow', 'POST')]
    """

    default_status: ClassVar[str] = "200 OK"
    make_status = staticmethod(status_line)
    json = JSONAttribute()
    #: What the fast path sends; ``__init_subclass__`` keeps it in step with webob's defaults.
    _default_field: ClassVar[tuple[str, str]] = ("Content-Type", "text/html; charset=UTF-8")
    _plain: ClassVar[bool] = True
    # What webob sets on every instance is here once, until one differs.
    _headers: Any = None
    _onclose: tuple[Callback, ...] = ()
    _checked: Fields | None = None
    _textual = False
    _bytes: bytes
    conditional_response = False
    # A plain page has only its bytes; the rest of webob's state is made when somebody asks.
    _status: str = _made_late(lambda response: response.default_status)
    _headerlist: Fields = _made_late(
        lambda response: [response._default_field, ("Content-Length", str(len(response._bytes)))]  # noqa: SLF001
    )
    _app_iter: Any = _made_late(lambda response: [response._bytes])  # noqa: SLF001

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        kind = cls.default_content_type
        if kind and "charset=" not in kind and kind.startswith("text/") and cls.default_charset:
            kind = f"{kind}; charset={cls.default_charset}"
        cls._default_field = ("Content-Type", kind or "")
        cls._plain = bool(kind) and not cls.default_conditional_response

    def __init__(
        self,
        content: Any = None,
        status: int | str | None = None,
        headers: Any = None,
        onclose: Callback | Iterable[Callback] | None = None,
        **header_kwargs: Any,
    ) -> None:
        if not header_kwargs and self._plain and status is headers is onclose is None:
            # Two attributes and nothing else: __call__ takes them for an untouched page.
            if type(content) is str:
                self._bytes = content.encode()
                self._textual = True
                return
            if type(content) is bytes:
                self._bytes = content
                self._textual = False
                return
        self._build(content, status, headers, onclose, header_kwargs)

    def _build(
        self, content: Any, status: Any, headers: Any, onclose: Any, rest: dict[str, Any]
    ) -> None:
        special = {name: rest.pop(name) for name in [n for n in rest if n in _KEYWORDS]}
        status = special.pop("status_code", status) if status is None else status
        self._status = self.default_status if status is None else status_line(status)
        if onclose is not None:
            self._onclose = (onclose,) if callable(onclose) else tuple(onclose)
        if special.pop("conditional_response", self.default_conditional_response):
            self.conditional_response = True
        for name in _JSON & special.keys() if special else ():
            content = dump_json(special.pop(name))
            special.setdefault("content_type", "application/json")
        content = special.pop("body", content) if content is None else content
        ready = special.pop("app_iter", None)
        if ready is not None and content is not None:
            raise TypeError("content and app_iter are two names of one thing: give one of them")
        fresh = headers is None and not is_bodiless(self._status)
        fresh = fresh and "headerlist" not in special
        fresh = fresh and not any(name.lower() == "content_length" for name in rest)
        self._headerlist = self._make_head(headers, special, rest, content)
        if ready is not None:
            self._app_iter = ready
        else:
            self._fill(content, fresh=fresh)
        self._checked = self._headerlist[:]
        for name, value in special.items():
            setattr(self, name, value)

    def _make_head(
        self, headers: Any, special: dict[str, Any], rest: dict[str, Any], content: Any
    ) -> Fields:
        """Return the fields in the order given, the Content-Type first where it is added."""
        given = special.pop("headerlist", None)
        kind, charset = special.pop("content_type", None), special.pop("charset", None)
        wanted = special.pop("add_default_content_type", given is None)
        if given is not None:
            fields: Fields = list(given.items() if hasattr(given, "items") else given)
            refuse_forbidden(fields)
        else:
            fields = make_fields(headers)
        if (kind or wanted) and not (fields and get(fields, "Content-Type") is not None):
            default = None
            if kind is None and (content or not is_bodiless(self._status)):
                default = self._default_field
                kind = default[1]
            if default is not None and kind and not charset:
                fields.insert(0, default)
            elif kind:
                if charset and not charset_of(kind):
                    kind = f"{kind}; charset={charset}"
                fields.insert(0, make_field("Content-Type", kind))
        return fields + make_fields(rest) if rest else fields

    def _fill(self, content: Any, *, fresh: bool = False) -> None:
        """Take *content*; Content-Length follows where its length is known.

        fresh: the head is known to have no Content-Length, and to want one.
        """
        if isinstance(content, str):
            content, self._textual = content.encode(self._encoding()), True
        if content is None:
            content = b""
        if isinstance(content, (bytes, bytearray, memoryview)):
            self._app_iter = [bytes(content)]
            if fresh:
                self._headerlist.append(("Content-Length", str(len(content))))
            elif not is_bodiless(self._status):
                set_field(self._headerlist, "Content-Length", str(len(content)))
        elif isinstance(content, Blocks):
            self._app_iter = content
        else:
            iter(content)  # a TypeError here names the line that made the response
            self._app_iter = Blocks(content, self._encoding())

    def _encoding(self) -> str:
        """Name the charset of the Content-Type; UTF-8 where it has none."""
        kind = get(self._headerlist, "Content-Type")
        return (charset_of(kind) if kind else None) or self.default_body_encoding

    # -- webob's attributes, with our checks

    @property
    def status(self) -> str:
        """The status line; a code may be assigned as well."""
        return self._status

    @status.setter
    def status(self, value: int | str) -> None:
        self._status = status_line(value)

    @property
    def status_code(self) -> int:
        """The code alone."""
        return int(self._status[:3])

    @status_code.setter
    def status_code(self, value: int) -> None:
        self._status = status_line(value)

    status_int = status_code

    @property
    def headers(self) -> ResponseHeaders:
        """The fields as a mapping that ignores case; what is put in is checked."""
        if self._headers is None:
            self._headers = ResponseHeaders.view_list(self._headerlist)
        view: ResponseHeaders = self._headers
        return view

    @headers.setter
    def headers(self, value: Any) -> None:
        self.headerlist = make_fields(value)

    @property
    def etag(self) -> str | None:
        """The entity tag without quotes; a bare one, a quoted one or an EntityTag may be set."""
        found: str | None = webob.Response.etag.fget(self)
        return found

    @etag.setter
    def etag(self, value: Any) -> None:
        drop(self._headerlist, "ETag")
        if value is not None:
            self._headerlist.append(("ETag", write_tag(value)))

    @etag.deleter
    def etag(self) -> None:
        drop(self._headerlist, "ETag")

    @property
    def content(self) -> Any:
        """The content as it was given: an iterable of text or bytes."""
        body = self._app_iter
        if isinstance(body, Blocks):
            return body.content
        if self._textual and isinstance(body, list):
            charset = self._encoding()
            return [block.decode(charset, "replace") for block in body]
        return body

    @content.setter
    def content(self, value: Any) -> None:
        self._textual = False
        drop(self._headerlist, "Content-Length")
        self._fill(value)

    # -- changing this response

    def write(self, data: str | bytes) -> int:
        """Append to the content; Content-Length follows.  Returns the bytes written."""
        block = encode_block(data, self._encoding())
        if not isinstance(self._app_iter, list):
            self._app_iter = [b"".join(self._app_iter)]
        if self._app_iter == [b""]:
            self._app_iter.clear()
        self._app_iter.append(block)
        set_field(self._headerlist, "Content-Length", str(sum(map(len, self._app_iter))))
        return len(block)

    def make_partial(self, positions: Any, unit: str = "bytes") -> Response:
        """Cut this response down to some of its bytes: see ``tropea.core.partial``."""
        from tropea.core.partial import make_partial

        return make_partial(self, positions, unit)

    def set_cookie(self, name: Any, value: str | bytes = "", **attributes: Any) -> None:
        """Set a cookie on this response; webob's ``max_age`` and ``httponly`` are taken too."""
        from tropea.core.cookies import as_cookie

        cookie = as_cookie(name, value, **{k: v for k, v in attributes.items() if k != "overwrite"})
        if attributes.get("overwrite"):
            self.unset_cookie(cookie.name, strict=False)
        self._headerlist.append(make_field("Set-Cookie", cookie))

    def unset_cookie(self, name: str, strict: bool = True) -> None:
        """Take back a cookie that this response would set.

        Raises KeyError where it sets none of that name and *strict* is true.
        """
        kept = [
            (field, value)
            for field, value in self._headerlist
            if field.lower() != "set-cookie" or value.partition("=")[0].strip() != name
        ]
        if strict and len(kept) == len(self._headerlist):
            raise KeyError(f"no cookie is set with this name: {name!r}")
        self._headerlist[:] = kept

    # -- WSGI

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        own = self.__dict__
        if len(own) == 2 and "_bytes" in own:  # made, and never looked into
            body = own["_bytes"]
            start_response(
                self.default_status, [self._default_field, ("Content-Length", str(len(body)))]
            )
            return [body] if environ["REQUEST_METHOD"] != "HEAD" else []
        if self.conditional_response:
            return self.conditional_response_app(environ, start_response)
        return self.send(environ, start_response)

    def send(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send this response whatever the request's conditions say."""
        status, fields, body = self._status, self._headerlist, self._body()
        if fields != self._checked:  # edited since, perhaps behind the checks of its methods
            refuse_forbidden(fields)
        fields = fields[:]
        if status[0] == "3":
            fields = [
                (n, own_path(environ, v)) if n.lower() == "location" else (n, v) for n, v in fields
            ]
        bodiless = is_bodiless(status)
        if status[:3] == "205":
            set_field(fields, "Content-Length", "0")
        elif bodiless:
            drop(fields, "Content-Type", "Content-Length")
        if bodiless or environ["REQUEST_METHOD"] == "HEAD":
            start_response(status, fields)
            return ClosingIterator((), lambda: close(body), *self._onclose)
        if isinstance(body, Blocks):
            body = body.ready()
        start_response(status, fields)
        return ClosingIterator(body, *self._onclose) if self._onclose else body

    def _body(self) -> Any:
        """Return the body of this call; a response may be called many times, and in threads."""
        return self._app_iter

    def conditional_response_app(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer 304, 412, 206 or 416 where the request's conditions ask for it."""
        from tropea.core.partial import answer_conditions

        return answer_conditions(self, environ).send(environ, start_response)

    @classmethod
    def from_wsgi(
        cls, app: WSGIApplication, environ: WSGIEnvironment, _start_response: Any = None
    ) -> Response:
        """Call *app* and return its response, to be looked at or changed before it is sent.

        A third argument is taken, as Pesto's callers pass one, and left alone: the response
        starts when it is called.
        """
        from tropea.core.captured_response import CapturedResponse

        return CapturedResponse(capture(app, environ))


#: The family, which may be imported from here: name -> module.
_FAMILY = {
    "FileObjResponse": "files",
    "FileResponse": "files",
    "GeneratorResponse": "streams",
    "JSONGeneratorResponse": "streams",
    "JSONResponse": "responses",
    "NDJSONResponse": "streams",
    "NoContentResponse": "responses",
    "NotModifiedResponse": "responses",
    "PartialResponse": "partial",
    "RedirectResponse": "responses",
    "StrGeneratorResponse": "streams",
    "TextResponse": "responses",
    "content_range": "ranges",
    "http_to_time": "responses",
    "make_partial": "partial",
    "make_range": "partial",
    "make_response": "responses",
    "parse_range": "partial",
    "time_to_http": "responses",
}


def __getattr__(name: str) -> Any:
    if name not in _FAMILY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"tropea.core.{_FAMILY[name]}"), name)
