"""Conditional requests and a shared HTTP cache (RFC 9110, RFC 9111) as WSGI middleware."""

__all__: list[str] = []
