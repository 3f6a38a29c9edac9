"""Validate requests and responses against an OpenAPI description, as WSGI middleware."""

__all__: list[str] = []
