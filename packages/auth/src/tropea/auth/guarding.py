"""What every authenticating layer does the same: set who it is, refuse, keep the challenge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.fields import Fields, get
from tropea.core.keys import USER
from tropea.core.pages import choose_page, render_page
from tropea.core.statuses import status_line

#: Called before credentials are checked with ``(environ, user)``; returns the seconds to wait, or
#: None.  A method ``failed(environ, user)`` is told of credentials that were not good.
Rate = Callable[[WSGIEnvironment, str | None], float | None]


def forget_user(environ: WSGIEnvironment) -> None:
    """Take out who the request claims to be from: only this layer says that from here on."""
    environ.pop("REMOTE_USER", None)
    environ.pop("AUTH_TYPE", None)
    environ.pop(USER, None)


def set_user(environ: WSGIEnvironment, scheme: str, name: str, user: Any = None) -> None:
    """Say who the request is from: REMOTE_USER and AUTH_TYPE (RFC 3875), and ``request.user``."""
    # Native text, as PEP 3333 has it: bytes read as Latin-1.
    environ["REMOTE_USER"] = name if name.isascii() else name.encode().decode("latin-1")
    environ["AUTH_TYPE"] = scheme
    environ[USER] = name if user is None or user is True else user


def refuse(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    status: int,
    fields: Fields,
    sentence: str = "",
) -> Iterable[bytes]:
    """Answer with a small page of *status*, negotiated, that no cache keeps."""
    kind = choose_page(environ.get("HTTP_ACCEPT"))
    line = status_line(status)
    body = render_page(kind, line, (sentence,) if sentence else ())
    own = [("Content-Type", kind), ("Content-Length", str(len(body))), ("Vary", "Accept"),
           ("Cache-Control", "no-store")]  # fmt: skip
    start_response(line, own + fields)
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]


def too_many(
    environ: WSGIEnvironment, start_response: StartResponse, seconds: float
) -> Iterable[bytes]:
    """Answer 429 with the seconds to wait (RFC 6585 section 4)."""
    wait = str(max(1, round(seconds)))
    return refuse(environ, start_response, 429, [("Retry-After", wait)], "Please try again later.")


def tell_failed(rate: Any, environ: WSGIEnvironment, user: str | None) -> None:
    """Tell a rate hook that listens of credentials that were not good."""
    failed = getattr(rate, "failed", None)
    if failed is not None:
        failed(environ, user)


def with_challenge(
    start_response: StartResponse, challenges: Callable[[], Fields], added: Fields
) -> StartResponse:
    """Wrap ``start_response``: a 401 keeps its challenge, every other answer gets *added*."""

    def start(status: str, headers: Fields, exc_info: Any = None, /) -> Callable[[bytes], object]:
        if status[:3] == "401":
            if get(headers, "WWW-Authenticate") is None:
                headers = headers + challenges()
        elif added:
            headers = headers + added
        if exc_info is None:
            return start_response(status, headers)
        return start_response(status, headers, exc_info)

    return start
