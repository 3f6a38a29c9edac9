"""What a request sees of itself from anywhere: ``currentrequest()`` and request-wide values.

Everything that belongs to one request runs in one context: the call, each step of a streaming
body, and its ``close()``, whichever thread or greenlet the server takes for each.

Source: PEP 567; PEP 3333, "Thread Support".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.errors import TropeaError
from tropea.core.layer import Layer

if TYPE_CHECKING:
    from tropea.core.request import Request

#: The environ of the request that runs in this context; None outside a request.
ENVIRON: ContextVar[WSGIEnvironment | None] = ContextVar("tropea.environ", default=None)
_REGISTRY: ContextVar[dict[str, Any] | None] = ContextVar("tropea.registry", default=None)


class NoRegistry(TropeaError, LookupError):
    """No registry layer stands around the code that asked for a request-wide value."""


def currentrequest() -> Request | None:
    """Return the Request that is being answered here; None outside a request.

    >>> currentrequest() is None
    True
    """
    environ = ENVIRON.get()
    if environ is None:
        return None
    from tropea.core.request import Request

    return Request.of(environ)


def registry() -> dict[str, Any]:
    """Return the values of this request, which live until its body is closed.

    Raises NoRegistry outside a RegistryMiddleware.
    """
    values = _REGISTRY.get()
    if values is None:
        raise NoRegistry("no request-wide values here: put a RegistryMiddleware around the stack")
    return values


class ContextBody:
    """A body whose steps and whose ``close()`` run in the context of its request."""

    __slots__ = ("_body", "_context", "_steps")

    def __init__(self, context: Context, body: Iterable[bytes]) -> None:
        self._context, self._body = context, body
        self._steps: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._steps is None:
            self._steps = self._context.run(iter, self._body)
        return self._context.run(next, self._steps)

    def close(self) -> None:
        body, self._body = self._body, ()
        method: Callable[[], object] | None = getattr(body, "close", None)
        if method is not None:
            self._context.run(method)


def keep_context(body: Iterable[bytes], environ: WSGIEnvironment) -> Iterable[bytes]:
    """Return *body* so that what it still runs, runs in the context that is current now.

    Lists, tuples and ``wsgi.file_wrapper`` bodies run nothing of the application's, and come
    back untouched: a server may count or send them its own way.
    """
    if type(body) in (list, tuple) or is_file_wrapper(body, environ):
        return body
    return ContextBody(copy_context(), body)


def is_file_wrapper(body: object, environ: WSGIEnvironment) -> bool:
    """Tell whether *body* is what the server's ``wsgi.file_wrapper`` makes."""
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(body, wrapper)


class RegistryMiddleware(Layer):
    """Give every request a context of its own, with ``registry()`` and ``currentrequest()``.

    Put it around everything that uses them; contexts of the server and of other requests are
    never touched.
    """

    kind = "registry"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return copy_context().run(self._enter, environ, start_response)

    def _enter(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        ENVIRON.set(environ)
        _REGISTRY.set({})
        body = self.call_app(environ, start_response)
        return keep_context(body, environ)
