"""PoorWSGI's names of hooks, states and handlers of errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tropea.core.methods import METHOD_GET, METHOD_HEAD

from .dispatcher import DispatcherApp
from .verbs import read_methods

Handler = Callable[..., Any]
#: What a route takes where nothing else is said.
READ = METHOD_HEAD | METHOD_GET


class ApplicationHooks:
    """What an Application does around its routes."""

    dispatcher: DispatcherApp

    # -- defaults, states and errors

    def default(self, method: int = READ) -> Callable[[Handler], Handler]:
        """Decorate the handler of paths that no route takes."""
        decorator: Callable[[Handler], Handler] = self.dispatcher.default(method)
        return decorator

    def set_default(self, fun: Handler, method: int = READ) -> None:
        """Set the handler of paths that no route takes."""
        self.default(method)(fun)

    def pop_default(self, method: int) -> Handler:
        """Take the default handler of a method away, and return it."""
        handlers = [self.dispatcher.hooks.defaults.pop(name) for name in read_methods(method)]
        self.dispatcher.changed()
        return handlers[0]

    @property
    def defaults(self) -> dict[str, Handler]:
        """A copy of the default handlers, by method."""
        return dict(self.dispatcher.hooks.defaults)

    def http_state(self, status_code: int, method: Any = ()) -> Callable[[Handler], Handler]:
        """Decorate the handler of a status, for some methods or for all."""
        decorator: Callable[[Handler], Handler] = self.dispatcher.http_state(status_code, method)
        return decorator

    def set_http_state(self, status_code: int, fun: Handler, method: Any = ()) -> None:
        """Set the handler of a status."""
        self.http_state(status_code, method)(fun)

    def pop_http_state(self, status_code: int, method: Any = ()) -> Handler:
        """Take the handler of a status away, and return it."""
        names: tuple[str | None, ...] = read_methods(method) or (None,)
        handlers = [self.dispatcher.hooks.states.pop((status_code, name)) for name in names]
        self.dispatcher.changed()
        return handlers[0]

    @property
    def states(self) -> dict[tuple[int, str | None], Handler]:
        """A copy of the handlers of states, by status and method."""
        return dict(self.dispatcher.hooks.states)

    def error_handler(self, error: type[BaseException]) -> Callable[[Handler], Handler]:
        """Decorate the handler of exceptions of this class."""
        decorator: Callable[[Handler], Handler] = self.dispatcher.error_handler(error)
        return decorator

    def set_error_handler(self, error: type[BaseException], fun: Handler) -> None:
        """Set the handler of exceptions of this class."""
        self.error_handler(error)(fun)

    def pop_error_handler(self, error: type[BaseException]) -> Handler:
        """Take the handler of a class of exceptions away, and return it."""
        handler = self.dispatcher.hooks.errors.pop(error)
        self.dispatcher.changed()
        return handler

    @property
    def error_handlers(self) -> dict[type[BaseException], Handler]:
        """A copy of the handlers of exceptions."""
        return dict(self.dispatcher.hooks.errors)

    # -- before and after

    def before_response(self) -> Callable[[Handler], Handler]:
        """Decorate a function of the request that runs before each response."""
        decorator: Callable[[Handler], Handler] = self.dispatcher.before_response()
        return decorator

    def after_response(self) -> Callable[[Handler], Handler]:
        """Decorate a function of request and response that runs after each response."""
        decorator: Callable[[Handler], Handler] = self.dispatcher.after_response()
        return decorator

    def add_before_response(self, fun: Handler) -> None:
        """Add a function of the request that runs before each response."""
        self.dispatcher.before_response(fun)

    def add_after_response(self, fun: Handler) -> None:
        """Add a function of request and response that runs after each response."""
        self.dispatcher.after_response(fun)

    def pop_before_response(self, fun: Handler) -> None:
        """Take a function away again; ValueError where it was never added."""
        self.dispatcher.hooks.before.remove(fun)
        self.dispatcher.changed()

    def pop_after_response(self, fun: Handler) -> None:
        """Take a function away again; ValueError where it was never added."""
        self.dispatcher.hooks.after.remove(fun)
        self.dispatcher.changed()

    @property
    def before(self) -> tuple[Handler, ...]:
        """The functions that run before each response."""
        return tuple(self.dispatcher.hooks.before)

    @property
    def after(self) -> tuple[Handler, ...]:
        """The functions that run after each response."""
        return tuple(self.dispatcher.hooks.after)
