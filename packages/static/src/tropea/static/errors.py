"""The errors of this package."""

from __future__ import annotations

from tropea.core.errors import TropeaError


class StaticError(TropeaError):
    """Base of what this package raises on its own account."""


class Gone(StaticError, FileNotFoundError):
    """A source no longer has what it had, or must not open it."""


class Stale(StaticError):
    """A file is no longer what the table says: look again, and answer from what is there."""


class Torn(StaticError, OSError):
    """A file changed while it was being sent: the connection has to be cut.

    Raised from a body whose head has left already; a server that meets an exception there
    closes the connection, so that nobody takes a mixture of two files for one of them.
    """


class MissingAsset(StaticError, KeyError):
    """A manifest does not list the asset asked for."""

    def __str__(self) -> str:
        return str(self.args[0])
