"""Make a description of a table of routes: patterns, annotations, docstrings and what handlers say.

Routes are plain data to this module: anything with ``pattern``, ``methods``, ``name``, ``handler``
and ``parameters``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tropea.core.statuses import PHRASES
from tropea.openapi.annotations import Schemas
from tropea.openapi.saying import ATTRIBUTE, REFUSAL

_OWN_METHODS = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE")
_GROUP = re.compile(r"<([A-Za-z_]\w*)(?::[^<>]*)?>|\{([A-Za-z_]\w*)(?::[^{}]*)?\}")
_NAME = re.compile(r"\{([^{}/]+)\}")
#: Regular expressions of a pattern's parameters that say a type, or that say nothing.
_KNOWN: dict[str, dict[str, Any]] = {
    r"-?[0-9]+": {"type": "integer"},
    r"[0-9]+": {"type": "integer", "minimum": 0},
    r"\d+": {"type": "integer", "minimum": 0},
}
_INTEGER = re.compile(r"\(?(?:\?:)?(-\??|\[\+?-\]\??)?(?:\[0-9\]|\\d)\+\)?").fullmatch
#: Annotations that speak of the framework and not of the API.
_FRAMEWORK = ("Request", "Response")


def describe(
    routes: Iterable[Any],
    title: str,
    version: str = "1.0",
    *,
    security_schemes: Mapping[str, Any] | None = None,
    include: Callable[[Any], bool] | None = None,
    refusals: bool = True,
    **facts: Any,
) -> dict[str, Any]:
    """Return an OpenAPI 3.1 description of *routes*.

    include: tells of a route whether it belongs to the API; by default all with methods do.
    refusals: whether the answers of OpenAPIMiddleware itself (400, 401, 422, …) are described.
    facts: further fields of the description, such as ``servers`` or ``security``.

    >>> from types import SimpleNamespace
    >>> def show(request, id: int) -> dict[str, str]: "Show a pet."
    >>> row = SimpleNamespace(pattern="/pets/<id>", methods=("GET",), name="show", handler=show,
    ...                       parameters={"id": "[^/]+"})
    >>> made = describe([row], "Pets")["paths"]["/pets/{id}"]["get"]
    >>> made["summary"], made["parameters"][0]["schema"]
    ('Show a pet.', {'type': 'integer'})
    """
    schemas = Schemas()
    paths: dict[str, dict[str, Any]] = {}
    ids: set[str] = set()
    known: dict[str, str] = {}  # templates by what is left of them without their names
    for route in routes:
        template = template_of(route)
        if template is None or (include is not None and not include(route)):
            continue
        names = _NAME.findall(template)
        # Templates that differ in names alone are one path: the first one's names stand.
        shared = known.get(_NAME.sub("{}", template), template)
        renamed = dict(zip(names, _NAME.findall(shared), strict=True))
        found = _operations(route, schemas, renamed, ids)
        if found:
            known[_NAME.sub("{}", template)] = shared
            _take_in(paths.setdefault(shared, {}), found)
    if refusals:
        for item in paths.values():
            for described in item.values():
                _add_refusals(described, secured=bool(facts.get("security")))
    components = _components(schemas, security_schemes, refusals=refusals and bool(paths))
    made = {"openapi": "3.1.0", "info": {"title": title, "version": version}, "paths": paths}
    return {**made, **({"components": components} if components else {}), **facts}


def _operations(
    route: Any, schemas: Schemas, renamed: Mapping[str, str], ids: set[str]
) -> dict[str, dict[str, Any]]:
    """Describe a route for each of its methods."""
    methods = [method for method in route.methods if method in _OWN_METHODS]
    found = {}
    for method in methods:
        if method == "HEAD" and "GET" in methods:
            continue  # GET's own
        described = _describe(route, schemas, renamed)
        described["operationId"] = _unique(_identity(route, method, methods), ids)
        found[method.lower()] = described
    return found


def _take_in(item: dict[str, Any], found: dict[str, dict[str, Any]]) -> None:
    """Put operations into the item of their path; the first of a method stands."""
    for method, described in found.items():
        if method in item:
            _widen(item[method], described)
        else:
            item[method] = described


def _components(
    schemas: Schemas, security_schemes: Mapping[str, Any] | None, *, refusals: bool
) -> dict[str, Any]:
    """Gather what operations refer to; nothing that is empty."""
    components: dict[str, Any] = {
        "responses": {"Refusal": REFUSAL} if refusals else {},
        "schemas": schemas.named,
        "securitySchemes": dict(security_schemes or {}),
    }
    return {name: found for name, found in components.items() if found}


def template_of(route: Any) -> str | None:
    """Return a route's pattern as OpenAPI writes it; None for one that it cannot write.

    The tokens of a compiled pattern are used where the route has some, else its text, which may
    be a regular expression of fixed text and named groups.
    """
    tokens = getattr(getattr(route, "compiled", None), "template", None)
    if tokens:
        return "".join(
            token if isinstance(token, str) else f"{{{_key(token.key)}}}" for token in tokens
        )
    text = str(route.pattern)
    if re.search(r"[()\\^$*+?\[\]|]", _GROUP.sub("", text)):
        text = _of_expression(text)
        return None if re.search(r"[()\\^$*+?\[\]|]", text) else text
    return _GROUP.sub(lambda match: f"{{{match[1] or match[2]}}}", text)


def _of_expression(regex: str) -> str:
    """Write the named groups of a regular expression as a template has them, innermost first."""
    text, before = regex.removeprefix("^").removesuffix("$").removesuffix("\\Z"), ""
    text = re.sub(r"\\([./-])", r"\1", text)
    while text != before:
        before = text
        text = re.sub(r"\(\?P<(\w+)>(?:\[[^\]]*\]|\\.|[^()\[\\])*\)", r"{\1}", text)
    return text


def _key(key: Any) -> str:
    return key if isinstance(key, str) else f"arg{key}"


def _identity(route: Any, method: str, methods: list[str]) -> str:
    name = str(route.name or getattr(route.handler, "__name__", "") or "operation")
    return name if len([m for m in methods if m != "HEAD"]) == 1 else f"{name}_{method.lower()}"


def _unique(name: str, known: set[str]) -> str:
    found, number = name, 1
    while found in known:
        number += 1
        found = f"{name}_{number}"
    known.add(found)
    return found


def _widen(first: dict[str, Any], other: dict[str, Any]) -> None:
    """Let an operation take what another one of the same path and method takes in its path."""
    more = {p["name"]: p["schema"] for p in other.get("parameters", ()) if p["in"] == "path"}
    for parameter in first.get("parameters", ()):
        own, new = parameter["schema"], more.get(parameter["name"])
        if (
            parameter["in"] == "path"
            and new is not None
            and new not in (own, *own.get("anyOf", ()))
        ):
            parameter["schema"] = {"anyOf": [*own.get("anyOf", [own]), new]}


def _groups_of(route: Any) -> Mapping[Any, str]:
    """Return the parameters of a path and their expressions; any text where nothing says more."""
    if route.parameters:
        found: Mapping[Any, str] = route.parameters
        return found
    return dict.fromkeys(_NAME.findall(template_of(route) or ""), "[^/]+")


def _describe(route: Any, schemas: Schemas, renamed: Mapping[str, str]) -> dict[str, Any]:
    said = getattr(route.handler, ATTRIBUTE, {})
    hints = _hints(route.handler)
    summary, description = _words(route.handler)
    found: dict[str, Any] = {"summary": summary} if summary else {}
    if description:
        found["description"] = description
    parameters = [
        _parameter(
            "path",
            renamed.get(_key(key), _key(key)),
            _path_schema(hints.get(key), regex, schemas),
            required=True,
        )
        for key, regex in _groups_of(route).items()
    ]
    for place, kinds in said.get("parameters", {}).items():
        parameters += [
            _parameter(place, name.rstrip("?"), schemas.of(kind), required=name[-1:] != "?")
            for name, kind in kinds.items()
        ]
    if parameters:
        found["parameters"] = parameters
    if said.get("body") is not None:
        content = {said["body_type"]: {"schema": schemas.of(said["body"])}}
        found["requestBody"] = {"required": True, "content": content}
    found["responses"] = _responses(said.get("responses"), hints.get("return"), schemas)
    return {**found, **said.get("facts", {})}


def _parameter(place: str, name: str, schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name, "in": place, "schema": schema}
    if required:
        made["required"] = True
    if "description" in schema:
        made["description"] = schema["description"]
    return made


def _path_schema(hint: Any, regex: Any, schemas: Schemas) -> dict[str, Any]:
    known = _KNOWN.get(str(regex)) or ({"type": "integer"} if _INTEGER(str(regex)) else None)
    if known is not None:
        return dict(known)
    return schemas.of(hint) if hint is not None else {"type": "string"}


def _hints(handler: Any) -> dict[str, Any]:
    """Return the annotations; an unreadable one says nothing."""
    function = inspect.unwrap(handler) if callable(handler) else handler
    try:
        hints = inspect.get_annotations(function, eval_str=True)
    except (TypeError, NameError, AttributeError, SyntaxError):
        return {}
    return {
        name: hint
        for name, hint in hints.items()
        if not getattr(hint, "__name__", "").endswith(_FRAMEWORK)
    }


def _words(handler: Any) -> tuple[str, str]:
    """Split a docstring into its first sentence and the rest."""
    text = inspect.getdoc(handler) if inspect.isroutine(handler) else None
    summary, _, rest = (text or "").partition("\n\n")
    return " ".join(summary.split()), rest.strip()


def _responses(said: Any, hint: Any, schemas: Schemas) -> dict[str, Any]:
    if said is None:
        if hint is None:
            return {"default": {"description": "The answer."}}
        said = {200: hint}
    return {str(status): _response(status, answer, schemas) for status, answer in said.items()}


def _response(status: Any, answer: Any, schemas: Schemas) -> dict[str, Any]:
    sentence = PHRASES.get(status, "The answer.") if isinstance(status, int) else "The answer."
    if isinstance(answer, tuple):
        sentence, answer = answer
    if isinstance(answer, str):
        return {"description": answer}
    if answer is None:
        return {"description": sentence}
    if isinstance(answer, Mapping) and ("content" in answer or "description" in answer):
        return {"description": sentence, **answer}
    kind = "text/plain" if answer is str else "application/json"
    return {"description": sentence, "content": {kind: {"schema": schemas.of(answer)}}}


def _add_refusals(described: dict[str, Any], *, secured: bool) -> None:
    statuses = [400] if described.get("parameters") else []
    if "requestBody" in described:
        statuses = [400, 413, 415, 422]
    if described.get("security", secured):
        statuses += [401, 403]
    for status in statuses:
        described["responses"].setdefault(str(status), {"$ref": "#/components/responses/Refusal"})
