"""What a request's header fields say, read strictly: nothing here raises on a client's bytes.

webob's own readings of dates, ranges, lengths and credentials raise on some of them; these keep
webob's types and treat what is malformed as absent, which is what HTTP asks for.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from wsgiref.headers import Headers

from tropea.core.dates import parse_date
from tropea.core.directives import split_list, unquote
from tropea.core.forwarded import FORWARDED_KEY
from tropea.core.foundation import webob
from tropea.core.keys import ROUTING_ARGS
from tropea.core.mediatypes import parse_media_type
from tropea.core.methods import METHOD_NUMBERS
from tropea.core.negotiation import parse_quality_list

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = re.compile(r"[0-9]{1,18}").fullmatch
_ONE_RANGE = re.compile(
    r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))", re.IGNORECASE
).fullmatch
_PARAMETER = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[ \t]*(.*)", re.DOTALL).fullmatch


def _whole(key: str) -> property:
    """A property that reads digits, or None."""
    original = {"CONTENT_LENGTH": "content_length", "SERVER_PORT": "server_port",
                "HTTP_MAX_FORWARDS": "max_forwards"}[key]  # fmt: skip
    inherited: Any = getattr(webob.Request, original)

    def read(self: Any) -> int | None:
        text = self.environ.get(key)
        return int(text) if text and _DIGITS(text) else None

    return property(read, inherited.fset, inherited.fdel, f"The number in {key}, or None.")


def _date(name: str) -> property:
    """A property that reads an HTTP date as an aware datetime, or None."""
    inherited: Any = getattr(webob.Request, name)
    key = f"HTTP_{name.upper()}"

    def read(self: Any) -> datetime | None:
        seconds = parse_date(self.environ.get(key))
        return None if seconds is None else _EPOCH + timedelta(seconds=seconds)

    return property(read, inherited.fset, inherited.fdel, f"The date in {key}, or None.")


def _guarded(name: str, ignored: Any) -> property:
    """One of webob's properties, with *ignored* for what it cannot read."""
    inherited: Any = getattr(webob.Request, name)

    def read(self: Any) -> Any:
        try:
            return inherited.fget(self)
        except (ValueError, OverflowError, AssertionError, LookupError, AttributeError):
            return ignored()

    return property(read, inherited.fset, inherited.fdel, inherited.__doc__)


def _header(key: str, doc: str) -> property:
    return property(lambda self: self.environ.get(key), doc=doc)


def _accepts(*types: str) -> property:
    def read(self: Any) -> bool:
        accepted = parse_quality_list(self.environ.get("HTTP_ACCEPT", ""))
        return any(
            quality > 0 and name.partition(";")[0] in types for name, quality in accepted.items()
        )

    return property(read, doc=f"Whether {' or '.join(types)} is named in Accept and not refused.")


