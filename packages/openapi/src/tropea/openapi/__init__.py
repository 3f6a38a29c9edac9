"""Keep an OpenAPI description: requests and responses validated, the description made and shown.

>>> from tropea.core import pipeline
>>> spec = {"openapi": "3.1.0", "info": {"title": "Pets", "version": "1"},
...         "paths": {"/pets": {"get": {"responses": {"200": {"description": "all pets"}}}}}}
>>> def app(environ, start_response):
...     start_response("200 OK", [("Content-Type", "application/json")])
...     return [b"[]"]
>>> api = pipeline(OpenAPIMiddleware.layer(spec), app)
"""

from tropea.openapi.adapters import OpenAPIRequest, OpenAPIResponse
from tropea.openapi.describing import describe
from tropea.openapi.errors import InvalidResponse, OpenAPIError, Problem, SpecificationError
from tropea.openapi.middleware import PROBLEMS, OpenAPIMiddleware
from tropea.openapi.operations import Operation, Parameters, ValidatedRequest
from tropea.openapi.saying import operation
from tropea.openapi.specification import Specification

__all__ = [
    "PROBLEMS",
    "InvalidResponse",
    "OpenAPIError",
    "OpenAPIMiddleware",
    "OpenAPIRequest",
    "OpenAPIResponse",
    "Operation",
    "Parameters",
    "Problem",
    "Specification",
    "SpecificationError",
    "ValidatedRequest",
    "describe",
    "operation",
]
