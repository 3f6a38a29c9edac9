"""Where a request went: path, host, and URIs made from them.

A path that is not UTF-8 is answered 400 where text is asked for; URIs are made of its bytes.  A
Host field that is no host is answered 400 where it is used, and never reaches a URI.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tropea.core.foundation import webob
from tropea.core.inputs import refuse
from tropea.core.multidict import MultiDict
from tropea.core.query import parse_fields
from tropea.core.uris import (
    check_host,
    host_url,
    join_path,
    make_query,
    quote_path,
    quote_query,
    unsplit,
)

_IN_FRAGMENT = "/?~!$&'()*+,;=:@-._%"


def _path(key: str, name: str) -> property:
    inherited: Any = getattr(webob.Request, name)

    def read(self: Any) -> str:
        value: str = self.environ.get(key, "")
        if value.isascii():
            return value
        try:
            return value.encode("latin-1").decode("utf-8")
        except UnicodeError as error:
            refuse("BadRequest", "The path is not UTF-8.", error)

    def write(self: Any, value: str) -> None:
        self.environ[key] = value if value.isascii() else value.encode().decode("latin-1")

    return property(
        read, write, inherited.fdel, f"{key} as text; BadRequest where it is not UTF-8."
    )


class URIProperties:
    """The properties of a request that say where it went."""

    environ: dict[str, Any]

    path_info = _path("PATH_INFO", "path_info")
    script_name = _path("SCRIPT_NAME", "script_name")
    upath_info = path_info
    uscript_name = script_name

    @property
    def uri(self) -> str:
        """The path as text, below where the application is mounted."""
        path: str = self.path_info
        return path

    @property
    def path(self) -> str:
        """The whole path, percent-encoded, without host and query."""
        environ = self.environ
        return quote_path(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))

    @property
    def full_path(self) -> str:
        """The whole path with the query."""
        query = self.environ.get("QUERY_STRING")
        return f"{self.path}?{query}" if query else self.path

    @property
    def host(self) -> str:
        """The host and port that were asked for; BadRequest where Host is malformed."""
        environ = self.environ
        if host := environ.get("HTTP_HOST"):
            return check_host(host)
        return f"{environ.get('SERVER_NAME', 'localhost')}:{environ.get('SERVER_PORT', '80')}"

    @host.setter
    def host(self, value: str) -> None:
        self.environ["HTTP_HOST"] = value

    @host.deleter
    def host(self) -> None:
        self.environ.pop("HTTP_HOST", None)

    @property
    def host_url(self) -> str:
        """Scheme, host and port; the scheme's usual port is left out."""
        return host_url(self.environ)

    @property
    def hostname(self) -> str:
        """The host without its port; an IPv6 address keeps its brackets."""
        host = self.host
        return host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]

    @property
    def host_port(self) -> str:
        """The port that was asked for, or the scheme's own; BadRequest where Host is malformed."""
        host = self.host
        port = "" if host.endswith("]") else host.rpartition(":")[2] if ":" in host else ""
        return port or ("443" if self.environ.get("wsgi.url_scheme") == "https" else "80")

    @property
    def application_uri(self) -> str:
        """The URI at which the application is mounted, without a slash at its end."""
        return self.host_url + quote_path(self.environ.get("SCRIPT_NAME", ""))

    application_url = application_uri

    @property
    def path_url(self) -> str:
        """The URI without the query."""
        path = self.path
        # ``@other.example``, which some servers pass on, would make another host of it.
        return self.host_url + (path if path[:1] in {"", "/"} else f"/{path}")

    @property
    def request_uri(self) -> str:
        """The whole URI, with the query."""
        return self.make_uri()

    @property
    def url(self) -> str:
        """The whole URI, with the query."""
        return self.make_uri()

    def make_uri(  # noqa: PLR0917  the parts of a URI, in their order
        self,
        scheme: str | None = None,
        netloc: str | None = None,
        path: str | None = None,
        parameters: Any = None,
        query: Any = None,
        fragment: str | None = None,
        script_name: str | None = None,
        path_info: str | None = None,
        query_add: Any = None,
        query_replace: Any = None,
    ) -> str:
        """Make a URI like this request's, with other parts.

        path: the whole path, or one relative to this request's; quoted here.
        script_name, path_info: the mount point and what follows it; quoted here.
        parameters: written after the path and a semicolon.
        query: what takes the query's place, as :func:`make_query` takes it; "" for none.
        query_add, query_replace: fields added to the query, or put in the place of their own.

        >>> from tropea.core import Request
        >>> request = Request({"wsgi.url_scheme": "http", "HTTP_HOST": "example.com",
        ...     "SCRIPT_NAME": "/shop", "PATH_INFO": "/pies/apple", "QUERY_STRING": "a=1"})
        >>> request.make_uri(path="plum pie", query_add={"b": 2})
        'http://example.com/shop/pies/plum%20pie?a=1&b=2'
        >>> request.make_uri(path_info="/", query="")
        'http://example.com/shop/'
        """
        environ = self.environ
        where = f"{scheme or environ.get('wsgi.url_scheme', 'http')}://"
        authority = netloc if netloc is not None else host_url(environ).partition("://")[2]
        mount = environ.get("SCRIPT_NAME", "") if script_name is None else _as_path(script_name)
        below = environ.get("PATH_INFO", "") if path_info is None else _as_path(path_info)
        base = quote_path(mount + below)
        if base and not base.startswith("/"):
            base = f"/{base}"
        if path:
            base = join_path(base or "/", quote_path(_as_path(path)))
        if parameters:
            base += f";{quote_path(_as_path(str(parameters)))}"
        text = self._make_query(query, query_add, query_replace)
        return unsplit(
            where[:-3],
            authority,
            base,
            text or None,
            quote(fragment, _IN_FRAGMENT) if fragment else None,
        )

    def _make_query(self, query: Any, add: Any, replace: Any) -> str:
        if query is None:
            text = quote_query(self.environ.get("QUERY_STRING", ""), "latin-1")
        else:
            text = quote_query(make_query(query))
        if replace:
            fields: MultiDict[str, Any] = MultiDict(parse_fields(text))
            fields.update(_without_none(replace, fields))
            text = make_query(fields)
        if add:
            text = "&".join(filter(None, (text, quote_query(make_query(add)))))
        return text


def _as_path(text: str) -> str:
    """Text as a server would hand it over: latin-1 standing for the bytes of UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("latin-1")


def _without_none(given: Any, fields: MultiDict[str, Any]) -> MultiDict[str, Any]:
    """What is to be put in place; fields given as None are dropped from *fields*."""
    fresh: MultiDict[str, Any] = MultiDict()
    source: MultiDict[str, Any] = MultiDict(given)
    for key, value in source.allitems():
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if item is None:
                fields.pop(key, None)
            else:
                fresh.add(key, item)
    return fresh
