"""The description as JSON, and as a page for people: no script, no outside request.

A description's own text is escaped; nothing of it becomes markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from importlib import resources
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.entitytags import EntityTag
from tropea.core.fields import Fields
from tropea.openapi.specification import Specification, operations_of

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
#: Schemas within each other that the page shows; a reference deeper down is only named.
_DEEPEST = 6
#: Parts of one schema that the page shows; references after that are only named.
_LARGEST = 500


def pages_of(spec: Specification, spec_path: str, page_path: str) -> dict[str, WSGIApplication]:
    """Return the applications of the two paths, made once."""
    found: dict[str, WSGIApplication] = {}
    if spec_path:
        body = json.dumps(spec.document, ensure_ascii=False).encode("utf-8", "replace")
        found[spec_path] = _fixed(body, [("Content-Type", "application/json")])
    if page_path:
        link = relative(page_path, spec_path) if spec_path else ""
        page = render(spec.document, link).encode("utf-8", "replace")
        found[page_path] = _fixed(
            page,
            [
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Security-Policy", _POLICY),
                ("Referrer-Policy", "no-referrer"),
            ],
        )
    return found


def relative(page_path: str, path: str) -> str:
    """Return a link from one path to another that holds wherever both are mounted.

    >>> relative("/docs", "/openapi.json"), relative("/api/docs/", "/openapi.json")
    ('openapi.json', '../../openapi.json')
    """
    return "../" * (page_path.count("/") - 1) + path.lstrip("/")


def _fixed(body: bytes, fields: Fields) -> WSGIApplication:
    from hashlib import blake2b

    tag = EntityTag(blake2b(body, digest_size=12).hexdigest())
    shared: Fields = [("ETag", str(tag)), ("Cache-Control", "no-cache")]
    head = [
        *fields,
        ("Content-Length", str(len(body))),
        ("X-Content-Type-Options", "nosniff"),
        *shared,
    ]

    def page(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        from tropea.core.entitytags import parse_list

        known = environ.get("HTTP_IF_NONE_MATCH")
        if known is not None and (
            known.strip() == "*" or any(tag.is_equivalent(one) for one in parse_list(known))
        ):
            start_response("304 Not Modified", list(shared))
            return []
        start_response("200 OK", list(head))
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    return page


def render(document: Mapping[str, Any], link: str = "") -> str:
    """Return the page of a description.

    link: to the description itself, where it has an address.

    >>> page = render({"info": {"title": "<b>", "version": "1"}, "paths": {}})
    >>> "<b>" in page, "&lt;b&gt;" in page
    (False, True)
    """
    return "".join(_Page(document).parts(link))


class _Page:
    """Writes the parts of the page; follows references into the document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._left = _LARGEST

    def parts(self, link: str) -> Iterator[str]:
        info = self.document.get("info", {})
        title = _text(info.get("title", "API"))
        style = resources.files("tropea.openapi").joinpath("page.css").read_text("utf-8")
        yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield f"<title>{title}</title><style>{style}</style></head><body>"
        yield f"<header><h1>{title} <small>{_text(info.get('version', ''))}</small></h1>"
        yield self.prose(info)
        if link:
            yield f'<p><a href="{_text(link)}">OpenAPI {_text(self.version)}</a></p>'
        yield "</header><main>"
        for path, item in self.document.get("paths", {}).items():
            facts = self.followed(item)
            for method, place in operations_of(facts):
                found = facts
                for key in place:
                    found = found[key]
                yield from self.operation(path, method, found, facts)
        yield "</main></body></html>\n"

    @property
    def version(self) -> str:
        return str(self.document.get("openapi", ""))

    def followed(self, facts: Any) -> Mapping[str, Any]:
        from tropea.openapi.schemas import lookup

        for _ in range(_DEEPEST):
            if isinstance(facts, Mapping) and isinstance(facts.get("$ref"), str):
                facts = lookup(self.document, facts["$ref"]) or {}
        return facts if isinstance(facts, Mapping) else {}

    @staticmethod
    def prose(facts: Mapping[str, Any]) -> str:
        text = str(facts.get("description", "")).strip()
        return "".join(f"<p>{_text(part.strip())}</p>" for part in text.split("\n\n") if part)

    def operation(
        self, path: str, method: str, facts: Mapping[str, Any], item: Mapping[str, Any]
    ) -> Iterator[str]:
        old = ' class="old"' if facts.get("deprecated") else ""
        yield f'<section{old}><h2><span class="{_text(method.lower())}">{_text(method)}</span> '
        yield f"<code>{_text(path)}</code></h2>"
        if facts.get("summary"):
            yield f"<p><strong>{_text(facts['summary'])}</strong></p>"
        yield self.prose(facts)
        yield from self.parameters([*facts.get("parameters", ()), *item.get("parameters", ())])
        body = self.followed(facts.get("requestBody", {}))
        if body:
            yield "<h3>Body</h3>" + self.prose(body)
            yield from self.content(body.get("content", {}))
        yield "<h3>Answers</h3><dl>"
        for status, answer in facts.get("responses", {}).items():
            found = self.followed(answer)
            said = found.get("description", found.get("summary", ""))
            yield f"<dt>{_text(status)}</dt><dd>{_text(said)}"
            yield from self.content(found.get("content", {}))
            yield "</dd>"
        yield "</dl></section>"

    def parameters(self, given: list[Any]) -> Iterator[str]:
        if not given:
            return
        yield "<h3>Parameters</h3><table><thead><tr><th>Name</th><th>In</th><th>Type</th>"
        yield "<th>Meaning</th></tr></thead><tbody>"
        for parameter in given:
            facts = self.followed(parameter)
            needed = " <b>*</b>" if facts.get("required") else ""
            yield f"<tr><td><code>{_text(facts.get('name', ''))}</code>{needed}</td>"
            yield f"<td>{_text(facts.get('in', ''))}</td>"
            yield f"<td>{_text(self.type_of(facts.get('schema', {})))}</td>"
            yield f"<td>{_text(facts.get('description', ''))}</td></tr>"
        yield "</tbody></table>"

    def content(self, content: Mapping[str, Any]) -> Iterator[str]:
        for kind, given in content.items():
            media = self.followed(given)
            schema = media.get("schema", media.get("itemSchema"))
            yield f"<details><summary><code>{_text(kind)}</code>"
            if schema is None:
                yield "</summary></details>"
                continue
            yield f" {_text(self.type_of(schema))}</summary>"
            shown = json.dumps(self.expanded(schema), indent=2, ensure_ascii=False)
            yield f"<pre>{_text(shown)}</pre></details>"

    def type_of(self, schema: Any, depth: int = 0) -> str:
        facts = self.followed(schema)
        kind = facts.get("type", "any")
        words = kind if isinstance(kind, str) else " or ".join(map(str, kind))
        if words == "array" and depth < _DEEPEST:
            words = f"array of {self.type_of(facts.get('items', {}), depth + 1)}"
        if isinstance(facts.get("enum"), list):
            words += f": {', '.join(map(str, facts['enum'][:20]))}"
        return words + (f" ({facts['format']})" if "format" in facts else "")

    def expanded(self, schema: Any) -> Any:
        """Return a schema with what it refers to in its place, as far as the page shows it."""
        self._left = _LARGEST
        return self._expand(schema, ())

    def _expand(self, schema: Any, way: tuple[str, ...]) -> Any:
        if isinstance(schema, list):
            return [self._expand(item, way) for item in schema]
        if not isinstance(schema, Mapping):
            return schema
        self._left -= 1
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference in way or len(way) >= _DEEPEST or self._left < 0:
                return schema
            way = (*way, reference)
            schema = {**self.followed(schema), **{k: v for k, v in schema.items() if k != "$ref"}}
        return {key: self._expand(item, way) for key, item in schema.items()}


def _text(value: Any) -> str:
    return escape(str(value))
