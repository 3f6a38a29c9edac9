"""Keywords of JSON Schema that jsonschema checks in more than linear time, checked in linear time.

Source: JSON Schema 2020-12, Validation section 6.4.3 (uniqueItems).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any


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


@lru_cache(maxsize=32)
def _linear(validator_class: Any) -> Any:
    from jsonschema.validators import extend  # type: ignore[import-untyped]  # has none

    return extend(validator_class, {"uniqueItems": unique_items})


def made_linear(validator: Any) -> Any:
    """Return a jsonschema validator like *validator*, with the keywords of this module."""
    kind: Any = type(validator)
    return _linear(kind)(
        validator.schema,
        _resolver=validator._resolver,  # noqa: SLF001  what openapi-core itself makes it with
        format_checker=validator.format_checker,
    )
