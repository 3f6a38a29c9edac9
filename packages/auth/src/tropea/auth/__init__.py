"""Digest, Basic and Bearer authentication and address lists as WSGI middleware."""

__all__: list[str] = []
