"""Make JSON Schema of Python's annotations: built-in types, dataclasses, TypedDicts, enums.

Source: JSON Schema 2020-12, as OpenAPI 3.1 has it.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import (
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)
from uuid import UUID

Schema = dict[str, Any]
_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Decimal: {"type": "number"},
    bytes: {"type": "string", "format": "binary"},
    type(None): {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    UUID: {"type": "string", "format": "uuid"},
}
_LISTS = (list, tuple, set, frozenset, Sequence)


class Schemas:
    """Schemas of types; those with a name of their own are gathered for ``components``.

    >>> Schemas().of(dict[str, list[int | None]])
    {'type': 'object', 'additionalProperties': {'type': 'array',
     'items': {'anyOf': [{'type': 'integer'}, {'type': 'null'}]}}}
    """

    def __init__(self) -> None:
        self.named: dict[str, Schema] = {}
        self._types: dict[str, Any] = {}

    def of(self, kind: Any) -> Schema:
        """Return the schema of a type; an empty one, which takes anything, where it is not known.

        A mapping is a schema already.
        """
        if isinstance(kind, Mapping):
            return dict(kind)
        if get_origin(kind) is not None:
            return self._generic(kind)
        if not isinstance(kind, type) and kind is not None:
            return {}
        plain = _PLAIN.get(type(None) if kind is None else kind)
        return self._class(kind) if plain is None else dict(plain)

    def _generic(self, kind: Any) -> Schema:
        origin, arguments = get_origin(kind), get_args(kind)
        if origin in {Union, types.UnionType}:
            return {"anyOf": [self.of(part) for part in arguments]}
        if origin is Literal:
            return {"enum": list(arguments)}
        if origin in {Required, NotRequired}:
            return self.of(arguments[0])
        if hasattr(kind, "__metadata__"):  # Annotated: mappings in it are keywords
            found = self.of(arguments[0])
            for extra in arguments[1:]:
                found.update(extra if isinstance(extra, Mapping) else {})
            return found
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        if origin in _LISTS:
            return {"type": "array", "items": self.of(arguments[0])}
        return {}

    def _class(self, kind: Any) -> Schema:
        if issubclass(kind, Enum):
            return {"enum": [member.value for member in kind]}
        if dataclasses.is_dataclass(kind) or is_typeddict(kind):
            return {"$ref": f"#/components/schemas/{self._name(kind)}"}
        if issubclass(kind, dict):
            return {"type": "object"}
        return {"type": "array"} if issubclass(kind, (list, tuple, set)) else {}

    def _name(self, kind: Any) -> str:
        name, number = str(kind.__name__), 1
        while self._types.get(name, kind) is not kind:
            number += 1
            name = f"{kind.__name__}{number}"
        if name not in self._types:
            self._types[name] = kind
            self.named[name] = {}  # a type may hold itself
            self.named[name] = self._object(kind)
        return name

    def _object(self, kind: Any) -> Schema:
        hints = get_type_hints(kind, include_extras=True)
        found: Schema = {"type": "object"}
        own = (kind.__doc__ or "").strip()
        if own and not own.startswith(f"{kind.__name__}("):  # which dataclass writes by itself
            found["description"] = own.splitlines()[0]
        if dataclasses.is_dataclass(kind):
            required = [
                field.name
                for field in dataclasses.fields(kind)
                if field.default is field.default_factory is dataclasses.MISSING
            ]
            hints = {field.name: hints[field.name] for field in dataclasses.fields(kind)}
        else:
            required = sorted(kind.__required_keys__, key=list(hints).index)
        found["properties"] = {name: self.of(hint) for name, hint in hints.items()}
        for name, value in _defaults(kind):
            found["properties"][name]["default"] = value
        if required:
            found["required"] = required
        return found


def _defaults(kind: Any) -> Iterator[tuple[str, Any]]:
    """Yield the defaults of a dataclass that JSON can write."""
    if dataclasses.is_dataclass(kind):
        for field in dataclasses.fields(kind):
            if field.default is None or isinstance(field.default, (bool, int, float, str)):
                yield field.name, field.default
