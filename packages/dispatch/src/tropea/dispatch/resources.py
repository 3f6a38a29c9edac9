"""Routes of controllers: by pattern, as Pylons' ``map.connect`` had them, and REST resources."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .controllers import ControllerFinder, find_action, perform
from .dispatcher import DispatcherApp
from .errors import RouteError
from .origin import declared_at
from .verbs import read_methods

#: action, methods, what follows the collection's path, and how the route is called.
REST = (
    ("index", ("GET",), "", "{collection}"),
    ("create", ("POST",), "", None),
    ("new", ("GET",), "/new", "new_{member}"),
    ("show", ("GET",), "/<id>", "{member}"),
    ("update", ("PUT", "PATCH"), "/<id>", None),
    ("delete", ("DELETE",), "/<id>", None),
    ("edit", ("GET",), "/<id>/edit", "edit_{member}"),
)
EVERY = ("GET", "POST", "PUT", "PATCH", "DELETE")
_BRACES = re.compile(r"\{([A-Za-z_]\w*)(?::((?:[^{}]|\{[^{}]*\})+))?\}")


class ActionHandler:
    """A handler that calls one action; where the action is a group, the one that it names."""

    def __init__(self, controller: Any, action: str | None, finder: ControllerFinder) -> None:
        self.controller, self.action, self.finder = controller, action, finder
        name = controller if isinstance(controller, str) else getattr(controller, "__name__", "?")
        self.__qualname__ = f"{name}.{action or '{action}'}"

    def __call__(self, request: Any, /, **groups: Any) -> Any:
        controller = self.controller
        if controller is None:
            controller = self.finder.find_public(groups["controller"])
            if controller is None:
                from tropea.core.exceptions import NotFound

                raise NotFound
        elif isinstance(controller, str):
            controller = self.controller = self.finder.find(controller)
        return perform(controller, self.action or groups.get("action", "index"), request, groups)


def angled(pattern: str) -> str:
    """Write Pylons' ``{name}`` and ``{name:regex}`` as ``<name>`` and ``<name:re:regex>``.

    >>> angled("/{controller}/{action}/{id:[0-9]+}")
    '/<controller>/<action>/<id:re:[0-9]+>'
    """
    return _BRACES.sub(lambda m: f"<{m[1]}:re:{m[2]}>" if m[2] else f"<{m[1]}>", pattern)


def connect(
    dispatcher: DispatcherApp,
    pattern: str,
    controller: Any = None,
    action: str | None = None,
    *,
    controllers: str | None = None,
    methods: Any = EVERY,
    name: str | None = None,
) -> None:
    """Map a pattern such as ``/{controller}/{action}/{id}`` to controllers.

    controller: a class, an instance, or a name; None takes the group ``controller``.
    action: None takes the group ``action``, or ``index``.
    controllers: the package that names are looked up in.
    """
    text = angled(pattern)
    if controller is None and "<controller" not in text:
        raise RouteError(f"{declared_at()}: {pattern!r} does not say which controller")
    handler = ActionHandler(controller, action, ControllerFinder(controllers))
    dispatcher.match(text, *read_methods(methods), name=name)(handler)


def resource(
    collection: str,
    controller: Any = None,
    *,
    member: str | None = None,
    controllers: str | None = None,
    id: str = "<id>",
) -> DispatcherApp:
    """Return a dispatcher with the seven REST routes of a collection.

    controller: a class, an instance, or a name; by default *collection*, looked up by convention
        in the package *controllers*.
    member: the word for one of them, for the names of the routes; by default without the s.
    id: the parameter of one of them, such as ``<id:int>``.
    The routes are called ``recipes``, ``recipe``, ``new_recipe`` and ``edit_recipe``.

    >>> class Recipes:
    ...     def show(self, id): ...
    ...     def index(self): ...
    >>> routes = resource("recipes", Recipes)
    >>> routes.urlfor("recipe", id=3), routes.urlfor("recipes")
    ('/recipes/3', '/recipes')
    """
    made = DispatcherApp()
    words = {"collection": collection, "member": member or collection.removesuffix("s")}
    finder = ControllerFinder(controllers)
    for action, methods, rest, name in REST:
        if _lacks(controller, action):
            continue
        handler = ActionHandler(controller or collection, action, finder)
        pattern = f"/{collection}{rest.replace('<id>', id)}"
        made.match(pattern, *methods, name=name and name.format(**words))(handler)
    return made


def _lacks(controller: Any, action: str) -> bool:
    """Whether a controller that is here already has no such action."""
    if controller is None or isinstance(controller, str):
        return False
    found: Callable[..., Any] | None
    if isinstance(controller, type):
        found = getattr(controller, action, None)
    else:
        found = find_action(controller, action)
    return found is None
