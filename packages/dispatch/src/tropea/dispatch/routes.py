"""One route: a pattern, the methods it takes and the handler that answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import WSGIEnvironment

from .conditions import is_host
from .patterns import Pattern

Predicate = Callable[[Any], object]
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(slots=True, eq=False)
class Route:
    """What tools may read of a route; every attribute of the first group is plain data.

    pattern:  the text that was declared, prefixes included.
    methods:  in the order declared; empty where every method is taken (a mount).
    handler:  the function as declared, or a WSGI application.
    origin:   ``file:line`` of the declaration.
    """

    name: str | None
    pattern: str
    methods: tuple[str, ...]
    handler: Any
    origin: str = ""
    hosts: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()

    compiled: Pattern = field(default_factory=lambda: Pattern("/"), repr=False)
    predicate: Predicate | None = field(default=None, repr=False)
    #: Whether the groups are passed by position, since the handler calls them otherwise.
    by_position: bool = field(default=False, repr=False)
    #: What is called when a request comes: the handler with its decorators around it.
    call: Any = field(default=None, repr=False)
    #: Whether the handler is a WSGI application that the pattern is the mount point of.
    mounted: bool = field(default=False, repr=False)
    #: How the handler is called where a call is all there is to do; see :mod:`.calling`.
    simple: int = field(default=0, repr=False)
    #: The one group that is passed by position where ``simple`` says so.
    key: Any = field(default=None, repr=False)
    #: The dispatcher whose table this route is in.
    dispatcher: Any = field(default=None, repr=False)

    @property
    def parameters(self) -> Mapping[str | int, str]:
        """The parameters of the pattern and the regular expressions of their text."""
        return {p.key: p.converter.pattern for p in self.compiled.parameters}

    @property
    def conditional(self) -> bool:
        """Whether more than path and method decides."""
        return bool(self.predicate or self.hosts or self.schemes)

    def accepts(self, environ: WSGIEnvironment) -> bool:
        """Whether host, scheme and predicate take this request."""
        if self.schemes and environ.get("wsgi.url_scheme") not in self.schemes:
            return False
        if self.hosts and not any(is_host(_host(environ), pattern) for pattern in self.hosts):
            return False
        if self.predicate is None:
            return True
        from tropea.core.request import Request  # the first request may pay for webob

        return bool(self.predicate(Request.of(environ)))

    def __str__(self) -> str:
        methods = " ".join(self.methods) or "*"
        return f"{methods:<8} {self.pattern}"


def _host(environ: WSGIEnvironment) -> str:
    """Return the host of the request without its port, in lower case."""
    host = str(environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")).lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].rstrip(".")
