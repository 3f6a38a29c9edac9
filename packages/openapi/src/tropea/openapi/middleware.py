"""The layer: let requests through that keep the description, and watch over the answers."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.capturing import Captured, capture
from tropea.core.closing import close
from tropea.core.errors import OptionError
from tropea.core.fields import Fields
from tropea.core.keys import API
from tropea.core.layer import Layer
from tropea.core.options import load_object, size
from tropea.openapi.errors import InvalidResponse, Problem

log = logging.getLogger("tropea.openapi")
PROBLEMS = "tropea.openapi.problems"  #: the environ key of the problems of a refused request


def read_spec(text: str) -> Any:
    """Read an ini's description: a file, a resource, or ``package.module:name`` of an object."""
    is_file = text.endswith((".json", ".yaml", ".yml")) or ":" not in text or Path(text).exists()
    return text if is_file else load_object(text)


@dataclass(frozen=True)
class OpenAPIOptions:
    """The options of OpenAPIMiddleware.

    spec: the description: a dictionary, a function that makes one, the path of a file, or
        ``package.module:file.json`` for a resource of a package.
    unknown: what happens to a request for which the description has no path or no method:
        ``refuse`` it with 404 or 405, or ``pass`` it on as it is.
    responses: what happens to an answer that does not keep the description: nothing looks
        (``off``), it is logged (``log``), or InvalidResponse is raised in its place (``raise``).
    sample: the part of the answers that are looked at, from 0 to 1.
    check_servers: refuse requests that come to none of the description's servers.
    verifiers: by the name of a security scheme, what judges its credentials: called with
        ``(environ, credentials, scopes)``; None is 401, False 403, all else who it is.
    max_body: bytes of a request's body that are read and held; a larger one is 413.
    spec_path, page_path: where the description and its page are; empty for nowhere.
    check_spec: whether the description itself is checked when the layer is built.
    """

    spec: Any = field(metadata={"read": read_spec, "expects": "a description"})
    unknown: Literal["refuse", "pass"] = "refuse"
    responses: Literal["off", "log", "raise"] = "off"
    sample: float = 1.0
    check_servers: bool = False
    verifiers: Any = None
    max_body: int = field(
        default=1024 * 1024, metadata={"read": size, "expects": "a size such as 10M"}
    )
    spec_path: str = "/openapi.json"
    page_path: str = "/docs"
    check_spec: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.sample <= 1:
            raise OptionError(f"sample: expected a number from 0 to 1, got {self.sample!r}")
        if self.verifiers is not None and not isinstance(self.verifiers, Mapping):
            raise OptionError(f"verifiers: expected a mapping, got {self.verifiers!r}")
        for name in ("spec_path", "page_path"):
            path = getattr(self, name)
            if path and not path.startswith("/"):
                raise OptionError(f"{name}: expected a path with a slash, got {path!r}")