class FieldProperties:
    """The properties of a request that come from its header fields and method."""

    environ: dict[str, Any]
    host_port: Any
    domain: Any

    content_length = _whole("CONTENT_LENGTH")
    server_port = _whole("SERVER_PORT")
    max_forwards = _whole("HTTP_MAX_FORWARDS")
    if_modified_since = _date("if_modified_since")
    if_unmodified_since = _date("if_unmodified_since")
    date = _date("date")
    if_match = _guarded("if_match", partial(getattr, webob.etag, "NoETag"))
    cache_control = _guarded(
        "cache_control", partial(webob.cachecontrol.CacheControl, {}, "request")
    )

    referer = _header("HTTP_REFERER", "The Referer, or None.")
    referrer = referer
    user_agent = _header("HTTP_USER_AGENT", "The User-Agent, or None.")
    accept_html = _accepts("text/html")
    accept_xhtml = _accepts("application/xhtml+xml", "text/xhtml")
    accept_json = _accepts("application/json")

    @property
    def method(self) -> str:
        """The request method."""
        method: str = self.environ.get("REQUEST_METHOD", "GET")
        return method

    @method.setter
    def method(self, value: str) -> None:
        self.environ["REQUEST_METHOD"] = value

    @property
    def method_number(self) -> int:
        """The bit that stands for the method (``METHOD_GET`` is 2); 0 for an unknown one."""
        return METHOD_NUMBERS.get(self.method, 0)

    @property
    def groups(self) -> dict[str, Any]:
        """What the route reads from the path, by name; empty where nothing was routed."""
        routed: tuple[Any, dict[str, Any]] = self.environ.get(ROUTING_ARGS) or ((), {})
        return routed[1]

    @property
    def mime_type(self) -> str:
        """The media type of the body in lower case, without parameters; empty where not stated."""
        return parse_media_type(self.environ.get("CONTENT_TYPE"))[0]

    @property
    def headers_in(self) -> Headers:
        """The header fields as :class:`wsgiref.headers.Headers`: a copy, case-insensitive."""
        fields = [
            (key[5:].replace("_", "-").title(), value)
            for key, value in self.environ.items()
            if key.startswith("HTTP_") and isinstance(value, str)
        ]
        for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            if self.environ.get(key):
                fields.append((key.replace("_", "-").title(), self.environ[key]))
        return Headers(fields)

    def get_header(self, name: str, default: Any = None) -> Any:
        """Return the value of a header field, whatever its case, or *default*.

        >>> from tropea.core import Request
        >>> Request({"HTTP_X_COLOUR": "red"}).get_header("X-Colour")
        'red'
        """
        key = name.upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = f"HTTP_{key}"
        return self.environ.get(key, default)

    @property
    def is_secure(self) -> bool:
        """Whether the request came over HTTPS, as far as server and trusted proxies say."""
        return bool(self.environ.get("wsgi.url_scheme") == "https")

    @property
    def authorization(self) -> dict[str, str] | None:
        """The Authorization field as a dictionary; None when absent or malformed.

        ``type`` is the scheme; the parameters follow, unquoted.  Credentials that are no
        parameters (Basic, Bearer) are under ``credentials``.
        """
        return parse_authorization(self.environ.get("HTTP_AUTHORIZATION"))

    @authorization.setter
    def authorization(self, value: Any) -> None:
        webob.Request.authorization.fset(self, value)

    @authorization.deleter
    def authorization(self) -> None:
        webob.Request.authorization.fdel(self)

    @property
    def if_none_match(self) -> Any:
        """What the client holds, as webob's matcher; ``*`` matches everything."""
        value = self.environ.get("HTTP_IF_NONE_MATCH")
        if value and value.strip(" \t") == "*":
            return webob.etag.AnyETag
        try:
            return webob.Request.if_none_match.fget(self)
        except (ValueError, LookupError, AttributeError):
            return webob.etag.NoETag

    @if_none_match.setter
    def if_none_match(self, value: Any) -> None:
        webob.Request.if_none_match.fset(self, value)

    @if_none_match.deleter
    def if_none_match(self) -> None:
        webob.Request.if_none_match.fdel(self)

    @property
    def if_range(self) -> Any:
        """The condition of Range, as webob's IfRange; one that matches nothing when malformed."""
        value = self.environ.get("HTTP_IF_RANGE")
        if value and value.endswith(" GMT"):
            seconds = parse_date(value)
            if seconds is None:
                return webob.etag.IfRange(webob.etag.NoETag)
            return webob.etag.IfRangeDate(_EPOCH + timedelta(seconds=seconds))
        return webob.etag.IfRange.parse(value)

    @if_range.setter
    def if_range(self, value: Any) -> None:
        webob.Request.if_range.fset(self, value)

    @if_range.deleter
    def if_range(self) -> None:
        webob.Request.if_range.fdel(self)

    def _range(self) -> Any:
        """The one range that is asked for, as webob's Range; None when absent, many or malformed.

        Several ranges, and sizes, are the business of :mod:`tropea.core.ranges`.
        """
        match = _ONE_RANGE(self.environ.get("HTTP_RANGE", ""))
        if match is None:
            return None
        if match[3]:
            return webob.byterange.Range(-int(match[3]), None) if int(match[3]) else None
        start, last = int(match[1]), match[2]
        if last and int(last) < start:
            return None
        return webob.byterange.Range(start, int(last) + 1 if last else None)

    range = property(_range, webob.Request.range.fset, webob.Request.range.fdel, _range.__doc__)

    @property
    def client_addr(self) -> str | None:
        """The client's address, as far as server and trusted proxies say: ``REMOTE_ADDR``."""
        return self.environ.get("REMOTE_ADDR")

    @property
    def forwarded_for(self) -> str | None:
        """The client's address as trusted proxies told it; None where none is trusted."""
        return self._forwarded("client")

    @property
    def forwarded_host(self) -> str | None:
        """The host that was asked for as trusted proxies told it; None where none is trusted."""
        return self._forwarded("host")

    @property
    def forwarded_proto(self) -> str | None:
        """The scheme that was used as trusted proxies told it; None where none is trusted."""
        return self._forwarded("proto")

    @property
    def forwarded_port(self) -> int | None:
        """The port that was asked as trusted proxies told it; None where none is trusted."""
        port = self._forwarded("port")
        return int(port) if port else None

    def _forwarded(self, what: str) -> str | None:
        found = self.environ.get(FORWARDED_KEY)
        return getattr(found, what, None)


def parse_authorization(field: str | None) -> dict[str, str] | None:
    r"""Read credentials; None when absent or malformed.  Linear and bounded.

    Source: RFC 9110 section 11.6.2.

    >>> parse_authorization('Digest username="a\\"b", nc=00000001')
    {'type': 'Digest', 'username': 'a"b', 'nc': '00000001'}
    >>> parse_authorization("Bearer abc=")
    {'type': 'Bearer', 'credentials': 'abc='}
    """
    scheme, _, rest = (field or "").strip(" \t").partition(" ")
    if not scheme or not scheme.replace("-", "").isalnum():
        return None
    found = {"type": scheme}
    rest = rest.strip(" \t")
    if "=" not in rest.rstrip("=") or scheme.lower() in {"basic", "bearer"}:
        if rest:
            found["credentials"] = rest
        return found
    for member in split_list(rest):
        match = _PARAMETER(member)
        if match is not None and match[1].lower() != "type":
            found.setdefault(match[1].lower(), unquote(match[2]))
    return found
