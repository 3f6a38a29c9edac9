"""What a command says when it cannot go on: one line that tells what to do."""

from tropea.core.errors import TropeaError


class CommandError(TropeaError):
    """A command cannot do what it was asked; the message says what to do instead.

    status: the exit status.
    """

    def __init__(self, message: str, status: int = 2) -> None:
        super().__init__(message)
        self.status = status
