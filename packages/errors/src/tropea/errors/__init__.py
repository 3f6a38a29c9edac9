"""Error pages, status redirects, a debug page and maintenance mode as WSGI middleware."""

__all__: list[str] = []
