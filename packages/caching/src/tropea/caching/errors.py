"""The errors of this package."""

from tropea.core.errors import TropeaError


class CachingError(TropeaError):
    """Base of every error of tropea.caching."""


class FingerprintError(CachingError, TypeError):
    """A value has no canonical form that an entity tag could be made of."""
