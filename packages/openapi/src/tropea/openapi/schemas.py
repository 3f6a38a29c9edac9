"""Check values against one schema of a description, and unmarshal them.

What a schema needs is made once, when the layer is built: openapi-core alone makes it again for
every value.
"""

from __future__ import annotations

import inspect
import logging
import warnings
from functools import cached_property
from itertools import islice
from typing import Any

from tropea.openapi.casting import Shape
from tropea.openapi.converting import Plain, TooComplex, contents
from tropea.openapi.keywords import mended
from tropea.openapi.problems import MOST, shorten
from tropea.openapi.specification import Specification

__all__ = ["Schema", "changes", "contents", "lookup", "shape_of"]

log = logging.getLogger("tropea.openapi")

#: Keywords at whose presence a value may become another one.
_CHANGING = ("format", "default", "x-model")
_COMBINED = ("allOf", "anyOf", "oneOf")
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}


class Schema:
    """One schema, ready for use.

    reading: whether values are an answer's; OpenAPI 3.0 tells ``readOnly`` by it.
    """

    def __init__(self, spec: Specification, path: Any, *, reading: bool = False) -> None:
        self._path = path
        found = contents(path)
        self.default = found.get("default", ...) if isinstance(found, dict) else ...
        self._unmarshaller = _make_unmarshaller(spec, path, reading=reading)
        checker = self._unmarshaller.schema_validator
        self._validator = checker.validator = mended(checker.validator)
        self._convert = self._unmarshaller.unmarshal
        if not changes(found, spec.document, set()):
            self._convert = _same
        else:
            formats = self._unmarshaller.formats_unmarshaller.format_unmarshallers
            try:
                self._convert = Plain(formats).compile(path)
            except TooComplex:
                pass

    @cached_property
    def shape(self) -> Shape:
        """What text has to be converted to; JSON never asks."""
        return shape_of(self._path)

    def errors(self, value: Any) -> list[tuple[str, str]]:
        """List what is wrong with *value*: a JSON pointer and a sentence, a few of each at most."""
        try:
            return [
                ("".join(f"/{_escape(part)}" for part in error.absolute_path), _message(error))
                for error in islice(self._validator.iter_errors(value), MOST)
            ]
        except Exception as error:
            # A number too large for a float, nesting too deep for the stack: the client's doing.
            log.info("a value could not be checked: %s", type(error).__name__)
            return [("", "cannot be checked")]

    def is_valid(self, value: Any) -> bool:
        """Tell whether nothing is wrong with *value*."""
        return not self.errors(value)

    def convert(self, value: Any) -> Any:
        """Unmarshal a valid value: dates, UUIDs and bytes become Python's, defaults are put in."""
        try:
            return self._convert(value)
        except Exception as error:  # it was valid: what openapi-core cannot convert stays as it is
            log.info("a value could not be unmarshalled: %s", type(error).__name__)
            return value


def _make_unmarshaller(spec: Specification, path: Any, *, reading: bool) -> Any:
    from openapi_core.unmarshalling import schemas
    from openapi_core.unmarshalling.schemas.exceptions import FormatterNotFoundError

    side = "_read" if reading else "_write"
    name = f"oas{spec.version.replace('.', '')}{side if spec.version == '3.0' else ''}"
    factory = getattr(schemas, f"{name}_schema_unmarshallers_factory")
    of_23 = "spec" in inspect.signature(factory.create).parameters  # 0.22 takes the schema alone
    arguments = (spec.root, path) if of_23 else (path,)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "deprecated" is for the documentation page
        try:
            return factory.create(*arguments)
        except FormatterNotFoundError:  # a format of the description's own: plain text
            own = {contents(path)["format"]: _same}
            return factory.create(*arguments, extra_format_unmarshallers=own)


def _same(value: Any) -> Any:
    return value


def _escape(part: Any) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _message(error: Any) -> str:
    if error.validator == "type":
        wanted = error.validator_value
        return f"is not of type {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"
    return shorten(str(error.message))


def changes(schema: Any, document: Any, seen: set[str]) -> bool:
    """Tell whether unmarshalling may make another value of one that fits *schema*."""
    if isinstance(schema, list):
        return any(changes(item, document, seen) for item in schema)
    if not isinstance(schema, dict):
        return False
    if any(key in schema for key in _CHANGING):
        return True
    reference = schema.get("$ref")
    if isinstance(reference, str):
        if reference in seen:
            return False
        seen.add(reference)
        target = lookup(document, reference)
        if target is None or changes(target, document, seen):
            return True
    return any(changes(item, document, seen) for item in schema.values())


def lookup(document: Any, reference: str) -> Any:
    """Return what a reference into the same document points to; None for any other."""
    if not reference.startswith("#/"):
        return None
    for part in reference[2:].split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(document, dict) or key not in document:
            return None
        document = document[key]
    return document


def shape_of(path: Any, depth: int = 0, choices: int = 0) -> Shape:
    """Return the shape of a schema; what is nested deeper than a parameter can be is left out.

    depth, choices: how often the way here led into an array or object, and into a combination;
        a schema may lead back to itself.
    """
    schema = contents(path)
    if not isinstance(schema, dict) or depth > 2 or choices > 3:
        return Shape()
    kinds = _kinds(schema)
    items = shape_of(path / "items", depth + 1, choices) if "items" in schema else None
    properties = {
        name: shape_of(path / "properties" / name, depth + 1, choices)
        for name in schema.get("properties", {})
    }
    additional = None
    if isinstance(schema.get("additionalProperties"), dict):
        additional = shape_of(path / "additionalProperties", depth + 1, choices)
    for keyword in _COMBINED:
        for number in range(len(schema.get(keyword, ()))):
            part = shape_of(path / keyword / number, depth, choices + 1)
            kinds |= part.kinds
            items = items or part.items
            properties = {**part.properties, **properties}
    return Shape(frozenset(kinds), items, properties, additional)


def _kinds(schema: dict[str, Any]) -> set[str]:
    given = schema.get("type")
    kinds = {given} if isinstance(given, str) else set(given or ())
    if not kinds:
        values = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
        kinds = {_TYPES[type(value)] for value in values if type(value) in _TYPES}
    if schema.get("nullable") is True and kinds:
        kinds.add("null")
    if not kinds and "properties" in schema:
        kinds.add("object")
    return kinds
