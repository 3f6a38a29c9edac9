"""The exception that is a response: what every class of ``tropea.core.exceptions`` derives from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.foundation import webob
from tropea.core.headers import make_fields
from tropea.core.pages import choose_page, render_page
from tropea.core.response import Response
from tropea.core.statuses import is_bodiless, status_line

_WebobException: Any = webob.exc.WSGIHTTPException
#: Keyword arguments that are the content of the response, as webob's exceptions take them.
_CONTENT = frozenset(("app_iter", "body", "charset", "content", "content_type", "json", "text"))


class StatusType(type):
    """Choose the class of a code, and let webob's exceptions count as instances of ours."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        # HTTPException(404) is a NotFound; a Response, or a code without a class, stays general.
        if args and "by_code" in cls.__dict__ and not isinstance(args[0], webob.Response):
            line = status_line(args[0])
            kind = cls.__dict__["by_code"].get(int(line[:3]))
            if kind is not None:
                made = type.__call__(kind, *args[1:], **kwargs)
                made.status = line
                return made
        return super().__call__(*args, **kwargs)

    def __instancecheck__(cls, instance: Any) -> bool:
        if type.__instancecheck__(cls, instance):
            return True
        covers: Any = cls.covers  # type: ignore[attr-defined]  # every class of this type has it
        return isinstance(instance, _WebobException) and covers(instance.code)


class HTTPException(Response, _WebobException, metaclass=StatusType):  # type: ignore[misc]
    """A response that is raised; also a WSGI application, and an instance of webob's exception.

    status: a code, a status line, or the Response to send.  A code makes an instance of its own
        class: ``HTTPException(404)`` is a NotFound.
    detail: a sentence for the client; it is escaped.  Without one the page says the status.
    headers: further fields.
    arguments: anything for whoever handles the status: ``HTTPException(404, error=…)``.
    Raises FieldError for a status or a field that must not be sent.

    >>> error = HTTPException(404, "No such recipe.")
    >>> type(error).__name__, error.status, str(error)
    ('NotFound', '404 Not Found', 'No such recipe.')
    """

    code: ClassVar[Any] = None
    title: ClassVar[str] = ""
    explanation: ClassVar[str] = ""
    by_code: ClassVar[dict[int, Any]] = {}

    detail: str | None
    arguments: dict[str, Any]
    #: Further members of its problem+json page (RFC 9457 section 3.2).
    problem: Mapping[str, Any]
    _carried: webob.Response | None = None

    def __init_subclass__(cls, code: int | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if code is not None:
            cls.code = code
            cls.title = status_line(code)[4:]
            HTTPException.by_code.setdefault(code, cls)

    def __init__(
        self, status: Any = 500, detail: Any = None, headers: Any = None, **arguments: Any
    ) -> None:
        Exception.__init__(self, status, detail)
        carried = status if isinstance(status, webob.Response) else None
        self._prepare(carried.status if carried else status, detail, headers, arguments)
        if carried is not None:
            self._carried = carried
            self._headerlist = self._checked = carried.headerlist  # one list: edits reach both
            self._app_iter = carried.app_iter
        self.code = self.status_code  # type: ignore[misc]  # each of these has its own

    def _prepare(self, status: Any, detail: Any, headers: Any, arguments: dict[str, Any]) -> None:
        content = {name: arguments.pop(name) for name in _CONTENT & arguments.keys()}
        self.detail = None if detail is None else str(detail)
        self.arguments = arguments
        self.problem = {}
        self._status = status_line(status)
        if content:
            made = Response(None, status, headers, **content)
            self._headerlist, self._app_iter = made.headerlist, made.app_iter
        else:
            self._headerlist, self._app_iter = make_fields(headers), [b""]
        self._checked = self._headerlist[:]

    @classmethod
    def covers(cls, code: int) -> bool:
        """Tell whether a status is of this kind."""
        return cls.code in (None, code)

    def __str__(self) -> str:
        return self.detail or self.explanation or self.status

    @property
    def response(self) -> webob.Response:
        """The response that it carries, or the page that stands for it."""
        return self.page({}) if self._carried is None else self._carried

    def link(self, environ: Mapping[str, Any]) -> str | None:
        """Return where the page leads; a redirect's leads where its Location does."""
        return None

    def page(self, environ: Mapping[str, Any]) -> Response:
        """Return the small page of this status, of the type that the request asks for."""
        if is_bodiless(self._status):
            return Response(status=self._status, headerlist=self._headerlist)
        kind = choose_page(environ.get("HTTP_ACCEPT"))
        sentence = self.detail or self.explanation
        body = render_page(
            kind, self._status, (sentence,) if sentence else (), self.problem, self.link(environ)
        )
        page = Response(body, self._status, headerlist=self._headerlist, onclose=self._onclose)
        page.headers["Content-Type"] = kind
        return page.add_vary("Accept")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer: Any = self.send
        if self._carried is not None:
            answer = self._carried
        elif self._app_iter == [b""]:
            answer = self.page(environ)
        body: Iterable[bytes] = answer(environ, start_response)
        return body


class StatusException(HTTPException):
    """Base of the classes that know their own status: ``detail`` comes first."""

    def __init__(self, detail: Any = None, headers: Any = None, **arguments: Any) -> None:
        Exception.__init__(self, detail)
        self._prepare(self.code, detail, headers, arguments)


class HTTPError(StatusException):
    """Base of 4xx and 5xx."""

    @classmethod
    def covers(cls, code: int) -> bool:
        """Tell whether a status is of this kind."""
        return code >= 400 if cls.code is None else cls.code == code


def exception_field(error: BaseException) -> tuple[str, str]:
    r"""Return the field that names an error while one develops; whatever it says is made safe.

    >>> exception_field(ValueError("no\nway"))
    ('X-Tropea-Exception', 'ValueError: no way')
    """
    try:
        said = str(error)
    except Exception:  # it would hide the error that it is for
        said = "(no text)"
    text = f"{type(error).__name__}: {said}".encode("ascii", "replace").decode()
    shown = "".join(c if c.isprintable() else " " for c in text[:200])
    return "X-Tropea-Exception", shown.strip()
