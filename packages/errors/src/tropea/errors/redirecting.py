"""Answer chosen statuses by an internal request, as Pylons' Status Code Redirect did.

The status stays what it was; the page comes from the application itself, or from another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, ClassVar, NamedTuple
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.capturing import Captured, capture
from tropea.core.closing import close
from tropea.core.errors import OptionError
from tropea.core.fields import Fields, combined, drop, get_all, set_field
from tropea.core.layer import Layer
from tropea.errors.keys import ORIGINAL
from tropea.errors.logs import log, log_exception

#: Fields of the first answer that belong to its status and not to its page; they stay.
KEPT = (
    "Set-Cookie", "WWW-Authenticate", "Proxy-Authenticate", "Authentication-Info", "Allow",
    "Retry-After", "Location", "Content-Location", "Accept-Ranges", "Accept-Patch", "Accept-Post",
    "Upgrade", "Strict-Transport-Security", "Link", "X-Request-Id", "Cache-Control", "Expires",
    "Clear-Site-Data", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials",
    "Access-Control-Expose-Headers",
)  # fmt: skip
#: What of a request does not carry over to the internal one, which is a plain GET.
_DROPPED = (
    "CONTENT_TYPE", "HTTP_TRANSFER_ENCODING", "HTTP_RANGE", "HTTP_IF_RANGE", "HTTP_IF_MATCH",
    "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_EXPECT",
    "wsgi.input_terminated", "tropea.request", "tropea.route", "wsgiorg.routing_args",
    "webob._parsed_query_vars", "webob._parsed_post_vars", "webob.is_body_seekable",
    "webob.adhoc_attrs",
)  # fmt: skip


class Original(NamedTuple):
    """What an error page is for; in ``environ["tropea.errors.original"]``."""

    status: str
    headers: Fields
    method: str
    script_name: str
    path: str
    query: str


@dataclass(frozen=True)
class StatusOptions:
    """The options of StatusRedirectMiddleware.

    statuses: codes to answer anew.
    path: of the internal request, with a query if need be; ``{status}`` stands for the code.
    to: another application for the pages; the wrapped one when None.
    """

    statuses: tuple[int, ...] = (400, 401, 403, 404, 405, 410, 500, 503)
    path: str = "/error/{status}"
    to: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise OptionError(f"path: expected a path that begins with a slash, got {self.path!r}")
        for code in self.statuses:
            check_status(code, "statuses")


def check_status(code: int, option: str) -> None:
    """Raise OptionError for a code whose answers have no page."""
    if not 300 <= code <= 599:
        raise OptionError(f"{option}: expected codes from 300 to 599, got {code}")
    if code == 304:
        raise OptionError(f"{option}: an answer of 304 has no page")


class StatusRedirectMiddleware(Layer):
    """Answer chosen statuses with the page that an internal request gives.

    The page comes from a GET of ``path`` without the first request's body, conditions or ranges;
    its environ holds an Original.  The client sees the first status, the page, and of the first
    answer the cookies and the fields that belong to its status.  Where the page itself is no 2xx
    or raises, the client gets the first answer.  An internal request is never redirected again.
    """

    Options: ClassVar[type] = StatusOptions
    kind = "status"
    outside = ("errors",)
    options: StatusOptions

    def prepare(self) -> None:
        self.wanted = frozenset(map(str, self.options.statuses))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if ORIGINAL in environ:
            return self.call_app(environ, start_response)
        before = dict(environ)  # the application may change its environ, or clear it
        first = capture(self.app, environ)
        if first.status[:3] not in self.wanted:
            first.hand_on(start_response, first.status, first.headers)
            return first.body
        page = self._page(before, first)
        if page is None:
            first.hand_on(start_response, first.status, first.headers)
            return first.body
        headers = merged(first.headers, page.headers)
        close(first.body)
        page.hand_on(start_response, first.status, headers)
        if before.get("REQUEST_METHOD") == "HEAD":
            close(page.body)
            return []
        return page.body

    def _page(self, environ: WSGIEnvironment, first: Captured) -> Captured | None:
        app = self.options.to or self.app
        try:
            page = capture(app, internal_environ(environ, first, self.options.path))
        except Exception as error:
            told = "the page for %s raised; the first answer is sent"
            log_exception(error, environ, told, first.status)
            return None
        if page.status[:1] != "2":
            log.warning("the page for %s answered %s", first.status, page.status)
            close(page.body)
            return None
        return page


def original(environ: WSGIEnvironment, first: Captured) -> Original:
    """Remember what an error page is for."""
    request = map(environ.get, ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"))
    return Original(first.status, first.headers, *(value or "" for value in request))


def internal_environ(environ: WSGIEnvironment, first: Captured, path: str) -> WSGIEnvironment:
    """Make the environ of the internal request: a GET that knows what it is for."""
    inner = {key: value for key, value in environ.items() if key not in _DROPPED}
    inner[ORIGINAL] = original(environ, first)
    target = path.replace("{status}", first.status[:3]).encode().decode("latin-1")
    path, _, query = target.partition("?")
    inner.update(
        REQUEST_METHOD="GET", PATH_INFO=path, QUERY_STRING=query, CONTENT_LENGTH="0"
    )  # fmt: skip
    inner["wsgi.input"] = BytesIO()
    return inner


def merged(first: Fields, page: Fields) -> Fields:
    """Combine the fields of both answers: the page describes itself, the status what it means."""
    fields = [field for field in page if field[0].lower() not in {"etag", "last-modified"}]
    for name in KEPT:
        values = get_all(first, name)
        if values and name != "Set-Cookie":
            drop(fields, name)
        fields.extend((name, value) for value in values)
    vary = combined(first, "Vary")
    if vary is not None:
        mine = combined(fields, "Vary")
        set_field(fields, "Vary", vary if mine is None else f"{mine}, {vary}")
    return fields
