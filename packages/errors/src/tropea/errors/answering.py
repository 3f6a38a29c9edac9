"""Make the answer to an exception: what is registered for it, its own, or a small plain page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from tropea.core.closing import Chained, close
from tropea.core.fields import Fields, add_vary
from tropea.core.pages import choose_page, render_page
from tropea.core.statuses import status_line
from tropea.errors.registry import Answer


def own_answer(error: BaseException) -> WSGIApplication | None:
    """Return the exception itself where it is an application, as HTTP exceptions are.

    webob's, werkzeug's and ours are; any other callable exception is taken for a mistake.
    """
    try:
        status = getattr(error, "status", None) or getattr(error, "code", None)
    except Exception:  # it says what it is no better than any other
        return None
    return error if callable(error) and status is not None else None


def registered_answer(
    answer: Answer, error: BaseException, environ: WSGIEnvironment, request_id: str
) -> WSGIApplication:
    """Return the application that a registered status or handler stands for."""
    if isinstance(answer, int):
        return plain_answer(environ, status_line(answer), request_id)
    from tropea.core.coercion import as_application
    from tropea.core.request import Request

    return as_application(answer(Request.of(environ), error), handler=answer)


def plain_answer(
    environ: WSGIEnvironment, status: str, request_id: str, sentence: str = ""
) -> WSGIApplication:
    """Return the small page of *status*: HTML, text or problem+json; it tells nothing but the id.

    Source: RFC 9457.
    """
    kind = choose_page(environ.get("HTTP_ACCEPT"))
    sentences = (sentence or _SENTENCES.get(status[:3], ""), f"Reference: {request_id}")
    body = render_page(
        kind, status, tuple(filter(None, sentences)), {"instance": f"urn:request:{request_id}"}
    )
    fields: Fields = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Request-Id", request_id),
        ("X-Content-Type-Options", "nosniff"),
    ]
    add_vary(fields, "Accept")

    def answer(environ: WSGIEnvironment, start_response: Any) -> Iterable[bytes]:
        start_response(status, fields)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    return answer


def with_first_step(body: Iterable[bytes]) -> Iterable[bytes]:
    """Take the first step of a lazy body now, while its failure can still become a page.

    Empty blocks send nothing; a few of them are taken too.
    """
    if isinstance(body, (list, tuple)) or not hasattr(body, "__iter__"):
        return body
    taken: list[bytes] = []
    try:
        steps = iter(body)
        while len(taken) < _STEPS and not any(taken):
            block = next(steps, None)
            if block is None:
                break
            taken.append(block)
    except BaseException:
        close(body)
        raise
    return Chained(taken, steps, body)


#: Steps of a body that are taken before its first block is sent.
_STEPS = 8
_SENTENCES = {
    "500": "The server could not answer this request. It has been noted.",
    "503": "The server cannot answer for the moment. Please try again later.",
}
