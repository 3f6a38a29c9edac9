"""The names of converters in patterns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .converters import Converter, StringConverter
from .errors import PatternError
from .kinds import (
    AnyConverter,
    DateConverter,
    EnumConverter,
    FloatConverter,
    HexConverter,
    IntConverter,
    PathConverter,
    SlugConverter,
    UUIDConverter,
    WordConverter,
)

#: What makes a converter of the arguments in a pattern: usually its class.
Factory = Callable[..., Converter]

#: The converters that every table knows; :func:`register_converter` adds to it.
CONVERTERS: dict[str, Factory] = {
    "str": StringConverter,
    "unicode": StringConverter,
    "string": StringConverter,
    "int": IntConverter,
    "float": FloatConverter,
    "word": WordConverter,
    "hex": HexConverter,
    "slug": SlugConverter,
    "uuid": UUIDConverter,
    "date": DateConverter,
    "path": PathConverter,
    "any": AnyConverter,
    "enum": EnumConverter,
}


def as_factory(name: str, converter: Converter | Factory) -> Factory:
    """Accept a converter, a class of converters or a function that makes one."""
    if not name.isidentifier() or name == "re":
        raise PatternError(f"a converter cannot be called {name!r}")
    if isinstance(converter, Converter):
        made = converter

        def always(*args: Any) -> Converter:
            if args:
                raise PatternError(f"converter {name} takes no arguments, got {args!r}")
            return made

        return always
    return converter


def register_converter(name: str, converter: Converter | Factory) -> None:
    """Make *converter* known under *name* to every pattern built from now on.

    converter: an instance, or a class or function called with the arguments of the pattern.

    >>> from tropea.dispatch import RegexConverter
    >>> register_converter("vowel", RegexConverter("[aeiou]"))
    >>> sorted(CONVERTERS)[-2:]
    ['vowel', 'word']
    """
    CONVERTERS[name] = as_factory(name, converter)


def make_converter(
    name: str, args: tuple[str | float, ...], registry: Mapping[str, Factory]
) -> Converter:
    """Return the converter called *name*; PatternError names one that nobody knows."""
    factory = registry.get(name)
    if factory is None:
        raise PatternError(
            f"there is no converter {name!r}; known are {', '.join(sorted(registry))}"
        )
    try:
        return factory(*args)
    except TypeError as error:
        raise PatternError(f"converter {name!r} refuses the arguments {args!r}: {error}") from None
