"""How the text of an ini file becomes a value of an option's type."""

from __future__ import annotations

import re
import types
from collections.abc import Callable
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from tropea.core.errors import OptionError


class Reader(NamedTuple):
    """One type's reader.

    read: text to value; raises ValueError, KeyError or OptionError.
    expects: what is wanted, in words, for a message.
    accepts: whether a value that is no text is of the type.
    """

    read: Callable[[str], Any]
    expects: str
    accepts: Callable[[Any], bool]


_TRUTH = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(
    ("false", "no", "off", "0"), False
)
_SIZE = re.compile(r"([0-9]{1,15}) ?(|[kmg]i?b?|b)").fullmatch
_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?(|ms|s|m|h|d|w)").fullmatch
_SIZES = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_SECONDS = {"": 1, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def size(text: str) -> int:
    """Read a number of bytes: ``65536``, ``64K``, ``10M``, ``1GiB``; a K is 1024 bytes.

    >>> size("10M")
    10485760
    """
    match = _SIZE(text.lower())
    if match is None:
        raise ValueError(text)
    return int(match[1]) * _SIZES[match[2][:1]]


def duration(text: str) -> float:
    """Read seconds: ``90``, ``1.5``, ``500ms``, ``5m``, ``2h``, ``7d``, ``1w``.

    >>> duration("5m")
    300.0
    """
    match = _DURATION(text.lower())
    if match is None:
        raise ValueError(text)
    return float(match[1]) * _SECONDS[match[2]]


def load_object(name: str) -> Any:
    """Import what ``pkg.mod:name`` (dots allowed in *name*) stands for.

    Raises OptionError that says which part is missing.

    >>> load_object("collections:OrderedDict.fromkeys").__name__
    'fromkeys'
    """
    module, colon, path = name.partition(":")
    if not colon or not module or not path:
        raise OptionError(f"expected 'package.module:name', got {name!r}")
    try:
        found: Any = import_module(module)
    except ImportError as error:
        raise OptionError(f"cannot import {module!r} of {name!r}: {error}") from None
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise OptionError(f"{module!r} has no {path!r}") from None
    return found


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise ValueError(text)
    return int(text)


def _real(text: str) -> float:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?", text):
        raise ValueError(text)
    return float(text)


def _never(_value: Any) -> bool:
    return False


def _always(_value: Any) -> bool:
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_PLAIN: dict[Any, Reader] = {
    str: Reader(str, "text", _never),
    bytes: Reader(str.encode, "text", lambda value: isinstance(value, bytes)),
    int: Reader(
        _whole, "a whole number", lambda value: _is_number(value) and isinstance(value, int)
    ),
    float: Reader(_real, "a number", _is_number),
    bool: Reader(
        lambda text: _TRUTH[text.lower()], "true or false", lambda value: isinstance(value, bool)
    ),
    Path: Reader(Path, "a path", lambda value: isinstance(value, Path)),
}
_OBJECT = Reader(load_object, "an object, or 'package.module:name'", _always)


def reader_for(hint: Any) -> Reader:
    """Find the reader of a type hint; what no other reader knows is an object by dotted name."""
    plain = _PLAIN.get(hint)
    if plain is not None:
        return plain
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _one_of([reader_for(a) for a in arguments if a is not type(None)],
                       optional=type(None) in arguments)  # fmt: skip
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _many(reader_for(arguments[0]))
    if origin is Literal:
        return _literal(arguments)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint)
    return _OBJECT


def _one_of(readers: list[Reader], *, optional: bool) -> Reader:
    def read(text: str) -> Any:
        if optional and text.lower() in {"", "none"}:
            return None
        problem: Exception = ValueError(text)
        for reader in readers:
            try:
                return reader.read(text)
            except (ValueError, KeyError) as error:
                problem = error
        raise problem

    def accepts(value: Any) -> bool:
        return (optional and value is None) or any(r.accepts(value) for r in readers)

    expects = " or ".join(dict.fromkeys(reader.expects for reader in readers))
    return Reader(read, f"{expects} or none" if optional else expects, accepts)


def _many(member: Reader) -> Reader:
    def accepts(value: Any) -> bool:
        return isinstance(value, (tuple, list, set, frozenset)) and all(
            (member.expects == "text" and isinstance(v, str)) or member.accepts(v) for v in value
        )

    return Reader(
        lambda text: tuple(member.read(word) for word in _words(text)),
        "words separated by blanks" if member.expects == "text" else f"{member.expects}, repeated",
        accepts,
    )


def _literal(choices: tuple[Any, ...]) -> Reader:
    table = {str(choice).lower(): choice for choice in choices}
    return Reader(
        lambda text: table[text.lower()],
        "one of " + ", ".join(repr(choice) for choice in choices),
        lambda value: value in choices,
    )


def _enum(kind: type[Enum]) -> Reader:
    table = {str(member.value).lower(): member for member in kind}
    return Reader(
        lambda text: table[text.lower()],
        "one of " + ", ".join(repr(member.value) for member in kind),
        lambda value: isinstance(value, kind),
    )
