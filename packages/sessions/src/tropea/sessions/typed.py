"""Dataclasses in, dataclasses out: typed views of a session's data."""

from __future__ import annotations

import types
from dataclasses import MISSING, asdict, fields, is_dataclass
from typing import Any, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from tropea.sessions.errors import SessionValueError

T = TypeVar("T")


class _Unfit(Exception):
    """What is stored does not have the shape that is asked for."""


def key_of(kind: type) -> str:
    """Return the key under which instances of a dataclass are kept."""
    return kind.__name__.lower()


def plain(value: Any) -> dict[str, Any]:
    """Return a dataclass instance as a dict of plain values.

    Raises SessionValueError for one that ``build`` would not make again of that.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Cart:
    ...     items: list[str]
    >>> plain(Cart(["bread"]))
    {'items': ['bread']}
    """
    if not is_dataclass(value) or isinstance(value, type):
        raise SessionValueError(f"expected an instance of a dataclass, got {value!r}")
    stored: dict[str, Any] = _lists(asdict(value))
    again = build(type(value), stored)
    if again is None or _lists(asdict(again)) != stored:
        raise SessionValueError(f"{value!r} would not come back as it is")
    return stored


def build(kind: type[T], stored: Any) -> T | None:
    """Build a *kind* from what ``plain`` made of one; None where it does not fit.

    Fields that the class no longer has are left out, new ones take their defaults: sessions
    outlive releases.
    """
    try:
        built: T = _build(kind, stored)
    except _Unfit:
        return None
    return built


def _lists(value: Any) -> Any:
    """Write sets and tuples as JSON has them, those of sets in order where they have one."""
    if isinstance(value, dict):
        return {key: _lists(member) for key, member in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(map(_lists, value), key=repr)
    return [_lists(member) for member in value] if isinstance(value, (list, tuple)) else value


def _build(hint: Any, value: Any) -> Any:
    if hint is Any:
        return value
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _literal(arguments, value)
    if isinstance(hint, NewType):
        return _build(hint.__supertype__, value)
    if origin in (Union, types.UnionType):
        return _first_fit(arguments, value)
    if is_dataclass(hint):
        return _dataclass(hint, value)
    if origin in (list, tuple, set, frozenset) and isinstance(value, list):
        return _sequence(origin, arguments, value)
    if origin is dict and isinstance(value, dict):
        return {key: _build(arguments[1], member) for key, member in value.items()}
    if hint is float and type(value) is int:
        return float(value)
    expected = type(None) if hint is None else hint
    if isinstance(expected, type) and type(value) is expected:
        return value
    raise _Unfit


def _dataclass(kind: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        raise _Unfit
    try:
        hints = get_type_hints(kind)
    except NameError as error:
        raise SessionValueError(f"the fields of {kind.__name__} cannot be read: {error}") from None
    given = {}
    for field in fields(kind):
        if not field.init:
            continue
        if field.name in value:
            given[field.name] = _build(hints[field.name], value[field.name])
        elif field.default is MISSING and field.default_factory is MISSING:
            raise _Unfit
    try:
        return kind(**given)
    except (TypeError, ValueError):  # what it asks of its values has changed since
        raise _Unfit from None


def _literal(choices: tuple[Any, ...], value: Any) -> Any:
    if any(type(choice) is type(value) and choice == value for choice in choices):
        return value
    raise _Unfit


def _first_fit(choices: tuple[Any, ...], value: Any) -> Any:
    for choice in choices:
        try:
            return _build(choice, value)
        except _Unfit:
            continue
    raise _Unfit


def _sequence(origin: Any, arguments: tuple[Any, ...], value: list[Any]) -> Any:
    if origin is tuple and (len(arguments) != 2 or arguments[1] is not Ellipsis):
        if len(arguments) != len(value):
            raise _Unfit
        return tuple(_build(a, v) for a, v in zip(arguments, value, strict=True))
    return origin(_build(arguments[0], member) for member in value)
