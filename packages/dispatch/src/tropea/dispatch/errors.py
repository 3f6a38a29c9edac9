"""What can be wrong with a route table, and with a URL asked of it."""

from __future__ import annotations

from tropea.core.errors import TropeaError


class DispatchError(TropeaError):
    """Base of every error of this package."""


class PatternError(DispatchError, ValueError):
    """A pattern cannot work as written; the message quotes it and says why."""


class RouteError(DispatchError, ValueError):
    """A route cannot be declared so; the message names the line that declared it."""


class URLGenerationError(DispatchError, LookupError):
    """No URL can be made of these arguments; the message names the route."""
