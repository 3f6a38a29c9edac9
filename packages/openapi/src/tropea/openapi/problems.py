"""Answer with problem details.

Source: RFC 9457; RFC 9110 sections 15.5.2 (401) and 15.5.6 (405).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.fields import Fields
from tropea.core.statuses import status_line
from tropea.openapi.errors import Problem

#: Problems told of, and characters of each.
MOST, LONGEST = 20, 200
_DETAILS = {
    400: "The request cannot be read as the description of this API has it.",
    401: "This operation needs credentials.",
    403: "These credentials do not permit this operation.",
    404: "This API has no such path.",
    405: "This path does not take that method.",
    413: "The body is larger than this API reads.",
    415: "This operation does not take a body of that type.",
    422: "The body does not have the form that the description of this API gives it.",
}


def shorten(text: str, most: int = LONGEST) -> str:
    """Return *text*, cut where it is long: a message may hold the whole value.

    >>> shorten("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


def choose_status(problems: Sequence[Problem]) -> int:
    """Return the status that answers all problems: the one that bars the way first.

    >>> choose_status([Problem(422, "body", "", "?"), Problem(400, "query", "a", "?")])
    400
    """
    return min((p.status for p in problems), key=_ORDER.index)


_ORDER = [404, 405, 401, 403, 413, 411, 415, 400, 422]


def answer(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    status: int,
    problems: Sequence[Problem] = (),
    fields: Iterable[tuple[str, str]] = (),
) -> Iterable[bytes]:
    """Send the problem details of *status*."""
    line = status_line(status)
    page: dict[str, object] = {
        "type": "about:blank",
        "title": line[4:],
        "status": status,
        "detail": _DETAILS.get(status, line[4:]),
    }
    if problems:
        page["errors"] = [
            {"in": p.place, "name": shorten(p.name), "message": shorten(p.message)}
            for p in problems[:MOST]
        ]
    body = json.dumps(page).encode("ascii")
    head: Fields = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        *fields,
    ]
    start_response(line, head)
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]
