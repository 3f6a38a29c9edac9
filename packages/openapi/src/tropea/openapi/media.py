"""Bodies by their media type: which of a description's types one is, and the value that it holds.

Source: RFC 9110 section 8.3; OpenAPI 3.1.1 sections 4.8.13 and 4.8.14.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from types import MappingProxyType
from typing import Any

from tropea.core.jsonvalues import parse_json
from tropea.core.mediatypes import parameter, parse_media_type, text_codec
from tropea.openapi.casting import Shape, cast
from tropea.openapi.errors import Problem
from tropea.openapi.schemas import Schema, contents
from tropea.openapi.sequences import Items, is_sequence
from tropea.openapi.sources import is_json, is_streamed
from tropea.openapi.specification import Specification
from tropea.openapi.styles import MOST, decode, raw_fields, read_query

NOTHING: Mapping[str, Any] = MappingProxyType({})
#: Objects and arrays within each other: checking them takes stack for each.
DEEPEST = 32


class Content:
    """The media types that a description allows for one body, each with its schema."""

    def __init__(self, spec: Specification, path: Any, *, reading: bool = False) -> None:
        self._schemas: dict[str, Schema | None] = {}
        self._items: dict[str, Schema] = {}
        self._encodings: dict[str, dict[str, Any]] = {}
        for kind in contents(path):
            media = contents(path / kind)  # 3.2: it may be a reference
            name, schema = parse_media_type(kind)[0], None
            if "schema" in media and not is_streamed(kind):
                schema = Schema(spec, path / kind / "schema", reading=reading)
            if "itemSchema" in media and is_sequence(name):
                self._items[name] = Schema(spec, path / kind / "itemSchema", reading=reading)
            self._schemas[name] = schema
            if isinstance(media.get("encoding"), dict):
                self._encodings[name] = media["encoding"]
        self._ranges = [kind for kind in self._schemas if "*" in kind]

    def find(self, content_type: str) -> tuple[str, Schema | None] | None:
        """Return the media type of a body with its schema; None where it is not allowed."""
        kind = parse_media_type(content_type)[0]
        if kind in self._schemas:
            return kind, self._schemas[kind]
        for wide in (f"{kind.partition('/')[0]}/*", "*/*", "*"):
            if kind and wide in self._ranges:
                return kind, self._schemas[wide]
        return None

    def encoding(self, content_type: str) -> Mapping[str, Any]:
        """Return how the properties of a form are written, where the description says it."""
        return self._encodings.get(parse_media_type(content_type)[0], {})

    def items(self, content_type: str) -> tuple[str, Schema] | None:
        """Return the media type and the schema of each item, where bodies are sequences."""
        kind = parse_media_type(content_type)[0]
        schema = self._items.get(kind)
        return None if schema is None else (kind, schema)


def read(
    body: bytes, content_type: str, schema: Schema | None, encoding: Mapping[str, Any] = NOTHING
) -> Any:
    """Return the value that a body holds; raise ValueError where it cannot be read.

    encoding: by property of a form, the style that it is written in.
    A body of a type that nothing here reads is returned as it is.
    """
    kind, parameters = parse_media_type(content_type)
    if is_json(kind):
        return _json(body, _codec(parameters))
    shape = schema.shape if schema is not None else Shape()
    if kind == "application/x-www-form-urlencoded":
        return _urlencoded(body, shape, encoding)
    if kind == "multipart/form-data":
        return _assemble(_multipart(body, parameters), shape)
    if kind.startswith("text/"):
        text = body.decode(_codec(parameters) or "utf-8")
        return cast(text, shape, schema.is_valid if schema is not None else None)
    return body


def _json(body: bytes, charset: str | None) -> Any:
    value = parse_json(body, charset=charset, max_depth=DEEPEST)
    if b"NaN" in body or b"Infinity" in body:  # Python's own, and no JSON, unless within a string
        json.loads(body.decode(charset or "utf-8"), parse_constant=_refuse_constant)
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _codec(parameters: list[tuple[str, str]]) -> str | None:
    charset = parameter(parameters, "charset")
    return text_codec(charset) if charset else None


def _urlencoded(body: bytes, shape: Shape, encoding: Mapping[str, Any]) -> dict[str, Any]:
    """Read the fields of a form; those with a style as parameters of a query are read."""
    pairs = raw_fields(body.decode("latin-1"))
    styled: dict[str, Any] = {}
    for name, facts in encoding.items():
        inner = shape.properties.get(name) or Shape()
        if not {"style", "explode"} & set(facts) or inner.form == "scalar":
            continue
        style = facts.get("style", "form")
        explode = bool(facts.get("explode", style in {"form", "deepObject"}))
        parts = tuple(inner.properties)
        found = read_query(pairs, name, inner.form, style, explode=explode, properties=parts)
        if found is not None:
            styled[name] = cast(found, inner)
        pairs = [
            (key, value)
            for key, value in pairs
            if key != name
            and not (style == "deepObject" and key.startswith(f"{name}["))
            and not (explode and inner.form == "object" and key in parts)
        ]
    return {**_assemble([(name, decode(value)) for name, value in pairs], shape), **styled}


def _multipart(body: bytes, parameters: list[tuple[str, str]]) -> list[tuple[str, Any]]:
    from tropea.core.forms import parse_multipart

    boundary = parameter(parameters, "boundary")
    if not boundary:
        raise ValueError("has no boundary")
    return parse_multipart(BytesIO(body).read, boundary)


def _assemble(pairs: list[tuple[str, Any]], shape: Shape) -> dict[str, Any]:
    """Make an object of the fields of a form, each converted to what its property says."""
    if len(pairs) > MOST:
        raise ValueError(f"has more than {MOST} fields")
    grouped: dict[str, list[Any]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return {
        name: _property(values, shape.properties.get(name) or shape.additional or Shape())
        for name, values in grouped.items()
    }


def _property(values: list[Any], shape: Shape) -> Any:
    if shape.form == "array":
        return [_field(value, shape.items or Shape()) for value in values]
    if len(values) > 1:
        return [_field(value, Shape()) for value in values]  # for the schema to refuse
    return _field(values[0], shape)


def _field(value: Any, shape: Shape) -> Any:
    if not isinstance(value, str):
        return value
    if shape.form != "scalar":
        return json.loads(value)
    try:
        return cast(value, shape)
    except ValueError:
        return value  # the schema says it better


def _as_text(value: Any) -> Any:
    """Return a form with its files as text that a schema can check."""
    if isinstance(value, dict):
        return {name: _as_text(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    content = getattr(value, "value", None)
    return content.decode("latin-1") if isinstance(content, bytes) else value


def _restored(checked: dict[str, Any], form: dict[str, Any]) -> dict[str, Any]:
    """Put the files of *form* into the place of their text."""
    return {**checked, **{name: item for name, item in form.items() if _has_file(item)}}


def refusal(error: Exception) -> Problem:
    """Return the problem that core's readers tell of by an HTTP exception; raise any other.

    Their class is not named here: its module imports webob, which no layer does.
    """
    status = getattr(error, "status_int", 500)
    if not 400 <= status < 500:
        raise error
    return Problem(status, "body", "", str(getattr(error, "detail", None) or error))


class BodyRule:
    """The body that an operation takes."""

    def __init__(self, spec: Specification, path: Any) -> None:
        self.required = bool(contents(path).get("required", False))
        self.content = Content(spec, path / "content")

    def check(
        self, body: bytes, content_type: str, schema: Schema | None
    ) -> tuple[Any, list[Problem]]:
        """Return the value of a body and what is wrong with it."""
        found = self.content.items(content_type)
        if found is not None:
            return _read_items(body, *found)
        try:
            value = read(body, content_type, schema, self.content.encoding(content_type))
        except (ValueError, RecursionError) as error:
            return None, [Problem(400, "body", "", f"cannot be read: {error}")]
        except Exception as error:
            return None, [refusal(error)]
        if schema is None:
            return value, []
        is_form = content_type.lower().startswith("multipart/")
        checked = _as_text(value) if is_form else value
        errors = schema.errors(checked)
        if errors:
            return None, [Problem(422, "body", pointer, text) for pointer, text in errors]
        converted = schema.convert(checked)
        if is_form and isinstance(converted, dict):
            return _restored(converted, value), []
        return converted, []


def _read_items(body: bytes, kind: str, schema: Schema) -> tuple[Any, list[Problem]]:
    items = Items(kind, schema, 422, len(body))
    problems = items.feed(body, keep=True) + items.finish(keep=True)
    return (None, problems) if problems else (items.values, [])


def _has_file(value: Any) -> bool:
    return hasattr(value, "filename") or (
        isinstance(value, list) and any(hasattr(item, "filename") for item in value)
    )
