"""See the assembled WSGI onion: its layers, what each changed, and what each cost."""

__all__: list[str] = []
