"""Hold an application's answer against the description.

Source: OpenAPI 3.1.1 sections 4.8.16 and 4.8.17.
"""

from __future__ import annotations

from typing import Any

from tropea.core.fields import Fields, combined, get
from tropea.core.statuses import is_bodiless
from tropea.openapi.casting import cast
from tropea.openapi.errors import Problem
from tropea.openapi.media import Content, read
from tropea.openapi.schemas import Schema, contents
from tropea.openapi.sequences import Items
from tropea.openapi.sources import is_streamed
from tropea.openapi.specification import Specification
from tropea.openapi.styles import read_simple


class ResponseRules:
    """The responses of an operation by status."""

    def __init__(self, spec: Specification, path: Any) -> None:
        self._rules = {
            str(status).upper(): _Rule(spec, path / status) for status in contents(path)
            if not str(status).startswith("x-")
        }  # fmt: skip

    def find(self, status: str) -> _Rule | None:
        """Return the rule of a status: its own, of its class (``2XX``), or the default."""
        rules = self._rules
        return rules.get(status[:3]) or rules.get(f"{status[:1]}XX") or rules.get("DEFAULT")

    def check(self, status: str, fields: Fields, body: bytes | None) -> list[Problem]:
        """List what is wrong with an answer.

        body: None where it was not read: it is streamed, or belongs to a HEAD.
        """
        rule = self.find(status)
        if rule is None:
            return [Problem(500, "status", status[:3], "is not in the description")]
        problems = rule.check_fields(fields)
        if not is_bodiless(status):
            if get(fields, "Content-Encoding") is not None:
                body = None  # a layer further in has compressed it
            problems += rule.check_body(get(fields, "Content-Type") or "", body)
        return problems

    def items(self, status: str, fields: Fields) -> Items | None:
        """Return what checks a streaming answer on its way, where it is a sequence of items."""
        rule = self.find(status)
        if rule is None or is_bodiless(status) or get(fields, "Content-Encoding") is not None:
            return None
        return rule.items(get(fields, "Content-Type") or "")


class _Rule:
    """One response of the description."""

    def __init__(self, spec: Specification, path: Any) -> None:
        found = contents(path)
        self.content = Content(spec, path / "content", reading=True) if "content" in found else None
        self.fields: list[tuple[str, bool, bool, Schema | None]] = []
        for name in found.get("headers", {}):
            if name.lower() == "content-type":
                continue
            header = path / "headers" / name
            facts = contents(header)
            schema = Schema(spec, header / "schema", reading=True) if "schema" in facts else None
            self.fields.append(
                (name, bool(facts.get("required")), bool(facts.get("explode")), schema)
            )

    def check_fields(self, fields: Fields) -> list[Problem]:
        problems: list[Problem] = []
        for name, required, explode, schema in self.fields:
            text = combined(fields, name)
            if text is None:
                if required:
                    problems.append(Problem(500, "header", name, "is missing"))
            elif schema is not None:
                problems += _check_field(name, text, schema, explode=explode)
        return problems

    def items(self, content_type: str) -> Items | None:
        """Return what checks a body item by item, where it is a sequence."""
        found = self.content.items(content_type) if self.content else None
        return None if found is None else Items(*found, 500)

    def check_body(self, content_type: str, body: bytes | None) -> list[Problem]:
        if not self.content:
            return []
        found = self.content.find(content_type)
        if found is None:
            shown = content_type or "no media type"
            return [Problem(500, "header", "Content-Type", f"{shown} is not in the description")]
        schema = found[1]
        items = self.items(content_type)
        if items is not None:
            return [] if body is None else items.feed(body) + items.finish()
        if body is None or schema is None or is_streamed(content_type):
            return []
        try:
            value = read(body, content_type, schema)
        except (ValueError, RecursionError) as error:
            return [Problem(500, "body", "", f"cannot be read: {error}")]
        return [Problem(500, "body", pointer, text) for pointer, text in schema.errors(value)]


def _check_field(name: str, text: str, schema: Schema, *, explode: bool) -> list[Problem]:
    try:
        found = read_simple(text, schema.shape.form, explode=explode)
        value = cast(found, schema.shape, schema.is_valid)
    except ValueError as error:
        return [Problem(500, "header", name, str(error))]
    return [Problem(500, "header", name, message) for _, message in schema.errors(value)]
