"""Operations of a description, made ready when the layer is built.

A request costs what its own parameters and body cost; nothing of the description is looked up,
resolved or compiled again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tropea.core.mediatypes import parse_media_type
from tropea.openapi.answers import ResponseRules
from tropea.openapi.errors import Problem
from tropea.openapi.media import BodyRule, refusal
from tropea.openapi.parameters import IGNORED, Parameter
from tropea.openapi.schemas import contents
from tropea.openapi.security import Security, Verifier
from tropea.openapi.sources import Sources, has_body, is_streamed, keep_body, may_be_empty
from tropea.openapi.specification import Specification

_PLACES = ("path", "query", "header", "cookie", "querystring")


@dataclass
class Parameters:
    """The values of a request's parameters, by the names that the description gives them."""

    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    cookie: dict[str, Any] = field(default_factory=dict)
    querystring: dict[str, Any] = field(default_factory=dict)


@dataclass
class ValidatedRequest:
    """What ``request.api`` is: the values of a request that keeps its description.

    body: unmarshalled; None where there is none, and where it is streamed.
    security: by scheme, what its verifier returned, or the credentials.
    """

    operation: Operation
    parameters: Parameters = field(default_factory=Parameters)
    body: Any = None
    security: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> dict[str, Any]:
        return self.parameters.path

    @property
    def query(self) -> dict[str, Any]:
        return self.parameters.query

    @property
    def header(self) -> dict[str, Any]:
        return self.parameters.header

    @property
    def cookie(self) -> dict[str, Any]:
        return self.parameters.cookie


class Operation:
    """One method of one path of a description.

    method: in upper case.  template: the path as the description has it.
    id: its operationId, or method and path.  place: the keys of the operation in its path's item.
    """

    def __init__(
        self,
        spec: Specification,
        template: str,
        method: str,
        place: tuple[str, ...],
        verifiers: Mapping[str, Verifier],
    ) -> None:
        item = spec.root / "paths" / template
        path = item
        for key in place:
            path = path / key
        found = contents(path)
        self.method, self.template = method, template
        self.id: str = found.get("operationId") or f"{self.method} {template}"
        self.parameters = _parameters(spec, path, item)
        self.body = BodyRule(spec, path / "requestBody") if "requestBody" in found else None
        document = spec.document
        components = document.get("components", {}).get("securitySchemes", {})
        schemes = {name: contents(spec.root / "components" / "securitySchemes" / name)
                   for name in components}  # fmt: skip
        required = found.get("security", document.get("security", ()))
        self.security = Security(_by_name(required, schemes), schemes, verifiers)
        self.responses = ResponseRules(spec, path / "responses") if "responses" in found else None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    def validate(self, sources: Sources, max_body: int) -> tuple[ValidatedRequest, list[Problem]]:
        """Read a request; return its values and what is wrong with it.

        Who may not use the operation is told nothing else, and their body is not read.
        """
        result = ValidatedRequest(self)
        result.security, problems = self.security.check(sources)
        if problems:
            return result, problems
        for parameter in self.parameters:
            value, wrong = parameter.read(sources)
            problems += wrong
            if value is not ...:
                getattr(result.parameters, parameter.place)[parameter.name] = value
        if self.body is not None:
            result.body, wrong = self._read_body(sources.environ, self.body, max_body)
            problems += wrong
        return result, problems

    def _read_body(
        self, environ: dict[str, Any], rule: BodyRule, max_body: int
    ) -> tuple[Any, list[Problem]]:
        kind = environ.get("CONTENT_TYPE", "")
        if not has_body(environ) and not may_be_empty(kind):
            missing = [Problem(400, "body", "", "is required")] if rule.required else []
            return None, missing
        found = rule.content.find(kind)
        if found is None:
            shown = parse_media_type(kind)[0] or "no media type"
            return None, [Problem(415, "body", "", f"{shown} is not taken here")]
        if is_streamed(kind) and rule.content.items(kind) is None:
            return None, []
        try:
            body = keep_body(environ, max_body)
        except Exception as error:
            return None, [refusal(error)]
        return rule.check(body, kind, found[1])


def _by_name(required: Any, schemes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Name schemes as the description's components do; 3.2 lets an address stand for a name."""
    start = "#/components/securitySchemes/"
    return [
        {
            name.removeprefix(start) if name not in schemes else name: scopes
            for name, scopes in requirement.items()
        }
        for requirement in required
    ]


def _parameters(spec: Specification, operation: Any, item: Any) -> list[Parameter]:
    """List the operation's own parameters, and those of its path that it does not replace."""
    found: dict[tuple[str, str], Parameter] = {}
    for owner in (operation, item):
        for number in range(len(contents(owner).get("parameters", ()))):
            path = owner / "parameters" / number
            facts = contents(path)
            key = facts["in"], facts["name"]
            if key in found or facts["in"] not in _PLACES:
                continue
            if facts["in"] == "header" and facts["name"].lower() in IGNORED:
                continue
            found[key] = Parameter(spec, path)
    return list(found.values())
