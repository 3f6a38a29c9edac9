"""The guard of WebSocket handlers: whoever comes without an upgrade is told that one is needed.

The protocol itself is a library's and the server's business.

Source: RFC 6455 section 4.2.1; RFC 9110 section 15.5.22.
"""

from __future__ import annotations

import binascii
import functools
import sys
from base64 import b64decode
from collections.abc import Callable
from typing import Any, TypeVar
from wsgiref.types import WSGIEnvironment

F = TypeVar("F", bound=Callable[..., Any])
_WITHOUT_UPGRADE = ("HTTP/1.0", "HTTP/0.9")
#: How servers call themselves that answer 500 where an application sends Upgrade.
_FAIL_ON_UPGRADE = ("waitress", "WSGIServer")


def is_websocket(environ: WSGIEnvironment) -> bool:
    """Tell whether a request is a well-formed opening handshake.

    >>> is_websocket({"REQUEST_METHOD": "GET"})
    False
    """
    return (
        environ.get("REQUEST_METHOD") == "GET"
        and environ.get("SERVER_PROTOCOL") not in _WITHOUT_UPGRADE
        and "websocket" in _words(environ, "HTTP_UPGRADE")
        and "upgrade" in _words(environ, "HTTP_CONNECTION")
        and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"
        and _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""))
    )


def websocket(handler: F) -> F:
    """Let only opening handshakes reach *handler*; anything else is answered with 426.

    The answer names the protocol and its version.  PEP 3333 keeps Upgrade for the server, and
    waitress and wsgiref fail on an application that sends it: they, and CGI, are spared it.
    Another server that refuses it gets the answer without it.
    """

    @functools.wraps(handler)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_websocket(request.environ):
            raise _required()
        return handler(request, *args, **kwargs)

    return guarded  # type: ignore[return-value] # wraps keeps the signature


def _required() -> Exception:
    """Return the exception that tells a client what to upgrade to."""
    from tropea.core.exceptions import UpgradeRequired

    class WebSocketRequired(UpgradeRequired):
        def __call__(self, environ: Any, start_response: Any) -> Any:
            if _fails_on_upgrade(environ):
                return super().__call__(environ, start_response)

            def start(status: str, headers: Any, *exc_info: Any) -> Any:
                try:
                    return start_response(status, [*headers, ("Upgrade", "websocket")], *exc_info)
                except Exception:  # nothing was sent yet: PEP 3333 lets a head be replaced
                    return start_response(status, headers, sys.exc_info())

            return super().__call__(environ, start)

    return WebSocketRequired(
        "This address speaks the WebSocket protocol.", headers=[("Sec-WebSocket-Version", "13")]
    )


def _fails_on_upgrade(environ: WSGIEnvironment) -> bool:
    software = environ.get("SERVER_SOFTWARE", "")
    return "GATEWAY_INTERFACE" in environ or software.startswith(_FAIL_ON_UPGRADE)


def _words(environ: WSGIEnvironment, key: str) -> set[str]:
    return {word.strip().lower() for word in environ.get(key, "").split(",")}


def _is_key(text: str) -> bool:
    """Whether *text* is sixteen bytes in base64."""
    try:
        return len(text) == 24 and len(b64decode(text, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
