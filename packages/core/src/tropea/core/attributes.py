"""webob's attributes of a response, with our checks behind them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tropea.core.bodies import Blocks
from tropea.core.fields import Fields, drop, get
from tropea.core.foundation import webob
from tropea.core.headers import ResponseHeaders, make_field, make_fields, write_tag
from tropea.core.statuses import status_line


class CheckedAttributes:
    """What is assigned here is checked, and changes the response at hand."""

    if TYPE_CHECKING:
        cache_control: Any
        expires: Any
        last_modified: Any
        pragma: Any
        _app_iter: Any
        _conditional: bool
        _encoding: Any
        _fill: Any
        _headers: Any
        _headerlist: Any
        _status: str
        _textual: Any
        _unfold: Any

    @property
    def status(self) -> str:
        """The status line; a code may be assigned as well."""
        return self._status

    @status.setter
    def status(self, value: int | str) -> None:
        line = status_line(value)
        self._unfold()
        self._status = line

    @property
    def status_code(self) -> int:
        """The code alone."""
        return int(self._status[:3])

    @status_code.setter
    def status_code(self, value: int) -> None:
        line = status_line(value)
        self._unfold()
        self._status = line

    status_int = status_code

    @property
    def conditional_response(self) -> bool:
        """Whether the request's conditions and its Range are answered: 304, 412, 206 or 416."""
        return self._conditional

    @conditional_response.setter
    def conditional_response(self, value: bool) -> None:
        self._unfold()
        self._conditional = bool(value)

    @property
    def headerlist(self) -> Fields:
        """The fields in the order in which they are sent."""
        return self._headerlist  # type: ignore[no-any-return]

    @headerlist.setter
    def headerlist(self, value: Any) -> None:
        self._unfold()
        webob.Response.headerlist.fset(self, value)

    @headerlist.deleter
    def headerlist(self) -> None:
        self.headerlist = []

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
    def location(self) -> str | None:
        """The Location; what is assigned is made safe for every browser, as a redirect's is."""
        return get(self._headerlist, "Location")

    @location.setter
    def location(self, value: Any) -> None:
        drop(self._headerlist, "Location")
        if value is not None:
            self._headerlist.append(make_field("Location", value))

    @location.deleter
    def location(self) -> None:
        drop(self._headerlist, "Location")

    def _cache_expires(self, seconds: Any = 0, **directives: Any) -> None:
        """Say for how long the response may be kept; further directives are Cache-Control's.

        webob's own asks ``datetime.utcnow()`` for the time, which Python 3.12 warns of.
        """
        control, now = self.cache_control, datetime.now(UTC)
        if isinstance(seconds, timedelta):
            seconds = int(seconds.total_seconds())
        if seconds is True or seconds == 0:
            control.no_store = control.no_cache = control.must_revalidate = True
            control.max_age = control.post_check = control.pre_check = 0
            self.expires, self.pragma = now, "no-cache"
            if get(self._headerlist, "Last-Modified") is None:
                self.last_modified = now
        elif seconds is not None:
            control.properties.clear()
            control.max_age = seconds
            self.expires, self.pragma = now + timedelta(seconds=seconds), None
        for name, value in directives.items():
            setattr(control, name, value)

    cache_expires = property(
        lambda self: self._cache_expires, lambda self, value: self._cache_expires(value)
    )

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
