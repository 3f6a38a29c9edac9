"""The methods of a response that leave it alone and return another."""

# ruff: noqa: SLF001  a twin is of the same class: its private parts are ours

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self

from tropea.core.closing import close
from tropea.core.cookies import as_cookie, expire_cookie
from tropea.core.fields import Fields, add_vary, drop, get_all, set_field
from tropea.core.headers import SINGLE, field_name, make_field, make_fields
from tropea.core.statuses import status_line

Callback = Callable[[], object]


class EditedCopies:
    """Pesto's methods: each returns a new response."""

    if TYPE_CHECKING:
        content: Any
        _app_iter: Any
        _checked: Fields | None
        _headers: Any
        _headerlist: Fields
        _onclose: tuple[Callback, ...]
        _status: str

    def copy(self) -> Self:
        """Return a response that can be changed without this one; the content is shared."""
        twin = type(self).__new__(type(self))
        fields = self._headerlist[:]  # first: what a plain page makes late is copied too
        own = twin.__dict__
        own.update(self.__dict__)
        own["_headers"], own["_headerlist"] = None, fields
        body = own.get("_app_iter")
        if isinstance(body, list):
            own["_app_iter"] = body[:]
        return twin

    def replace(
        self,
        content: Any = None,
        status: int | str | None = None,
        headers: Any = None,
        onclose: Callback | Iterable[Callback] | None = None,
        **header_kwargs: Any,
    ) -> Self:
        """Return a copy with other content, another status, other values of the fields named.

        The old content is closed with the new response.

        >>> from tropea.core.response import Response
        >>> Response(["water"]).replace(["wine"], 201, content_type="text/plain").headerlist
        [('Content-Type', 'text/plain')]
        """
        twin = self.copy()
        status = header_kwargs.pop("status_code", status)
        if status is not None:
            twin._status = status_line(status)
        new = make_fields(headers) + make_fields(header_kwargs)
        drop(twin._headerlist, *(name for name, _ in new if name.lower() not in SINGLE))
        for name, value in new:
            twin._add(name, value)
        if content is not None:
            old = self._app_iter
            twin.content = content
            twin._onclose += (lambda: close(old),)
        if onclose is not None:
            twin._onclose += (onclose,) if callable(onclose) else tuple(onclose)
        return twin

    def _add(self, name: str, value: str) -> None:
        if name.lower() in SINGLE:
            set_field(self._headerlist, name, value)
        else:
            self._headerlist.append((name, value))

    def add_header(self, name: str, value: Any) -> Self:
        """Return a copy with one more field; one that a response has once is replaced."""
        one = type(value) is str
        return self._with([make_field(name, value)] if one else make_fields([(name, value)]))

    def add_headers(self, headers: Any = None, **header_kwargs: Any) -> Self:
        """Return a copy with more fields.

        >>> from tropea.core.response import Response
        >>> Response("x").add_headers([("Vary", "Cookie")], x_a="1").headerlist[2:]
        [('Vary', 'Cookie'), ('X-A', '1')]
        """
        return self._with(make_fields(headers) + make_fields(header_kwargs))

    def _with(self, fields: Fields) -> Self:
        """Return a copy with more *fields*, which are checked."""
        twin = self.copy()
        known = twin._headerlist == twin._checked
        for name, value in fields:
            twin._add(name, value)
        if known:  # and so is the whole, without a second look
            twin._checked = twin._headerlist[:]
        return twin

    def remove_headers(self, *names: str) -> Self:
        """Return a copy without the fields called *names*."""
        twin = self.copy()
        drop(twin._headerlist, *map(field_name, names))
        return twin

    def get_headers(self, name: str) -> list[str]:
        """Return every value of a field."""
        return get_all(self._headerlist, field_name(name))

    def get_header(self, name: str, default: str = "") -> str:
        """Return the values of a field joined by commas, *default* where there is none.

        Set-Cookie is joined too, to be looked at: it must never be sent like that.
        """
        return ",".join(self.get_headers(name)) or default

    def add_vary(self, *names: str) -> Self:
        """Return a copy whose Vary names *names* too."""
        twin = self.copy()
        add_vary(twin._headerlist, *map(field_name, names))
        return twin

    def add_cookie(self, name: Any, value: str = "", **attributes: Any) -> Self:
        """Return a copy that sets a cookie: a Cookie, or the arguments of one."""
        return self.add_header("Set-Cookie", as_cookie(name, value, **attributes))

    def delete_cookie(self, name: Any, path: str = "/", domain: str | None = None) -> Self:
        """Return a copy that makes the client forget a cookie."""
        return self.add_header("Set-Cookie", expire_cookie(name, path=path, domain=domain))

    def add_onclose(self, *callbacks: Callback) -> Self:
        """Return a copy that runs *callbacks* too when it has been sent."""
        twin = self.copy()
        twin._onclose += callbacks
        return twin

    def buffered(self) -> Self:
        """Return a copy whose content has been read, so that its Content-Length is known."""
        twin = self.copy()
        body = b"".join(self._app_iter)
        close(self._app_iter)
        twin.content = body
        return twin
