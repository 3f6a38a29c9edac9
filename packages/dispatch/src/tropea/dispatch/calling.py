"""How a handler takes the groups of its route: by name, or by position where its names differ."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from tropea.core.errors import OptionError
from tropea.core.options import load_object

from .errors import RouteError
from .patterns import Pattern
from .rawpatterns import RegexPattern


def takes_by_position(handler: Any, pattern: Pattern) -> bool:
    """Whether *handler* has to be given the groups of *pattern* by position.

    Raises RouteError for a handler that can take them in neither way, or that needs more.
    """
    if pattern.opaque:
        return False
    keys = pattern.keys
    unnamed = any(isinstance(key, int) for key in keys)
    try:
        signature = inspect.signature(handler)
        # A decorator may fill in arguments itself: then what it takes counts.
        own = inspect.signature(handler, follow_wrapped=False)
    except (TypeError, ValueError):  # a builtin that does not tell
        return unnamed
    named = [str(key) for key in keys if isinstance(key, str)]
    for tried in (signature, own):
        if not unnamed and _binds(tried, 0, named):
            return False
        if _binds(tried, len(keys) - len(named), named) or _binds(tried, len(keys), []):
            return True
    raise RouteError(
        f"{describe(handler)}{signature} cannot be called with the request and "
        f"{', '.join(map(str, keys)) or 'nothing else'}"
    )


def _binds(signature: inspect.Signature, placed: int, named: Sequence[str]) -> bool:
    try:
        signature.bind(None, *[None] * placed, **dict.fromkeys(named))
    except TypeError:
        return False
    return True


#: Ways to call a handler that need no thought: alone, with one value, with all by name.
ALONE, WITH_ONE, BY_NAME = 1, 2, 3


def simple_call(call: Any, pattern: Pattern) -> int:
    """Return how *call*, which takes the groups by name, is called soonest."""
    if pattern.opaque or len(pattern.keys) > 1 or isinstance(pattern, RegexPattern):
        return BY_NAME
    if not pattern.keys:
        return ALONE
    try:
        parameters = [*inspect.signature(call, follow_wrapped=False).parameters.values()]
    except (TypeError, ValueError):
        return BY_NAME
    if len(parameters) < 2 or parameters[1].kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
        return BY_NAME
    return WITH_ONE if parameters[1].name == pattern.keys[0] else BY_NAME


def refuse_unbound(handler: Any) -> None:
    """Raise RouteError for a method that was taken from its class instead of an instance."""
    if not inspect.isfunction(handler):
        return
    *around, _ = handler.__qualname__.split(".")
    if around and around[-1] != "<locals>" and next(iter(_parameters(handler)), "") == "self":
        raise RouteError(
            f"{handler.__qualname__} is not bound to an instance: register "
            f"{around[-1]}(…).{handler.__name__}, or use a Controller"
        )


def _parameters(handler: Any) -> list[str]:
    try:
        return list(inspect.signature(handler).parameters)
    except (TypeError, ValueError):
        return []


def import_handler(name: str) -> Callable[..., Any]:
    """Import ``pkg.mod:show`` or ``pkg.mod.show``; RouteError says which part is missing."""
    try:
        found = load_object(name if ":" in name else ":".join(name.rpartition(".")[::2]))
    except OptionError as error:
        raise RouteError(f"handler {name!r}: {error}") from None
    if not callable(found):
        raise RouteError(f"handler {name!r} is {type(found).__name__}, which cannot be called")
    handler: Callable[..., Any] = found
    return handler


def describe(handler: Any) -> str:
    """Name a handler for people: ``package.module.function``."""
    if isinstance(handler, str):
        return handler
    name = getattr(handler, "__qualname__", None) or type(handler).__qualname__
    return f"{getattr(handler, '__module__', '?')}.{name}"
