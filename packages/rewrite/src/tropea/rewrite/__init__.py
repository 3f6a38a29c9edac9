"""URL rewriting and redirects as WSGI middleware, in Python or in Apache's mod_rewrite language."""

__all__: list[str] = []
