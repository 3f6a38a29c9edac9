"""What a list of rules made of a request."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_NOTHING: Mapping[str, str | None] = MappingProxyType({})


class Verdict:
    """What shall be done with a request.

    path: the path to go on with, decoded, as PATH_INFO has it.  query: its query, encoded.
    status: 0 to go on with *path* and *query*, else the status to answer.
    location: for a redirect, the reference to send.
    app: an application, or the name of one, that the request is handed over to.
    variables: environ keys to set, or to remove where the value is None.
    cookies: values of Set-Cookie to add to the response.
    vary: header fields that the decision looked at, for Vary.
    content_type: replaces the response's Content-Type.
    handler: the name of an application that the rules ask for, where there is one of that name.

    >>> Verdict("/new", "a=1")
    Verdict(path='/new', query='a=1')
    """

    # No dataclass: making one of ten fields would cost more than finding the rule.
    __slots__ = ("app", "content_type", "cookies", "handler", "location", "path", "query",
                 "status", "variables", "vary")  # fmt: skip

    def __init__(  # noqa: PLR0917  values, in the order of the class's text
        self,
        path: str,
        query: str,
        status: int = 0,
        location: str = "",
        app: Any = None,
        variables: Mapping[str, str | None] = _NOTHING,
        cookies: tuple[str, ...] = (),
        vary: tuple[str, ...] = (),
        content_type: str = "",
        handler: str = "",
    ) -> None:
        self.path, self.query, self.status, self.location = path, query, status, location
        self.app, self.variables, self.cookies, self.vary = app, variables, cookies, vary
        self.content_type, self.handler = content_type, handler

    def __repr__(self) -> str:
        said = [("path", self.path), ("query", self.query)]
        said += [(name, getattr(self, name)) for name in self.__slots__
                 if name not in {"path", "query"} and getattr(self, name)]  # fmt: skip
        return f"Verdict({', '.join(f'{name}={value!r}' for name, value in said)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Verdict):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]  # it can be changed
