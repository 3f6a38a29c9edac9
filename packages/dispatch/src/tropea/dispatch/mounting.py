"""Mount points: a prefix of whole segments, below which another application decides."""

from __future__ import annotations

from typing import Any

from .errors import PatternError, URLGenerationError
from .patterns import Groups, Pattern


class MountPattern(Pattern):
    """Every path that is *prefix* or lies below it; whole segments, octet by octet.

    >>> pattern = MountPattern("/admin")
    >>> [pattern.groups(path) is not None for path in ("/admin", "/admin/x", "/administrator")]
    [True, True, False]
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix.rstrip("/")
        if self.prefix and not self.prefix.startswith("/"):
            raise PatternError(f"a mount point begins with a slash: {prefix!r}")
        if "<" in self.prefix:
            raise PatternError(f"a mount point has no parameters: {prefix!r}")
        self.text = self.prefix + "/*"
        self.head = self.prefix
        self.first = self.prefix.split("/")[1] if self.prefix else None
        self._below = self.prefix + "/"

    def groups(self, path: str) -> Groups | None:
        return {} if path == self.prefix or path.startswith(self._below) else None

    def pathfor(self, /, *args: Any, **kwargs: Any) -> str:
        if args or kwargs:
            raise URLGenerationError(f"{self.text!r} takes no values")
        return self.prefix + "/"
