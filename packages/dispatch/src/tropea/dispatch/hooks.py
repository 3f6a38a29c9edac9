"""Functions around the handlers: before and after each response, for a status, for an error.

What is registered here is plain data; :mod:`.answering` runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .errors import RouteError
from .verbs import read_methods

F = TypeVar("F", bound=Callable[..., Any])


class Hooks:
    """The hooks of one dispatcher; each method is a decorator, or takes the function itself."""

    def __init__(self, changed: Callable[[], object] = lambda: None) -> None:
        self.changed = changed
        self.before: list[Callable[[Any], Any]] = []
        self.after: list[Callable[[Any, Any], Any]] = []
        #: ``(status, method)`` -> handler; the method is None where the handler takes all.
        self.states: dict[tuple[int, str | None], Callable[..., Any]] = {}
        self.errors: dict[type[BaseException], Callable[[Any, Any], Any]] = {}
        self.defaults: dict[str, Callable[[Any], Any]] = {}

    def __bool__(self) -> bool:
        return bool(self.before or self.after or self.states or self.errors or self.defaults)

    def add_state(self, status: int, methods: tuple[Any, ...], handler: Callable[..., Any]) -> None:
        """Let *handler* make the page of *status*, for these methods or for all."""
        for method in read_methods(methods) or (None,):
            self.states[int(status), method] = checked(handler)
        self.changed()

    def add(self, hooks: list[Any], function: Callable[..., Any]) -> None:
        """Add a hook that runs with every response."""
        hooks.append(checked(function))
        self.changed()

    def add_all(self, handlers: dict[Any, Any], keys: Iterable[Any], handler: Any) -> None:
        """Let *handler* answer for all of *keys*."""
        handlers.update(dict.fromkeys(keys, checked(handler)))
        self.changed()

    def state(self, status: int, method: str) -> Callable[..., Any] | None:
        """Return the handler of *status* for *method*; HEAD is answered as GET is."""
        for spelling in (method, "GET" if method == "HEAD" else method, None):
            found = self.states.get((status, spelling))
            if found is not None:
                return found
        return None

    def error(self, error: BaseException) -> Callable[[Any, Any], Any] | None:
        """Return the handler of the nearest class of *error*."""
        for kind in type(error).__mro__:
            if kind in self.errors:
                return self.errors[kind]
        return None

    def stop(self, error: BaseException, kind: type) -> Callable[[Any, Any], Any] | None:
        """Return the handler of the nearest class of *error* that is a *kind* of exception.

        webob's exceptions are instances of core's classes of the same status.
        """
        named = [one for one in self.errors if issubclass(one, kind) and isinstance(error, one)]
        return self.errors[max(named, key=lambda one: len(one.__mro__))] if named else None

    def default(self, method: str) -> Callable[[Any], Any] | None:
        """Return the handler of paths that no route takes."""
        if method == "HEAD" and "HEAD" not in self.defaults:
            method = "GET"
        return self.defaults.get(method)


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function*; RouteError for what cannot be called."""
    if not callable(function):
        raise RouteError(f"a hook has to be a function, not {function!r}")
    return function


def as_decorator(register: Callable[[F], object], function: F | None = None) -> Any:
    """Register *function*, or return the decorator that will."""

    def decorate(function: F) -> F:
        register(function)
        return function

    return decorate if function is None else decorate(function)
