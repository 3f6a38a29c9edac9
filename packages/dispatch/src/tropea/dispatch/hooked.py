"""One answer with everything around it: hooks, pages of states, handlers of errors."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.coercion import as_application
from tropea.core.foundation import webob
from tropea.core.raising import HTTPException, exception_field
from tropea.core.request import Request
from tropea.core.response import Response

from .calling import describe
from .declining import Declined, note_declined
from .heads import Bodiless, shift_path
from .patterns import Groups
from .routes import Route

if TYPE_CHECKING:
    from .dispatcher import DispatcherApp

log = logging.getLogger("tropea.dispatch")
_STATUS = re.compile(r"[1-5][0-9]{2}(?: .*)?").fullmatch


class Answer:
    """What answers one request: a route with its groups, or a refusal."""

    def __init__(
        self, dispatcher: DispatcherApp, route: Route | None, groups: Groups, refusal: Any
    ) -> None:
        self.dispatcher, self.hooks = dispatcher, dispatcher.hooks
        self.route, self.groups, self.refusal = route, groups, refusal

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request.of(environ)
        application = self._respond(request)
        if self.hooks.after and not isinstance(application, Mounted):
            application = self._after(request, application)
        if environ["REQUEST_METHOD"] == "HEAD" and not isinstance(application, webob.Response):
            application = Bodiless(application)
        if not isinstance(application, webob.Response):
            return application(environ, start_response)  # type: ignore[no-any-return]
        try:
            body: Iterable[bytes] = application(environ, start_response)
        except Exception as error:  # a response that fails has not started: see Response
            body = self._failed(request, error)(environ, start_response)
        return body

    # -- the handler and what stands before it

    def _respond(self, request: Any) -> Any:
        try:
            for hook in self.hooks.before:
                answer = hook(request)
                if answer is not None:
                    return self._coerce(answer, hook)
        except BaseException as error:
            return self._failed(request, error, certain=True)
        try:
            return self._handle(request)
        except BaseException as error:
            return self._failed(request, error)

    def _handle(self, request: Any) -> Any:
        route = self.route
        if route is None:
            if isinstance(self.refusal, Exception):
                raise self.refusal
            return self.refusal
        if route.mounted:
            return Mounted(route)
        groups = self.groups
        if route.by_position or any(isinstance(key, int) for key in groups):
            result = route.call(request, *_placed(groups), **_named(groups))
        else:
            result = route.call(request, **groups)
        return self._coerce(result, route.handler)

    def _coerce(self, result: Any, handler: Any) -> Any:
        return as_application(result, self.dispatcher.list_as, handler)

    def _after(self, request: Any, application: Any) -> Any:
        response: Any = application
        made = getattr(application, "_carried", None) is None and isinstance(
            application, webob.exc.HTTPException
        )
        if made and hasattr(application, "page"):
            if application.app_iter == [b""]:
                response = application.page(request.environ)  # hooks may look at its content
        elif made or not isinstance(application, webob.Response):
            # An exception of webob makes its page when it is called.
            response = Response.from_wsgi(application, request.environ)
        for hook in self.hooks.after:
            try:
                changed = hook(request, response)
                if changed is not None:
                    response = self._coerce(changed, hook)
            except BaseException as error:
                response = self._failed(request, error, certain=True)
        return response

    # -- what went wrong

    def _failed(self, request: Any, error: BaseException, *, certain: bool = False) -> Any:
        """Return the answer to an exception, or raise it again where nobody maps it.

        certain: an answer has to be made, whatever it was.
        """
        if isinstance(error, Declined):
            return self._declined(request)
        if isinstance(error, webob.exc.HTTPException):
            return self._stopped(request, error)
        handler = self.hooks.error(error)
        if handler is not None:
            return self._of_handler(request, error, handler, 500)
        if not isinstance(error, Exception):
            raise error
        method = request.environ["REQUEST_METHOD"]
        if not (certain or self.dispatcher.catch_errors or self.hooks.state(500, method)):
            raise error
        log.error("%s %r failed", method, request.environ.get("PATH_INFO"), exc_info=error)
        return self._page(request, HTTPException(500), cause=error)

    def _declined(self, request: Any) -> Any:
        note_declined(request.environ)
        return self._page(request, HTTPException(404))

    def _stopped(self, request: Any, stop: Any) -> Any:
        """Return the answer to an exception that is a response."""
        handler = None
        if getattr(stop, "_carried", None) is None:
            handler = self.hooks.stop(stop, webob.exc.HTTPException)
        if handler is None:
            return self._page(request, stop)
        return _keep_fields(self._of_handler(request, stop, handler, stop.code), stop)

    def _of_handler(
        self, request: Any, error: BaseException, handler: Callable[..., Any], status: int
    ) -> Any:
        """Return what the handler of an exception answers."""
        try:
            return self._with_status(handler(request, error), status, handler)
        except Declined:
            return self._declined(request)
        except webob.exc.HTTPException as stop:
            return self._page(request, stop)
        except Exception:
            log.exception("the handler %s of errors failed", describe(handler))
            return self._page(request, HTTPException(500))

    def _page(self, request: Any, stop: Any, cause: Exception | None = None) -> Any:
        """Return the page of a status: of its handler, or its own."""
        if self.dispatcher.debug and isinstance(stop, webob.Response):
            stop.headers.update(dict([exception_field(cause or stop)]))
        if getattr(stop, "_carried", None) is not None or not hasattr(stop, "code"):
            return stop  # it has its response with it
        handler = self.hooks.state(stop.code, request.environ["REQUEST_METHOD"])
        if handler is None:
            return stop
        try:
            made = handler(request, **getattr(stop, "arguments", {}))
            page = self._with_status(made, stop.code, handler)
        except Declined:
            note_declined(request.environ)
            return HTTPException(404)
        except webob.exc.HTTPException as other:
            return other
        except Exception:
            log.exception("the handler %s of status %s failed", describe(handler), stop.code)
            failure = HTTPException(500)
            return failure if stop.code == 500 else self._page(request, failure)
        return _keep_fields(page, stop)

    def _with_status(self, result: Any, status: int, handler: Callable[..., Any]) -> Any:
        """Coerce the page of a status: it is sent with that status unless it says another."""
        application = self._coerce(result, handler)
        if isinstance(result, webob.Response) or not isinstance(application, webob.Response):
            return application
        if isinstance(result, tuple) and any(_is_status(part) for part in result[1:]):
            return application
        application.status = status
        return application


class Mounted:
    """The application of a mount point, which sees the rest of the path."""

    def __init__(self, route: Route) -> None:
        self.route = route

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        prefix: str = self.route.compiled.prefix  # type: ignore[attr-defined] # a MountPattern
        body: Iterable[bytes] = self.route.call(shift_path(environ, prefix), start_response)
        return body


def _placed(groups: Groups) -> list[Any]:
    """Return the values to pass by position: those without names, or all of them."""
    if any(isinstance(key, int) for key in groups):
        return [value for key, value in groups.items() if isinstance(key, int)]
    return list(groups.values())


def _named(groups: Groups) -> dict[str, Any]:
    if any(isinstance(key, int) for key in groups):
        return {key: value for key, value in groups.items() if isinstance(key, str)}
    return {}


def _is_status(part: Any) -> bool:
    if isinstance(part, str):
        return _STATUS(part) is not None
    return isinstance(part, int) and not isinstance(part, bool)


def _keep_fields(page: Any, stop: Any) -> Any:
    """Give a page the fields its status needs, such as Allow and WWW-Authenticate."""
    if isinstance(page, webob.Response) and page is not stop:
        own = {name.lower() for name, _ in page.headerlist}
        page.headerlist.extend(
            (name, value)
            for name, value in stop.headerlist
            if not name.lower().startswith("content-") and name.lower() not in own
        )
    return page
