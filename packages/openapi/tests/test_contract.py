"""The layer keeps the contract of WSGI middleware, and costs nothing before it is used."""

import json
import subprocess
import sys
from importlib.metadata import version as version_of

import pytest

from tropea.core.testing import LayerContract
from tropea.openapi import OpenAPIMiddleware, paste

ANY = {"default": {"description": "any answer"}}
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")


def item(*names):
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]
    return {"parameters": parameters, **{method: {"responses": ANY} for method in METHODS}}


PATHS = {"/": item(), "/{a}": item("a"), "/{a}/{b}": item("a", "b")}
SPEC = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": PATHS}


def make_spec():
    return SPEC


class TestOpenAPIMiddleware(LayerContract):
    paste_factory = paste.main
    paste_options = {"spec": f"{__name__}:make_spec", "unknown": "pass"}

    def make_layer(self, app):
        return OpenAPIMiddleware(app, SPEC)


class TestOpenAPIMiddlewareThatWatches(LayerContract):
    paste_factory = paste.main
    paste_options = {"spec": f"{__name__}:make_spec", "unknown": "pass", "responses": "log"}

    def make_layer(self, app):
        return OpenAPIMiddleware(app, SPEC, responses="log")


LINES = {
    "200": {
        "description": "ok",
        "content": {"text/plain": {}, "application/jsonl": {"itemSchema": {}}},
    }
}


@pytest.mark.skipif(
    version_of("openapi-core") < "0.23", reason="openapi-core 0.22 knows no OpenAPI 3.2"
)
class TestOpenAPIMiddlewareThatWatchesItems(LayerContract):
    """The contract's application answers text, so that its streams are nobody's items."""

    def make_layer(self, app):
        spec = json.loads(json.dumps({**SPEC, "openapi": "3.2.0"}))
        for path in spec["paths"].values():
            for method in METHODS:
                path[method]["responses"] = {**LINES, "default": ANY["default"]}
        return OpenAPIMiddleware(app, spec, responses="log")


def test_importing_the_package_imports_neither_webob_nor_openapi_core():
    code = (
        "import sys, tropea.openapi;"
        "print([m for m in ('webob', 'openapi_core', 'jsonschema', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[]", "")


def test_a_request_that_is_good_imports_no_webob():
    code = (
        "import io, json, sys\n"
        "from tropea.openapi import OpenAPIMiddleware\n"
        f"spec = json.loads({json.dumps(json.dumps(SPEC))})\n"
        "app = lambda environ, start_response: start_response('200 OK', []) or []\n"
        "layer = OpenAPIMiddleware(app, spec)\n"
        "layer({'REQUEST_METHOD': 'GET', 'PATH_INFO': '/x'}, lambda *head: None)\n"
        "print('webob' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr
