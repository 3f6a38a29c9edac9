"""Fields of a request as arguments of a handler, converted and checked."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from datetime import date, datetime
from functools import partial, wraps
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from tropea.core.exceptions import BadRequest
from tropea.core.foundation import webob
from tropea.core.getters import read_bool, read_date, read_float, read_int


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("expected text")
    return value


#: Strict readers of the types for which calling the type would be lenient or wrong.
_READERS: dict[Any, Callable[[Any], Any]] = {
    int: read_int,
    float: read_float,
    bool: read_bool,
    date: read_date,
    datetime: lambda value: datetime.fromisoformat(_text(value)),
    str: _text,
}
_NOTHING: Any = object()


class RequestArgsError(BadRequest):
    """A field that a handler needs is missing or unreadable: 400, and names the field."""

    def __init__(self, name: Any, detail: str) -> None:
        self.name = name
        super().__init__(detail)


class RequestArgsKeyError(RequestArgsError, KeyError):
    """A field is missing.

    >>> raise RequestArgsKeyError("id")
    Traceback (most recent call last):
    ...
    tropea.core.request_args.RequestArgsKeyError: Missing parameter 'id'
    """

    def __init__(self, name: Any) -> None:
        super().__init__(name, f"Missing parameter {str(name)[:100]!r}")


class RequestArgsConversionError(RequestArgsError, ValueError):
    """A field cannot be read as what it should be."""

    def __init__(self, name: Any, reason: object) -> None:
        super().__init__(
            name,
            f"Could not convert parameter {str(name)[:100]!r} to requested type"
            f" ({str(reason)[:200]})",
        )


def with_request_args(
    handler: Callable[..., Any] | None = None, /, *, strict_checking: bool = False, **kinds: Any
) -> Any:
    """Give a handler fields of its request as arguments.

    A type is a callable that takes text; ``[str]`` asks for all values of the field.  Without
    types the annotations of the handler's parameters after the request say them.  A field is
    looked for among the arguments that the handler gets anyway (from the path), in the form,
    then in the query.

    strict_checking: whether an unreadable field is an error even where the signature has a
        default for it.

    Raises RequestArgsKeyError and RequestArgsConversionError, both answered 400, where the
    signature has no default.

    >>> from tropea.core import Request
    >>> @with_request_args(id=int, tags=[str])
    ... def show(request, id, tags, page=1):
    ...     return id, tags, page
    >>> show(Request.blank("/?id=5&tags=a&tags=b"))
    (5, ['a', 'b'], 1)
    >>> @with_request_args
    ... def find(request, name: str, limit: int = 10):
    ...     return name, limit
    >>> find(Request.blank("/?name=pie&limit=3"))
    ('pie', 3)
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        parameters = inspect.signature(function).parameters
        specs = _specs(kinds or _annotated(function), function)

        @wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            given = dict(zip(parameters, args, strict=False))
            request = _find_request(args, kwargs)
            for name, spec in specs.items():
                if name in given or not isinstance(kwargs.get(name, ""), str):
                    continue  # given in place, or converted already by a route
                value = _fetch(
                    request,
                    name,
                    spec,
                    kwargs,
                    parameter=parameters.get(name),
                    strict=strict_checking,
                )
                if value is not _NOTHING:
                    kwargs[name] = value
            return function(*args, **kwargs)

        return decorated

    return decorate if handler is None else decorate(handler)


def _find_request(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    for value in (*args[:2], kwargs.get("request")):
        if isinstance(value, webob.Request):
            return value
    raise TypeError("with_request_args decorates handlers, whose first argument is the request")


def _fetch(
    request: Any,
    name: str,
    spec: tuple[Callable[[Any], Any], bool],
    kwargs: dict[str, Any],
    *,
    parameter: inspect.Parameter | None,
    strict: bool,
) -> Any:
    """Return the converted value; _NOTHING where the signature's default is to be used."""
    convert, many = spec
    has_default = parameter is not None and parameter.default is not inspect.Parameter.empty
    if name in kwargs:
        values = [kwargs[name]]
    else:
        values = request.form.getlist(name) or request.query.getlist(name)
    if not values:
        if has_default:
            return _NOTHING
        if many:
            return []
        raise RequestArgsKeyError(name)
    try:
        return [convert(value) for value in values] if many else convert(values[0])
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError) as error:
        if has_default and not strict:
            kwargs.pop(name, None)
            return _NOTHING
        raise RequestArgsConversionError(name, error) from error


def _annotated(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of the parameters after the request."""
    names = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    skipped = 2 if names[:1] == ["self"] else 1
    said = getattr(function, "__annotations__", {})
    known = getattr(inspect.unwrap(function), "__globals__", {})
    return {name: _hint(name, said[name], known) for name in names[skipped:] if name in said}


def _hint(name: str, said: Any, known: dict[str, Any]) -> Any:
    """Resolve one annotation: others may be of names that only a type checker knows."""
    return get_type_hints(types.SimpleNamespace(__annotations__={name: said}), known)[name]


def _specs(
    given: dict[str, Any], function: Callable[..., Any]
) -> dict[str, tuple[Callable[[Any], Any], bool]]:
    specs = {}
    for name, kind in given.items():
        inner, many = _item_type(kind)
        if not callable(inner):
            raise TypeError(f"{function.__name__}: {name}: {inner!r} converts nothing")
        specs[name] = (_reader(inner), many)
    return specs


def _reader(kind: Any) -> Callable[[Any], Any]:
    if get_origin(kind) is Literal:
        return partial(_one_of, {str(choice): choice for choice in get_args(kind)})
    reader: Callable[[Any], Any] = _READERS.get(kind, kind)
    return reader


def _one_of(choices: dict[str, Any], value: Any) -> Any:
    if value not in choices:
        raise ValueError(f"expected one of {', '.join(choices)}")
    return choices[value]


def _item_type(kind: Any) -> tuple[Any, bool]:
    """Take ``[int]``, ``list[int]`` and ``int | None`` apart: the type, and whether it is many."""
    if isinstance(kind, list):
        return (kind[0] if kind else str), True
    if kind is list:
        return str, True
    origin = get_origin(kind)
    if origin is list:
        return get_args(kind)[0], True
    if origin in (tuple, set, frozenset):
        raise TypeError(f"several values are asked for with a list, not with {kind!r}")
    if origin in (Union, types.UnionType):
        inner = [member for member in get_args(kind) if member is not type(None)]
        return _item_type(inner[0]) if len(inner) == 1 else (str, False)
    return (str, False) if kind is Any else (kind, False)
