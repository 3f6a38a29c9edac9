"""The command ``tropea``: serve, inspect, check and exercise any Paste Deploy application."""

from tropea.cli.problems import CommandError

__all__ = ["CommandError"]
