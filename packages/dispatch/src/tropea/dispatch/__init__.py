"""Map URL paths and methods to handlers, and handlers back to URLs, for any WSGI application."""

__all__: list[str] = []
