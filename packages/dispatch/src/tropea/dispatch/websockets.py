"""The guard of WebSocket handlers: whoever comes without an upgrade is told that one is needed.

The protocol itself is a library's and the server's business.

Source: RFC 6455 section 4.2.1; RFC 9110 section 15.5.22.
"""

from __future__ import annotations

import binascii
import functools
from base64 import b64decode
from collections.abc import Callable
from typing import Any, TypeVar
from wsgiref.types import WSGIEnvironment

F = TypeVar("F", bound=Callable[..., Any])


def is_websocket(environ: WSGIEnvironment) -> bool:
    """Tell whether a request is a well-formed opening handshake.

    >>> is_websocket({"REQUEST_METHOD": "GET"})
    False
    """
    return (
        environ.get("REQUEST_METHOD") == "GET"
        and "websocket" in _words(environ, "HTTP_UPGRADE")
        and "upgrade" in _words(environ, "HTTP_CONNECTION")
        and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"
        and _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""))
    )


def websocket(handler: F) -> F:
    """Let only opening handshakes reach *handler*; anything else is answered with 426.

    PEP 3333 keeps the fields Upgrade and Connection for the server; the version is named.
    """

    @functools.wraps(handler)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_websocket(request.environ):
            from tropea.core.exceptions import UpgradeRequired

            raise UpgradeRequired(
                "This address speaks the WebSocket protocol.",
                headers=[("Sec-WebSocket-Version", "13")],
            )
        return handler(request, *args, **kwargs)

    return guarded  # type: ignore[return-value] # wraps keeps the signature


def _words(environ: WSGIEnvironment, key: str) -> set[str]:
    return {word.strip().lower() for word in environ.get(key, "").split(",")}


def _is_key(text: str) -> bool:
    """Whether *text* is sixteen bytes in base64."""
    try:
        return len(text) == 24 and len(b64decode(text, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
