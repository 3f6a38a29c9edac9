"""Find layers that stand in the wrong place, and say why the place is wrong.

Layers of the family say themselves what kind they are; some foreign ones are known by name.

>>> from tropea.core.layer import Layer
>>> class Session(Layer): kind = "session"
>>> class Auth(Layer): kind = "auth"
>>> [finding.reason for finding in lint(Auth(Session(lambda environ, start_response: [])))]
['who is logged in is read from the session']
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tropea.core.anatomy import Node, anatomy

#: The recommended order, outermost first.
KINDS = (
    "proxy", "registry", "status", "errors", "rewrite", "static", "http-cache", "conditional",
    "compression", "session", "auth", "dispatch",
)  # fmt: skip

#: (kind that belongs outside, kind that belongs inside it) -> why.
REASONS: dict[tuple[str, str], str] = {
    ("proxy", "errors"): "errors are reported with the client's address, which it finds",
    ("proxy", "rewrite"): "rules compare scheme and host, which it puts right",
    ("proxy", "session"): "whether a cookie may be Secure depends on the scheme, which it finds",
    ("proxy", "auth"): "peers are judged by the client's address, which it finds",
    ("status", "errors"): "a page for a 500 is made from the answer that the error layer gives",
    ("errors", "static"): "an exception of the static layer would pass the error layer by",
    ("errors", "http-cache"): "an exception of the cache would pass the error layer by",
    ("errors", "session"): "what the session did would be committed as if all were well",
    ("errors", "auth"): "an exception of the authenticating layer would pass the error layer by",
    ("errors", "dispatch"): "an exception of a handler would pass the error layer by",
    ("rewrite", "static"): "a path is to be rewritten before it is looked up",
    ("rewrite", "http-cache"): "two spellings of one address would be kept twice",
    ("rewrite", "dispatch"): "a path is to be rewritten before it is matched",
    ("static", "session"): "a session is opened for a file that nobody's session is needed for",
    ("http-cache", "session"): "what the session marks as private must reach the cache so marked",
    ("conditional", "session"): "a 304 is decided on the answer that the session has completed",
    ("conditional", "compression"): "a strong tag must name the bytes that were compressed",
    ("http-cache", "compression"): "what is kept would be compressed anew for every client",
    ("session", "auth"): "who is logged in is read from the session",
    ("session", "dispatch"): "handlers would find no session",
    ("auth", "dispatch"): "handlers would run before anybody was asked who they are",
}  # fmt: skip

#: Foreign layers, by the beginning of their dotted name.
FOREIGN = {
    "werkzeug.middleware.proxy_fix.": "proxy",
    "paste.registry.": "registry",
    "paste.errordocument.": "status",
    "paste.exceptions.": "errors",
    "weberror.": "errors",
    "paste.evalexception.": "errors",
    "whitenoise.": "static",
    "paste.gzipper.": "compression",
    "paste.auth.": "auth",
    "repoze.who.": "auth",
    "beaker.middleware.Session": "session",
    "paste.session.": "session",
    "routes.middleware.": "dispatch",
}


@dataclass(frozen=True)
class Finding:
    """One pair of layers in the wrong order, or one that misses what it needs."""

    outer: str
    inner: str
    reason: str

    def __str__(self) -> str:
        if not self.inner:
            return f"{self.outer}: {self.reason}"
        return f"{self.inner} belongs outside {self.outer}: {self.reason}"


def kind_of(node: Node) -> str:
    """Return the kind of a layer, or "" where nobody knows."""
    own = getattr(type(node.app), "kind", "")
    if isinstance(own, str) and own in KINDS:
        return own
    return next((kind for start, kind in FOREIGN.items() if node.name.startswith(start)), "")


def lint(app: Any) -> list[Finding]:
    """List what is wrong with the order of the layers around an application."""
    found: dict[Finding, None] = {}
    for path in _paths(anatomy(app)):
        found.update(dict.fromkeys(_order(path)))
        found.update(dict.fromkeys(_needs(path)))
    return list(found)


def _paths(node: Node) -> Iterator[list[Node]]:
    """Yield every way from the outermost layer to an application."""
    if not node.inner:
        yield [node]
    for _, inner in node.inner:
        for rest in _paths(inner):
            yield [node, *rest]


def _order(path: list[Node]) -> Iterator[Finding]:
    for place, outer in enumerate(path):
        kind = kind_of(outer)
        for inner in path[place + 1 :]:
            reason = REASONS.get((kind_of(inner), kind)) or _own_wish(outer, inner)
            if reason is not None:
                yield Finding(outer.name, inner.name, reason)


def _own_wish(outer: Node, inner: Node) -> str | None:
    """Say what a layer of somebody else's wants of its place, where it says so."""
    if kind_of(inner) in getattr(type(outer.app), "inside", ()):
        return "it says of itself that it belongs inside"
    if kind_of(outer) in getattr(type(inner.app), "outside", ()):
        return "it says of itself that it belongs outside"
    return None


def _needs(path: list[Node]) -> Iterator[Finding]:
    provided: set[str] = set()
    for node in path:
        for key in getattr(type(node.app), "needs", ()):
            if key not in provided:
                yield Finding(node.name, "", f"needs {key}, which no layer outside it provides")
        provided.update(getattr(type(node.app), "provides", ()))
