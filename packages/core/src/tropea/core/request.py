"""The request: webob's, with the fields, files and properties that handlers ask for.

Nothing is parsed before it is asked for.  What was parsed is kept in the environ, so that every
object made for one environ sees the same, and so that the environ holds no reference back to its
request: such a circle would leave every request to the garbage collector.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, Final, Self, cast
from urllib.parse import quote
from weakref import ReferenceType as _Reference

from tropea.core import keys
from tropea.core.cookies import Cookie, cookie_pairs, decode_value, parse_cookie_header
from tropea.core.foundation import webob
from tropea.core.getters import Getters
from tropea.core.provided import session
from tropea.core.request_body import BodyConsumed
from tropea.core.request_fields import FieldProperties
from tropea.core.request_forms import FormProperties
from tropea.core.request_uris import URIProperties

__all__ = ["BodyConsumed", "Request"]

_REQUEST: Final = keys.REQUEST
_DB: Final = "tropea.core.db"
_NOTHING: Any = object()
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
_AUTHORITY: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^/?#]*)")
_new = object.__new__


def _kept(key: str, doc: str) -> property:
    """A property whose value is the environ's, None at first."""

    def write(self: Any, value: Any) -> None:
        self.environ[key] = value

    return property(lambda self: self.environ.get(key), write, doc=doc)


def _in_ascii(url: str) -> str:
    """Return a URL or a path as it travels: the host in IDNA, all else in UTF-8, quoted."""
    if url.isascii():
        return url
    found = _AUTHORITY.match(url)
    start, rest = "", url
    if found:
        start, rest = found[1] + found[2].encode("idna").decode("ascii"), url[found.end() :]
    return start + _BEYOND_ASCII.sub(lambda text: quote(text[0]), rest)


class Request(FormProperties, FieldProperties, URIProperties, Getters, webob.Request):  # type: ignore[misc]  # untyped
    """A request, as handlers see it.

    >>> request = Request.blank("/?id=7&tag=a&tag=b")
    >>> request["tag"], request.getlist("tag"), request.query.getint("id")
    ('a', ['a', 'b'], 7)
    """

    user = _kept(keys.USER, "Who the request was authenticated as; None at first.")
    api = _kept(keys.API, "The validated API request; None at first.")
    db = _kept(_DB, "A place for a database connection; None at first.")

    __slots__ = ("environ",)  # quicker to set and to get than by way of webob's __setattr__

    def __new__(cls, environ: dict[str, Any], *args: Any, **kwargs: Any) -> Self:
        if not args and not kwargs and type(environ) is dict:
            return cls.of(environ)
        made = object.__new__(cls)
        _set_environ(made, environ)
        return made

    def __init__(self, environ: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        if args or kwargs or type(environ) is not dict:
            super().__init__(environ, *args, **kwargs)

    @classmethod
    def blank(
        cls, path: str, environ: Any = None, base_url: str | None = None, *args: Any, **kwargs: Any
    ) -> Self:
        """Make a request to try things with; what is not ASCII in *path* is UTF-8, quoted.

        A host is written as browsers send it (IDNA).  Raises ValueError for one that cannot be.

        >>> request = Request.blank("/jam/blåbär?with=gräddé")
        >>> request.path_info, request.query["with"]
        ('/jam/blåbär', 'gräddé')
        >>> Request.blank("http://bücher.example/").host
        'xn--bcher-kva.example:80'
        """
        base_url = base_url and _in_ascii(base_url)
        return cast("Self", super().blank(_in_ascii(path), environ, base_url, *args, **kwargs))

    @classmethod
    def of(cls, environ: dict[str, Any]) -> Self:
        """Return the request of *environ*: one object, for as long as anybody holds it.

        The environ has it under ``tropea.request``, as a weak reference.  A copy of the environ
        gets a request of its own.

        >>> environ = {"REQUEST_METHOD": "GET"}
        >>> request = Request.of(environ)
        >>> Request.of(environ) is request, Request.of(dict(environ)) is request
        (True, False)
        """
        if _REQUEST in environ:
            memo = environ[_REQUEST]
            request = memo() if type(memo) is _Reference else memo
            if isinstance(request, cls) and request.environ is environ:
                return request
        made = _new(cls)
        _set_environ(made, environ)
        environ[_REQUEST] = _Reference(made)
        return made

    def __copy__(self) -> Self:
        made = _new(type(self))
        _set_environ(made, self.environ)
        return made

    def __getattr__(self, name: str) -> Any:
        """Values that somebody set, then CGI variables: ``request.server_name``."""
        if name[:1] != "_" and name != "environ":
            environ = self.environ
            values = environ.get("webob.adhoc_attrs")
            if values is not None and name in values:
                return values[name]
            value = environ.get(name.upper(), _NOTHING)
            if value is not _NOTHING:
                return value
        raise AttributeError(f"the request has no {name!r}, and no variable {name.upper()!r}")

    @property
    def state(self) -> SimpleNamespace:
        """A namespace that layers and handlers share for this request."""
        return cast("SimpleNamespace", self.environ.setdefault(keys.STATE, SimpleNamespace()))

    @property
    def session(self) -> Any:
        """The session; NoSession, which names the layer, where there is none."""
        return session(self.environ)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the first value of a field of the form, or *default*."""
        return self.form.get(key, default)

    def __getitem__(self, key: str) -> Any:
        """Return the first value of a field; RequestArgsKeyError (a KeyError, 400) when missing."""
        return self.form.getfirst(key, required=True)

    __iter__ = None  # indexing would otherwise make it look like a sequence

    def __contains__(self, key: object) -> bool:
        return key in self.form

    def _values(self, key: Any) -> list[Any]:
        return self.form._values(key)  # noqa: SLF001

    @property
    def cookies(self) -> Any:
        """The cookies as webob's dictionary of text; of two with one name the first counts.

        A browser sends the cookie of the longest path first (RFC 6265 section 5.4).
        """
        environ = self.environ
        header = environ.get("HTTP_COOKIE", "")
        memo = environ.get("webob._parsed_cookies")
        if memo is None or memo[1] != header:
            found: dict[str, str] = {}
            as_sent = header.isascii() and "%" not in header  # nothing to decode
            for name, value in cookie_pairs(header):
                if name not in found:
                    found[name] = value if as_sent else decode_value(value)
            environ["webob._parsed_cookies"] = (found, header)
        return webob.cookies.RequestCookies(environ)

    @cookies.setter
    def cookies(self, value: Any) -> None:
        webob.Request.cookies.fset(self, value)

    @property
    def cookie_dict(self) -> dict[str, Cookie]:
        """Each cookie's name with the first Cookie of that name."""
        found: dict[str, Cookie] = {}
        for cookie in self._cookies():
            found.setdefault(cookie.name, cookie)
        return found

    def cookies_by_name(self, name: str) -> list[Cookie]:
        """List the cookies of that name, in the order the client sent them."""
        return [cookie for cookie in self._cookies() if cookie.name == name]

    def _cookies(self) -> list[Cookie]:
        return parse_cookie_header(self.environ.get("HTTP_COOKIE"))

    def log_error(self, message: object) -> None:
        """Write one line to the server's error log; what could end the line is escaped."""
        text = str(message).encode("unicode_escape").decode("ascii")
        self.environ["wsgi.errors"].write(f"{text}\n")

    def __repr__(self) -> str:
        environ = self.environ
        return f"<{type(self).__name__} {environ.get('REQUEST_METHOD', 'GET')} {self.path}>"


_set_environ = Request.__dict__["environ"].__set__
