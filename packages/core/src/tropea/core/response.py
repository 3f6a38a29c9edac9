"""The response: Pesto's object on webob's, quick where a page is text and nothing else.

Methods with Pesto's names (``add_header``, ``replace``, …) return a new response; webob's
attributes change the one at hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.attributes import CheckedAttributes
from tropea.core.bodies import Blocks, encode_block
from tropea.core.canned import CannedResponses, JSONAttribute
from tropea.core.capturing import capture
from tropea.core.closing import ClosingIterator, close
from tropea.core.construction import Construction, charset_of, utf8_field
from tropea.core.editing import Callback, EditedCopies
from tropea.core.fields import Fields, drop, set_field
from tropea.core.foundation import webob
from tropea.core.headers import (
    make_field,
    refuse_forbidden,
)
from tropea.core.locations import own_path
from tropea.core.statuses import is_bodiless, status_line

#: A plain page: its Content-Type, its bytes, and whether they were text.
Page = tuple[tuple[str, str], bytes, bool]


class _Unfolding:
    """A part of webob's state that a plain page has once somebody asks; it may be written over."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, response: Response | None, owner: type) -> Any:
        if response is None:
            return self
        response._unfold()  # noqa: SLF001
        try:
            return response.__dict__[self.name]
        except KeyError:
            raise AttributeError(f"{owner.__name__}.__init__() was not called") from None


class Response(
    Construction,
    CheckedAttributes,
    EditedCopies,
    CannedResponses,
    webob.Response,  # type: ignore[misc]  # webob has no types
):
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
    #: ``__init_subclass__`` keeps these in step with webob's defaults.  The second is what a plain
    #: page has; None where the class makes no plain pages.
    _default_field: ClassVar[tuple[str, str]] = ("Content-Type", "text/html; charset=UTF-8")
    _plain_field: ClassVar[tuple[str, str] | None] = _default_field
    #: All that a plain page has, until somebody looks into it or changes it; the bytes alone
    #: stand for the most common one, text in a Response of no other class.
    _page: Page | bytes | None = None
    # What webob sets on every instance is here once, until one differs.
    _status: str = default_status
    _headerlist: Fields = _Unfolding()  # type: ignore[assignment]
    _app_iter: Any = _Unfolding()
    _textual = False
    _headers: Any = None
    _onclose: tuple[Callback, ...] = ()
    _checked: Fields | None = None
    _conditional = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._status = cls.default_status
        kind = cls.default_content_type
        if kind and "charset=" not in kind and kind.startswith("text/") and cls.default_charset:
            kind = f"{kind}; charset={cls.default_charset}"
        cls._default_field = ("Content-Type", kind or "")
        utf8 = (charset_of(kind or "") or "utf-8").lower() in {"utf-8", "utf8"}
        plain = kind and utf8 and not cls.default_conditional_response
        cls._plain_field = cls._default_field if plain else None

    def __init__(
        self,
        content: Any = None,
        status: int | str | None = None,
        headers: Any = None,
        onclose: Callback | Iterable[Callback] | None = None,
        *,
        content_type: str | None = None,
        **header_kwargs: Any,
    ) -> None:
        if status is headers is onclose is None and not header_kwargs:
            if type(content) is str and type(self) is Response and content_type is None:
                self._page = content.encode()
                return
            field = self._plain_field
            if content_type is not None and field is not None:
                field = utf8_field(content_type)
            if field is not None:
                kind = type(content)
                if kind is str:
                    self._page = field, content.encode(), True
                    return
                if kind is bytes:
                    self._page = field, content, False
                    return
                if kind is list:
                    self._status, self._app_iter = self.default_status, Blocks(content, "UTF-8")
                    self._headerlist = [field]
                    self._checked = [field]
                    return
        if content_type is not None:
            header_kwargs["content_type"] = content_type
        self._build(content, status, headers, onclose, header_kwargs)

    def _unfold(self) -> None:
        """Turn a plain page into webob's state; whatever changes a response does this first.

        Two threads may do it at once, to the same values; the page goes last, so that whoever
        sends the response meanwhile finds either.
        """
        page = self._page
        if page is None:
            return
        field, data, textual = self._whole(page)
        fields = [field, ("Content-Length", str(len(data)))]
        keep = self.__dict__.setdefault
        keep("_checked", fields[:])  # the head needs no second look when it is sent
        keep("_headerlist", fields)
        keep("_app_iter", [data])
        keep("_textual", textual)
        self._page = None

    def _whole(self, page: Page | bytes) -> Page:
        return (self._default_field, page, True) if isinstance(page, bytes) else page

    def write(self, data: str | bytes) -> int:
        """Append to the content; Content-Length follows.  Returns the bytes written."""
        block = encode_block(data, self._encoding())
        if not isinstance(self._app_iter, list):
            body = self._app_iter
            self._app_iter = [b"".join(body)]
            close(body)
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
        page = self._page
        if page is not None:  # made, and never looked into
            kind, data, _ = self._whole(page)
            start_response(self.default_status, [kind, ("Content-Length", str(len(data)))])
            return [data] if environ["REQUEST_METHOD"] != "HEAD" else []
        if self._conditional:
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

        method = environ.get("REQUEST_METHOD", "GET")  # the application may clear its environ
        return CapturedResponse(capture(app, environ), method)


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
