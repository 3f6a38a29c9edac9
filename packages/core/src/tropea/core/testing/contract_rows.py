"""What the groups of rows share: the hooks that LayerContract defines, and applications."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.testing.probes import Answer

PLAIN = [("Content-Type", "text/plain")]


class Rows:
    """Base of the groups of rows."""

    if TYPE_CHECKING:
        path: ClassVar[str]
        method: ClassVar[str]
        buffers: ClassVar[bool]
        wraps_body: ClassVar[bool]
        catches_errors: ClassVar[bool]
        environ_keys: ClassVar[tuple[str, ...]]
        threads: ClassVar[int]
        rounds: ClassVar[int]
        paste_factory: ClassVar[Callable[..., Any] | None]
        paste_options: ClassVar[dict[str, str]]

        def make_layer(self, app: WSGIApplication) -> WSGIApplication: ...
        def make_environ(self, **environ: Any) -> WSGIEnvironment: ...
        def ask(self, app: WSGIApplication, **environ: Any) -> Answer: ...
        def skip(self, reason: str) -> Any: ...


def hello(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a list of one block, with its length."""
    start_response("200 OK", [*PLAIN, ("Content-Length", "5")])
    return [b"hello"] if environ["REQUEST_METHOD"] != "HEAD" else []


def raised(kind: type[BaseException], action: Callable[[], object]) -> BaseException | None:
    """Return the exception of *kind* that *action* raises; None where it raises none."""
    try:
        action()
    except kind as error:
        return error
    return None
