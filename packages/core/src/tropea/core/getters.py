"""Typed reading of what a client sent: whole numbers, numbers, words for true and false, dates.

One mixin serves form fields, query fields and JSON values alike, so that a mistake of the client
is answered 400 with the name of the field wherever the value came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, NoReturn

_WHOLE = re.compile(r"[+-]?[0-9]{1,4000}").fullmatch  # int() itself refuses more digits than 4300
_REAL = re.compile(
    r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?"
)
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_TRUTH = dict.fromkeys(("true", "yes", "on", "1", "t", "y"), True) | dict.fromkeys(
    ("false", "no", "off", "0", "f", "n"), False
)


def read_int(value: Any) -> int:
    """Read a whole number in ASCII digits; raise ValueError for anything else.

    ``int()`` would take underscores and the digits of every script as well.

    >>> read_int(" -5 ")
    -5
    """
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE(text := value.strip()):
        return int(text)
    raise ValueError("expected a whole number")


def read_float(value: Any) -> float:
    """Read a finite decimal number; raise ValueError for anything else.

    >>> read_float("1.5e3")
    1500.0
    """
    if isinstance(value, str) and _REAL.fullmatch(text := value.strip()):
        number = float(text)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
    else:
        raise ValueError("expected a number")
    if number - number != 0:  # infinite, or not a number
        raise ValueError("expected a finite number")
    return number


def read_bool(value: Any) -> bool:
    """Read the usual words for true and false; raise ValueError for anything else.

    >>> read_bool("On"), read_bool("no")
    (True, False)
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, str)):
        found = _TRUTH.get(str(value).strip().lower()) if len(str(value)) < 64 else None
        if found is not None:
            return found
    raise ValueError("expected true or false")


def read_date(value: Any) -> date:
    """Read a day written as a date field of HTML sends it; raise ValueError for anything else.

    >>> read_date("2026-11-21")
    datetime.date(2026, 11, 21)
    """
    if isinstance(value, str) and _ISO_DATE(text := value.strip()):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise ValueError("expected a date such as 2026-11-21")


class Getters:
    """The getters of form fields, query fields and JSON values.

    A class that mixes this in says in ``_values`` which values a key has.  Where a value is
    missing and ``required``, or cannot be read, RequestArgsKeyError or
    RequestArgsConversionError is raised: both are answered 400 and name the key.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def _values(self, key: Any) -> list[Any]:
            """List the values of *key*, the first one first; none when it is absent."""

    def getlist(
        self,
        key: Any = None,
        func: Callable[[Any], Any] | None = None,
        default: Any = (),
        *,
        required: bool = False,
    ) -> list[Any]:
        """List every value of *key*, each through *func*; a list of *default* when it has none."""
        values = self._values(key)
        if not values:
            if required:
                _missing(key)
            return list(default)
        return values if func is None else [_read(key, value, func) for value in values]

    def getfirst(
        self,
        key: Any = None,
        default: Any = None,
        func: Callable[[Any], Any] | None = None,
        *,
        required: bool = False,
    ) -> Any:
        """Return the first value of *key* through *func*, or *default* as it is."""
        values = self._values(key)
        if not values:
            if required:
                _missing(key)
            return default
        return values[0] if func is None else _read(key, values[0], func)

    def getint(self, key: Any = None, default: Any = None, *, required: bool = False) -> Any:
        """Return the first value of *key* as an int; a blank one counts as missing."""
        return self._typed(key, default, read_int, required=required)

    def getfloat(self, key: Any = None, default: Any = None, *, required: bool = False) -> Any:
        """Return the first value of *key* as a finite float; a blank one counts as missing."""
        return self._typed(key, default, read_float, required=required)

    def getbool(self, key: Any = None, default: Any = None, *, required: bool = False) -> Any:
        """Return whether *key* says true, yes, on or 1; a blank value counts as missing."""
        return self._typed(key, default, read_bool, required=required)

    def getdate(self, key: Any = None, default: Any = None, *, required: bool = False) -> Any:
        """Return the first value of *key*, ``2026-11-21``, as a date; a blank one is missing."""
        return self._typed(key, default, read_date, required=required)

    def _typed(self, key: Any, default: Any, func: Callable[[Any], Any], *, required: bool) -> Any:
        values = self._values(key)
        value = values[0] if values else None
        if value is None or (isinstance(value, str) and not value.strip()):
            if required:
                _missing(key)
            return default
        return _read(key, value, func)


def _read(key: Any, value: Any, func: Callable[[Any], Any]) -> Any:
    try:
        return func(value)
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError) as error:
        from tropea.core.request_args import RequestArgsConversionError

        raise RequestArgsConversionError(key, error) from error


def _missing(key: Any) -> NoReturn:
    from tropea.core.request_args import RequestArgsKeyError

    raise RequestArgsKeyError(key)
