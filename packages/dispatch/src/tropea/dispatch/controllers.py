"""Controllers: classes whose methods are actions, found by name and called with the groups."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.keys import ROUTING_ARGS
from tropea.core.options import load_object

from .declining import Declined, note_declined
from .errors import RouteError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


class Controller:
    """Base of controllers: every public method is an action.

    An action takes by name whatever it asks for: the groups of the route, ``request``,
    ``environ``, ``controller`` and ``action``.  ``__before__`` may answer in its place;
    ``__after__`` runs when the action has, whatever it raised as a status.
    A controller is a WSGI application: the action is that of ``wsgiorg.routing_args``.  Each
    request is answered by a copy, so actions may keep things on ``self``.
    """

    request: Any
    response: Any

    def __before__(self, *args: Any, **kwargs: Any) -> Any:
        """Run before each action; what it returns, None aside, answers."""

    def __after__(self, *args: Any, **kwargs: Any) -> Any:
        """Run after each action, with ``self.response``; what it returns, None aside, answers."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        from tropea.core.handlers import to_wsgi

        named = environ.get(ROUTING_ARGS, ((), {}))[1]

        def handler(request: Any) -> Any:
            try:
                return perform(self, str(named.get("action", "index")), request, named)
            except Declined:
                from tropea.core.exceptions import NotFound

                note_declined(environ)
                raise NotFound from None

        application = to_wsgi(handler)
        body: Iterable[bytes] = application(environ, start_response)
        return body


def perform(controller: Any, action: str, request: Any, groups: dict[str, Any]) -> Any:
    """Return what *action* of a controller, or of a class of them, answers.

    Raises NotFound for an action that is not there or that the groups do not suffice for.
    """
    from tropea.core.exceptions import NotFound
    from tropea.core.foundation import webob

    one = controller() if isinstance(controller, type) else copy.copy(controller)
    method = find_action(one, action)
    if method is None:
        raise NotFound
    one.request = request
    given = {**groups, "request": request, "environ": request.environ, "action": action}
    answer = _call(one.__before__, given)
    if answer is not None:
        return answer
    try:
        one.response = _call(method, given)
    except webob.exc.HTTPException as stop:
        one.response = stop
    answer = _call(one.__after__, given)
    return one.response if answer is None else answer


def find_action(controller: Any, action: str) -> Callable[..., Any] | None:
    """Return the public method of that name; None where there is none."""
    if not _NAME.match(action) or hasattr(Controller, action) or action in _RESERVED:
        return None
    kinds = type(controller).__mro__
    found = next((vars(kind)[action] for kind in kinds if action in vars(kind)), None)
    # A value on the instance is no action, nor is a class within the class.
    if isinstance(found, type | None) or not callable(getattr(type(controller), action)):
        return None
    method: Callable[..., Any] = getattr(controller, action)
    return method


_RESERVED = frozenset(("request", "response"))


def _call(method: Callable[..., Any], given: dict[str, Any]) -> Any:
    """Call *method* with those of the values that it asks for."""
    from tropea.core.exceptions import NotFound

    placed, arguments = [], {}
    for name, parameter in inspect.signature(method).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments.update({n: v for n, v in given.items() if isinstance(n, str)})
        elif parameter.kind is parameter.VAR_POSITIONAL:
            continue
        elif name not in given and parameter.default is parameter.empty:
            raise NotFound
        elif parameter.kind is parameter.POSITIONAL_ONLY:
            placed.append(given.pop(name) if name in given else parameter.default)
        elif name in given:
            arguments[name] = given[name]
    return method(*placed, **arguments)


class ControllerFinder:
    """Find controllers by convention: ``recipes`` is ``RecipesController`` in ``recipes.py``.

    package: the dotted name of the package with the modules.
    Names with a colon or a point are dotted paths (``bar.controllers:Foo``); a program may say
    them, a client never.

    >>> ControllerFinder("bar.controllers").class_name("hello_world")
    'HelloWorldController'
    """

    def __init__(self, package: str | None = None) -> None:
        self.package = package

    def find(self, name: Any) -> Any:
        """Return the controller that a program names; RouteError says what is missing."""
        if not isinstance(name, str):
            return name
        if ":" in name:
            return load_object(name)
        found = self.find_public(name)
        if found is None:
            where = f"{self.package}.{name}" if self.package else "no package: give controllers="
            raise RouteError(f"there is no controller {name!r} ({where})")
        return found

    def find_public(self, name: str) -> Any:
        """Return the controller that a client may name, or None."""
        if self.package is None or not _NAME.match(name):
            return None
        module_name = f"{self.package}.{name}"
        try:
            module = import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is not None and module_name.startswith(error.name):
                return None
            raise
        return getattr(module, self.class_name(name), None)

    def class_name(self, name: str) -> str:
        """Return the name of the class by convention."""
        return "".join(part.capitalize() for part in name.split("_")) + "Controller"


class ControllerApp:
    """Pylons' base application: call the controller that the environ names.

    controllers: the package of the controllers, or a mapping of names to them.
    Put a RoutesMiddleware around it, or anything else that sets ``wsgiorg.routing_args``.
    """

    def __init__(self, controllers: str | dict[str, Any]) -> None:
        self._finder = ControllerFinder(controllers if isinstance(controllers, str) else None)
        known = {} if isinstance(controllers, str) else controllers
        self._known = {name: self._finder.find(one) for name, one in known.items()}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        named = environ.get(ROUTING_ARGS, ((), {}))[1]
        name = str(named.get("controller", ""))
        found = self._known.get(name) or self._finder.find_public(name)
        if found is None:
            from tropea.core.exceptions import NotFound

            not_found: Iterable[bytes] = NotFound()(environ, start_response)
            return not_found
        application: Any = found() if isinstance(found, type) else found
        body: Iterable[bytes] = application(environ, start_response)
        return body
