import copy
import json

import pytest

from tropea.core.keys import API
from tropea.core.testing import TestApp
from tropea.openapi import OpenAPIMiddleware

PET = {
    "type": "object", "required": ["name"], "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 20},
        "born": {"type": "string", "format": "date"},
        "weight": {"type": "number", "minimum": 0},
        "mother": {"$ref": "#/components/schemas/Pet"},
    },
}  # fmt: skip
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
LIMIT = {
    "name": "limit",
    "in": "query",
    "schema": {"type": "integer", "default": 20, "maximum": 100},
}
OK = {"200": {"description": "it is done"}}
ONE = {
    "description": "a pet",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
}
SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "components": {
        "schemas": {"Pet": PET},
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "login": {"type": "http", "scheme": "Basic"},
            "token": {"type": "http", "scheme": "bearer"},
        },
    },
    "paths": {
        "/pets": {
            "get": {"operationId": "list", "parameters": [LIMIT], "responses": OK},
            "post": {
                "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                "responses": {"201": ONE},
            },
        },
        "/pets/{id}": {
            "parameters": [ID],
            "get": {"responses": {"200": ONE, "4XX": {"description": "no"}}},
            "delete": {"security": [{"key": []}, {"token": ["write"]}], "responses": {"204": {"description": "gone"}}},
        },
        "/pets/mine": {"get": {"responses": OK}},
    },
}  # fmt: skip


def answering(environ, start_response):
    """Answer with what the layer found, as JSON."""
    api = environ.get(API)
    found = None
    if api is not None:
        parameters = {place: getattr(api, place) for place in ("path", "query", "header", "cookie")}
        found = {
            **parameters,
            "body": api.body,
            "security": api.security,
            "operation": api.operation.id,
        }
    page = json.dumps(found, default=repr).encode()
    start_response(
        "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(page)))]
    )
    return [page]


class Visitor(TestApp):
    """A client that reads JSON."""

    __test__ = False

    def ask(self, method, path, **kwargs):
        answer = self.request(method, path, **kwargs)
        return int(answer.status[:3]), json.loads(answer.body or b"null")


@pytest.fixture
def spec():
    return copy.deepcopy(SPEC)


@pytest.fixture
def visit():
    """Make a client of the layer around an application that answers with what the layer found."""

    def make(spec=SPEC, app=answering, **options):
        return Visitor(OpenAPIMiddleware(app, spec, **options))

    return make


@pytest.fixture
def visitor(visit):
    return visit()


@pytest.fixture
def spec_of():
    """Make a description of one path."""

    def make(operation, path="/x", method="get", version="3.1.0", **more):
        operation = {"responses": {"200": {"description": "ok"}}, **operation}
        return {
            "openapi": version, "info": {"title": "t", "version": "1"},
            "paths": {path: {method: operation}}, **more,
        }  # fmt: skip

    return make
