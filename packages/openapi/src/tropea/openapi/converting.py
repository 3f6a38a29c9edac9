"""Unmarshal valid values: dates, times, UUIDs and bytes become Python's, defaults are put in.

openapi-core does this too, but checks every part of a value once more for each level above it.
What is written here does the plain cases as openapi-core does them; schemas that choose between
others by their value are left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

Convert = Callable[[Any], Any]
_CHOOSING = ("allOf", "anyOf", "oneOf")


class TooComplex(Exception):
    """A schema whose values only openapi-core can unmarshal."""


class Plain:
    """What becomes of the values of one schema; made of the schemas within it."""

    def __init__(self, formats: Mapping[str, Convert]) -> None:
        self._formats = formats
        self._known: dict[int, _Step] = {}

    def compile(self, path: Any) -> Convert:
        """Return what converts values of the schema at *path*; raise TooComplex."""
        schema = contents(path)
        if not isinstance(schema, dict):
            return _same
        step = self._known.get(id(schema))
        if step is None:
            step = self._known[id(schema)] = _Step()  # before what is within, which may lead back
            self._fill(step, schema, path)
        return step

    def _fill(self, step: _Step, schema: dict[str, Any], path: Any) -> None:
        if "x-model" in schema:
            raise TooComplex
        for keyword in _CHOOSING:
            if keyword in schema:
                step.other = self._optional(schema, keyword, path)
        convert = self._formats.get(schema.get("format", ""))
        step.text = convert if "string" in _types(schema) else None
        if "items" in schema:
            step.items = self.compile(path / "items")
        for name in schema.get("properties", {}):
            inner = path / "properties" / name
            step.properties[name] = self.compile(inner)
            facts = contents(inner)
            if isinstance(facts, dict) and "default" in facts:
                step.defaults[name] = facts["default"]
        if isinstance(schema.get("additionalProperties"), dict):
            step.additional = self.compile(path / "additionalProperties")

    def _optional(self, schema: dict[str, Any], keyword: str, path: Any) -> Convert:
        """Do ``anyOf: [X, {"type": "null"}]``, which is how an optional value is written."""
        parts = schema[keyword]
        rest = [n for n, part in enumerate(parts) if part != {"type": "null"}]
        plain = not {"type", "format", "properties", "items"} & set(schema)
        if keyword == "allOf" or len(rest) != 1 or len(parts) != 2 or not plain:
            raise TooComplex
        return self.compile(path / keyword / rest[0])


class _Step:
    """One schema's part of a conversion."""

    __slots__ = ("additional", "defaults", "items", "other", "properties", "text")

    def __init__(self) -> None:
        self.text: Convert | None = None
        self.items: Convert | None = None
        self.other: Convert | None = None
        self.additional: Convert | None = None
        self.properties: dict[str, Convert] = {}
        self.defaults: dict[str, Any] = {}

    def __call__(self, value: Any) -> Any:
        if value is None:
            return None
        if self.other is not None:
            return self.other(value)
        if isinstance(value, str):
            return value if self.text is None else _converted(self.text, value)
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list) and self.items is not None:
            return [self.items(item) for item in value]
        return value

    def _object(self, value: dict[str, Any]) -> dict[str, Any]:
        other = self.additional
        properties = self.properties
        found = {
            name: properties[name](item)
            if name in properties
            else (item if other is None else other(item))
            for name, item in value.items()
        }
        for name, default in self.defaults.items():
            if name not in found:
                found[name] = properties[name](deepcopy(default))
        return found


def _converted(convert: Convert, value: str) -> Any:
    try:
        return convert(value)
    except (ValueError, TypeError, AttributeError):
        return value


def _same(value: Any) -> Any:
    return value


def _types(schema: dict[str, Any]) -> tuple[str, ...]:
    given = schema.get("type", "string")
    return (given,) if isinstance(given, str) else tuple(given)


def contents(path: Any) -> Any:
    """Return what is at a SchemaPath, references followed."""
    with path.resolve() as resolved:
        return resolved.contents
