"""One parameter of an operation: where it stands, how it is written, what it may be.

Source: OpenAPI 3.1.1 section 4.8.12.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tropea.openapi.casting import cast
from tropea.openapi.errors import Problem
from tropea.openapi.media import read
from tropea.openapi.schemas import Schema, contents
from tropea.openapi.sources import Sources
from tropea.openapi.specification import Specification
from tropea.openapi.styles import (
    decode,
    read_cookie,
    read_cookies,
    read_label,
    read_matrix,
    read_query,
    read_simple,
)

#: Styles whose arrays and objects are taken apart unless the description says no.
_EXPLODED = {"form", "deepObject", "cookie"}
_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
#: Header parameters that a description cannot have: HTTP's own rules stand for them.
IGNORED = frozenset(("accept", "content-type", "authorization"))
_ABSENT: Any = object()


class Parameter:
    """A parameter, ready to be read from requests."""

    def __init__(self, spec: Specification, path: Any) -> None:
        found = contents(path)
        self.name: str = found["name"]
        self.place: str = found["in"]
        self.required = bool(found.get("required", False)) or self.place == "path"
        self.style: str = found.get("style", _STYLES.get(self.place, "form"))
        self.explode = bool(found.get("explode", self.style in _EXPLODED))
        self.media = ""
        self.schema: Schema | None = None
        if "schema" not in found and "content" in found:
            self.media = next(iter(found["content"]))
            path = path / "content" / self.media
        if "schema" in contents(path):
            self.schema = Schema(spec, path / "schema")
        self.form = self.schema.shape.form if self.schema is not None else "scalar"
        self.whole = self.place == "querystring"

    def read(self, sources: Sources) -> tuple[Any, list[Problem]]:
        """Return the value and what is wrong with it; ``...`` for one that is absent."""
        try:
            value = self._content(sources) if self.media else self._value(sources)
        except (ValueError, RecursionError) as error:
            return ..., [self._problem(str(error))]
        schema = self.schema
        if value is _ABSENT:
            if schema is not None and schema.default is not ...:
                return deepcopy(schema.default), []  # the application may change it
            return ..., [self._problem("is required")] if self.required else []
        if schema is None:
            return value, []
        errors = schema.errors(value)
        if errors:
            return ..., [self._problem(message) for _, message in errors]
        return schema.convert(value), []

    def _problem(self, message: str) -> Problem:
        return Problem(400, self.place, self.name, message)

    def _content(self, sources: Sources) -> Any:
        text = self._text(sources)
        return _ABSENT if text is None else read(text.encode(), self.media, self.schema)

    def _text(self, sources: Sources) -> str | None:
        if self.whole:
            query = str(sources.environ.get("QUERY_STRING", ""))
            return (query if self.media.endswith("urlencoded") else decode(query)) or None
        found = self._raw(sources, "scalar")
        return found if isinstance(found, str) else None

    def _value(self, sources: Sources) -> Any:
        found = self._raw(sources, self.form)
        if found is None:
            return _ABSENT
        schema = self.schema
        return found if schema is None else cast(found, schema.shape, schema.is_valid)

    def _raw(self, sources: Sources, form: str) -> Any:
        if self.place == "query":
            names = tuple(self.schema.shape.properties) if self.schema is not None else ()
            return read_query(
                sources.query, self.name, form, self.style, explode=self.explode, properties=names
            )
        if self.place == "cookie":
            if self.style == "cookie" and self.explode and form != "scalar":
                names = tuple(self.schema.shape.properties) if self.schema is not None else ()
                return read_cookies(sources.environ.get("HTTP_COOKIE"), self.name, form, names)
            return read_cookie(sources.cookies, self.name, form, explode=self.explode)
        is_field = self.place == "header"
        text = sources.header(self.name) if is_field else sources.path.get(self.name)
        if text is None:
            return None
        if self.style == "label":
            return read_label(text, form, explode=self.explode)
        if self.style == "matrix":
            return read_matrix(text, self.name, form, explode=self.explode)
        return read_simple(text, form, explode=self.explode)
