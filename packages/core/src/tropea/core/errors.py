"""The errors that every package of the family derives its own from."""


class TropeaError(Exception):
    """Base of every error that a package of the family raises on its own account."""


class OptionError(TropeaError, ValueError):
    """An option is unknown, missing or unreadable; the message says where and why."""