class OpenAPIMiddleware(Layer):
    """Answer requests that do not keep an OpenAPI description, and hand on those that do.

    The application finds a ValidatedRequest in ``environ["tropea.api"]``, which is
    ``request.api``, and can still read the body.

    >>> spec = {"openapi": "3.1.0", "info": {"title": "Pets", "version": "1"}, "paths": {
    ...     "/pets/{id}": {"get": {"parameters": [{"name": "id", "in": "path", "required": True,
    ...         "schema": {"type": "integer"}}], "responses": {"200": {"description": "a pet"}}}}}}
    >>> def app(environ, start_response):
    ...     start_response("200 OK", [("Content-Type", "text/plain")])
    ...     return [str(environ["tropea.api"].path["id"] + 1).encode()]
    >>> layer = OpenAPIMiddleware(app, spec)
    >>> list(layer({"REQUEST_METHOD": "GET", "PATH_INFO": "/pets/6"}, lambda *head: None))
    [b'7']
    >>> start = lambda status, fields: print(status)
    >>> body = layer({"REQUEST_METHOD": "GET", "PATH_INFO": "/pets/x"}, start)
    400 Bad Request
    """

    Options: ClassVar[type] = OpenAPIOptions
    provides = (API,)
    inside = ("proxy", "errors", "rewrite", "static", "http-cache", "session", "auth")
    outside = ("dispatch",)
    options: OpenAPIOptions

    def prepare(self) -> None:
        from tropea.openapi.pages import pages_of
        from tropea.openapi.routing import Router
        from tropea.openapi.specification import Specification

        options = self.options
        where = type(self).__name__
        try:
            self.specification = Specification(options.spec, check=options.check_spec)
        except OptionError as error:
            raise type(error)(f"{where}: spec: {error}") from None
        self.router = Router(
            self.specification, options.verifiers or {}, check_servers=options.check_servers
        )
        self._pages = pages_of(self.specification, options.spec_path, options.page_path)
        for path in self._pages.keys() & self.specification.document.get("paths", {}).keys():
            log.warning(
                "%s is a path of the API: neither the description nor its page is there", path
            )
            del self._pages[path]
        #: Decides which answers are looked at; a test may put its own here.
        self.chance: Callable[[], float] = random.random

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop(API, None)
        page = self._pages.get(environ.get("PATH_INFO", ""))
        if page is not None and environ.get("REQUEST_METHOD") in {"GET", "HEAD"}:
            return page(environ, start_response)
        operation, values, allowed = self.router.find(environ)
        if operation is None:
            return self._unknown(environ, start_response, allowed)
        from tropea.openapi.sources import Sources

        sources = Sources(environ, dict(values))
        validated, problems = operation.validate(sources, self.options.max_body)
        if problems:
            challenges = operation.security.challenges
            return self._refuse(environ, start_response, problems, challenges)
        environ[API] = validated
        if self.options.responses == "off" or self.chance() >= self.options.sample:
            return self.call_app(environ, start_response)
        return self._watch(operation, environ, start_response)

    def _unknown(
        self, environ: WSGIEnvironment, start_response: StartResponse, allowed: tuple[str, ...]
    ) -> Iterable[bytes]:
        if self.options.unknown == "pass":
            return self.call_app(environ, start_response)
        from tropea.openapi.problems import answer
        from tropea.openapi.sources import text_of_path

        try:
            text_of_path(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
        except ValueError as error:
            return self._refuse(environ, start_response, [Problem(400, "path", "", str(error))], [])
        if allowed:
            return answer(environ, start_response, 405, (), [("Allow", ", ".join(allowed))])
        return answer(environ, start_response, 404)

    def _refuse(
        self,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        problems: list[Problem],
        challenges: Fields,
    ) -> Iterable[bytes]:
        from tropea.openapi.problems import answer, choose_status

        status = choose_status(problems)
        environ[PROBLEMS] = problems
        return answer(
            environ, start_response, status, problems, challenges if status == 401 else ()
        )

    def _watch(
        self, operation: Any, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        answer = capture(self.app, environ)
        problems = self._problems(operation, environ, answer)
        if problems:
            error = InvalidResponse(f"{operation.id}: {answer.status[:3]}", problems)
            if self.options.responses == "raise":
                close(answer.body)
                raise error
            log.warning("an answer does not keep the description: %s", error)
        answer.hand_on(start_response, answer.status, answer.headers)
        return answer.body if problems else self._on_its_way(operation, environ, answer)

    def _on_its_way(
        self, operation: Any, environ: WSGIEnvironment, answer: Captured
    ) -> Iterable[bytes]:
        """Check the items of a stream that is made of items, each when it passes."""
        body = answer.body
        if operation.responses is None or isinstance(body, (list, tuple)):
            return body
        items = operation.responses.items(answer.status, answer.headers)
        if items is None or environ.get("REQUEST_METHOD") == "HEAD":
            return body
        from tropea.openapi.sequences import WatchedItems

        def told(problems: list[Problem]) -> None:
            error = InvalidResponse(f"{operation.id}: {answer.status[:3]}", problems)
            if self.options.responses == "raise":
                raise error
            log.warning("an answer does not keep the description: %s", error)

        return WatchedItems(body, items, told)

    @staticmethod
    def _problems(operation: Any, environ: WSGIEnvironment, answer: Captured) -> list[Problem]:
        if operation.responses is None:
            return []
        body = None
        if isinstance(answer.body, (list, tuple)) and environ.get("REQUEST_METHOD") != "HEAD":
            body = b"".join(answer.body)
        found: list[Problem] = operation.responses.check(answer.status, answer.headers, body)
        return found
