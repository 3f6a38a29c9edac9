"""Static files as WSGI middleware and application: ranges, precompressed variants, hashed assets."""

__all__: list[str] = []
