"""Keywords of JSON Schema that jsonschema or openapi-core check otherwise than they are meant.

``uniqueItems`` in linear time, ``multipleOf`` in decimals, patterns as JavaScript reads them,
discriminators that choose among the schemas beside them.

Source: JSON Schema 2020-12, Validation sections 6.2.1, 6.3.3 and 6.4.3, Core section 10.3.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

from tropea.openapi.choosing import chosen
from tropea.openapi.patterns import searcher


def canonical(value: Any) -> str:
    """Return one text for all JSON values that are equal, and another for each that is not.

    Text, because a client cannot choose texts whose hashes collide, as it can with numbers.

    >>> canonical([1.0, {"b": True, "a": None}]) == canonical([1, {"a": None, "b": True}])
    True
    >>> canonical(True) == canonical(1)
    False
    """
    if isinstance(value, str):
        return f"s{len(value)}:{value}"
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, float) and value.is_integer():
        return f"n{int(value)}"
    if isinstance(value, list):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, dict):
        members = (f"{canonical(name)}={canonical(value[name])}" for name in sorted(value))
        return f"{{{','.join(members)}}}"
    return f"n{value}"


def unique_items(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """Do ``uniqueItems`` with a set; jsonschema compares each item with each, where types mix."""
    from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]  # has none

    if wanted is not True or not validator.is_type(instance, "array"):
        return
    if len({canonical(item) for item in instance}) != len(instance):
        yield ValidationError("has items that are not unique")


def multiple_of(validator: Any, factor: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """Do ``multipleOf`` with the decimals that were written: 19.99 is a multiple of 0.01."""
    from jsonschema.exceptions import ValidationError

    if not validator.is_type(instance, "number"):
        return
    if (_exactly(instance) / _exactly(factor)).denominator != 1:
        yield ValidationError(f"{instance!r} is not a multiple of {factor}")


def _exactly(number: float) -> Fraction:
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def pattern(validator: Any, wanted: str, instance: Any, schema: Any) -> Iterator[Any]:
    """Do ``pattern`` as JavaScript does."""
    from jsonschema.exceptions import ValidationError

    if validator.is_type(instance, "string") and searcher(wanted)(instance) is None:
        yield ValidationError(f"{instance!r} does not match {wanted!r}")


def pattern_properties(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """Do ``patternProperties`` as JavaScript does."""
    if not validator.is_type(instance, "object"):
        return
    for expression, inner in wanted.items():
        search = searcher(expression)
        for name, value in instance.items():
            if search(name) is not None:
                yield from validator.descend(value, inner, path=name, schema_path=expression)


def additional_properties(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """Do ``additionalProperties`` for those that neither name nor pattern has."""
    from jsonschema.exceptions import ValidationError

    if not validator.is_type(instance, "object"):
        return
    known = schema.get("properties", {})
    searches = [searcher(expression) for expression in schema.get("patternProperties", ())]
    extra = [
        name
        for name in instance
        if name not in known and not any(search(name) is not None for search in searches)
    ]
    if wanted is False and extra:
        shown = ", ".join(map(repr, extra[:5]))
        was = "was" if len(extra) == 1 else "were"
        yield ValidationError(f"Additional properties are not allowed ({shown} {was} unexpected)")
    if validator.is_type(wanted, "object"):
        for name in extra:
            yield from validator.descend(instance[name], wanted, path=name)


@lru_cache(maxsize=32)
def _mended(validator_class: Any) -> Any:
    from jsonschema.validators import (  # type: ignore[import-untyped]  # has none
        Draft202012Validator,
        extend,
    )

    plain = Draft202012Validator.VALIDATORS
    ours = {
        "uniqueItems": unique_items,
        "multipleOf": multiple_of,
        "pattern": pattern,
        "patternProperties": pattern_properties,
        "additionalProperties": additional_properties,
        "allOf": plain["allOf"],
        "oneOf": chosen(plain["oneOf"]),
        "anyOf": chosen(plain["anyOf"]),
    }
    has = validator_class.VALIDATORS
    return extend(validator_class, {name: check for name, check in ours.items() if name in has})


def mended(validator: Any) -> Any:
    """Return a jsonschema validator like *validator*, with the keywords of this module."""
    kind: Any = type(validator)
    return _mended(kind)(
        validator.schema,
        _resolver=validator._resolver,  # noqa: SLF001  what openapi-core itself makes it with
        format_checker=validator.format_checker,
    )
