"""Make a WSGI application of a handler: ``request`` in, nearly anything out.

>>> @to_wsgi
... def hello(request):
...     return {"name": request.form.get("name", "world")}
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context, copy_context
from functools import update_wrapper
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.closing import close
from tropea.core.coercion import ListAs, as_application
from tropea.core.context import ENVIRON, keep_context
from tropea.core.foundation import webob
from tropea.core.raising import exception_field
from tropea.core.request import Request

Handler = Callable[..., Any]


class WSGIHandler:
    """The application that ``to_wsgi`` returns; a method of it is bound to each instance."""

    def __init__(
        self, handler: Handler, *, lazy: bool, list_as: ListAs, debug: bool, request_class: Any
    ) -> None:
        self.handler = handler
        self.lazy, self.list_as, self.debug = lazy, list_as, debug
        self.request_class = request_class
        update_wrapper(self, handler, updated=())

    def __get__(self, instance: Any, owner: Any = None) -> WSGIHandler:
        bind = getattr(self.handler, "__get__", None)
        if bind is None:
            return self
        return WSGIHandler(
            bind(instance, owner), lazy=self.lazy, list_as=self.list_as, debug=self.debug,
            request_class=self.request_class,
        )  # fmt: skip

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.lazy:
            return _Deferred(self._answer, environ, start_response)
        return self._answer(environ, start_response)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        token = ENVIRON.set(environ)  # reset below, in the thread and context that set it
        application: Any = None
        try:
            try:
                request = self.request_class.of(environ)
                application = as_application(self.handler(request), self.list_as, self.handler)
                body = application(environ, start_response)
            except webob.exc.HTTPException as error:
                if application is not None and not isinstance(application, webob.Response):
                    start_response = _Restart(start_response)
                body = self._answer_error(error, environ, start_response)
            return keep_context(body, environ)
        finally:
            ENVIRON.reset(token)

    def _answer_error(
        self, error: Any, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if self.debug and isinstance(error, webob.Response):
            error.headers.update(dict([exception_field(error)]))
        body: Iterable[bytes] = error(environ, start_response)
        return body


class _Restart:
    """A ``start_response`` for the error of a foreign application, which may have called it.

    A response of ours fails before it starts, if at all.
    """

    __slots__ = ("_start_response",)

    def __init__(self, start_response: StartResponse) -> None:
        self._start_response = start_response

    def __call__(self, status: str, headers: Any, exc_info: Any = None, /) -> Any:
        try:
            return self._start_response(status, headers, exc_info or sys.exc_info())
        finally:
            exc_info = None  # PEP 3333: no reference cycle through the traceback


class _Deferred:
    """A body that calls its handler when the server takes the first step, and not before."""

    __slots__ = ("_answer", "_arguments", "_body", "_context", "_steps")

    def __init__(self, answer: Callable[..., Iterable[bytes]], *arguments: Any) -> None:
        self._answer, self._arguments = answer, arguments
        self._context: Context = copy_context()
        self._body: Iterable[bytes] = ()
        self._steps: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._steps is None:
            try:
                self._body = self._context.run(self._answer, *self._arguments)
            except StopIteration as error:  # which here would read as the end of the body
                raise RuntimeError("the handler raised StopIteration") from error
            self._steps = iter(self._body)
        return next(self._steps)

    def close(self) -> None:
        close(self._body)


def to_wsgi(
    handler: Handler | None = None,
    *,
    lazy: bool = False,
    list_as: ListAs = "body",
    debug: bool = False,
    request_class: Any = Request,
) -> Any:
    """Return a WSGI application that calls *handler* with a Request; decorate with it, or call it.

    A WSGI application comes back as it is: one of ours, a Response, or a callable whose first two
    parameters are called ``environ`` and ``start_response`` (or ``env``, ``start``…).

    lazy: call the handler when the first block of the body is asked for.
    list_as: ``"body"``: a list holds text or bytes, as in Pesto; ``"json"``: it is sent as JSON.
    debug: name an HTTPException in an ``X-Tropea-Exception`` field.

    What a handler may return: a Response or any WSGI application; text, bytes, or an iterable of
    either; a dict, for JSON; None, for 204; a tuple of a body with a status, a content type or
    headers.  Anything else is a TypeError that names the handler.  HTTPExceptions become their
    response; other exceptions propagate before ``start_response``, also from the first step of a
    generator.
    """
    if list_as not in ("body", "json"):
        raise ValueError(f"list_as is 'body' or 'json', not {list_as!r}")
    options = {"lazy": lazy, "list_as": list_as, "debug": debug, "request_class": request_class}
    if handler is None:
        return lambda handler: to_wsgi(handler, **options)
    if is_wsgi_application(handler):
        return handler
    if not callable(handler):
        raise TypeError(f"a handler is callable, not {handler!r}")
    return WSGIHandler(handler, **options)


def is_wsgi_application(candidate: Any) -> bool:
    """Tell whether a callable takes ``environ`` and ``start_response``, by what it is or says.

    >>> is_wsgi_application(lambda environ, start_response: []), is_wsgi_application(len)
    (True, False)
    """
    from tropea.core.layer import Layer

    if isinstance(candidate, (WSGIHandler, webob.Response, Layer)):
        return True
    if not callable(candidate):
        return False
    try:
        names = [p.name.strip("_") for p in inspect.signature(candidate).parameters.values()]
    except (TypeError, ValueError):
        return False  # built in, without a signature: taken for a handler
    return (
        len(names) >= 2
        and names[0] in {"environ", "env", "wsgi_environ"}
        and (names[1].startswith("start") or names[1] == "sr")
    )
