"""Typed options that keyword arguments and ini files share.

A layer declares its options once, as a frozen dataclass.  A keyword argument and an ini key then
have the same name, default, unit and error message.

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True)
... class Options:
...     max_age: int = 0       # seconds
...     weak: bool = False
>>> read_options(Options, (), {"max_age": "60"}, where="[filter:etag]")
Options(max_age=60, weak=False)
>>> read_options(Options, (), {"maxage": 60}, where="etag_middleware")
Traceback (most recent call last):
...
tropea.core.errors.OptionError: etag_middleware: has no option 'maxage'; did you mean 'max_age'?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeVar, cast, get_type_hints

from tropea.core.errors import OptionError
from tropea.core.readers import Reader, duration, load_object, reader_for, size

__all__ = ["NoOptions", "duration", "load_object", "read_options", "size"]

T = TypeVar("T")


@dataclass(frozen=True)
class NoOptions:
    """The options of a layer that has none."""


def read_options(cls: type[T], args: Sequence[Any], kwargs: Mapping[str, Any], *, where: str) -> T:
    """Build a *cls* of options from positional and keyword arguments, or from ini strings.

    A string given for an option that is not text is read as an ini file's; any other value must
    be of the option's type.  ``field(metadata={"read": function, "expects": "words"})`` replaces
    the reader of one option.

    where: the layer or the ini section, for messages only.
    Raises OptionError for too many arguments, an unknown name, a missing or an unreadable value.
    """
    declared = _declared(cast("Any", cls))
    if len(args) > len(declared):
        raise OptionError(f"{where}: takes at most {len(declared)} options, got {len(args)}")
    given = dict(zip(declared, args, strict=False))
    for name, value in kwargs.items():
        if name not in declared:
            raise OptionError(f"{where}: has no option {name!r}{nearest(name, declared)}")
        if name in given:
            raise OptionError(f"{where}: {name}: given twice")
        given[name] = value
    values = {name: _read(declared[name], value, where) for name, value in given.items()}
    for name, (option, _) in declared.items():
        if name not in values and option.default is MISSING and option.default_factory is MISSING:
            raise OptionError(f"{where}: needs the option {name!r}")
    try:
        return cls(**values)
    except OptionError as error:  # from __post_init__, where options are compared
        raise OptionError(f"{where}: {error}") from None


def nearest(word: str, known: Any) -> str:
    """Complete a message with the known word that is most like *word*, where there is one."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return (
        f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(sorted(known)) or 'none'}"
    )


def option_names(cls: type) -> tuple[str, ...]:
    """List the names of the options of *cls*, in the order of its positional arguments."""
    return tuple(_declared(cls))


@cache
def _declared(cls: Any) -> dict[str, tuple[Field[Any], Reader]]:
    hints = get_type_hints(cls)
    return {
        option.name: (option, _reader(option, hints[option.name]))
        for option in fields(cls)
        if option.init
    }


def _reader(option: Field[Any], hint: Any) -> Reader:
    base = reader_for(hint)
    read = option.metadata.get("read")
    if read is None:
        return base
    return Reader(read, option.metadata.get("expects", base.expects), base.accepts)


def _read(declared: tuple[Field[Any], Reader], value: Any, where: str) -> Any:
    option, reader = declared
    if not isinstance(value, str):
        if reader.accepts(value) or value is option.default:
            return value
    else:
        try:
            return reader.read(value.strip())
        except OptionError as error:
            raise OptionError(f"{where}: {option.name}: {error}") from None
        except (ValueError, KeyError, OverflowError):
            pass  # the message below says all there is to say
    raise OptionError(f"{where}: {option.name}: expected {reader.expects}, got {value!r}")
