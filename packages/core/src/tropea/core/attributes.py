"""webob's attributes of a response, with our checks behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tropea.core.bodies import Blocks
from tropea.core.fields import drop
from tropea.core.foundation import webob
from tropea.core.headers import ResponseHeaders, make_fields, write_tag
from tropea.core.statuses import status_line


class CheckedAttributes:
    """What is assigned here is checked, and changes the response at hand."""

    if TYPE_CHECKING:
        headerlist: Any
        _app_iter: Any
        _encoding: Any
        _fill: Any
        _headers: Any
        _headerlist: Any
        _status: str
        _textual: Any

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
