"""The command tropea: serve, inspect, check and exercise any Paste Deploy application."""

__all__: list[str] = []
