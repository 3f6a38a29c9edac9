"""Schemas that are chosen by a property of the value: ``discriminator``.

It chooses among the schemas that stand beside it, and never any other: openapi-core alone takes
whatever schema of the description the client names, and looks at no ``allOf`` beside it.

Source: OpenAPI 3.1.1 section 4.8.25; 3.2.0 (``defaultMapping``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Keyword = Callable[[Any, Any, Any, Any], Iterator[Any]]


def chosen(plain: Keyword) -> Keyword:
    """Return ``oneOf`` or ``anyOf`` as it is where a discriminator may stand beside it.

    plain: the keyword without one.
    """

    def keyword(validator: Any, parts: Any, instance: Any, schema: Any) -> Iterator[Any]:
        from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]  # has none

        found = schema.get("discriminator")
        if not isinstance(found, dict) or not validator.is_type(instance, "object"):
            yield from plain(validator, parts, instance, schema)
            return
        name = str(found.get("propertyName", ""))
        part = choose(found, parts, instance.get(name))
        if part is not None:
            yield from validator.descend(instance, parts[part], schema_path=part)
        elif name not in instance:
            yield ValidationError(f"has no {name!r}, which tells its schema")
        else:
            yield ValidationError(f"has a {name!r} that is none of its schemas")

    return keyword


def choose(discriminator: Mapping[str, Any], parts: Any, value: Any) -> int | None:
    """Return which of *parts* a value of the discriminator's property names; None for none.

    >>> parts = [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]
    >>> choose({"mapping": {"c": "Cat"}}, parts, "c"), choose({}, parts, "Dog")
    (0, 1)
    >>> choose({}, parts, "Bird") is None, choose({"defaultMapping": "Dog"}, parts, None)
    (True, 1)
    """
    if isinstance(value, str):
        mapped = discriminator.get("mapping", {}).get(value, value)
        found = _place(parts, str(mapped))
        if found is not None:
            return found
    default = discriminator.get("defaultMapping")
    return None if default is None else _place(parts, str(default))


def _place(parts: Any, target: str) -> int | None:
    for number, part in enumerate(parts):
        reference = part.get("$ref") if isinstance(part, dict) else None
        if (
            isinstance(reference, str)
            and target
            and (
                target in (reference, reference.rpartition("/")[2])
                or (reference.startswith("#/") and target.endswith(reference))
            )
        ):
            return number
    return None
