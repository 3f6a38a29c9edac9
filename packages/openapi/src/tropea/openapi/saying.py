"""What a handler says of its operation, beside its signature and its docstring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

#: The attribute of a handler under which it is.
ATTRIBUTE = "__tropea_openapi__"
#: What a refused request is answered with (RFC 9457).
REFUSAL: dict[str, Any] = {
    "description": "The request does not keep this description.",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["title", "status"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "errors": {"type": "array", "items": {"type": "object"}},
                },
            }
        }
    },
}


def operation(
    *,
    query: Mapping[str, Any] | None = None,
    header: Mapping[str, Any] | None = None,
    cookie: Mapping[str, Any] | None = None,
    body: Any = None,
    body_type: str = "application/json",
    responses: Mapping[int | str, Any] | None = None,
    **facts: Any,
) -> Callable[[F], F]:
    """Say of a handler what its signature cannot say; the handler itself is returned.

    query, header, cookie: types or schemas by name; a name that ends with ``?`` is optional.
    body: the type or schema of the body, in the media type *body_type*.
    responses: by status, a type, a schema, a sentence, or a ``(sentence, type)`` pair; None for
        one without a body.
    facts: any further field of an Operation Object, such as ``tags`` or ``security``.

    >>> @operation(query={"limit?": int}, responses={200: list[str]}, tags=["pets"])
    ... def pets(request): "List the pets."
    """
    said = {
        "parameters": {"query": query or {}, "header": header or {}, "cookie": cookie or {}},
        "body": body,
        "body_type": body_type,
        "responses": responses,
        "facts": facts,
    }

    def say(handler: F) -> F:
        setattr(handler, ATTRIBUTE, said)
        return handler

    return say
