"""What a list of rules made of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
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
    handler: the name of a handler that the rules ask for.
    """

    path: str
    query: str
    status: int = 0
    location: str = ""
    app: Any = None
    variables: Mapping[str, str | None] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    vary: tuple[str, ...] = ()
    content_type: str = ""
    handler: str = ""
