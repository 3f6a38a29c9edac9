"""Catch what escapes from an application, report it once, answer with a page that leaks nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.capturing import NotStarted
from tropea.core.closing import close
from tropea.core.layer import Layer
from tropea.errors.answering import (
    own_answer,
    plain_answer,
    registered_answer,
    with_first_step,
)
from tropea.errors.logs import log_exception
from tropea.errors.registry import Answer, Registry
from tropea.errors.reporters import RateLimit, Reporter, log_error
from tropea.errors.reports import make_report


@dataclass(frozen=True)
class ErrorOptions:
    """The options of ErrorMiddleware.

    answers: exception classes to a status or to a handler of ``(request, error)``.
    reporters: callables that get a Report; the log alone when empty.
    report_mapped: whether exceptions that *answers* names are reported too.
    reports_per_minute: of one kind (class and line); 0 for no bound.
    """

    answers: Mapping[type[BaseException], Answer] = field(default_factory=dict)
    reporters: tuple[Callable[..., Any], ...] = ()
    report_mapped: bool = False
    reports_per_minute: int = 60


class ErrorMiddleware(Layer):
    """Answer with a page where an application raises.

    What is raised before a block was sent becomes one well-formed answer: what is registered for
    the exception, the exception itself where it is an HTTP exception, or a small 500 negotiated
    between HTML, text and problem+json.  What is raised later is reported and goes on to the
    server, which breaks the connection off: a truncated answer must not look whole.
    KeyboardInterrupt, SystemExit and GeneratorExit are never caught.

    >>> def broken(environ, start_response):
    ...     raise ValueError("secret")
    >>> app = ErrorMiddleware(broken, {ValueError: 400})
    >>> body = app({"REQUEST_METHOD": "HEAD"}, lambda status, *rest: print(status))
    400 Bad Request
    """

    Options: ClassVar[type] = ErrorOptions
    kind = "errors"
    outside = ("rewrite", "static", "http-cache", "conditional", "session", "auth", "dispatch")
    options: ErrorOptions

    def prepare(self) -> None:
        self.registry = Registry(self.options.answers)
        self.reporters: tuple[Reporter, ...] = tuple(self.options.reporters) or (log_error,)
        self.limit = RateLimit(self.options.reports_per_minute)

    def register(self, kind: type[BaseException], answer: Answer) -> None:
        """Answer exceptions of *kind* with a status or with a handler of ``(request, error)``."""
        self.registry.register(kind, answer)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            body = self.call_app(environ, start_response)
        except Exception as error:
            return self.answer(error, environ, start_response)
        if type(body) is list or type(body) is tuple:
            return body
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(body, wrapper):
            return body  # the server sends the file by itself
        return _Watched(self, body, environ, start_response)

    def answer(
        self, error: Exception, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer *error*, which is being handled, unless the server says that it is too late."""
        restart = _Restart(start_response)
        found = self.registry.find(error)
        own = own_answer(error) if found is None else None
        report = make_report(error, environ, "before")
        if own is None and (found is None or self.options.report_mapped):
            self._tell(report)
        try:
            if found is not None:
                own = self._registered(*found, environ, report.request_id)
            if own is not None:
                return _sent(own, environ, restart)
        except Exception as second:
            if restart.refused:  # the head is out: only the server can end this
                raise
            name = type(error).__name__
            log_exception(second, environ, "the answer to %s raised in turn", name)
            if found is not None and not self.options.report_mapped:
                self._tell(report)
            del second
        plain = plain_answer(environ, "500 Internal Server Error", report.request_id)
        return plain(environ, restart)

    def _registered(
        self, answer: Answer, error: BaseException, environ: WSGIEnvironment, request_id: str
    ) -> WSGIApplication:
        """Return what is registered for *error*; what a handler raises may be its answer."""
        try:
            return registered_answer(answer, error, environ, request_id)
        except Exception as second:
            own = own_answer(second)
            if own is None:
                raise
            return own

    def report(self, error: BaseException, environ: Mapping[str, Any], when: str) -> None:
        """Report *error* to every reporter, within the limit; whatever they raise is logged."""
        self._tell(make_report(error, environ, when))

    def _tell(self, report: Any) -> None:
        admitted = self.limit.admit(report)
        if admitted is None:
            return
        for reporter in self.reporters:
            try:
                reporter(admitted)
            except Exception as error:
                log_exception(
                    error, report.carried, "the error reporter %r failed on %s", reporter, admitted
                )


class _Restart:
    """A ``start_response`` for an error page: it replaces a head that nobody has sent.

    It is called while the error is being handled.
    """

    __slots__ = ("_start_response", "refused", "started")

    def __init__(self, start_response: StartResponse) -> None:
        self._start_response = start_response
        self.started = self.refused = False

    def __call__(self, status: str, headers: Any, exc_info: Any = None, /) -> Any:
        exc_info = exc_info or sys.exc_info()
        self.started = True
        try:
            return self._start_response(status, headers, exc_info if exc_info[0] else None)
        except BaseException:
            self.refused = True
            raise
        finally:
            exc_info = None


def _sent(own: WSGIApplication, environ: WSGIEnvironment, restart: _Restart) -> Iterable[bytes]:
    """Return the body of an answer that has started; raise while another may still be given."""
    page = with_first_step(own(environ, restart))
    if not restart.started:
        close(page)
        raise NotStarted("the answer to an exception did not call start_response")
    return page


class _Watched:
    """A body whose first step may still become an error page, and whose later ones are reported."""

    __slots__ = ("_body", "_environ", "_layer", "_page", "_start_response")

    def __init__(
        self,
        layer: ErrorMiddleware,
        body: Iterable[bytes],
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> None:
        self._layer, self._body = layer, body
        self._environ, self._start_response = environ, start_response
        self._page: Iterable[bytes] = ()

    def __iter__(self) -> Iterator[bytes]:
        sent = False
        try:
            for block in self._body:
                sent = sent or block != b""
                yield block
        except Exception as error:
            if sent:
                self._layer.report(error, self._environ, "during")
                raise
            self._page = self._layer.answer(error, self._environ, self._start_response)
        yield from self._page

    def close(self) -> None:
        body, self._body = self._body, ()
        try:
            close(body)
        except Exception as error:  # the answer is complete: nobody is to suffer
            self._layer.report(error, self._environ, "closed")
        finally:
            page, self._page = self._page, ()
            close(page)


def error_middleware(
    app: WSGIApplication | None = None, **options: Any
) -> WSGIApplication | Callable[[WSGIApplication], WSGIApplication]:
    """Wrap *app* in an ErrorMiddleware; without *app*, return the layer."""
    layer = ErrorMiddleware.layer(**options)
    return layer if app is None else layer(app)
