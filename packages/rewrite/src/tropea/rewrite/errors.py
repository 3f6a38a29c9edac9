"""What this package raises, all of it when rules are declared and none of it by a request."""

from __future__ import annotations

from tropea.core.errors import TropeaError


class RewriteError(TropeaError):
    """Base of every error that this package raises on its own account."""


class RuleError(RewriteError, ValueError):
    """A rule cannot work as written; the message quotes it."""


class RuleSyntaxError(RuleError):
    """A rule file cannot be read.

    file: its name, or ``<rules>``.  line, column: where, both counted from 1.
    """

    def __init__(
        self, message: str, *, file: str = "<rules>", line: int = 1, column: int = 1
    ) -> None:
        super().__init__(f"{file}:{line}:{column}: {message}")
        self.message, self.file, self.line, self.column = message, file, line, column


class PatternError(RuleError):
    """A regular expression cannot be used.

    column: where in the expression, counted from 1.
    """

    def __init__(self, message: str, *, column: int = 1) -> None:
        super().__init__(f"column {column}: {message}")
        self.message, self.column = message, column


class RunawayPatternWarning(UserWarning):
    """A regular expression may take far longer than its subject is long."""
